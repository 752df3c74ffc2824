//! Sharding, monitoring and what only some engines have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::{optional_is_computed, optional_is_unfilled, quantity_values};
use crate::facts;
use crate::{Engine, Field, StringMap, quantity};

/// Sharding of a MongoDB database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct Sharding {
    /// The config servers, which store the metadata of the shards.
    pub config_server: Field<ConfigServer>,

    /// If `true`, the database is sharded.
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
    /// Number of pods.
    #[schemars(range(min = 1))]
    #[schemars(transform = facts::allowed("an odd number, at least 3 unless `engine.replicas` is 1"))]
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

    /// Limits of the container by resource, such as `cpu` and `memory`.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize_map"
    )]
    #[schemars(transform = quantity_values)]
    #[schemars(transform = facts::allowed("Kubernetes quantities"))]
    pub limits: StringMap,

    /// Requests of the container by resource.
    #[serde(
        default,
        skip_serializing_if = "Field::is_null",
        deserialize_with = "quantity::deserialize_map"
    )]
    #[schemars(transform = quantity_values)]
    #[schemars(transform = facts::allowed("Kubernetes quantities"))]
    pub requests: StringMap,
}

/// A device that a container uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct ResourceClaim {
    /// Name of the claim in the pod's spec.
    pub name: Field<String>,

    /// The request within the claim.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("the whole claim"))]
    pub request: Field<String>,
}

/// Options that exist only for some engines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct EngineFeatures {
    /// Options of MongoDB.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::engines(&[Engine::Psmdb]))]
    pub psmdb: Field<PsmdbFeatures>,
}

/// Options of MongoDB.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_unfilled)]
pub struct PsmdbFeatures {
    /// Name of the SplitHorizonDNSConfig, in the same namespace, that gives each pod a public host
    /// name.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::engines(&[Engine::Psmdb]))]
    #[schemars(transform = facts::allowed("only without sharding"))]
    pub split_horizon_dns_config_name: Field<String>,
}
