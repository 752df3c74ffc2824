//! Who uses a backup storage.

use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};
use kube::ResourceExt;

use super::readers;
use crate::Cluster;
use crate::error::ClusterError;
use crate::leaving::{IN_USE, Patience};
use crate::objects::Objects;
use crate::sighting;
use crate::wait::Clock;
use crate::watching::{Verdict, look_until};

/// One user of a storage.
struct User {
    name: String,
    going: bool,
}

/// Waits until nobody uses the storage any more and Everest has noticed: for users that are going,
/// and a moment for those that the same run may be about to delete.
///
/// # Errors
/// `InUse` names the users that stay; `TimedOut` and `Cancelled` those that go.
pub(super) async fn until_unused(
    cluster: &Cluster,
    storages: &Objects<BackupStorage>,
    storage: &BackupStorage,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let name = &storage.name_any();
    let object = storages.named(name);
    let namespace = storages.namespace().unwrap_or_default();
    let mut patience = Patience::new();
    let ended = look_until(clock, &object, Vec::new(), async || {
        let mut users = users(cluster, namespace, name).await?;
        let bereft = readers::bereft(cluster, storages, storage).await?;
        users.extend(bereft.iter().map(|other| user("backup storage", other)));
        if users.is_empty() {
            let found = storages.get(name).await?;
            let held = found.is_some_and(|found| {
                found.metadata.deletion_timestamp.is_none()
                    && found.finalizers().iter().any(|held| held == IN_USE)
            });
            return Ok(if held {
                Verdict::Wait(
                    "Everest to let go of it, which it does as long as it manages the namespace \
                     and the storage's Secret exists"
                        .to_owned(),
                )
            } else {
                Verdict::Done(())
            });
        }
        let names: Vec<_> = users.iter().map(|user| user.name.clone()).collect();
        let moving = users.iter().any(|user| user.going);
        let patient = patience.lasts(users.len(), moving);
        if patient || users.iter().all(|user| user.going) {
            return Ok(Verdict::Wait(format!("the end of {}", names.join(", "))));
        }
        Err(ClusterError::InUse {
            object: object.clone(),
            users: names,
            remedy: "Remove the storage from these databases and delete these backups and \
                     restores first: Everest holds a storage that is in use. Give another storage \
                     that reads the same Secret one of its own: this one's goes with it"
                .to_owned(),
        })
    })
    .await;
    match ended {
        Ok(()) => Ok(()),
        Err(ended) => {
            let what = format!("{object} is in use and was not deleted");
            let last = async |missing: &str| sighting::waiting_for(missing);
            Err(ended.report(what, clock, last).await)
        }
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
