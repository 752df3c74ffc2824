//! The configurations of actions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RestorePitr;
use crate::everest::BackupSource;
use crate::{Field, facts};

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

    /// Name of the backup, which no other may have.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "the database's name and the time"))]
    pub name: Field<String>,

    /// Longest time of the action.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a duration, such as `90s`, `60m` or `1h30m`"))]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`12h`"))]
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

    /// Name of the restore, which no other may have.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "the database's name and the time"))]
    pub name: Field<String>,

    /// Name of the backup to restore, in the same namespace and of the same engine; for `postgresql`,
    /// of the same database.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("`backup_source` is not set"))]
    #[schemars(transform = facts::allowed("one of `backup_name` and `backup_source`"))]
    pub backup_name: Field<String>,

    /// A backup identified by its path in a backup storage.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("`backup_name` is not set"))]
    pub backup_source: Field<BackupSource>,

    /// Time to restore to.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("the time of the backup"))]
    pub pitr: Field<RestorePitr>,

    /// Longest time of the action.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a duration, such as `90s`, `60m` or `1h30m`"))]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`12h`"))]
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

    /// Longest time of the action.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a duration, such as `90s`, `60m` or `1h30m`"))]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`60m`"))]
    pub timeout: Field<String>,
}

/// Engine operators of a namespace that are upgraded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeAction {
    /// Namespace of the operators.
    pub namespace: Field<String>,

    /// Engines whose operators are upgraded. Operators that share an install plan can only be
    /// upgraded together: list all of them, otherwise none is upgraded.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("`pxc`, `psmdb` and `postgresql`"))]
    #[schemars(transform = facts::omitted("all engines that have an upgrade"))]
    pub engines: Field<Vec<Field<String>>>,

    /// Longest time of the action.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a duration, such as `90s`, `60m` or `1h30m`"))]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "`30m`"))]
    pub timeout: Field<String>,
}
