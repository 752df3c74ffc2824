//! `everest_database`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::DatabaseClusterSpec;
use crate::{Field, StringMap};

/// A database: MySQL (`pxc`), MongoDB (`psmdb`) or PostgreSQL (`postgresql`),
/// run by Everest on Kubernetes.
///
/// Attributes that you omit keep Everest's value. Defaults that Everest fills
/// in never show up as a diff.
///
/// An apply whose database is not ready in time, or that is interrupted, ends
/// with a warning and exit code 0: the database is in the state with
/// `ready = false`, and the next apply goes on waiting. A `postcondition` on
/// `self.ready`, as in the example, makes it an error and stops what depends
/// on the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseModel {
    /// Namespace that the database runs in; it must be one of Everest's. A
    /// change replaces the database.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the database: at most 22 characters, lowercase letters, digits
    /// and `-`, beginning with a letter. A change replaces the database.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// The spec of the DatabaseCluster.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<DatabaseClusterSpec>,

    /// Whether destroying the database is refused. The value in the state
    /// counts: to destroy, apply `false` first, and run `terraform untaint`
    /// before that if the database is tainted. A database whose creation failed
    /// before it held any data is not protected. Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub deletion_protection: Field<bool>,

    /// Whether the data of the database's backups stays in the bucket when
    /// the database is destroyed. Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub keep_backup_data: Field<bool>,

    /// If `true`, an apply waits until the database is ready. If `false`, it
    /// returns as soon as the API server has accepted the object. Default
    /// `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub wait: Field<bool>,

    /// Restarts the database when its value changes to another one; any text,
    /// such as a date. Setting it on a database that exists restarts too;
    /// at creation, and when it is removed, nothing happens. A restart is a
    /// full stop, and a paused database cannot be restarted.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub restart_trigger: Field<String>,

    /// A last backup, taken and waited for when the database is destroyed,
    /// before anything of it goes. Its data stays in the bucket, whatever
    /// `keep_backup_data` says; if it cannot be taken, the database stays.
    /// The value in the state counts. `timeouts.delete` has to suffice for
    /// the backup too.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub final_backup: Field<FinalBackup>,

    /// Whether an apply also overwrites values of other field managers that
    /// the plan did not show: values that were set after the plan was made,
    /// for example. If `false`, such an apply fails, names the field manager,
    /// and writes nothing. A change that the plan shows is made in any case,
    /// with a warning that names the field manager. Default `false`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Labels of the DatabaseCluster. Other labels on it are left alone.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub labels: StringMap,

    /// Annotations of the DatabaseCluster. Other annotations on it are left
    /// alone.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub annotations: StringMap,

    /// How long operations may take. Defaults: `create` and `update` `60m`,
    /// `delete` `30m`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<Timeouts>,

    /// Whether the database was ready when it was last seen: its state is
    /// `ready` and nothing was still being done. `false` while a creation or a
    /// change is not finished.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub ready: Field<bool>,

    /// State in one word, as Everest says it: `creating`, `initializing`,
    /// `ready`, `paused`, `restoring`, `error` and others.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub status: Field<String>,

    /// The last error reported by the engine's operator.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub message: Field<String>,

    /// Host name that clients connect to; null while there is none, and where
    /// there are several (an exposed or sharded MongoDB): see `hosts`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub hostname: Field<String>,

    /// Every address that clients connect to, as `host:port`: one for most
    /// databases, one for each member of an exposed MongoDB replica set.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub hosts: Field<Vec<Field<String>>>,

    /// Port that clients connect to.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub port: Field<i64>,

    /// Name of the Secret with the passwords of the engine's users.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub credentials_secret_name: Field<String>,

    /// Version of the engine operator's resource that the database is run as.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub cr_version: Field<String>,

    /// Version that `engine.cr_version` is to be raised to after an upgrade of
    /// the engine's operator; null when there is none. A change of the
    /// engine's version takes it over first.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub recommended_cr_version: Field<String>,

    /// UID of the DatabaseCluster. Backups lie in the bucket under the
    /// database's name and this UID.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub uid: Field<String>,
}

/// The last backup of a database that is destroyed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FinalBackup {
    /// Name of the backup storage, in the database's namespace, that it goes
    /// to. Refer to the storage's resource, so that it outlives the database.
    pub backup_storage_name: Field<String>,

    /// Name of the backup. Default: the database's name, `final` and the
    /// beginning of the database's UID.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub name: Field<String>,
}
