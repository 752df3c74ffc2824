//! The engine part of a database's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::{optional_is_computed, optional_is_unfilled, since};
use crate::{Engine, Field, quantity};

/// The database engine of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct EngineSpec {
    /// Configuration of the engine as text: `my.cnf` for `pxc`, `mongod` YAML for `psmdb`, `key =
    /// value` lines of `postgresql.conf` for `postgresql`. A change restarts the pods one after
    /// another. Omitted: for `pxc` from 8.0.31 Everest writes a configuration that suits the
    /// memory; the other engines use their defaults.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config: Field<String>,

    /// CR version of the database: the version of the operator's resource that it runs as. With
    /// `recommended`, the provider applies the version that Everest recommends after each upgrade
    /// of the operator; the plan shows it, and the pods restart. A fixed version keeps the database
    /// at that version. Omitted: the operator's version at creation; a recommended version is then
    /// applied only together with a change of `engine.version`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-semantic" = "cr-version"))]
    pub cr_version: Field<String>,

    /// Number of database pods (per shard, if sharded). Must be odd for `pxc` (at most 5) and
    /// `psmdb`. Default 3. A database with several replicas cannot be scaled down to one.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(range(min = 1))]
    pub replicas: Field<i32>,

    /// CPU and memory of each database pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub resources: Field<Resources>,

    /// Volume of each database pod.
    pub storage: Field<Storage>,

    /// The engine: `pxc` (MySQL), `psmdb` (MongoDB) or `postgresql`. The engine's operator must be
    /// installed in the namespace. A change replaces the database.
    #[serde(rename = "type")]
    #[schemars(extend(
        "x-force-new" = true,
        "x-kubernetes-validations" = [
            {"rule": "self == oldSelf", "message": ".spec.engine.type cannot be changed"}
        ]
    ))]
    pub type_: Field<Engine>,

    /// Name of the Secret with the passwords of the engine's users. If set, it must exist when the
    /// database is created. Default: `everest-secrets-<database>`, created by Everest. Keys: `root`
    /// for `pxc`, `MONGODB_DATABASE_ADMIN_USER` and `MONGODB_DATABASE_ADMIN_PASSWORD` for `psmdb`;
    /// passwords of `postgresql` cannot be preset.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub user_secrets_name: Field<String>,

    /// Version of the engine, one of those that the namespace's operator offers, such as
    /// `8.0.42-33.1`. It can be raised but not lowered. If Everest recommends a newer CR version,
    /// the provider applies that first, so the pods restart twice. Default: the version that the
    /// operator recommends.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub version: Field<String>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct Storage {
    /// Name of the StorageClass. A change replaces the database, because
    /// volumes keep their class. Default: the cluster's default class.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    pub class: Field<String>,

    /// Size, as a Kubernetes quantity such as `25Gi`; at least `1G`. It can grow if the
    /// StorageClass allows it, but never shrink.
    #[serde(deserialize_with = "quantity::deserialize")]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub size: Field<String>,
}

/// CPU and memory of a pod.
///
/// Every version of Everest v1 supports `cpu` and `memory`. Everest 1.16 added `limits` and
/// `requests`, which take precedence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Resources {
    /// CPU limit, as a Kubernetes quantity such as `1` or `600m`; at least `600m` for an engine.
    /// For `pxc` it is also the request.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub cpu: Field<String>,

    /// Limits of the pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = since("1.16"))]
    pub limits: Field<ResourceList>,

    /// Memory limit, as a Kubernetes quantity such as `2G` or `512Mi`; at least `512M` for an
    /// engine. For `pxc` it is also the request.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub memory: Field<String>,

    /// Requests of the pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = since("1.16"))]
    pub requests: Field<ResourceList>,
}

/// An amount of CPU and of memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct ResourceList {
    /// CPU, as a Kubernetes quantity such as `1` or `600m`.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub cpu: Field<String>,

    /// Memory, as a Kubernetes quantity such as `2G` or `512Mi`.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub memory: Field<String>,
}
