//! Deleting a database without losing its backups' data.

use std::time::Duration;

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use kube::ResourceExt;
use serde_json::json;

use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::{Cluster, delete};

/// Finalizer that makes Everest keep a backup's data in the bucket when its object goes.
const STORAGE_PROTECTION: &str = "everest.percona.com/dbb-storage-protection";

/// How often the protection is tried while others write the same object.
const ATTEMPTS: usize = 8;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(500);

/// How often the backups are listed anew before it is given up.
const ROUNDS: usize = 20;

/// Deletes a database and waits until it is gone; protects its backups' data first if asked.
pub(crate) async fn destroy(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    keep_backup_data: bool,
    clock: &Clock,
) -> Result<(), ClusterError> {
    if keep_backup_data {
        protect_backups(cluster, namespace, Some(name)).await?;
    }
    delete::delete(&cluster.objects::<DatabaseCluster>(namespace), name, clock).await
}

/// Keeps the data of the backups in their bucket when their objects go: of those of one database,
/// or of all of a namespace.
///
/// The engines go on taking scheduled backups meanwhile, and Everest makes an object of each: the
/// backups are listed again until the list has none left to protect, so that nothing but the
/// deletion comes after that list.
///
/// # Errors
/// `Blocked` where backups lose the protection as fast as they get it; whatever keeps them from
/// being listed or written.
pub(crate) async fn protect_backups(
    cluster: &Cluster,
    namespace: &str,
    database: Option<&str>,
) -> Result<(), ClusterError> {
    let backups = cluster.objects::<DatabaseClusterBackup>(namespace);
    for _ in 0..ROUNDS {
        let mut found = backups.list("").await?;
        found.retain(|backup| {
            let of = backup.spec.db_cluster_name.known_str();
            (database.is_none() || of == database) && loses_its_data(backup)
        });
        if found.is_empty() {
            return Ok(());
        }
        for backup in found {
            protect_backup_data(&backups, backup).await?;
        }
    }
    Err(ClusterError::Blocked {
        object: backups.named(""),
        message: format!(
            "after {ROUNDS} rounds some still lack the finalizer {STORAGE_PROTECTION}, which keeps \
             their data in the bucket, so nothing else was deleted. Find out what makes so many \
             backups or takes the finalizer off them, then try again"
        ),
        attribute: None,
    })
}

/// Whether the data in the bucket would go with the object. One that is going already takes no
/// new finalizers.
fn loses_its_data(backup: &DatabaseClusterBackup) -> bool {
    let protected = backup
        .finalizers()
        .iter()
        .any(|finalizer| finalizer == STORAGE_PROTECTION);
    !protected && backup.metadata.deletion_timestamp.is_none()
}

/// Keeps a backup's data in the bucket when its object goes. An object that is going already
/// takes no new finalizers and is left alone.
pub(crate) async fn protect_backup_data(
    backups: &Objects<DatabaseClusterBackup>,
    backup: DatabaseClusterBackup,
) -> Result<(), ClusterError> {
    let name = backup.name_any();
    let mut backup = Some(backup);
    let mut failure = None;
    for _ in 0..ATTEMPTS {
        let Some(current) = backup.take() else {
            return Ok(());
        };
        if !loses_its_data(&current) {
            return Ok(());
        }
        let mut finalizers = current.finalizers().to_vec();
        finalizers.push(STORAGE_PROTECTION.to_owned());
        // The whole list is written, so it must still be the one that was read.
        let body = json!({"metadata": {
            "resourceVersion": current.metadata.resource_version, "finalizers": finalizers}});
        match backups.patch_merge_once(&name, &body).await {
            Ok(_) | Err(ClusterError::NotFound { .. }) => return Ok(()),
            Err(error) if error.is_transient() => failure = Some(error),
            Err(error) => return Err(error),
        }
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        backup = backups.get(&name).await?;
    }
    failure.map_or(Ok(()), Err)
}
