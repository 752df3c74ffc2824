//! DatabaseClusterBackup: one backup of a database.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// The database to back up and the destination. Cannot be changed.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "DatabaseClusterBackup",
    plural = "databaseclusterbackups",
    shortname = "dbbackup",
    shortname = "dbb",
    status = "DatabaseClusterBackupStatus",
    namespaced,
    doc = "One backup of a database.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.dbClusterName", "description": "Database that was backed up"}"#,
    printcolumn = r#"{"name": "Destination", "type": "string", "jsonPath": ".status.destination", "description": "Where the backup lies"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.state", "description": "State of the backup"}"#,
    printcolumn = r#"{"name": "Completed", "type": "date", "jsonPath": ".status.completed", "description": "When the backup was complete"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".status.created", "description": "When the engine began the backup"}"#,
    printcolumn = r#"{"name": "InUse", "type": "string", "jsonPath": ".status.inUse", "description": "Whether something reads the backup"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterBackupSpec {
    /// Name of the BackupStorage, in the same namespace, that receives the
    /// backup.
    #[schemars(extend("x-force-new" = true))]
    pub backup_storage_name: Field<String>,

    /// Name of the DatabaseCluster, in the same namespace, to back up.
    #[schemars(extend("x-force-new" = true))]
    pub db_cluster_name: Field<String>,
}

/// Status of a backup, reported by Everest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterBackupStatus {
    /// Time at which the backup was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Time>,
    /// Time at which the engine started the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
    /// URL of the backup in the storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// `true` if the log for point-in-time recovery has gaps.
    pub gaps: bool,
    /// `true` while the backup is running or a restore reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// Latest time to which point-in-time recovery can restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_restorable_time: Option<Time>,
    /// State in one word: empty, `Starting`, `Running`, `Succeeded`, `Failed`
    /// or `Deleting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}
