//! PodSchedulingPolicy: on which nodes the pods of databases run.

use k8s_openapi::api::core::v1::Affinity;
use kube::CustomResource;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Engine, Field};

/// Says that selectors are replaced as a whole on server-side apply, which
/// Kubernetes' own schema of an affinity leaves out here.
fn selectors_are_atomic(schema: &mut Schema) {
    fn mark(schema: &mut Value) {
        let Some(members) = schema.as_object_mut() else {
            return;
        };
        let selects = members.get("properties").is_some_and(|properties| {
            ["matchExpressions", "nodeSelectorTerms"]
                .iter()
                .any(|name| properties.get(name).is_some())
        });
        if selects {
            members.insert("x-kubernetes-map-type".to_owned(), "atomic".into());
        }
        members.values_mut().for_each(mark);
    }
    if let Some(members) = schema.as_object_mut() {
        members.values_mut().for_each(mark);
    }
}

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
    /// Affinity of the pods, by engine; only the part of `engine_type` counts.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub affinity_config: Field<AffinityConfig>,

    /// The engine that the policy is for. Not to be changed.
    #[schemars(extend("x-force-new" = true))]
    pub engine_type: Field<Engine>,
}

/// Affinity of the pods of each engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AffinityConfig {
    /// For PostgreSQL.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub postgresql: Field<ReplicatedAffinity>,

    /// For MongoDB.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub psmdb: Field<PsmdbAffinity>,

    /// For MySQL.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pxc: Field<ReplicatedAffinity>,
}

/// Affinity of the pods of a PostgreSQL or MySQL database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplicatedAffinity {
    /// Of the database pods, in Kubernetes' own form.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = selectors_are_atomic, extend("x-dynamic" = true))]
    pub engine: Field<Affinity>,

    /// Of the proxy pods, in Kubernetes' own form.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = selectors_are_atomic, extend("x-dynamic" = true))]
    pub proxy: Field<Affinity>,
}

/// Affinity of the pods of a MongoDB database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PsmdbAffinity {
    /// Of the config servers, in Kubernetes' own form.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = selectors_are_atomic, extend("x-dynamic" = true))]
    pub config_server: Field<Affinity>,

    /// Of the database pods, in Kubernetes' own form.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = selectors_are_atomic, extend("x-dynamic" = true))]
    pub engine: Field<Affinity>,

    /// Of the `mongos` pods, in Kubernetes' own form.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = selectors_are_atomic, extend("x-dynamic" = true))]
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
