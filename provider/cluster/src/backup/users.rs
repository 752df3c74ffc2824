//! Who uses a backup.

use std::time::Duration;

use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use kube::ResourceExt;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::{Ended, Verdict, look_until};

/// Finalizer of what is in use: Everest takes it off some time after the last user is gone, and
/// admits no deletion before.
const IN_USE: &str = "everest.percona.com/in-use-protection";

/// How long Everest, and users that are being deleted, are waited for.
const GRACE: Duration = Duration::from_secs(120);

/// Waits until Everest lets a backup go, if nobody stays who uses it.
///
/// 1. A backup that is not there, or not protected, is free.
/// 2. A database or a restore that reads it, and is not being deleted, is an error.
/// 3. Otherwise the protection only has not been taken off yet.
///
/// # Errors
/// `InUse` names the users. A backup that stays protected without any is left to the server to
/// refuse.
pub(super) async fn until_unused(
    cluster: &Cluster,
    backups: &Objects<DatabaseClusterBackup>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let object = backups.named(name);
    let namespace = backups.namespace().unwrap_or_default();
    let clock = clock.at_most(GRACE);
    let waited = look_until(&clock, &object, Vec::new(), async || {
        let found = backups.get(name).await?;
        let protected = found.is_some_and(|backup| {
            backup
                .finalizers()
                .iter()
                .any(|finalizer| finalizer == IN_USE)
        });
        if !protected {
            return Ok(Verdict::Done(()));
        }
        let users = staying(cluster, namespace, name).await?;
        if users.is_empty() {
            return Ok(Verdict::Wait("Everest to let it go".to_owned()));
        }
        Err(ClusterError::InUse {
            object: object.clone(),
            users,
            remedy: "Wait until they have read it, or delete them first: Everest holds a backup \
                     that is being restored from"
                .to_owned(),
        })
    });
    match waited.await {
        Err(Ended::Error(error)) => Err(error),
        _ => Ok(()),
    }
}

/// The databases and restores of the namespace that still read the backup and are not being
/// deleted. A kind that may not be listed is passed over: Everest's own protection then holds it.
async fn staying(
    cluster: &Cluster,
    namespace: &str,
    backup: &str,
) -> Result<Vec<String>, ClusterError> {
    let mut users = Vec::new();
    for database in cluster
        .objects::<DatabaseCluster>(namespace)
        .listed()
        .await?
    {
        let source = database.spec.data_source.known();
        if source.is_some_and(|source| is(&source.db_cluster_backup_name, backup))
            && database.metadata.deletion_timestamp.is_none()
        {
            users.push(format!("database {}", database.name_any()));
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
        if source.is_some_and(|source| is(&source.db_cluster_backup_name, backup))
            && !over
            && restore.metadata.deletion_timestamp.is_none()
        {
            users.push(format!("restore {}", restore.name_any()));
        }
    }
    Ok(users)
}

fn is(name: &Field<String>, backup: &str) -> bool {
    name.known_str() == Some(backup)
}
