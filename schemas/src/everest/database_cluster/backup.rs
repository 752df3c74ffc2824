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

    /// Point-in-time recovery: the engine's log is copied continuously beside
    /// the backups.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pitr: Field<Pitr>,

    /// When backups are taken. No two with the same cron expression. `psmdb`
    /// keeps all in one backup storage; `postgresql` needs a storage of its
    /// own for each schedule, three at most.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-map-key" = "name"))]
    pub schedules: Field<Vec<BackupSchedule>>,
}

/// When a backup is taken, where it goes and how many are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct BackupSchedule {
    /// Name of the BackupStorage, in the database's namespace, that receives
    /// the backups.
    pub backup_storage_name: Field<String>,

    /// Whether backups are taken by this schedule. Default `true`.
    #[schemars(extend("x-default" = true))]
    pub enabled: Field<bool>,

    /// Name of the schedule, unique within the database.
    pub name: Field<String>,

    /// How many backups of this schedule are kept; the oldest goes first. 0
    /// keeps them all.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub retention_copies: Field<i32>,

    /// When, as a cron expression of five fields, such as `0 2 * * *`.
    pub schedule: Field<String>,
}

/// Point-in-time recovery of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Pitr {
    /// Name of the BackupStorage, of type `s3`, that receives the log. `pxc`
    /// needs it; the other engines use the storage of their backups.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub backup_storage_name: Field<String>,

    /// Whether the log is copied. `postgresql` copies it always, whatever is
    /// set here.
    pub enabled: Field<bool>,

    /// Seconds between two uploads of the log; more than 0. Default: the
    /// engine's own interval.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = without_format)]
    pub upload_interval_sec: Field<i64>,
}
