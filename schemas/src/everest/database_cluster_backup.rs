//! DatabaseClusterBackup: one backup of a database.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// Which database is backed up, and to where. Cannot be changed.
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

/// What Everest last saw of a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterBackupStatus {
    /// When the backup was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Time>,
    /// When the engine began the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
    /// Where the backup lies, as a URL of the storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Whether the log copied for point-in-time recovery has gaps.
    pub gaps: bool,
    /// Whether the backup is running or something restores from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The last moment that point-in-time recovery can reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_restorable_time: Option<Time>,
    /// State in one word: empty, `Starting`, `Running`, `Succeeded`, `Failed`
    /// or `Deleting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}
