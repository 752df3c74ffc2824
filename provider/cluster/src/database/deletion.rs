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

/// Deletes a database and waits until it is gone; protects its backups' data first if asked.
pub(crate) async fn destroy(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    keep_backup_data: bool,
    clock: &Clock,
) -> Result<(), ClusterError> {
    if keep_backup_data {
        let backups = cluster.objects::<DatabaseClusterBackup>(namespace);
        for backup in backups.list("").await? {
            if backup.spec.db_cluster_name.known_str() == Some(name) {
                protect_backup_data(&backups, backup).await?;
            }
        }
    }
    delete::delete(&cluster.objects::<DatabaseCluster>(namespace), name, clock).await
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
        let mut finalizers = current.finalizers().to_vec();
        if current.metadata.deletion_timestamp.is_some()
            || finalizers
                .iter()
                .any(|finalizer| finalizer == STORAGE_PROTECTION)
        {
            return Ok(());
        }
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
