//! The engine operators' own objects, which have more details than Everest's copy of their state.

use everest_core::v1::engine_kinds;
use everest_schemas::Engine;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};

use crate::Cluster;
use crate::objects::Objects;

/// The kinds of an engine operator.
pub(crate) struct Kinds {
    /// The kind of databases. An object has the name and namespace of its DatabaseCluster.
    pub(crate) database: ApiResource,
    /// The kind of backups. An object has the name of its DatabaseClusterBackup.
    pub(crate) backup: ApiResource,
    /// The kind of restores. An object has the name of its DatabaseClusterRestore.
    pub(crate) restore: ApiResource,
}

/// The kind of an engine's own object of a database.
pub fn database_kind(engine: Engine) -> ApiResource {
    kinds(engine).database
}

/// The kinds of an engine's operator.
pub(crate) fn kinds(engine: Engine) -> Kinds {
    let kinds = engine_kinds(engine);
    let kind = |kind: &str| {
        let plural = format!("{}s", kind.to_lowercase());
        let kind = GroupVersionKind::gvk(kinds.group, kinds.version, kind);
        ApiResource::from_gvk_with_plural(&kind, &plural)
    };
    Kinds {
        database: kind(kinds.database),
        backup: kind(kinds.backup),
        restore: kind(kinds.restore),
    }
}

impl Cluster {
    /// The engine's own databases in `namespace`.
    pub(crate) fn engine_databases(
        &self,
        engine: Engine,
        namespace: &str,
    ) -> Objects<DynamicObject> {
        self.of_kind(&kinds(engine).database, namespace)
    }

    /// The objects of a kind of an engine operator in `namespace`.
    pub(crate) fn of_kind(&self, kind: &ApiResource, namespace: &str) -> Objects<DynamicObject> {
        let api = Api::namespaced_with(self.client().clone(), namespace, kind);
        Objects::new(self, api, kind, Some(namespace))
    }
}
