//! ValidateProviderConfig and the validation of every kind of block. Configurations may contain
//! unknown values.

use super::catalogue::{Catalogue, Described};
use super::{Run, Shape, one};
use crate::action::AnyAction;
use crate::data_source::AnyDataSource;
use crate::diagnostics::{Diagnostics, Severity};
use crate::ephemeral::AnyEphemeralResource;
use crate::list::AnyListResource;
use crate::model;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::{AnyResource, UNFIT, unfit};
use crate::schema::Object;
use crate::timeouts;
use crate::validation;
use crate::value::Value;

/// Applies the schema's rules, then `own`. If both report an error at one attribute, the more
/// specific one is kept: the provider's own rule, but the schema's rule instead of a mere failure
/// to decode.
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

impl<P: Provider> Run<P> {
    pub(super) async fn validate_provider_config(
        &self,
        request: wire::validate_provider_config::Request,
    ) -> wire::validate_provider_config::Response {
        // Terraform begins each walk with this.
        self.told.forget();
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
        let block = (request.type_name.as_str(), request.config.as_ref());
        let allowed = cx.write_only_allowed;
        let own = |resource: &dyn AnyResource, object: &Object, config: &Value, diags: &mut _| {
            if resource.timeouts().is_some() {
                timeouts::check(config, diags);
            }
            resource.validate(object, config, diags);
        };
        let diagnostics = self.checked(&self.resources, block, allowed, own);
        wire::validate_resource_config::Response { diagnostics }
    }

    pub(super) async fn validate_data_resource_config(
        &self,
        request: wire::validate_data_resource_config::Request,
    ) -> wire::validate_data_resource_config::Response {
        let block = (request.type_name.as_str(), request.config.as_ref());
        let own = AnyDataSource::validate;
        let diagnostics = self.checked(&self.data_sources, block, true, own);
        wire::validate_data_resource_config::Response { diagnostics }
    }

    pub(super) async fn validate_ephemeral_resource_config(
        &self,
        request: wire::validate_ephemeral_resource_config::Request,
    ) -> wire::validate_ephemeral_resource_config::Response {
        let block = (request.type_name.as_str(), request.config.as_ref());
        let own = AnyEphemeralResource::validate;
        let diagnostics = self.checked(&self.ephemeral_resources, block, true, own);
        wire::validate_ephemeral_resource_config::Response { diagnostics }
    }

    pub(super) async fn validate_list_resource_config(
        &self,
        request: wire::validate_list_resource_config::Request,
    ) -> wire::validate_list_resource_config::Response {
        let block = (request.type_name.as_str(), request.config.as_ref());
        let own = AnyListResource::validate;
        let diagnostics = self.checked(&self.list_resources, block, true, own);
        wire::validate_list_resource_config::Response { diagnostics }
    }

    pub(super) async fn validate_action_config(
        &self,
        request: wire::validate_action_config::Request,
    ) -> wire::validate_action_config::Response {
        let block = (request.type_name.as_str(), request.config.as_ref());
        let own = AnyAction::validate;
        let diagnostics = self.checked(&self.actions, block, true, own);
        wire::validate_action_config::Response { diagnostics }
    }

    /// The diagnostics for the configuration of one block, each warning once per run.
    fn checked<T: Described + ?Sized>(
        &self,
        of: &Catalogue<T>,
        (type_name, config): (&str, Option<&wire::DynamicValue>),
        write_only_allowed: bool,
        own: impl FnOnce(&T, &Object, &Value, &mut Diagnostics),
    ) -> Vec<wire::Diagnostic> {
        let checked = of.get(type_name).and_then(|(item, shape)| {
            let value = shape.decode(config)?;
            let mut diags = validate(shape, &value, write_only_allowed, |diags| {
                own(item, shape.object(), &value, diags);
            });
            self.told.once(type_name, config, &mut diags);
            Ok(diags)
        });
        checked.map_or_else(one, Diagnostics::into_wire)
    }
}
