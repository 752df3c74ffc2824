//! Who uses a backup.

use std::time::Duration;

use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use kube::ResourceExt;

use crate::Cluster;
use crate::error::ClusterError;
use crate::leaving::{IN_USE, Unneeded, User};
use crate::objects::Objects;
use crate::wait::Clock;

/// How long Everest is waited for to let go of a backup that nobody uses any more.
const GRACE: Duration = Duration::from_secs(120);
const REMEDY: &str = "Wait until they have read it, or delete them first: Everest holds a backup \
    that is being restored from";

/// Waits until Everest lets a backup go, if nobody stays who uses it. A backup that is not there,
/// or not protected, is free.
///
/// # Errors
/// `InUse` names the users that stay; `TimedOut` and `Cancelled` those that go. A backup that
/// stays protected without any is left to the server to refuse.
pub(super) async fn until_unused(
    cluster: &Cluster,
    backups: &Objects<DatabaseClusterBackup>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let backup = Unneeded {
        object: backups.named(name),
        grace: GRACE,
        remedy: REMEDY,
    };
    let look = || async {
        let found = backups.get(name).await?;
        let protected = found.is_some_and(|backup| {
            backup
                .finalizers()
                .iter()
                .any(|finalizer| finalizer == IN_USE)
        });
        if !protected {
            return Ok(None);
        }
        let namespace = backups.namespace().unwrap_or_default();
        users(cluster, namespace, name).await.map(Some)
    };
    backup.until_unused(clock, look).await
}

/// The databases and restores of the namespace that read the backup. A kind that may not be
/// listed is passed over: Everest's own protection then holds it.
async fn users(
    cluster: &Cluster,
    namespace: &str,
    backup: &str,
) -> Result<Vec<User>, ClusterError> {
    let mut users = Vec::new();
    for database in cluster
        .objects::<DatabaseCluster>(namespace)
        .listed()
        .await?
    {
        let source = database.spec.data_source.known();
        if source.is_some_and(|source| is(&source.db_cluster_backup_name, backup)) {
            users.push(user("database", &database));
        }
    }
    for restore in cluster
        .objects::<DatabaseClusterRestore>(namespace)
        .listed()
        .await?
    {
        let status = restore.status.as_ref();
        let state = status.and_then(|status| status.state.as_deref());
        let over = matches!(state, Some("Succeeded" | "Failed"));
        let source = restore.spec.data_source.known();
        if source.is_some_and(|source| is(&source.db_cluster_backup_name, backup)) && !over {
            users.push(user("restore", &restore));
        }
    }
    Ok(users)
}

fn user<K: kube::Resource>(kind: &str, object: &K) -> User {
    User {
        name: format!("{kind} {}", object.name_any()),
        is_going: object.meta().deletion_timestamp.is_some(),
    }
}

fn is(name: &Field<String>, backup: &str) -> bool {
    name.known_str() == Some(backup)
}
