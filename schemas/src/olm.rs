//! Objects of the Operator Lifecycle Manager, with the members that the installation and upgrade of
//! an engine operator read or write. Other members are ignored, so never write an object of these
//! types back as a whole.

mod catalog_source;
mod cluster_service_version;
mod install_plan;
mod operator_group;
mod package_manifest;
mod subscription;

pub use catalog_source::{
    CatalogConnection, CatalogSource, CatalogSourceSpec, CatalogSourceStatus,
};
pub use cluster_service_version::{
    ClusterServiceVersion, ClusterServiceVersionSpec, ClusterServiceVersionStatus, CsvCondition,
};
pub use install_plan::{
    BundleLookup, InstallPlan, InstallPlanSpec, InstallPlanStatus, PlanStep, PlanStepResource,
};
pub use operator_group::{OperatorGroup, OperatorGroupSpec, OperatorGroupStatus};
pub use package_manifest::{
    PackageChannel, PackageManifest, PackageManifestSpec, PackageManifestStatus, PackageVersion,
};
pub use subscription::{
    CatalogHealth, CatalogReference, InstallPlanReference, Subscription, SubscriptionConfig,
    SubscriptionSpec, SubscriptionStatus,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Serialize};

/// A condition of a Subscription, an InstallPlan or a bundle that is being unpacked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OlmCondition {
    /// When the condition last changed from one status to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// A message for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The reason, as one CamelCase word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// The type of the condition, such as `InstallPlanPending`.
    #[serde(rename = "type")]
    pub type_: String,
}
