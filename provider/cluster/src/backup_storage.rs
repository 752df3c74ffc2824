//! Backup storages: a BackupStorage object and the Secret with its credentials.

use everest_core::dry_run::is_known;
use everest_core::lifecycle;
use everest_core::lifecycle::backup_storage::{ReleaseStorage, RemoveStorage};
use everest_core::v1;
use everest_core::v1::backup_storage::{secret_name, with_secret_of};
use everest_core::v1::credentials::{Credentials, SecretState};
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;

use crate::apply::{self, ForcePolicy};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, drive, dry_run, with_secret};

/// Creates a storage and, if credentials are given, its Secret: see [`CreateWithSecret`].
///
/// If the storage is refused, the Secret is deleted again. If it is not known whether the storage
/// was written, the Secret stays, because the storage may read it.
///
/// Ends: `Created` or `NotCreated`.
///
/// [`CreateWithSecret`]: everest_core::lifecycle::CreateWithSecret
pub async fn create(
    cluster: &Cluster,
    planned: &BackupStorageModel,
    credentials: Option<&Credentials>,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<BackupStorageModel> {
    let content = credentials.map(|given| v1::backup_storage::secret(planned, given));
    let lifecycle = lifecycle::backup_storage::create(planned, content, cluster.field_manager());
    with_secret::created(cluster, planned, lifecycle, made, wait).await
}

/// Applies changed settings and, if given, new credentials. Without credentials, the Secret is not
/// changed.
///
/// # Errors
/// In the outcome: `Refused` if the server refused a part.
pub async fn update(
    cluster: &Cluster,
    prior: &BackupStorageModel,
    planned: &BackupStorageModel,
    credentials: Option<&Credentials>,
    wait: &Wait,
) -> Change<BackupStorageModel> {
    let planned = &with_secret_of(planned, prior);
    let manager = cluster.field_manager();
    let content = credentials.map(|given| v1::backup_storage::secret(planned, given));
    let is_forced = &planned.force_conflicts;
    with_secret::changed(cluster, (prior, planned), is_forced, wait, |apply| {
        lifecycle::backup_storage::change(planned, content, manager, Some(apply))
    })
    .await
}

/// The state of the Secret of a storage, by its metadata alone.
///
/// # Errors
/// Any error that prevents reading the Secret.
pub async fn secret_state(
    cluster: &Cluster,
    model: &BackupStorageModel,
) -> Result<SecretState, ClusterError> {
    let (namespace, _) = key(model)?;
    with_secret::state::<BackupStorage>(cluster, namespace, secret_name(model)).await
}

/// Asks the cluster by a dry run whether it accepts the write of this plan, without the Secret. If
/// a storage to create exists already, that is left to the apply.
///
/// Fields that the apply would take over from another manager are noted: see [`Cluster::taken`].
///
/// # Errors
/// `Conflict` if the apply would overwrite a value of another manager that the plan does not show;
/// `Refused` with the reason; any error that keeps the cluster from being asked.
pub async fn dry_run(
    cluster: &Cluster,
    prior: Option<&BackupStorageModel>,
    planned: &BackupStorageModel,
    config: &BackupStorageModel,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError> {
    let Ok((namespace, name)) = key(planned) else {
        return Ok(());
    };
    let storages = cluster.objects::<BackupStorage>(namespace);
    let mut body = v1::backup_storage::desired(planned);
    let live = storages.read(name).await?;
    match (prior, &live) {
        (None, None) => {}
        (Some(prior), Some(live)) => {
            body = v1::backup_storage::desired(&with_secret_of(planned, prior));
            let prior = v1::backup_storage::desired(prior);
            let force_policy = ForcePolicy::of(&planned.force_conflicts, &prior);
            cluster.note_taken(apply::taken(&storages, name, live, &body, force_policy)?);
            if body == prior {
                return Ok(());
            }
        }
        _ => return Ok(()),
    }
    if dry_run_is_meaningful && is_known(&config.name) && is_known(&config.spec) {
        dry_run::ask(cluster, storages.dry_run_apply(name, &body)).await?;
    }
    Ok(())
}

/// Finishes a deletion that someone else began: removes Everest's finalizer from a storage that
/// was deleted while in use, once nothing uses it any more: see [`ReleaseStorage`]. Returns true if
/// it did.
///
/// # Errors
/// `InUse` names the users.
pub async fn release(
    cluster: &Cluster,
    model: &BackupStorageModel,
    wait: &Wait,
) -> Result<bool, ClusterError> {
    let (namespace, name) = key(model)?;
    let release = ReleaseStorage::of(namespace, name).once_unused();
    drive::settled(cluster, release, &wait.start()).await
}

/// Removes a storage and its Secret: see [`RemoveStorage`].
///
/// # Errors
/// `InUse` names the users; `TimedOut` and `Cancelled` the finalizers.
pub async fn delete(
    cluster: &Cluster,
    model: &BackupStorageModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    let removal = RemoveStorage::of(model, cluster.field_manager());
    drive::settled(cluster, removal, &wait.start()).await
}

#[cfg(test)]
mod tests;
