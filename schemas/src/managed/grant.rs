//! Grants of a config: which namespaces of its cluster the managed resources of a namespace may
//! use.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name that stands for all namespaces in a grant.
pub const EVERY: &str = "*";

/// Lets managed resources of some namespaces use namespaces of the config's cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The managed resources' namespaces, in the control plane. Required in a
    /// ClusterProviderConfig. Not allowed in a ProviderConfig, which is for its own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<GrantSource>,

    /// Names of the namespaces that they may use, in the config's cluster; `*` for all.
    #[schemars(extend("minItems" = 1, "maxItems" = 100))]
    #[schemars(inner(length(min = 1, max = 63)))]
    pub to: Vec<String>,

    /// Whether DatabaseNamespaces may create, change and delete these namespaces too.
    #[serde(default)]
    pub database_namespaces: bool,
}

/// The namespaces that a grant is for: each that is named, and each that has the labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct GrantSource {
    /// Names of namespaces; `*` for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("maxItems" = 100))]
    #[schemars(inner(length(min = 1, max = 63)))]
    pub namespaces: Vec<String>,

    /// Labels of namespaces. An empty selector selects all of them. The provider needs the right
    /// to get, list and watch namespaces of the control plane for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}
