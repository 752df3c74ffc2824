//! ClusterServiceVersion: one version of an operator, installed.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// Which version of which operator.
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
    /// Name of the operator, for readers.
    pub display_name: String,
    /// The ClusterServiceVersion that it takes over from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Version of the operator, such as `1.18.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// How far the installation of a version has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterServiceVersionStatus {
    /// The states that it went through, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<CsvCondition>>,
    /// When the phase last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// What happened, for a reader.
    pub message: String,
    /// `Pending`, `InstallReady`, `Installing`, `Succeeded`, `Failed`,
    /// `Replacing` or `Deleting`. A version that has succeeded may go back to
    /// `InstallReady` for a moment.
    pub phase: String,
    /// Why, in one CamelCase word.
    pub reason: String,
}

/// A state that an installation went through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsvCondition {
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// What happened, for a reader.
    pub message: String,
    /// The phase.
    pub phase: String,
    /// Why, in one CamelCase word.
    pub reason: String,
}
