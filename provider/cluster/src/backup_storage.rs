//! Backup storages that somebody deleted while they were used. All else is as with every object
//! that reads a Secret: see [`with_secret`](crate::with_secret).

use everest_core::lifecycle::backup_storage::ReleaseStorage;
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;

use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::{Cluster, Wait, drive};

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
    // What was read of most storages says that there is nothing to finish, and goes on to their
    // removal.
    let found = cluster
        .objects::<BackupStorage>(namespace)
        .look(name)
        .await?;
    if !found.is_some_and(|found| ReleaseStorage::concerns(&found)) {
        return Ok(false);
    }
    let release = ReleaseStorage::of(namespace, name).once_unused();
    drive::settled(cluster, release, &wait.start()).await
}

#[cfg(test)]
mod tests;
