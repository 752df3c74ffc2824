//! `everest_backup`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::{Field, facts};

/// One backup of a database, taken when the resource is created. If the backup no longer
/// exists, the next plan warns and proposes a new backup, of the data at the time of the apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupModel {
    /// Namespace of the database.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the database to back up.
    #[schemars(extend("x-force-new" = true))]
    pub database_name: Field<String>,

    /// Name of the backup storage that receives the backup.
    #[schemars(extend("x-force-new" = true))]
    pub backup_storage_name: Field<String>,

    /// Name of the backup.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// If `true`, the data stays in the bucket when the backup is destroyed. A schedule of a
    /// `postgresql` database with retention copies deletes older backups in its storage, also this
    /// one.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub keep_backup_data: Field<bool>,

    /// If `true`, an apply waits until the backup is complete.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub wait: Field<bool>,

    /// Timeouts.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("12h", "12h", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// State of the backup: `Starting`, `Running`, `Succeeded`, `Failed` or `Deleting`; null until
    /// Everest has handled the backup.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub state: Field<String>,

    /// URL of the backup in the storage.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub destination: Field<String>,

    /// Time at which the engine started the backup, in RFC 3339 format.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub created_at: Field<String>,

    /// Time at which the backup was complete, in RFC 3339 format.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub completed_at: Field<String>,

    /// Latest time to which point-in-time recovery can restore, in RFC 3339 format.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub latest_restorable_time: Field<String>,
}
