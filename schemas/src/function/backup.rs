//! A backup in the function's input.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A backup that is taken once, as soon as its database is ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupInput {
    /// Name of the composed resource, unique in the composition. If an earlier step desires a
    /// DatabaseClusterBackup with this name, these settings are merged into it.
    #[schemars(length(min = 1))]
    pub resource: String,

    /// Name of the composed resource of the database. Required unless an earlier step composes the
    /// backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,

    /// Name of the DatabaseClusterBackup. Default: the composite resource's name and a short hash,
    /// as for a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Path in the composite resource to the name. If the path has no value, `name` is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_from: Option<String>,

    /// Name of the BackupStorage, in the database's namespace, that receives
    /// the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_storage_name: Option<String>,

    /// Path in the composite resource to the storage's name. If the path has no value,
    /// `backupStorageName` is used; if both are empty, no backup is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_storage_name_from: Option<String>,

    /// If `true`, the data stays in the bucket when the backup is deleted, alone or with the
    /// composite resource. A schedule of a `postgresql` database with `retentionCopies` deletes
    /// older backups in its storage, also this one. Default `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_backup_data: Option<bool>,
}
