//! The provider: its settings, its resources.

use std::sync::Arc;

use everest_cluster::{Catalog, Cluster, ConnectError, ConnectionConfig};
use everest_core::rules;
use everest_schemas::models::ProviderModel;
use tfplugin::{ConfigureRequest, Diagnostic, Diagnostics, Provider, Registry};

use crate::{
    backup::Backup, backup_storage::BackupStorage, database::Database, diagnostics,
    guardrails::Guarded, listing::Listing, managed::Managed, namespace::Namespace,
    restore::Restore, session::Session,
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

    /// A provider that is not configured yet and that reaches its cluster by `reach`, with the
    /// settings that it is configured with: for hosts that have a connection of their own.
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

    /// Serves a kind: its resource, and the search for its objects.
    fn serve<K: Guarded>(&self, registry: &mut Registry) {
        registry
            .resource(Managed::<K>::new(Arc::clone(&self.session)))
            .list_resource(Listing::<K>::new(Arc::clone(&self.session)));
    }
}

impl Provider for EverestProvider {
    type Config = ProviderModel;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        self.serve::<Namespace>(registry);
        self.serve::<Database>(registry);
        self.serve::<BackupStorage>(registry);
        self.serve::<Backup>(registry);
        self.serve::<Restore>(registry);
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

/// The catalog that engine operators come from; members left out are those of Everest's chart.
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

/// The settings that a contact with the cluster needs and that are not known yet, in Terraform's
/// names.
fn unknown_settings(config: &ProviderModel) -> Vec<String> {
    let flags = [
        ("config_path", config.config_path.is_unknown()),
        (
            "config_paths",
            config.config_paths.is_unknown()
                || config
                    .config_paths
                    .known()
                    .is_some_and(|paths| paths.iter().any(|p| p.is_unknown())),
        ),
        ("config_context", config.config_context.is_unknown()),
        (
            "config_context_cluster",
            config.config_context_cluster.is_unknown(),
        ),
        (
            "config_context_auth_info",
            config.config_context_auth_info.is_unknown(),
        ),
        ("host", config.host.is_unknown()),
        ("token", config.token.is_unknown()),
        ("client_certificate", config.client_certificate.is_unknown()),
        ("client_key", config.client_key.is_unknown()),
        (
            "cluster_ca_certificate",
            config.cluster_ca_certificate.is_unknown(),
        ),
        ("insecure", config.insecure.is_unknown()),
        ("tls_server_name", config.tls_server_name.is_unknown()),
        ("proxy_url", config.proxy_url.is_unknown()),
        (
            "exec",
            config.exec.is_unknown()
                || config.exec.known().is_some_and(|exec| {
                    exec.command.is_unknown()
                        || exec.api_version.is_unknown()
                        || exec.args.is_unknown()
                        || exec.env.is_unknown()
                        || exec
                            .args
                            .known()
                            .is_some_and(|args| args.iter().any(|a| a.is_unknown()))
                        || exec
                            .env
                            .known()
                            .is_some_and(|env| env.values().any(|v| v.is_unknown()))
                }),
        ),
        (
            "catalog",
            config.catalog.is_unknown()
                || config
                    .catalog
                    .known()
                    .is_some_and(|c| c.name.is_unknown() || c.namespace.is_unknown()),
        ),
    ];
    flags
        .into_iter()
        .filter(|(_, unknown)| *unknown)
        .map(|(name, _)| name.to_owned())
        .collect()
}
