//! `everest_restore`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::BackupSource;
use crate::{Field, StringMap, facts};

/// One restore of a backup into an existing database. The data in the database
/// is overwritten when the resource is created.
///
/// The resource is a record of the restore: destroying it does not undo the restore, and it stays
/// in the state even if its object in the cluster is deleted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreModel {
    /// Namespace of the database.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the database to restore into.
    #[schemars(extend("x-force-new" = true))]
    pub database_name: Field<String>,

    /// Name of the restore.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// Name of the backup to restore, in the same namespace and of the same engine; for `postgresql`,
    /// of the same database.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::required_when("`backup_source` is not set"))]
    #[schemars(transform = facts::allowed("one of `backup_name` and `backup_source`"))]
    pub backup_name: Field<String>,

    /// A backup identified by its path in a backup storage.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::required_when("`backup_name` is not set"))]
    pub backup_source: Field<BackupSource>,

    /// Time to restore to.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::omitted("the time of the backup"))]
    pub pitr: Field<RestorePitr>,

    /// Any values, whose change restores again. Setting the attribute for the first time, or
    /// removing it, does not.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true, "x-local" = true))]
    pub triggers: StringMap,

    /// Timeouts.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("12h", "12h", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// State of the restore: `Starting`, `Restoring`, `Succeeded` or `Failed`; null until Everest
    /// has handled the restore.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub state: Field<String>,

    /// Time at which the restore was complete, in RFC 3339 format.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub completed_at: Field<String>,
}

/// A time to restore to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestorePitr {
    /// The time.
    #[schemars(extend("x-semantic" = "timestamp"))]
    #[schemars(transform = facts::allowed("a time in UTC, in the form `2006-01-02T15:04:05Z`"))]
    pub date: Field<String>,
}
