//! Sharding, monitoring and what only some engines have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::{optional_is_computed, optional_is_unfilled, quantity_values};
use crate::{Field, StringMap, quantity};

/// Sharding of a MongoDB database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct Sharding {
    /// The config servers, which store the metadata of the shards.
    pub config_server: Field<ConfigServer>,

    /// If `true`, the database is sharded. Cannot be changed once the database exists.
    pub enabled: Field<bool>,

    /// Number of shards, each with `engine.replicas` pods.
    #[schemars(range(min = 1))]
    pub shards: Field<i32>,
}

/// The config servers of a sharded database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct ConfigServer {
    /// Number of pods. Must be odd, and at least 3 unless `engine.replicas` is 1.
    #[schemars(range(min = 1))]
    pub replicas: Field<i32>,
}

/// Monitoring of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct Monitoring {
    /// Name of the MonitoringConfig, in the same namespace, that defines the destination of the
    /// metrics.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub monitoring_config_name: Field<String>,

    /// CPU and memory of the monitoring client in each database pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub resources: Field<ResourceRequirements>,
}

/// CPU, memory and devices of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct ResourceRequirements {
    /// Devices of the pod's resource claims that the container uses.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend(
        "x-skip" = true,
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["name"]
    ))]
    pub claims: Field<Vec<ResourceClaim>>,

    /// Limits of the container: Kubernetes quantities by resource, such as `cpu` and `memory`.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize_map"
    )]
    #[schemars(transform = quantity_values)]
    pub limits: StringMap,

    /// Requests of the container: Kubernetes quantities by resource.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize_map"
    )]
    #[schemars(transform = quantity_values)]
    pub requests: StringMap,
}

/// A device that a container uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct ResourceClaim {
    /// Name of the claim in the pod's spec.
    pub name: Field<String>,

    /// The request within the claim; omitted: all of it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub request: Field<String>,
}

/// Options that exist only for some engines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct EngineFeatures {
    /// Options of MongoDB (`psmdb`).
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub psmdb: Field<PsmdbFeatures>,
}

/// Options of MongoDB.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct PsmdbFeatures {
    /// Name of the SplitHorizonDNSConfig, in the same namespace, that gives each pod a public host
    /// name. Cannot be combined with sharding. A change replaces the database.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    pub split_horizon_dns_config_name: Field<String>,
}
