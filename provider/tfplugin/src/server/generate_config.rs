//! GenerateResourceConfig: the configuration of an object that was imported or found.

use super::{Server, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::generate_resource_config::Request;
type Response = wire::generate_resource_config::Response;

impl<P: Provider> Server<P> {
    pub(super) async fn generate_resource_config(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.generated(&request, &mut diags) {
            Ok(config) => Response {
                config: Some(config),
                diagnostics: diags.into_wire(),
            },
            Err(why) => Response {
                config: None,
                diagnostics: stopped(diags, why),
            },
        }
    }

    fn generated(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<wire::DynamicValue, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let object = shape.object();
        let state = shape.decode(request.state.as_ref())?;
        let config = planning::configuration(object, &state);
        shape.encode(&resource.generate_config(object, config, diags))
    }
}
