//! InstallPlan: the steps that install or upgrade operators.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

use super::OlmCondition;

/// The operators that a plan installs, and its approval.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "operators.coreos.com",
    version = "v1alpha1",
    kind = "InstallPlan",
    plural = "installplans",
    status = "InstallPlanStatus",
    schema = "disabled",
    namespaced,
    doc = "The steps that install or upgrade one or more operators of a namespace.",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase", default)]
pub struct InstallPlanSpec {
    /// `Manual` or `Automatic`.
    pub approval: String,
    /// True if OLM may execute the plan.
    pub approved: bool,
    /// Every ClusterServiceVersion that the plan installs. Several Subscriptions may share one
    /// plan.
    pub cluster_service_version_names: Vec<String>,
}

/// The progress of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstallPlanStatus {
    /// Bundles that are still being unpacked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_lookups: Option<Vec<BundleLookup>>,
    /// The conditions, such as `Installed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<OlmCondition>>,
    /// The error, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Planning`, `RequiresApproval`, `Installing`, `Complete` or `Failed`; empty if OLM has not
    /// handled the plan yet.
    pub phase: String,
    /// The steps, without the objects that they create.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<PlanStep>>,
}

/// A bundle that is being unpacked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BundleLookup {
    /// The conditions of the unpacking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<OlmCondition>>,
    /// The ClusterServiceVersion in the bundle.
    pub identifier: String,
    /// The bundle's image.
    pub path: String,
    /// The ClusterServiceVersion that it replaces.
    pub replaces: String,
}

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanStep {
    /// The ClusterServiceVersion that the step belongs to.
    pub resolving: String,
    /// The object that it creates.
    pub resource: PlanStepResource,
    /// `Unknown`, `NotPresent`, `Present` or `Created`.
    pub status: String,
}

/// The object that a step creates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanStepResource {
    /// Its API group.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its API version.
    pub version: String,
}
