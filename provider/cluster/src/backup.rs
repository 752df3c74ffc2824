//! On-demand backups: DatabaseClusterBackup objects. [`everest_core::lifecycle::backup`] has the
//! order of steps.

use everest_core::lifecycle::backup::{RemoveBackup, TakeBackup};
use everest_core::v1;
use everest_schemas::Field;
use everest_schemas::everest::DatabaseClusterBackup;
use everest_schemas::models::BackupModel;

use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, drive, dry_run};

/// Takes a backup: see [`TakeBackup`].
///
/// Ends: `Created`; `NotCreated` if the database is missing or broken, or if it or the queue
/// did not clear in time; `Pending` after the deadline or an interruption; `Failed` if the
/// backup failed.
pub async fn create(
    cluster: &Cluster,
    planned: &BackupModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<BackupModel> {
    drive::created(cluster, planned, TakeBackup::of(planned), made, wait).await
}

/// Goes on waiting for a backup that was pending. Nothing of a backup can be changed.
///
/// # Errors
/// In the outcome: `Pending` as for [`create`], also when the backup failed meanwhile.
pub async fn update(
    cluster: &Cluster,
    _prior: &BackupModel,
    planned: &BackupModel,
    wait: &Wait,
) -> Change<BackupModel> {
    drive::resumed(cluster, planned, TakeBackup::of(planned), wait).await
}

/// Removes a backup: see [`RemoveBackup`].
///
/// # Errors
/// `InUse` while something reads it; `Refused` by Everest; `TimedOut` and `Cancelled` name what
/// holds it.
pub async fn delete(
    cluster: &Cluster,
    model: &BackupModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    drive::settled(cluster, RemoveBackup::of(model), &wait.start()).await
}

/// Asks the cluster by a dry run whether it accepts the backup of this plan.
///
/// # Errors
/// `Refused` with the reason; any error that keeps the cluster from being asked.
pub async fn dry_run(
    cluster: &Cluster,
    planned: &BackupModel,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError> {
    let known = [
        &planned.namespace,
        &planned.name,
        &planned.database_name,
        &planned.backup_storage_name,
    ];
    if !dry_run_is_meaningful || !known.into_iter().all(Field::is_known) {
        return Ok(());
    }
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    dry_run::creation(&objects, name, &v1::backup::desired(planned)).await
}

/// Asks the cluster by a dry run whether it accepts the deletion of the backup: Everest refuses it
/// while a restore or a new database needs the backup.
///
/// # Errors
/// As [`dry_run()`].
pub async fn dry_run_deletion(cluster: &Cluster, model: &BackupModel) -> Result<(), ClusterError> {
    let (namespace, name) = key(model)?;
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    dry_run::ask(cluster, objects.dry_run_deletion(name)).await
}

#[cfg(test)]
mod tests;
