//! The objects that the rules need, as a cluster showed them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use everest_schemas::Engine;
use everest_schemas::everest::{
    BackupStorage, DataImportJob, DataImporter, DatabaseCluster, DatabaseClusterBackup,
    DatabaseEngine, LoadBalancerConfig, MonitoringConfig, PodSchedulingPolicy,
    SplitHorizonDnsConfig,
};
use everest_schemas::olm::{InstallPlan, Subscription};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::Value;

use crate::v1::connection;
use crate::volumes;

mod bucket;
mod everest;
#[cfg(test)]
pub(crate) mod fixtures;
mod planned;
mod served;
mod users;
mod wanted;

pub use crate::api::UPGRADE_LOCK;
pub use bucket::Bucket;
pub use everest::{
    CatalogFacts, EverestFacts, Lines, SERVERS, SYSTEM_NAMESPACE, V2_GROUP, everest_version,
};
pub use planned::{Planned, PlannedInNamespace};
pub use served::{Lacking, ServedKinds};
pub use users::UsingDatabases;
pub use wanted::{DefinedKind, Kind, SomeBackups, SomeStorages, Wanted};

/// States of a database in which Everest refuses changes of it. A database
/// that is being deleted refuses them too.
const BUSY: [&str; 3] = ["restoring", UPGRADING, RESIZING];

/// The state of a database that asks for another version than the one that ran last.
const UPGRADING: &str = "upgrading";

/// The state of a database whose volumes grow.
const RESIZING: &str = "resizingVolumes";

/// States of a backup in which it is still being taken.
pub const BACKUP_UNFINISHED: [&str; 3] = ["", "Starting", "Running"];

/// The state because of which Everest refuses changes of a database, if it is in such a state.
///
/// Some states do not count, because waiting for their end would be in vain. A database whose volumes
/// could not grow stays in `resizingVolumes` until it is changed again. One that is stopped and has
/// got another version stays in `upgrading` until it runs, as in `resizingVolumes` one whose volumes
/// grow only when they are mounted.
pub fn busy_state(database: &DatabaseCluster) -> Option<&str> {
    let status = database.status.as_ref()?;
    let state = status.status.as_deref()?;
    let cannot_grow =
        state == RESIZING && volumes::condition(database, volumes::RESIZE_FAILED).is_some();
    let is_stopped = [UPGRADING, RESIZING].contains(&state)
        && database.spec.paused.known() == Some(&true)
        && status.ready.unwrap_or(0) == 0;
    (BUSY.contains(&state) && !cannot_grow && !is_stopped).then_some(state)
}

/// All objects of a kind by name; `None` if they could not be read, were not needed or are not
/// served.
pub type All<K> = Option<BTreeMap<String, K>>;

/// One object that was looked for by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Seen<K> {
    /// The object was not read, or could not be.
    #[default]
    Unread,
    /// It does not exist.
    Absent,
    /// It exists.
    Found(K),
}

impl<K> Seen<K> {
    /// The same, borrowed.
    pub const fn as_ref(&self) -> Seen<&K> {
        match self {
            Self::Unread => Seen::Unread,
            Self::Absent => Seen::Absent,
            Self::Found(found) => Seen::Found(found),
        }
    }
}

/// The facts read from a cluster. Objects that were not read cause no finding.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Everest itself and the catalog of its operators.
    pub everest: EverestFacts,
    /// The kinds of the model's API group as the cluster serves them; `None` if that was not read,
    /// was not needed or cannot be told.
    pub served: Option<Arc<ServedKinds>>,
    /// The namespace of the resource.
    pub namespace: Seen<Namespace>,
    /// The engines of the namespace, by the names of their operators.
    pub engines: All<DatabaseEngine>,
    /// The engines of every namespace.
    pub engines_everywhere: Option<Vec<DatabaseEngine>>,
    /// The subscriptions of the namespace.
    pub subscriptions: All<Subscription>,
    /// The install plans of the namespace.
    pub install_plans: All<InstallPlan>,
    /// The databases of the namespace, or only the resource's own if the others do not matter.
    pub databases: All<DatabaseCluster>,
    /// The databases of every namespace.
    pub databases_everywhere: Option<Vec<DatabaseCluster>>,
    /// The import jobs of every namespace.
    pub import_jobs_everywhere: Option<Vec<DataImportJob>>,
    /// The backups of the namespace.
    pub backups: All<DatabaseClusterBackup>,
    /// The backup storages of the namespace, or only those that matter.
    pub storages: All<BackupStorage>,
    /// The monitoring configurations of the namespace.
    pub monitoring_configs: All<MonitoringConfig>,
    /// The DNS configurations of the namespace.
    pub split_horizons: All<SplitHorizonDnsConfig>,
    /// The scheduling policies of the cluster.
    pub policies: All<PodSchedulingPolicy>,
    /// The load balancer configurations of the cluster.
    pub load_balancer_configs: All<LoadBalancerConfig>,
    /// The importers of the cluster.
    pub importers: All<DataImporter>,
    /// The storage classes of the cluster.
    pub storage_classes: All<StorageClass>,
    /// The engine's own object of the resource's database, which has the size of the volumes.
    pub engine_object: Seen<Value>,
    /// The existence of the Secrets that were looked up. Their content is never read.
    pub secrets: BTreeMap<String, bool>,
    /// The time at which the passwords were last written that the database of
    /// [`Wanted::passwords_since`] has; `None` if it is not known or was not needed.
    pub passwords_written: Option<Timestamp>,
    /// The objects that the planned run creates and destroys in the namespace; empty for front ends
    /// without planned runs.
    pub planned: PlannedInNamespace,
    /// The objects that the planned run creates and destroys in the whole cluster, for a
    /// cluster-scoped model.
    pub planned_everywhere: Planned,
}

impl Facts {
    /// Returns true if the resource's namespace is known not to exist yet, so that nothing inside
    /// it can be expected.
    pub fn namespace_is_absent(&self) -> bool {
        self.namespace == Seen::Absent
    }

    /// The objects of a kind that are left after what the run destroys.
    pub(crate) fn left<'a, K>(
        &'a self,
        kind: Kind,
        all: &'a All<K>,
    ) -> impl Iterator<Item = (&'a str, &'a K)> {
        let named = all.iter().flatten();
        named
            .map(|(name, object)| (name.as_str(), object))
            .filter(move |(name, _)| !self.planned.destroys(kind, name))
    }

    /// The engine of the database that a complete backup is of, and the Secret with its users.
    /// `None` for PostgreSQL, whose operator sets its own passwords after a restore.
    pub fn users_of_backup(&self, backup: &str) -> Option<(Engine, String)> {
        let backup = self.backups.as_ref()?.get(backup)?;
        backup.status.as_ref()?.completed.as_ref()?;
        let of = backup.spec.db_cluster_name.known_str()?;
        let database = self.databases.as_ref()?.get(of)?;
        let engine = *database.spec.engine.known()?.type_.known()?;
        (engine != Engine::Postgresql)
            .then(|| connection::secret_name(database))
            .flatten()
            .map(|secret| (engine, secret))
    }

    /// The operator of the namespace that is being upgraded, if one is.
    pub fn locked_engine(&self) -> Option<&str> {
        let engines = self.engines.as_ref()?;
        engines
            .iter()
            .find(|(_, engine)| {
                engine
                    .metadata
                    .annotations
                    .as_ref()
                    .is_some_and(|keys| keys.contains_key(UPGRADE_LOCK))
            })
            .map(|(name, _)| name.as_str())
    }

    /// The names of a kind, for a message.
    pub(crate) fn names<K>(all: &BTreeMap<String, K>) -> String {
        let names: BTreeSet<_> = all.keys().map(String::as_str).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}
