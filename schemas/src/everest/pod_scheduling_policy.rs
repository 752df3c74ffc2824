//! PodSchedulingPolicy: on which nodes the pods of databases run.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::affinity::Affinity;
use crate::{Engine, Field, facts};

/// On which nodes the pods of one engine's databases run.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "PodSchedulingPolicy",
    plural = "podschedulingpolicies",
    shortname = "psp",
    status = "PodSchedulingPolicyStatus",
    doc = "On which nodes the pods of databases run, for databases that name it.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "Engine", "type": "string", "jsonPath": ".spec.engineType", "description": "Engine that the policy is for"}"#,
    printcolumn = r#"{"name": "InUse", "type": "string", "jsonPath": ".status.inUse", "description": "Whether a database names the policy"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct PodSchedulingPolicySpec {
    /// Affinity of the pods.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("that of the engine in `engine_type`, and of no other"))]
    #[schemars(transform = facts::omitted("a policy without rules, which no database can name"))]
    pub affinity_config: Field<AffinityConfig>,

    /// Engine whose databases can name the policy. The replacement is refused while a database
    /// names the policy.
    #[schemars(extend("x-force-new" = true))]
    pub engine_type: Field<Engine>,
}

/// Affinity of the pods of each engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AffinityConfig {
    /// Affinity of the pods of PostgreSQL databases.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub postgresql: Field<ReplicatedAffinity>,

    /// Affinity of the pods of MongoDB databases.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub psmdb: Field<PsmdbAffinity>,

    /// Affinity of the pods of MySQL databases.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pxc: Field<ReplicatedAffinity>,
}

/// Affinity of the pods of a PostgreSQL or MySQL database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplicatedAffinity {
    /// Affinity of the database pods.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub engine: Field<Affinity>,

    /// Affinity of the proxy pods: HAProxy, ProxySQL or PgBouncer.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub proxy: Field<Affinity>,
}

/// Affinity of the pods of a MongoDB database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PsmdbAffinity {
    /// Affinity of the config servers of a sharded database.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config_server: Field<Affinity>,

    /// Affinity of the database pods.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub engine: Field<Affinity>,

    /// Affinity of the `mongos` pods of a sharded database.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub proxy: Field<Affinity>,
}

/// What Everest last saw of a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"inUse": false}))]
pub struct PodSchedulingPolicyStatus {
    /// Whether a database names it; it cannot be deleted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The generation of the object that the operator last handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_generation: Option<i64>,
}
