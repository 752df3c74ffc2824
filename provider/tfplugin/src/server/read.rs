//! ReadResource: what was observed, merged into the state.

use super::{Server, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::ReadResult;
use crate::value::Value;

type Response = wire::read_resource::Response;

/// The state as it came.
pub(super) fn unchanged(request: &wire::read_resource::Request) -> Response {
    Response {
        new_state: request.current_state.clone(),
        private: request.private.clone(),
        ..Default::default()
    }
}

impl<P: Provider> Server<P> {
    pub(super) async fn read_resource(&self, request: wire::read_resource::Request) -> Response {
        let mut diags = Diagnostics::new();
        let mut response = unchanged(&request);
        match self.observed(&request, &mut diags).await {
            Ok((state, private)) => {
                response.new_state = Some(state);
                response.private = private;
                response.diagnostics = diags.into_wire();
            }
            Err(why) => response.diagnostics = stopped(diags, why),
        }
        response
    }

    async fn observed(
        &self,
        request: &wire::read_resource::Request,
        diags: &mut Diagnostics,
    ) -> Result<(wire::DynamicValue, Vec<u8>), Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let mut cx = self.context(request.client_capabilities.as_ref());
        cx.write_only_allowed = true;
        let prior = shape.decode(request.current_state.as_ref())?;
        let mut private = super::private(&request.private)?;
        if prior.is_null() {
            return Ok((shape.encode(&prior)?, Vec::new()));
        }
        let object = shape.object();
        let state = match resource
            .read(object, &prior, &mut private, &cx, diags)
            .await
        {
            ReadResult::Gone => Value::Null,
            ReadResult::Keep => prior,
            ReadResult::Found(found) => {
                let same = |kind: &str, a: &str, b: &str| resource.semantically_equal(kind, a, b);
                planning::refresh(object, &prior, &found, &same)
            }
        };
        Ok((shape.encode(&state)?, private.to_bytes()))
    }
}
