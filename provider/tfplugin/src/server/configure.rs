//! ConfigureProvider. Its values may be unknown, because it runs in a plan before anything else is
//! applied.

use super::{Run, one};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model;
use crate::proto::tfplugin6 as wire;
use crate::provider::{ConfigureRequest, Provider};
use crate::resource::unfit;

impl<P: Provider> Run<P> {
    pub(super) async fn configure_provider(
        &self,
        request: wire::configure_provider::Request,
    ) -> wire::configure_provider::Response {
        let diagnostics = match self.configured(request).await {
            Ok(diags) => diags.into_wire(),
            Err(why) => one(why),
        };
        wire::configure_provider::Response { diagnostics }
    }

    async fn configured(
        &self,
        request: wire::configure_provider::Request,
    ) -> Result<Diagnostics, Diagnostic> {
        let _ = self.terraform_version.set(request.terraform_version);
        let cx = self.context(request.client_capabilities.as_ref());
        let shape = self.config()?;
        let config = shape.decode(request.config.as_ref())?;
        let config = model::decode::<P::Config>(&config, shape.object())
            .map_err(|error| unfit(&error, shape.object()))?;
        let mut diags = Diagnostics::new();
        let request = ConfigureRequest {
            config,
            cx: &cx,
            diags: &mut diags,
        };
        let configured = self.provider.configure(request).await;
        diags.extend(configured.err().map(Diagnostic::into_error));
        Ok(diags)
    }
}
