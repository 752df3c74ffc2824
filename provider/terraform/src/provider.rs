//! The provider: its settings, its resources.

use std::sync::Arc;

use everest_cluster::{Catalog, Cluster, ConnectError, ConnectionConfig};
use everest_core::{rules, schema};
use everest_schemas::for_each_kind;
use everest_schemas::models::ProviderModel;
use tfplugin::{ConfigureRequest, Diagnostic, Diagnostics, Provider, Registry};

use crate::{
    actions,
    database_credentials::DatabaseCredentials,
    diagnostics,
    existing::{ManyObjects, OneObject},
    functions,
    guardrails::Guarded,
    listing::Listing,
    managed::Managed,
    server,
    session::Session,
    views,
};

/// The provider `openeverest/everest`.
#[derive(Default)]
pub struct EverestProvider {
    session: Arc<Session>,
}

impl EverestProvider {
    /// A provider that is not configured yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A provider that is not configured yet and that connects by `reach` with its settings, for
    /// hosts with a connection of their own.
    #[must_use]
    pub fn reaching(
        reach: impl Fn(&ConnectionConfig, Catalog) -> Result<Cluster, ConnectError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            session: Arc::new(Session::reaching(reach)),
        }
    }

    /// Serves a kind: its resource, the search for its objects, and its data sources.
    fn serve<K: Guarded>(&self, registry: &mut Registry) {
        registry
            .resource(Managed::<K>::new(Arc::clone(&self.session)))
            .list_resource(Listing::<K>::new(Arc::clone(&self.session)))
            .data_source(OneObject::<K>::new(Arc::clone(&self.session)))
            .data_source(ManyObjects::<K>::new(Arc::clone(&self.session)));
    }
}

impl Provider for EverestProvider {
    type Config = ProviderModel;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        macro_rules! serve_each {
            ($($module:ident::$kind:ident = $model:ty;)*) => {
                $(self.serve::<crate::$module::$kind>(registry);)*
            };
        }
        for_each_kind!(serve_each);
        server::register(registry, &self.session);
        actions::register(registry, &self.session);
        functions::register(registry);
        views::register(registry, &self.session);
        registry.ephemeral_resource(DatabaseCredentials(Arc::clone(&self.session)));
    }

    fn validate(&self, config: &ProviderModel, diags: &mut Diagnostics) {
        diagnostics::report(rules::provider::check(config), diags);
    }

    async fn configure(
        &self,
        request: ConfigureRequest<'_, ProviderModel>,
    ) -> Result<(), Diagnostic> {
        let config = request.config;
        self.session
            .warn_of_impact(config.impact_warnings.known() != Some(&false));
        let unknown = unknown_settings(&config);
        if unknown.is_empty() {
            self.session
                .settings_known(ConnectionConfig::from(&config), catalog(&config));
        } else {
            self.session.settings_unknown(unknown);
        }
        Ok(())
    }

    async fn shutdown(&self) {
        self.session.end().await;
    }
}

/// The catalog of engine operators; the defaults are those of Everest's chart.
fn catalog(config: &ProviderModel) -> Catalog {
    let mut catalog = Catalog::default();
    if let Some(given) = config.catalog.known() {
        if let Some(name) = given.name.known() {
            catalog.name.clone_from(name);
        }
        if let Some(namespace) = given.namespace.known() {
            catalog.namespace.clone_from(namespace);
        }
    }
    catalog
}

/// Settings that requests to the cluster do not need, as members of the model.
const OF_PLANS: [&str; 1] = ["impactWarnings"];

/// The settings that requests to the cluster need and that are not wholly known yet, in Terraform's
/// names.
fn unknown_settings(config: &ProviderModel) -> Vec<String> {
    let mut unknown = Vec::new();
    schema::visit(config, |place, value| {
        let is_setting = place.path.segments().len() == 1 && !place.is_element;
        let is_needed = !OF_PLANS.contains(&place.path.to_string().as_str());
        if is_setting && is_needed && value.has_unknown() {
            unknown.push(place.path.snake_case());
        }
    });
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_core::path::FieldPath;
    use everest_schemas::{Field, Tree};
    use serde_json::json;

    /// What is not known of settings once the value at a path is not.
    fn unknown_at(path: &FieldPath) -> Vec<String> {
        let mut config: ProviderModel = serde_json::from_value(json!({
            "configPaths": ["a"],
            "exec": {"apiVersion": "v1", "command": "c", "args": ["b"], "env": {"KEY": "d"}},
            "catalog": {},
        }))
        .unwrap();
        schema::edit(&mut config, |place, value| {
            if place.path == *path {
                *value = Tree::Unknown;
            }
        });
        unknown_settings(&config)
    }

    #[test]
    fn every_setting_that_is_not_known_is_missed() {
        for place in schema::places::<ProviderModel>() {
            // An element is at its key or its index.
            if place.is_element {
                continue;
            }
            let path = place.path.snake_case();
            let setting = path.split('.').next().unwrap_or_default();
            let expected: &[&str] = match setting {
                "impact_warnings" => &[],
                _ => &[setting],
            };
            assert_eq!(unknown_at(&place.path), expected, "{path}");
        }
    }

    #[test]
    fn a_part_of_a_setting_that_is_not_known_is_missed() {
        let exec = FieldPath::of("exec");
        assert_eq!(unknown_at(&exec.field("args").index(0)), ["exec"]);
        assert_eq!(unknown_at(&exec.field("env").key("KEY")), ["exec"]);
        let paths = FieldPath::of("configPaths");
        assert_eq!(unknown_at(&paths.index(0)), ["config_paths"]);
        assert_eq!(unknown_settings(&ProviderModel::default()), [""; 0]);
        let named = ProviderModel {
            config_paths: Field::Known(vec![Field::Null]),
            ..ProviderModel::default()
        };
        assert_eq!(unknown_settings(&named), [""; 0], "absent is not unknown");
    }
}
