//! Objects of the Operator Lifecycle Manager: the members that installing and
//! upgrading an engine operator reads or writes. Others are accepted and left
//! out, so an object read as one of these types must not be written back
//! whole.

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
    InstallPlanReference, Subscription, SubscriptionConfig, SubscriptionSpec, SubscriptionStatus,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Serialize};

/// One aspect of the state of a Subscription, an InstallPlan or a bundle that
/// is being unpacked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OlmCondition {
    /// When the condition last changed from one status to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// What happened, for a reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why, in one CamelCase word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Which aspect it is, such as `InstallPlanPending`.
    #[serde(rename = "type")]
    pub type_: String,
}
