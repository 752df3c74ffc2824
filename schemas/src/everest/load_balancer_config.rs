//! LoadBalancerConfig: annotations for load balancers.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, StringMap, facts};

/// Annotations that the load balancers of databases get.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "LoadBalancerConfig",
    plural = "loadbalancerconfigs",
    shortname = "lbc",
    status = "LoadBalancerConfigStatus",
    doc = "Annotations for the load balancers of databases that name it.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "InUse", "type": "string", "jsonPath": ".status.inUse", "description": "Whether a database names it"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerConfigSpec {
    /// Annotations of the Service of each database that names the configuration. Values may be Go
    /// templates over the Service, such as `{{ .ObjectMeta.Name }}.example.com`, from Everest 1.13
    /// on; older versions write them as they are.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("keys in lowercase"))]
    pub annotations: StringMap,
}

/// What Everest last saw of a LoadBalancerConfig.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"inUse": false}))]
pub struct LoadBalancerConfigStatus {
    /// Whether a database names it; it cannot be deleted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The generation of the object that the operator last handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_generation: Option<i64>,
}
