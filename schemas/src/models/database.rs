//! `everest_database`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::DatabaseClusterSpec;
use crate::{Field, StringMap};

/// A database: MySQL (`pxc`), MongoDB (`psmdb`) or PostgreSQL (`postgresql`),
/// run by Everest on Kubernetes.
///
/// What is left out is left as Everest has it, and a default that Everest
/// fills in is never a difference.
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
    /// counts: to destroy, apply `false` first. Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub deletion_protection: Field<bool>,

    /// Whether the data of the database's backups stays in the bucket when
    /// the database is destroyed. Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub keep_backup_data: Field<bool>,

    /// Whether to wait until the database is ready. `false`: that the cluster
    /// has accepted it is enough. Default `true`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = true))]
    pub wait: Field<bool>,

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

    /// What the engine's operator last complained of.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub message: Field<String>,

    /// Host name that clients connect to.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub hostname: Field<String>,

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
