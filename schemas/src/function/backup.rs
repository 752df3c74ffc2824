//! A backup in the function's input.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A backup that is taken once, as soon as its database is ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupInput {
    /// Name of the composed resource, unique in the composition. If an earlier
    /// step desires a DatabaseClusterBackup under this name, what is said here
    /// is laid over it.
    #[schemars(length(min = 1))]
    pub resource: String,

    /// Name of the composed resource of the database. Needed unless an earlier
    /// step composes the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,

    /// Name of the DatabaseClusterBackup. Default: made of the composite
    /// resource's name and a short hash, as a database's is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Path in the composite resource that holds the name. Where it holds
    /// nothing, `name` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_from: Option<String>,

    /// Name of the BackupStorage, in the database's namespace, that receives
    /// the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_storage_name: Option<String>,

    /// Path in the composite resource that holds the storage's name. Where it
    /// holds nothing, `backupStorageName` counts; where both are empty, no
    /// backup is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_storage_name_from: Option<String>,

    /// Whether the data stays in the bucket when the backup goes, be it alone
    /// or with the composite resource. Default `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_backup_data: Option<bool>,
}
