//! Who uses a backup storage.

use std::time::Duration;

use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};
use kube::ResourceExt;
use tokio::time::Instant;

use super::readers;
use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::{Ended, Verdict, look_until};

/// How long users that are being deleted are waited for.
const GRACE: Duration = Duration::from_secs(120);

/// How long another storage that reads the same Secret may take to begin to go: the same run may
/// destroy both, and nothing puts them in an order.
const BOTH_GO_WITHIN: Duration = Duration::from_secs(15);

/// One user of a storage.
struct User {
    name: String,
    going: bool,
    is_storage: bool,
}

/// Waits until nobody uses the storage any more, but only for users that are going.
///
/// # Errors
/// `InUse` names the users.
pub(super) async fn until_unused(
    cluster: &Cluster,
    storages: &Objects<BackupStorage>,
    storage: &BackupStorage,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let name = &storage.name_any();
    let object = storages.named(name);
    let namespace = storages.namespace().unwrap_or_default();
    let in_use = |users: Vec<String>| ClusterError::InUse {
        object: object.clone(),
        users,
        remedy: "Remove the storage from these databases and delete these backups and restores \
                 first: Everest holds a storage that is in use. Give another storage that reads \
                 the same Secret one of its own: this one's goes with it"
            .to_owned(),
    };
    let mut remaining = Vec::new();
    let clock = clock.at_most(GRACE);
    let begun = Instant::now();
    let waited = look_until(&clock, &object, Vec::new(), async || {
        let mut users = users(cluster, namespace, name).await?;
        let bereft = readers::bereft(cluster, storages, storage).await?;
        users.extend(bereft.iter().map(|other| User {
            is_storage: true,
            ..user("backup storage", other)
        }));
        remaining = users.iter().map(|user| user.name.clone()).collect();
        if users.is_empty() {
            return Ok(Verdict::Done(()));
        }
        let may_still_go = begun.elapsed() < BOTH_GO_WITHIN;
        let stays = |user: &User| !user.going && !(user.is_storage && may_still_go);
        if users.iter().any(stays) {
            return Err(in_use(remaining.clone()));
        }
        Ok(Verdict::Wait(format!(
            "the deletion of {}",
            remaining.join(", ")
        )))
    });
    match waited.await {
        Ok(()) => Ok(()),
        Err(Ended::Error(error)) => Err(error),
        Err(_) => Err(in_use(remaining)),
    }
}

/// Everything in the namespace that refers to the storage. A kind that may not be listed is
/// passed over: Everest's own protection then holds the storage.
async fn users(
    cluster: &Cluster,
    namespace: &str,
    storage: &str,
) -> Result<Vec<User>, ClusterError> {
    let mut users = Vec::new();
    for database in cluster
        .objects::<DatabaseCluster>(namespace)
        .listed()
        .await?
    {
        if database_uses(&database, storage) {
            users.push(user("database", &database));
        }
    }
    for backup in cluster
        .objects::<DatabaseClusterBackup>(namespace)
        .listed()
        .await?
    {
        if backup.spec.backup_storage_name.known_str() == Some(storage) {
            users.push(user("backup", &backup));
        }
    }
    for restore in cluster
        .objects::<DatabaseClusterRestore>(namespace)
        .listed()
        .await?
    {
        let source = restore
            .spec
            .data_source
            .known()
            .and_then(|source| source.backup_source.known());
        if source.and_then(|source| source.backup_storage_name.known_str()) == Some(storage) {
            users.push(user("restore", &restore));
        }
    }
    Ok(users)
}

fn user<K: kube::Resource>(kind: &str, object: &K) -> User {
    User {
        name: format!("{kind} {}", object.name_any()),
        going: object.meta().deletion_timestamp.is_some(),
        is_storage: false,
    }
}

/// Whether schedules, point-in-time recovery or the data source of a database name the
/// storage.
fn database_uses(database: &DatabaseCluster, storage: &str) -> bool {
    let backup = database.spec.backup.known();
    let schedules = backup.and_then(|backup| backup.schedules.known());
    let scheduled = schedules
        .into_iter()
        .flatten()
        .map(|schedule| &schedule.backup_storage_name);
    let pitr = backup
        .and_then(|backup| backup.pitr.known())
        .map(|pitr| &pitr.backup_storage_name);
    let source = database
        .spec
        .data_source
        .known()
        .and_then(|source| source.backup_source.known())
        .map(|source| &source.backup_storage_name);
    scheduled
        .chain(pitr)
        .chain(source)
        .any(|name| name.known_str() == Some(storage))
}
