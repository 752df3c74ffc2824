//! DatabaseClusterRestore: one restore of a database.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BackupSource, PitrTarget};
use crate::Field;

/// The database to restore and the source. Cannot be changed.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "DatabaseClusterRestore",
    plural = "databaseclusterrestores",
    shortname = "dbrestore",
    shortname = "dbr",
    status = "DatabaseClusterRestoreStatus",
    namespaced,
    doc = "One restore of a backup into a database that exists.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.dbClusterName", "description": "Database that is restored"}"#,
    printcolumn = r#"{"name": "Backup", "type": "string", "jsonPath": ".spec.dataSource.dbClusterBackupName", "description": "Backup that it is restored from"}"#,
    printcolumn = r#"{"name": "Path", "type": "string", "jsonPath": ".spec.dataSource.backupSource.path", "description": "Path of the backup within its storage"}"#,
    printcolumn = r#"{"name": "Storage", "type": "string", "jsonPath": ".spec.dataSource.backupSource.backupStorageName", "description": "Storage that the path is in"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.state", "description": "State of the restore"}"#,
    printcolumn = r#"{"name": "Completed", "type": "date", "jsonPath": ".status.completed", "description": "When the restore was complete"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "InUse", "type": "string", "jsonPath": ".status.inUse", "description": "Whether the restore is running"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterRestoreSpec {
    /// Source of the restore.
    pub data_source: Field<RestoreDataSource>,

    /// Name of the DatabaseCluster, in the same namespace, to restore into.
    pub db_cluster_name: Field<String>,
}

/// Source of a restore: exactly one of a backup's name and a backup's path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreDataSource {
    /// A backup identified by its path in a backup storage.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub backup_source: Field<BackupSource>,

    /// Name of a DatabaseClusterBackup that has succeeded.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub db_cluster_backup_name: Field<String>,

    /// Time to restore to. Omitted: the time of the backup.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pitr: Field<PitrTarget>,
}

/// Status of a restore, reported by Everest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterRestoreStatus {
    /// Time at which the restore was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Time>,
    /// `true` while the restore is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The last error reported by the engine's operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// State in one word: empty, `Starting`, `Restoring`, `Succeeded` or
    /// `Failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}
