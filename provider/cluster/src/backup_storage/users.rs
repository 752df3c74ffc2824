//! The users of a backup storage, and its end.

use std::sync::Arc;
use std::time::Duration;

use everest_core::storage_users::{self, Neighbours, REMEDY, Step, User, Users};
use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};
use kube::ResourceExt;

use super::readers;
use crate::error::ClusterError;
use crate::leaving::Unneeded;
use crate::objects::{Objects, Typed};
use crate::wait::Clock;
use crate::{Cluster, delete};

/// How long Everest is waited for to take its finalizer off once nothing uses a storage. Where
/// the storage's Secret is gone it never does.
const GRACE: Duration = Duration::from_secs(60);

/// Deletes a storage once nothing uses it, and waits until it is gone. Returns the UID of what
/// was there.
///
/// 1. Users that are being deleted are waited for; any other is an error.
/// 2. A storage that has a deletion behind it already is only waited for.
/// 3. Everest's finalizer is taken off a deleted storage that nothing uses: see
///    [`storage_users`].
///
/// # Errors
/// `InUse` names the users; `TimedOut` and `Cancelled` the finalizers.
pub(crate) async fn remove(
    storages: &Objects<BackupStorage>,
    name: &str,
    clock: &Clock,
) -> Result<Option<String>, ClusterError> {
    until_unused(storages, name, clock).await?;
    delete::deleted_with(
        storages,
        name,
        clock,
        |storage: Arc<BackupStorage>| async move { release(storages, &storage).await.map(|_| ()) },
    )
    .await
}

/// Waits until nobody uses the storage any more and Everest has noticed.
///
/// # Errors
/// `InUse` names the users that stay; `TimedOut` and `Cancelled` those that go.
pub(super) async fn until_unused(
    storages: &Objects<BackupStorage>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let storage = Unneeded {
        object: storages.named(name),
        grace: GRACE,
        remedy: REMEDY,
    };
    let find_users = || async {
        let Some(storage) = storages.get(name).await? else {
            return Ok(None);
        };
        let users = users(storages, &storage).await?;
        Ok(match storage_users::step(&storage, &users) {
            Step::InUse(unseen) if users.found.is_empty() => Some(
                unseen
                    .into_iter()
                    .map(|name| User {
                        name,
                        is_going: false,
                    })
                    .collect(),
            ),
            Step::InUse(_) | Step::AwaitUsers(_) => Some(users.found),
            Step::Delete if storage_users::is_held(&storage) => Some(Vec::new()),
            Step::Delete | Step::AwaitEnd | Step::Release(_) => None,
        })
    };
    storage.until_unused(clock, find_users).await
}

/// Takes Everest's finalizer off a deleted storage that nothing uses. Returns true if it did.
///
/// # Errors
/// Whatever keeps the users from being listed, or the storage from being written.
pub(crate) async fn release(
    storages: &Objects<BackupStorage>,
    storage: &BackupStorage,
) -> Result<bool, ClusterError> {
    if !storage_users::is_held(storage) || storage.metadata.deletion_timestamp.is_none() {
        return Ok(false);
    }
    let name = storage.name_any();
    let Step::Release(body) = storage_users::step(storage, &users(storages, storage).await?) else {
        return Ok(false);
    };
    match storages.patch_merge_once(&name, &body).await {
        Ok(_) => {
            let object = storages.named(&name);
            tracing::warn!(%object, "nothing uses it: Everest's finalizer was taken off");
            Ok(true)
        }
        // Somebody was faster; what is there now is looked at again.
        Err(ClusterError::NotFound { .. } | ClusterError::Api { code: 409, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Everything in the namespace that the storage may not be taken from: what refers to it, and
/// the storages that would lose their Secret with it.
pub(crate) async fn users(
    storages: &Objects<BackupStorage>,
    storage: &BackupStorage,
) -> Result<Users, ClusterError> {
    let mut users = referring(storages, &storage.name_any()).await?;
    users.found.extend(bereft(storages, storage).await?);
    Ok(users)
}

/// The storages that would lose their Secret with this one.
async fn bereft(
    storages: &Objects<BackupStorage>,
    storage: &BackupStorage,
) -> Result<Vec<User>, ClusterError> {
    let others = readers::bereft(storages.cluster(), storages, storage).await?;
    Ok(others
        .iter()
        .map(|other| User {
            name: format!("backup storage {}", other.name_any()),
            is_going: other.metadata.deletion_timestamp.is_some(),
        })
        .collect())
}

/// Everything in the namespace that refers to the storage.
async fn referring(
    storages: &Objects<BackupStorage>,
    storage: &str,
) -> Result<Users, ClusterError> {
    let cluster = storages.cluster();
    let namespace = storages.namespace().unwrap_or_default();
    let neighbours = Neighbours {
        databases: seen::<DatabaseCluster>(cluster, namespace).await?,
        backups: seen::<DatabaseClusterBackup>(cluster, namespace).await?,
        restores: seen::<DatabaseClusterRestore>(cluster, namespace).await?,
    };
    Ok(storage_users::users(storage, &neighbours))
}

/// The objects of a kind; none where they may not be listed.
async fn seen<K: Typed>(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Option<Vec<K>>, ClusterError> {
    match cluster.objects::<K>(namespace).list("").await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) if error.is_not_served() => Ok(Some(Vec::new())),
        Err(error) => Err(error),
    }
}
