//! The configurations of actions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RestorePitr;
use crate::Field;
use crate::everest::BackupSource;

/// Takes a backup of a database and waits until it is complete. The backup stays until somebody
/// deletes it; `everest_backup` as a resource deletes it when it is destroyed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupAction {
    /// Namespace of the database.
    pub namespace: Field<String>,

    /// Name of the database to back up.
    pub database_name: Field<String>,

    /// Name of the backup storage that receives the backup.
    pub backup_storage_name: Field<String>,

    /// Name of the backup, which no other may have. Omitted: the database's name and the time.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub name: Field<String>,

    /// Longest time of the action, such as `12h`, which is the default.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub timeout: Field<String>,
}

/// Restores a backup into an existing database, whose data is overwritten, and waits until the
/// database can be used again. The plan warns of the data that is lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreAction {
    /// Namespace of the database.
    pub namespace: Field<String>,

    /// Name of the database to restore into.
    pub database_name: Field<String>,

    /// Name of the restore, which no other may have. Omitted: the database's name and the time.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub name: Field<String>,

    /// Name of the backup to restore, in the same namespace and of the same engine. Exactly one of
    /// `backup_name` and `backup_source`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub backup_name: Field<String>,

    /// A backup identified by its path in a backup storage.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub backup_source: Field<BackupSource>,

    /// Time to restore to. Omitted: the time of the backup.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pitr: Field<RestorePitr>,

    /// Longest time of the action, such as `12h`, which is the default.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub timeout: Field<String>,
}

/// A database that is paused, resumed or restarted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SwitchAction {
    /// Namespace of the database.
    pub namespace: Field<String>,

    /// Name of the database.
    pub name: Field<String>,

    /// Longest time of the action, such as `60m`, which is the default.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub timeout: Field<String>,
}

/// Engine operators of a namespace that are upgraded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeAction {
    /// Namespace of the operators.
    pub namespace: Field<String>,

    /// Engines whose operators are upgraded: `pxc`, `psmdb`, `postgresql`. Omitted: all that have
    /// an upgrade. Operators that share an install plan are upgraded together.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub engines: Field<Vec<Field<String>>>,

    /// Longest time of the action, such as `30m`, which is the default.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub timeout: Field<String>,
}
