//! The engine operators' own objects, which say more than Everest's copy of their state.

use everest_schemas::Engine;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};

use crate::Cluster;
use crate::objects::Objects;

/// The kind whose objects an engine operator turns into a database. It has the name and
/// namespace of the DatabaseCluster.
pub(crate) fn kind(engine: Engine) -> ApiResource {
    let (group, version, kind, plural) = match engine {
        Engine::Pxc => (
            "pxc.percona.com",
            "v1",
            "PerconaXtraDBCluster",
            "perconaxtradbclusters",
        ),
        Engine::Psmdb => (
            "psmdb.percona.com",
            "v1",
            "PerconaServerMongoDB",
            "perconaservermongodbs",
        ),
        Engine::Postgresql => (
            "pgv2.percona.com",
            "v2",
            "PerconaPGCluster",
            "perconapgclusters",
        ),
    };
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

impl Cluster {
    /// The engine's own databases in `namespace`.
    pub(crate) fn engine_databases(
        &self,
        engine: Engine,
        namespace: &str,
    ) -> Objects<DynamicObject> {
        let kind = kind(engine);
        let api = Api::namespaced_with(self.client().clone(), namespace, &kind);
        Objects::new(self, api, &kind, Some(namespace))
    }
}
