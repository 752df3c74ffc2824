//! The backup part of a database's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::{optional_is_computed, optional_is_unfilled, without_format};
use crate::facts::{self, Filler};
use crate::{Engine, Field};

/// Scheduled backups and point-in-time recovery of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Backup {
    /// Ignored by Everest. Deprecated: schedules have their own `enabled`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("deprecated" = true))]
    pub enabled: Field<bool>,

    /// Point-in-time recovery: the engine's log is uploaded continuously, in addition to the
    /// backups.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pitr: Field<Pitr>,

    /// Schedules of the backups.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-map-key" = "name"))]
    #[schemars(transform = facts::allowed("no two with the same cron expression; for `psmdb` one backup storage for all, for `postgresql` one for each and at most three"))]
    pub schedules: Field<Vec<BackupSchedule>>,
}

/// A backup schedule: time, destination and number of backups to keep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct BackupSchedule {
    /// Name of the BackupStorage, in the database's namespace, that receives
    /// the backups.
    pub backup_storage_name: Field<String>,

    /// If `false`, this schedule takes no backups.
    #[schemars(extend("x-default" = true))]
    pub enabled: Field<bool>,

    /// Name of the schedule, unique within the database.
    pub name: Field<String>,

    /// Number of backups of this schedule to keep; the oldest is deleted first. 0 keeps all. For
    /// `postgresql` it counts all backups in the storage, also those that are taken on demand.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(Filler::Everest, "`0`"))]
    pub retention_copies: Field<i32>,

    /// Time of the backups.
    #[schemars(transform = facts::allowed("a cron expression of five fields, such as `0 2 * * *`"))]
    pub schedule: Field<String>,
}

/// Point-in-time recovery of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Pitr {
    /// Name of the BackupStorage that receives the log. The other engines use the storage of their
    /// backups.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("`enabled` is `true`"))]
    #[schemars(transform = facts::engines(&[Engine::Pxc]))]
    #[schemars(transform = facts::allowed("a storage of type `s3`"))]
    pub backup_storage_name: Field<String>,

    /// If `true`, the log is uploaded. PostgreSQL always uploads it and ignores this setting.
    #[schemars(transform = facts::engines(&[Engine::Pxc, Engine::Psmdb]))]
    pub enabled: Field<bool>,

    /// Seconds between two uploads of the log. `psmdb` uploads it at intervals of whole minutes, and
    /// every 10 minutes without a schedule.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = without_format)]
    #[schemars(transform = facts::engines(&[Engine::Pxc, Engine::Psmdb]))]
    #[schemars(transform = facts::allowed("more than 0; a multiple of 60 for `psmdb`"))]
    #[schemars(transform = facts::filled_by(Filler::Operator, "the interval of the engine"))]
    pub upload_interval_sec: Field<i64>,
}
