//! `everest_backup`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::Field;

/// One backup of a database, taken when the resource is created. If the backup
/// is gone, the next plan takes another one, of what the database holds then,
/// and warns of that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupModel {
    /// Namespace of the database. A change takes another backup.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the database to back up. A change takes another backup.
    #[schemars(extend("x-force-new" = true))]
    pub database_name: Field<String>,

    /// Name of the backup storage that receives the backup. A change takes
    /// another backup.
    #[schemars(extend("x-force-new" = true))]
    pub backup_storage_name: Field<String>,

    /// Name of the backup. A change takes another backup.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// Whether the data stays in the bucket when the backup is destroyed.
    /// Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub keep_backup_data: Field<bool>,

    /// Whether to wait until the backup is complete. Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub wait: Field<bool>,

    /// How long operations may take. Defaults: `create` and `update` `12h`,
    /// `delete` `30m`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<Timeouts>,

    /// State in one word: `Starting`, `Running`, `Succeeded`, `Failed` or
    /// `Deleting`; null before Everest has seen the backup.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub state: Field<String>,

    /// Where the backup lies, as a URL of the storage.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub destination: Field<String>,

    /// When the engine began the backup, in RFC 3339.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub created_at: Field<String>,

    /// When the backup was complete, in RFC 3339.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub completed_at: Field<String>,

    /// The last moment that point-in-time recovery can reach, in RFC 3339.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub latest_restorable_time: Field<String>,
}
