//! Data sources of what no single object shows.

use std::sync::Arc;

use everest_cluster::views;
use everest_schemas::Field;
use everest_schemas::models::{ClusterInfo, DatabaseComponents, DatabaseEngines, PitrWindow};
use tfplugin::{DataSource, Diagnostic, LookupRequest, Registry};

use crate::{
    existing::{read, read_any},
    session::Session,
};

/// Registers all of them.
pub fn register(registry: &mut Registry, session: &Arc<Session>) {
    registry
        .data_source(ClusterSource(Arc::clone(session)))
        .data_source(ComponentsSource(Arc::clone(session)))
        .data_source(DatabaseEnginesSource(Arc::clone(session)))
        .data_source(PitrWindowSource(Arc::clone(session)));
}

/// `everest_cluster`.
struct ClusterSource(Arc<Session>);

impl DataSource for ClusterSource {
    type Model = ClusterInfo;

    fn type_name(&self) -> &'static str {
        "everest_cluster"
    }

    async fn read(
        &self,
        request: LookupRequest<'_, ClusterInfo>,
    ) -> Result<ClusterInfo, Diagnostic> {
        let what = self.type_name();
        let doing = format!("read {what}");
        let found = read_any(&self.0, what, &doing, request.cx, views::cluster_info);
        Ok(found.await?.unwrap_or(request.config))
    }
}

/// `everest_components`.
struct ComponentsSource(Arc<Session>);

impl DataSource for ComponentsSource {
    type Model = DatabaseComponents;

    fn type_name(&self) -> &'static str {
        "everest_components"
    }

    async fn read(
        &self,
        request: LookupRequest<'_, DatabaseComponents>,
    ) -> Result<DatabaseComponents, Diagnostic> {
        let asked = request.config;
        let what = of_database(self.type_name(), &asked.namespace, &asked.database_name);
        let doing = format!("read {what}");
        let found = read(&self.0, &what, &doing, request.cx, async |cluster| {
            views::components(cluster, asked.clone()).await
        });
        Ok(found.await?.unwrap_or_else(|| asked.clone()))
    }
}

/// `everest_database_engines`.
struct DatabaseEnginesSource(Arc<Session>);

impl DataSource for DatabaseEnginesSource {
    type Model = DatabaseEngines;

    fn type_name(&self) -> &'static str {
        "everest_database_engines"
    }

    async fn read(
        &self,
        request: LookupRequest<'_, DatabaseEngines>,
    ) -> Result<DatabaseEngines, Diagnostic> {
        let filter = request.config;
        let what = self.type_name();
        let doing = format!("list {what}");
        let found = read(&self.0, what, &doing, request.cx, async |cluster| {
            views::database_engines(cluster, filter.clone()).await
        });
        Ok(found.await?.unwrap_or_else(|| filter.clone()))
    }
}

/// `everest_pitr_window`.
struct PitrWindowSource(Arc<Session>);

impl DataSource for PitrWindowSource {
    type Model = PitrWindow;

    fn type_name(&self) -> &'static str {
        "everest_pitr_window"
    }

    async fn read(&self, request: LookupRequest<'_, PitrWindow>) -> Result<PitrWindow, Diagnostic> {
        let asked = request.config;
        let what = of_database(self.type_name(), &asked.namespace, &asked.database_name);
        let doing = format!("read {what}");
        let namespace = asked.namespace.known_str().unwrap_or_default();
        let name = asked.database_name.known_str().unwrap_or_default();
        let found = read(&self.0, &what, &doing, request.cx, async |cluster| {
            views::pitr_window(cluster, namespace, name).await
        });
        match found.await? {
            None => Ok(asked),
            Some(Some(window)) => Ok(window),
            Some(None) => Err(Diagnostic::error(
                format!("Cannot {doing}: there is no such database"),
                format!(
                    "There is no DatabaseCluster {name:?} in namespace {namespace:?}. If this \
                     configuration creates it, set database_name from the everest_database \
                     resource, so that Terraform creates it first."
                ),
            )
            .at("database_name")),
        }
    }
}

/// A data source of a database, as messages name it.
fn of_database(type_name: &str, namespace: &Field<String>, name: &Field<String>) -> String {
    let namespace = namespace.known_str().unwrap_or_default();
    format!(
        "{type_name} {namespace}/{}",
        name.known_str().unwrap_or_default()
    )
}
