//! GenerateResourceConfig: the configuration of an imported or found object.

use super::{Run, one};
use crate::diagnostics::Diagnostic;
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::generate_resource_config::Request;
type Response = wire::generate_resource_config::Response;

impl<P: Provider> Run<P> {
    pub(super) async fn generate_resource_config(&self, request: Request) -> Response {
        match self.generated(&request).await {
            Ok(config) => Response {
                config: Some(config),
                diagnostics: Vec::new(),
            },
            Err(why) => Response {
                config: None,
                diagnostics: one(why),
            },
        }
    }

    async fn generated(&self, request: &Request) -> Result<wire::DynamicValue, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let object = shape.object();
        let Some(state) = &request.state else {
            return Err(no_object());
        };
        let state = shape.decode(Some(state))?;
        let config = planning::configuration(object, &state);
        let config = resource.generate_config(object, config).await?;
        shape.encode(&config)
    }
}

/// The error for Terraform 1.14.0, which sends no object (hashicorp/terraform#37896). Applying a
/// configuration generated from nothing would replace the existing object.
fn no_object() -> Diagnostic {
    Diagnostic::error(
        "No configuration can be generated",
        "This Terraform does not say of which object: 1.14.0 has that fault, 1.14.1 and later do not. \
         Upgrade Terraform, or write the configuration by hand. The import itself works.",
    )
}
