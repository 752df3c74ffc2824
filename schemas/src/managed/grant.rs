//! Grants of a config: which namespaces of its cluster, and which of its cluster-scoped objects, the
//! managed resources of a namespace may use.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::provider_config::rule;

/// The name that stands for all namespaces in a grant.
pub const EVERY: &str = "*";

/// Lets managed resources of some namespaces use namespaces of the config's cluster, and objects of
/// Everest that are for all namespaces of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = something_is_granted)]
pub struct Grant {
    /// The managed resources' namespaces, in the control plane. Required in a
    /// ClusterProviderConfig. Not allowed in a ProviderConfig, which is for its own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<GrantSource>,

    /// Names of the namespaces that they may use, in the config's cluster; `*` for all. Omitted:
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("maxItems" = 100))]
    #[schemars(inner(length(min = 1, max = 63)))]
    pub to: Vec<String>,

    /// Whether DatabaseNamespaces may create, change and delete these namespaces too.
    #[serde(default)]
    pub database_namespaces: bool,

    /// Kinds of cluster-scoped objects that they may read, create, change and delete. These objects
    /// are for the databases of all namespaces of the cluster, whatever `to` says. Omitted: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("maxItems" = 3))]
    pub cluster_kinds: Vec<ClusterKind>,
}

fn something_is_granted(schema: &mut Schema) {
    rule(
        schema,
        "(has(self.to) && size(self.to) > 0) || \
         (has(self.clusterKinds) && size(self.clusterKinds) > 0)",
        "a grant needs to or clusterKinds: what may be used",
    );
}

/// A kind of Everest's whose objects are cluster-scoped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClusterKind {
    /// On which nodes the pods of databases run.
    PodSchedulingPolicy,
    /// Annotations for the load balancers of databases.
    LoadBalancerConfig,
    /// Programs that import data, with the rights that they run with.
    DataImporter,
}

impl ClusterKind {
    /// The name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PodSchedulingPolicy => "PodSchedulingPolicy",
            Self::LoadBalancerConfig => "LoadBalancerConfig",
            Self::DataImporter => "DataImporter",
        }
    }
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
