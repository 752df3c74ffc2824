//! RenewEphemeralResource.

use bytes::Bytes;

use super::{Run, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::renew_ephemeral_resource::Request;
type Response = wire::renew_ephemeral_resource::Response;

/// The response with the unchanged private data, so that the resource can still be closed.
pub(super) fn unchanged(request: &Request) -> Response {
    Response {
        private: request.private.clone(),
        ..Default::default()
    }
}

impl<P: Provider> Run<P> {
    pub(super) async fn renew_ephemeral_resource(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.renewed(&request, &mut diags).await {
            Ok(response) => Response {
                diagnostics: diags.into_wire(),
                ..response
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                ..unchanged(&request)
            },
        }
    }

    async fn renewed(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<Response, Diagnostic> {
        let (resource, _) = self.ephemeral_resources.get(&request.type_name)?;
        let mut private = super::private(request.private.as_deref().unwrap_or_default())?;
        let cx = self.later_context(None);
        let renew_at = resource.renew(&mut private, &cx, diags).await?;
        Ok(Response {
            renew_at: renew_at.map(Into::into),
            private: Some(private.to_bytes().into()).filter(|bytes: &Bytes| !bytes.is_empty()),
            ..Default::default()
        })
    }
}
