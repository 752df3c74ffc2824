//! Backups that a paused MongoDB does not let go of.

use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use serde_json::Value;

use crate::api::RELEASE_LOCK;
use crate::facts::Seen;
use crate::lifecycle::{EngineRole, ObjectRef, Observed, Query};
use crate::restart;
use crate::text::Text;

/// The reason why a paused MongoDB cannot be deleted, with what to do; none if it can.
///
/// Everest deletes the backups of a database before the engine's own object, and MongoDB's operator
/// takes its finalizer off a backup only once it has reached a member of the database. Everest
/// starts no member of a database that is being deleted, so the deletion would never end. What may
/// not be read holds nothing up.
///
/// Source: everest-operator `internal/controller/everest/common/helper.go`
/// (`HandleUpstreamClusterCleanup`) and `databasecluster_controller.go` (`reconcileDB`);
/// percona-server-mongodb-operator `pkg/controller/perconaservermongodbbackup` (`Reconcile`,
/// `checkFinalizers`), from 1.20 on.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn hindrance(
    observed: &Observed,
    database: &DatabaseCluster,
) -> Result<Option<Text>, Query> {
    if !is_stopped_mongodb(database) {
        return Ok(None);
    }
    let metadata = &database.metadata;
    let (Some(namespace), Some(name)) = (&metadata.namespace, &metadata.name) else {
        return Ok(None);
    };
    let backups = observed.all::<DatabaseClusterBackup>(namespace)?;
    for backup in backups.into_iter().flatten() {
        if backup.spec.db_cluster_name.known_str() != Some(name.as_str()) {
            continue;
        }
        let backup = backup.metadata.name.as_deref().unwrap_or_default();
        let object = ObjectRef::of::<DatabaseClusterBackup>(namespace, backup);
        let own = ObjectRef::of_engine(Engine::Psmdb, EngineRole::Backup, &object);
        if let Seen::Found(own) = observed.engine_object(&own)?
            && is_locked(own)
        {
            return Ok(Some(
                Text::from(format!(
                    "the database {namespace}/{name} is paused, and MongoDB's operator releases \
                     its backup {backup} only while a member runs: the deletion would not end. "
                ))
                .and("{:startFirst}"),
            ));
        }
    }
    Ok(None)
}

/// Returns true if a MongoDB is paused, and not only for a restart.
fn is_stopped_mongodb(database: &DatabaseCluster) -> bool {
    let engine = database.spec.engine.known();
    engine.is_some_and(|engine| engine.type_.known() == Some(&Engine::Psmdb))
        && database.spec.paused.known() == Some(&true)
        && !restart::is_running(database)
}

fn is_locked(backup: &Value) -> bool {
    let finalizers = backup["metadata"]["finalizers"].as_array();
    finalizers
        .into_iter()
        .flatten()
        .any(|finalizer| finalizer == RELEASE_LOCK)
}
