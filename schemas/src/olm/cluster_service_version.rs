//! ClusterServiceVersion: one version of an operator, installed.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// A version of an operator.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "operators.coreos.com",
    version = "v1alpha1",
    kind = "ClusterServiceVersion",
    plural = "clusterserviceversions",
    status = "ClusterServiceVersionStatus",
    schema = "disabled",
    namespaced,
    doc = "One version of an operator, installed in a namespace.",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterServiceVersionSpec {
    /// Name of the operator, for people.
    pub display_name: String,
    /// The ClusterServiceVersion that it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Version of the operator, such as `1.18.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The progress of the installation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterServiceVersionStatus {
    /// The earlier states, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<CsvCondition>>,
    /// When the phase last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// A message for people.
    pub message: String,
    /// `Pending`, `InstallReady`, `Installing`, `Succeeded`, `Failed`, `Replacing` or `Deleting`. A
    /// version that has succeeded may briefly return to `InstallReady`.
    pub phase: String,
    /// The reason, as one CamelCase word.
    pub reason: String,
}

/// An earlier state of an installation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsvCondition {
    /// The time at which the state began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// A message for people.
    pub message: String,
    /// The phase.
    pub phase: String,
    /// The reason, as one CamelCase word.
    pub reason: String,
}
