//! CloseEphemeralResource.

use super::{Run, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::close_ephemeral_resource::Request;

impl<P: Provider> Run<P> {
    pub(super) async fn close_ephemeral_resource(
        &self,
        request: Request,
    ) -> wire::close_ephemeral_resource::Response {
        let mut diags = Diagnostics::new();
        let diagnostics = match self.closed(&request, &mut diags).await {
            Ok(()) => diags.into_wire(),
            Err(why) => stopped(diags, why),
        };
        wire::close_ephemeral_resource::Response { diagnostics }
    }

    async fn closed(&self, request: &Request, diags: &mut Diagnostics) -> Result<(), Diagnostic> {
        let (resource, _) = self.ephemeral_resources.get(&request.type_name)?;
        let private = super::private(request.private.as_deref().unwrap_or_default())?;
        // The host closes what it has opened after a stop too: what is not revoked lives on.
        let cx = self.closing_context();
        resource.close(&private, &cx, diags).await
    }
}
