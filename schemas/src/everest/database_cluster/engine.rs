//! The engine part of a database's spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::{optional_is_computed, optional_is_unfilled};
use crate::{Engine, Field, quantity};

/// The database engine of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct EngineSpec {
    /// Configuration of the engine as text: `my.cnf` for `pxc`, `mongod` YAML
    /// for `psmdb`, `key = value` lines of `postgresql.conf` for `postgresql`.
    /// A change restarts the pods one after another. Omitted: for `pxc` from
    /// 8.0.31 Everest writes one that suits the memory, the other engines use
    /// their own defaults.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config: Field<String>,

    /// Version of the engine operator's resource that the database is run as.
    /// `recommended` follows each upgrade of the operator: the plan shows the
    /// version that is taken over, and the pods restart. A version keeps the
    /// database at it. Omitted: the operator's version at creation, and a
    /// recommended one only together with a change of the engine's version.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-semantic" = "cr-version"))]
    pub cr_version: Field<String>,

    /// Number of database pods (of each shard, when sharded). Odd for `pxc`,
    /// where 5 is the most, and for `psmdb`. Default 3. More than one cannot
    /// be brought down to one.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(range(min = 1))]
    pub replicas: Field<i32>,

    /// CPU and memory of each database pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub resources: Field<Resources>,

    /// Volume of each database pod.
    pub storage: Field<Storage>,

    /// The engine: `pxc` (MySQL), `psmdb` (MongoDB) or `postgresql`. Its
    /// operator must be installed in the namespace. A change replaces the
    /// database.
    #[serde(rename = "type")]
    #[schemars(extend(
        "x-force-new" = true,
        "x-kubernetes-validations" = [
            {"rule": "self == oldSelf", "message": ".spec.engine.type cannot be changed"}
        ]
    ))]
    pub type_: Field<Engine>,

    /// Name of the Secret with the passwords of the engine's users. If set, it
    /// must exist when the database is created. Default
    /// `everest-secrets-<database>`, made by Everest. Keys: `root` for `pxc`,
    /// `MONGODB_DATABASE_ADMIN_USER` and `MONGODB_DATABASE_ADMIN_PASSWORD` for
    /// `psmdb`; passwords of `postgresql` cannot be preset.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub user_secrets_name: Field<String>,

    /// Version of the engine, one of those that the namespace's operator
    /// offers, such as `8.0.42-33.1`. It can be raised, not lowered. Where a
    /// newer CR version is recommended, that is taken over first, so that the
    /// pods restart twice. Default: the recommended one.
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

    /// Size, as a Kubernetes quantity such as `25Gi`; at least `1G`. It can
    /// grow if the StorageClass allows it, and never shrinks.
    #[serde(deserialize_with = "quantity::deserialize")]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub size: Field<String>,
}

/// CPU and memory of a pod.
///
/// `cpu` and `memory` alone are what every version of Everest v1 knows;
/// `limits` and `requests` came with 1.16 and win over them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Resources {
    /// CPU limit, as a Kubernetes quantity such as `1` or `600m`; at least
    /// `600m` for an engine. With `pxc` it is the request as well.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub cpu: Field<String>,

    /// The most that a pod may use. Needs Everest 1.16.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub limits: Field<ResourceList>,

    /// Memory limit, as a Kubernetes quantity such as `2G` or `512Mi`; at
    /// least `512M` for an engine. With `pxc` it is the request as well.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize"
    )]
    #[schemars(extend("x-semantic" = "quantity"))]
    pub memory: Field<String>,

    /// What a pod is guaranteed. Needs Everest 1.16.
    #[serde(default, skip_serializing_if = "Field::is_null")]
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
