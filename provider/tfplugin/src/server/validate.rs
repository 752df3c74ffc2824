//! ValidateProviderConfig and ValidateResourceConfig. Configurations may hold unknowns.

use super::{Server, Shape, one};
use crate::diagnostics::{Diagnostics, Severity};
use crate::model;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::{UNFIT, unfit};
use crate::validation;
use crate::value::Value;

/// First what the schema says, then `own`. Where both object to one attribute, the one that knows
/// more is heard: the provider's own rule, but the schema's over a mere failure to decode.
fn validate(
    shape: &Shape,
    config: &Value,
    write_only_allowed: bool,
    own: impl FnOnce(&mut Diagnostics),
) -> Diagnostics {
    let mut general = Diagnostics::new();
    validation::check(shape.object(), config, write_only_allowed, &mut general);
    let mut special = Diagnostics::new();
    own(&mut special);
    special.retain(|s| s.summary != UNFIT || general.iter().all(|g| g.path != s.path));
    general.retain(|g| {
        special
            .iter()
            .all(|s| s.path != g.path || s.severity != Severity::Error)
    });
    general.extend(special);
    general
}

impl<P: Provider> Server<P> {
    pub(super) async fn validate_provider_config(
        &self,
        request: wire::validate_provider_config::Request,
    ) -> wire::validate_provider_config::Response {
        let checked = self.config().and_then(|shape| {
            let config = shape.decode(request.config.as_ref())?;
            Ok(validate(
                shape,
                &config,
                true,
                |diags| match model::decode::<P::Config>(&config, shape.object()) {
                    Ok(config) => self.provider.validate(&config, diags),
                    Err(error) => diags.push(unfit(&error, shape.object())),
                },
            ))
        });
        wire::validate_provider_config::Response {
            diagnostics: checked.map_or_else(one, Diagnostics::into_wire),
        }
    }

    pub(super) async fn validate_resource_config(
        &self,
        request: wire::validate_resource_config::Request,
    ) -> wire::validate_resource_config::Response {
        let cx = self.context(request.client_capabilities.as_ref());
        let checked = self
            .managed(&request.type_name)
            .and_then(|(resource, shape)| {
                let config = shape.decode(request.config.as_ref())?;
                Ok(validate(shape, &config, cx.write_only_allowed, |diags| {
                    resource.validate(shape.object(), &config, diags);
                }))
            });
        wire::validate_resource_config::Response {
            diagnostics: checked.map_or_else(one, Diagnostics::into_wire),
        }
    }
}
