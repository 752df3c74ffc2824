//! `everest_database`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::DatabaseClusterSpec;
use crate::{Engine, Field, Sensitive, StringMap, facts};

/// A database: MySQL (`pxc`), MongoDB (`psmdb`) or PostgreSQL (`postgresql`),
/// run by Everest on Kubernetes.
///
/// Attributes that you omit keep Everest's value. Defaults that Everest fills
/// in never show up as a diff.
///
/// If the database is not ready in time, or the apply is interrupted, the apply ends with a warning
/// and exit code 0. The state then has `ready = false`, and the next apply continues to wait. A
/// `postcondition` on `self.ready`, as in the example, turns this into an error, so resources that
/// depend on the database are not applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseModel {
    /// Namespace of the database.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("a namespace that Everest manages"))]
    pub namespace: Field<String>,

    /// Name of the database.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 22 characters: lowercase letters, digits and `-`, beginning with a letter"))]
    pub name: Field<String>,

    /// The spec of the DatabaseCluster.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<DatabaseClusterSpec>,

    /// If `true`, the database cannot be destroyed. The value in the state applies: to destroy the
    /// database, apply `false` first. If the database is tainted, run `terraform untaint` before
    /// that. A database whose creation failed before it held any data is not protected.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub deletion_protection: Field<bool>,

    /// If `true`, the data of the database's backups stays in the bucket when the database is
    /// destroyed.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub keep_backup_data: Field<bool>,

    /// If `true`, an apply waits until the database is ready. If `false`, it returns as soon as the
    /// API server has accepted the object.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub wait: Field<bool>,

    /// Any text, such as a date, whose change restarts the database. Setting it on an existing
    /// database restarts the database too; setting it at creation, or removing it, does not. A
    /// paused database cannot be restarted.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub restart_trigger: Field<String>,

    /// Passwords of the engine's users, write-only: stored only in the Secret
    /// `credentials_secret_name`. The keys are those of that Secret. `pxc`: `root`, `operator`,
    /// `monitor`, `xtrabackup`, `replication` and `proxyadmin`. `psmdb`: `MONGODB_…_PASSWORD` and
    /// `MONGODB_…_USER`, with `DATABASE_ADMIN`, `USER_ADMIN`, `CLUSTER_ADMIN`, `CLUSTER_MONITOR`
    /// and `BACKUP`. The operator of `postgresql` keeps its own passwords. Keys that you omit get a
    /// generated value at creation and keep their value afterwards.
    ///
    /// A new database starts with these passwords. To change passwords later, change them here and
    /// increase `users_wo_version`. Removing the attribute changes nothing.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    #[schemars(transform = facts::engines(&[Engine::Pxc, Engine::Psmdb]))]
    pub users_wo: Passwords,

    /// Version of `users_wo`. Increase this number to send changed passwords.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("`users_wo` is set"))]
    #[schemars(transform = facts::engines(&[Engine::Pxc, Engine::Psmdb]))]
    pub users_wo_version: Field<i64>,

    /// Final backup of the database. Destroying the database takes it first and waits until it is
    /// complete. Its data stays in the bucket, even with `keep_backup_data = false`. If the backup
    /// fails, the database is not destroyed. The value in the state applies. `timeouts.delete` must
    /// be long enough for the backup too.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub final_backup: Field<FinalBackup>,

    /// If `true`, an apply also overwrites values of other field managers that the plan did not
    /// show, for example values set after the plan. If `false`, such an apply writes nothing and
    /// fails with an error that names the field manager. A change that the plan shows is always
    /// made, with a warning that names the field manager.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Labels of the DatabaseCluster. Other labels of the object are kept.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub labels: StringMap,

    /// Annotations of the DatabaseCluster. Other annotations of the object are kept.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub annotations: StringMap,

    /// Timeouts.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("60m", "60m", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// `true` if, at the last refresh, `status` was `ready` and no change was in progress. `false`
    /// until a creation or a change is complete.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub ready: Field<bool>,

    /// State of the database, reported by Everest: `creating`, `initializing`, `ready`, `paused`,
    /// `restoring`, `error` and others.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub status: Field<String>,

    /// The last error reported by the engine's operator.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub message: Field<String>,

    /// Host name that clients connect to; null until it is known, and if there are several (an
    /// exposed or sharded MongoDB): see `hosts`.
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

    /// CR version of the database: the version of the operator's resource that it runs as.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub cr_version: Field<String>,

    /// CR version that Everest recommends after an upgrade of the engine's operator; null if
    /// `engine.cr_version` is up to date. If you change `engine.version`, the provider applies this
    /// version first.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub recommended_cr_version: Field<String>,

    /// UID of the DatabaseCluster. Backups are stored in the bucket under the database's name and
    /// this UID.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub uid: Field<String>,
}

/// Names and passwords of an engine's users, by the keys of their Secret.
pub type Passwords = Field<Sensitive<BTreeMap<String, Field<String>>>>;

/// The final backup of a database that is destroyed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FinalBackup {
    /// Name of the backup storage, in the database's namespace, that receives the backup. Refer to
    /// the storage's resource, so that Terraform destroys the storage after the database.
    pub backup_storage_name: Field<String>,

    /// Name of the backup.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "the database's name, `final` and the first characters of the database's UID"))]
    pub name: Field<String>,
}
