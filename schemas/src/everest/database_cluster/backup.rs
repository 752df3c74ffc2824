//! The backup part of a database's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;
use crate::extensions::{optional_is_computed, optional_is_unfilled, without_format};

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

    /// Schedules of the backups. No two schedules may have the same cron expression. All schedules
    /// of a `psmdb` database use the same backup storage; each schedule of a `postgresql` database
    /// needs its own, and there can be at most three.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-map-key" = "name"))]
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

    /// If `false`, this schedule takes no backups. Default `true`.
    #[schemars(extend("x-default" = true))]
    pub enabled: Field<bool>,

    /// Name of the schedule, unique within the database.
    pub name: Field<String>,

    /// Number of backups of this schedule to keep; the oldest is deleted first. 0 keeps all.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub retention_copies: Field<i32>,

    /// Time of the backups: a cron expression of five fields, such as `0 2 * * *`.
    pub schedule: Field<String>,
}

/// Point-in-time recovery of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Pitr {
    /// Name of the BackupStorage, of type `s3`, that receives the log. Required for `pxc`; the
    /// other engines use the storage of their backups.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub backup_storage_name: Field<String>,

    /// If `true`, the log is uploaded. PostgreSQL always uploads it and ignores this setting.
    pub enabled: Field<bool>,

    /// Seconds between two uploads of the log, more than 0. Default: the engine's default interval.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = without_format)]
    pub upload_interval_sec: Field<i64>,
}
