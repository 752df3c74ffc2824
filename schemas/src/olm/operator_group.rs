//! OperatorGroup: the namespaces that the operators in a namespace serve.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// The namespaces that the operators in the group's namespace serve.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "operators.coreos.com",
    version = "v1",
    kind = "OperatorGroup",
    plural = "operatorgroups",
    status = "OperatorGroupStatus",
    schema = "disabled",
    namespaced,
    doc = "The namespaces that the operators of a namespace serve. OLM installs nothing in a namespace with none, or with more than one.",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase", default)]
pub struct OperatorGroupSpec {
    /// The names of the namespaces. If both this and the selector are absent, it is all namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_namespaces: Option<Vec<String>>,
    /// `Default`, or `TechPreviewUnsafeFailForward`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_strategy: Option<String>,
}

/// The status of a group, reported by OLM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OperatorGroupStatus {
    /// The namespaces that are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
}
