//! Everest's objects in a namespace.

use everest_schemas::Engine;
use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore, MonitoringConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::lifecycle::{Observed, Query};
use crate::storage_users::{IN_USE, User};

/// An object of Everest in a namespace, other than a database.
pub(super) struct Inhabitant {
    /// The object.
    pub(super) user: User,
    finalizers: Vec<String>,
}

impl Inhabitant {
    fn of(kind: &str, metadata: &ObjectMeta) -> Self {
        Self {
            user: User::of(kind, metadata),
            finalizers: metadata.finalizers.clone().unwrap_or_default(),
        }
    }

    /// Returns true if only Everest can remove it.
    pub(super) fn is_held(&self) -> bool {
        !self.finalizers.is_empty()
    }

    /// Returns true if it is being deleted, or Everest is about to remove its finalizer.
    pub(super) fn is_on_its_way(&self) -> bool {
        self.user.is_going || matches!(self.finalizers.as_slice(), [only] if only == IN_USE)
    }
}

/// Their names, for a message.
pub(super) fn names(users: &[User]) -> String {
    let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
    names.join(", ")
}

/// The databases of engines in a namespace.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn databases(
    observed: &Observed,
    namespace: &str,
    engines: &[Engine],
) -> Result<Vec<User>, Query> {
    if engines.is_empty() {
        return Ok(Vec::new());
    }
    let found = observed.listed::<DatabaseCluster>(namespace)?;
    Ok(found
        .iter()
        .filter(|database| {
            let spec = database.spec.engine.known();
            let engine = spec.and_then(|spec| spec.type_.known());
            engine.is_none_or(|engine| engines.contains(engine))
        })
        .map(|database| User::of("database", &database.metadata))
        .collect())
}

/// The names of all databases in a namespace.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn database_names<'a>(
    observed: &'a Observed,
    namespace: &str,
) -> Result<impl Iterator<Item = &'a str>, Query> {
    let found = observed.listed::<DatabaseCluster>(namespace)?;
    Ok(found
        .iter()
        .filter_map(|database| database.metadata.name.as_deref()))
}

/// Everest's objects in a namespace, except databases.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn others(observed: &Observed, namespace: &str) -> Result<Vec<Inhabitant>, Query> {
    let mut found = Vec::new();
    for restore in observed.listed::<DatabaseClusterRestore>(namespace)? {
        found.push(Inhabitant::of("restore", &restore.metadata));
    }
    for backup in observed.listed::<DatabaseClusterBackup>(namespace)? {
        found.push(Inhabitant::of("backup", &backup.metadata));
    }
    for storage in observed.listed::<BackupStorage>(namespace)? {
        found.push(Inhabitant::of("backup storage", &storage.metadata));
    }
    for config in observed.listed::<MonitoringConfig>(namespace)? {
        found.push(Inhabitant::of("monitoring configuration", &config.metadata));
    }
    Ok(found)
}
