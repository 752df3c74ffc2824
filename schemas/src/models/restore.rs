//! `everest_restore`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::BackupSource;
use crate::{Field, StringMap};

/// One restore of a backup into an existing database. The data in the database
/// is overwritten when the resource is created.
///
/// The resource is a record: destroying it undoes nothing, and it stays in the
/// state when its object in the cluster is gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreModel {
    /// Namespace of the database. A change restores again.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the database to restore into. A change restores again.
    #[schemars(extend("x-force-new" = true))]
    pub database_name: Field<String>,

    /// Name of the restore. A change restores again.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// Name of the backup to restore, in the same namespace and of the same
    /// engine. Exactly one of `backup_name` and `backup_source`. A change
    /// restores again.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    pub backup_name: Field<String>,

    /// A backup in a storage, named by its path. A change restores again.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    pub backup_source: Field<BackupSource>,

    /// The moment to restore to. Omitted: that of the backup itself. A change
    /// restores again.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    pub pitr: Field<RestorePitr>,

    /// Any values. A change from some values to others restores again; to set
    /// the attribute for the first time, or to take it out, does not.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true, "x-local" = true))]
    pub triggers: StringMap,

    /// How long operations may take. Defaults: `create` and `update` `12h`,
    /// `delete` `30m`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<Timeouts>,

    /// State in one word: `Starting`, `Restoring`, `Succeeded` or `Failed`;
    /// null before Everest has seen the restore.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub state: Field<String>,

    /// When the restore was complete, in RFC 3339.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub completed_at: Field<String>,
}

/// A moment to restore to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestorePitr {
    /// The moment, in UTC as `2006-01-02T15:04:05Z`.
    #[schemars(extend("x-semantic" = "timestamp"))]
    pub date: Field<String>,
}
