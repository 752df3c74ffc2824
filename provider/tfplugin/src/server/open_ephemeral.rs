//! OpenEphemeralResource.

use bytes::Bytes;

use super::read_data::asked;
use super::{Run, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::open_ephemeral_resource::Request;
type Response = wire::open_ephemeral_resource::Response;

impl<P: Provider> Run<P> {
    pub(super) async fn open_ephemeral_resource(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.opened(&request, &mut diags).await {
            Ok(response) => Response {
                diagnostics: diags.into_wire(),
                ..response
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                ..Default::default()
            },
        }
    }

    async fn opened(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<Response, Diagnostic> {
        let (resource, shape) = self.ephemeral_resources.get(&request.type_name)?;
        let object = shape.object();
        let cx = self.later_context(request.client_capabilities.as_ref());
        let asked = asked(object, &shape.decode(request.config.as_ref())?);
        let given = asked.clone().with_unknown_as_null();
        let opened = resource.open(object, &given, &cx, diags).await;
        if let Some(deferred) = cx.deferred_wire() {
            return Ok(Response {
                result: Some(shape.encode(&asked)?),
                deferred: Some(deferred),
                ..Default::default()
            });
        }
        let opened = opened?;
        let result = match opened.is_to_come {
            true => asked,
            false => planning::fill(object, &asked, &opened.result),
        };
        Ok(Response {
            result: Some(shape.encode(&result)?),
            renew_at: opened.renew_at.map(Into::into),
            private: Some(opened.private.to_bytes().into())
                .filter(|bytes: &Bytes| !bytes.is_empty()),
            ..Default::default()
        })
    }
}
