//! The engine part of a database's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::{optional_is_computed, optional_is_unfilled};
use crate::facts::{self, Filler};
use crate::{Engine, Field, quantity};

/// The database engine of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct EngineSpec {
    /// Configuration of the engine as text: `my.cnf` for `pxc`, `mongod` YAML for `psmdb`, `key =
    /// value` lines of `postgresql.conf` for `postgresql`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(Filler::Everest, "for `pxc` from 8.0.31, a configuration that suits the memory; otherwise that of the engine"))]
    pub config: Field<String>,

    /// CR version of the database: the version of the operator's resource that it runs as. With
    /// `recommended`, the provider applies the version that Everest recommends after each upgrade
    /// of the operator; the plan shows it. A fixed version keeps the database at that version.
    /// Without a value, a recommended version is applied only together with a change of
    /// `engine.version`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-semantic" = "cr-version"))]
    #[schemars(transform = facts::allowed("a version, or `recommended`"))]
    #[schemars(transform = facts::filled_by(Filler::Everest, "the operator's version at creation"))]
    pub cr_version: Field<String>,

    /// Number of database pods; per shard, if sharded.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(range(min = 1))]
    #[schemars(transform = facts::allowed("at least 1; odd for `pxc` (at most 5) and `psmdb`"))]
    #[schemars(transform = facts::filled_by(Filler::Everest, "`3`"))]
    pub replicas: Field<i32>,

    /// CPU and memory of each database pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    #[schemars(transform = facts::required_when("always; Everest refuses an engine without a limit of CPU and of memory"))]
    #[schemars(transform = facts::allowed("at least `600m` of CPU and `512M` of memory"))]
    pub resources: Field<Resources>,

    /// Volume of each database pod.
    #[schemars(transform = facts::allowed("a size of at least `1G`"))]
    pub storage: Field<Storage>,

    /// The engine. Its operator must be installed in the namespace.
    #[serde(rename = "type")]
    #[schemars(extend(
        "x-force-new" = true,
        "x-kubernetes-validations" = [
            {"rule": "self == oldSelf", "message": ".spec.engine.type cannot be changed"}
        ]
    ))]
    #[schemars(transform = facts::allowed("`pxc` (MySQL), `psmdb` (MongoDB) or `postgresql`"))]
    pub type_: Field<Engine>,

    /// Name of the Secret with the passwords of the engine's users, which must exist when the
    /// database is created. Keys: `root` for `pxc`, `MONGODB_DATABASE_ADMIN_USER` and
    /// `MONGODB_DATABASE_ADMIN_PASSWORD` for `psmdb`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::engines(&[Engine::Pxc, Engine::Psmdb]))]
    #[schemars(transform = facts::filled_by(Filler::Everest, "`everest-secrets-<database>`"))]
    pub user_secrets_name: Field<String>,

    /// Version of the engine. If Everest recommends a newer CR version, the provider applies that
    /// first, so the pods restart twice.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a version that the namespace's operator offers, such as `8.0.42-33.1`"))]
    #[schemars(transform = facts::filled_by(Filler::Everest, "the version that the operator recommends"))]
    pub version: Field<String>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct Storage {
    /// Name of the StorageClass. Volumes keep the class that they were created with.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::filled_by(Filler::Kubernetes, "the cluster's default class"))]
    pub class: Field<String>,

    /// Size of the volume.
    #[serde(deserialize_with = "quantity::deserialize")]
    #[schemars(extend("x-semantic" = "quantity"))]
    #[schemars(transform = facts::allowed("a Kubernetes quantity, such as `25Gi`"))]
    pub size: Field<String>,
}

/// CPU and memory of a pod.
///
/// Every version of Everest v1 supports `cpu` and `memory`. Everest 1.16 added `limits` and
/// `requests`. If `limits` is given, Everest ignores both `cpu` and `memory` beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Resources {
    /// CPU limit, ignored if `limits` is given. For `pxc` it is also the request.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    #[schemars(transform = facts::allowed("a Kubernetes quantity, such as `1` or `600m`"))]
    pub cpu: Field<String>,

    /// Limits of the pod, instead of both `cpu` and `memory` beside it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::needs("1.16"))]
    pub limits: Field<ResourceList>,

    /// Memory limit, ignored if `limits` is given. For `pxc` it is also the request.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    #[schemars(transform = facts::allowed("a Kubernetes quantity, such as `2G` or `512Mi`"))]
    pub memory: Field<String>,

    /// Requests of the pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::needs("1.16"))]
    pub requests: Field<ResourceList>,
}

/// An amount of CPU and of memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct ResourceList {
    /// CPU.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    #[schemars(transform = facts::allowed("a Kubernetes quantity, such as `1` or `600m`"))]
    pub cpu: Field<String>,

    /// Memory.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    #[schemars(transform = facts::allowed("a Kubernetes quantity, such as `2G` or `512Mi`"))]
    pub memory: Field<String>,
}
