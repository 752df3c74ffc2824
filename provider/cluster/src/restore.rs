//! Restores: DatabaseClusterRestore objects. Each is the record of one restore.
//! [`everest_core::lifecycle::restore`] has the order of steps.

use everest_core::dry_run::is_known;
use everest_core::lifecycle::restore::{BeginRestore, RemoveRestore};
use everest_core::v1;
use everest_schemas::everest::DatabaseClusterRestore;
use everest_schemas::models::RestoreModel;

use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, drive, dry_run, run_once};

/// Restores a database in place: see [`BeginRestore`].
///
/// Ends: `Created`; `NotCreated` if it may not begin; `Pending` after the deadline or an
/// interruption; `Pending` with `NotFound` if the object went before its end was seen, because that
/// must not count as a restore that was never begun; `Failed` if the restore failed.
pub async fn create(
    cluster: &Cluster,
    planned: &RestoreModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<RestoreModel> {
    drive::created(cluster, planned, BeginRestore::of(planned), made, wait).await
}

/// Goes on waiting for a pending restore. A restore itself cannot be changed. For a restore that
/// has ended, only values of the state (triggers, timeouts) are recorded, without a request,
/// because its object may be gone. A restore whose object is gone before its end was seen stays as
/// it was.
///
/// # Errors
/// In the outcome: `Pending` as for [`create`]; `Refused` when the restore failed meanwhile, since
/// no wait will change that.
pub async fn update(
    cluster: &Cluster,
    prior: &RestoreModel,
    planned: &RestoreModel,
    wait: &Wait,
) -> Change<RestoreModel> {
    let ended = matches!(prior.state.known_str(), Some("Succeeded" | "Failed"));
    // What goes on waiting has a state that is not known.
    if ended && planned.state == prior.state {
        return Change::Done(planned.clone());
    }
    run_once::resumed(cluster, prior, planned, BeginRestore::of(planned), wait).await
}

/// Removes the record of a restore: see [`RemoveRestore`].
///
/// # Errors
/// `TimedOut` and `Cancelled` name what holds it.
pub async fn delete(
    cluster: &Cluster,
    model: &RestoreModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    drive::settled(cluster, RemoveRestore::of(model), &wait.start()).await
}

/// Asks the cluster by a dry run whether it accepts the restore of this plan.
///
/// # Errors
/// `Refused` with what stands against it; whatever keeps the cluster from being asked.
pub async fn dry_run(
    cluster: &Cluster,
    planned: &RestoreModel,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError> {
    let known = planned.namespace.is_known()
        && planned.name.is_known()
        && planned.database_name.is_known()
        && is_known(&planned.backup_name)
        && is_known(&planned.backup_source)
        && is_known(&planned.pitr);
    if !dry_run_is_meaningful || !known {
        return Ok(());
    }
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<DatabaseClusterRestore>(namespace);
    dry_run::creation(&objects, name, &v1::restore::desired(planned)).await
}

#[cfg(test)]
mod tests;
