//! Subscription: a request to install an operator and keep it up to date.

use k8s_openapi::api::core::v1::EnvVar;
use kube::CustomResource;
use serde::{Deserialize, Serialize};

use super::OlmCondition;

/// The requested operator, its source and the approval of its upgrades.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "operators.coreos.com",
    version = "v1alpha1",
    kind = "Subscription",
    plural = "subscriptions",
    status = "SubscriptionStatus",
    schema = "disabled",
    namespaced,
    doc = "The wish to have an operator installed in a namespace and kept current.",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionSpec {
    /// Channel of the package, such as `stable-v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Additional settings of the operator's Deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<SubscriptionConfig>,
    /// `Manual` if each InstallPlan must be approved, `Automatic` if OLM approves them itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_plan_approval: Option<String>,
    /// Name of the package.
    pub name: String,
    /// Name of the CatalogSource.
    pub source: String,
    /// Namespace of the CatalogSource.
    pub source_namespace: String,
    /// The first ClusterServiceVersion to install; the newest in the channel if absent.
    #[serde(rename = "startingCSV", skip_serializing_if = "Option::is_none")]
    pub starting_csv: Option<String>,
}

/// Additional settings of an operator's Deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionConfig {
    /// Environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
}

/// The progress of a Subscription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionStatus {
    /// The health of every catalog that OLM resolves the Subscription with, not only of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog_health: Option<Vec<CatalogHealth>>,
    /// The conditions, such as `InstallPlanPending`, `BundleUnpacking`, `ResolutionFailed` and
    /// `CatalogSourcesUnhealthy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<OlmCondition>>,
    /// The target ClusterServiceVersion. While a plan awaits approval, it is already the new
    /// version, so it may differ from the installed one.
    #[serde(rename = "currentCSV", skip_serializing_if = "Option::is_none")]
    pub current_csv: Option<String>,
    /// The InstallPlan that leads to the current ClusterServiceVersion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_plan_ref: Option<InstallPlanReference>,
    /// The ClusterServiceVersion that is installed.
    #[serde(rename = "installedCSV", skip_serializing_if = "Option::is_none")]
    pub installed_csv: Option<String>,
    /// The same InstallPlan, in the form of older versions of OLM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installplan: Option<InstallPlanReference>,
    /// `UpgradePending` (also while the first installation awaits approval), `AtLatestKnown`,
    /// `UpgradeAvailable` or `UpgradeFailed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl SubscriptionStatus {
    /// Name of the InstallPlan that leads to the current ClusterServiceVersion, from either form.
    pub fn install_plan_name(&self) -> Option<&str> {
        self.install_plan_ref
            .as_ref()
            .or(self.installplan.as_ref())
            .and_then(|plan| plan.name.as_deref())
            .filter(|name| !name.is_empty())
    }
}

/// The health of a catalog.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CatalogHealth {
    /// The CatalogSource.
    pub catalog_source_ref: CatalogReference,
    /// True if its pod and its Service are as OLM wants them.
    pub healthy: bool,
}

/// A CatalogSource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CatalogReference {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

/// An InstallPlan of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstallPlanReference {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its UID; the older form calls it `uuid`.
    #[serde(alias = "uuid", skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_install_plan_is_found_in_either_form() {
        let newer = serde_json::json!({"installPlanRef": {"name": "install-a", "uid": "1"}});
        let older = serde_json::json!({"installplan": {"name": "install-b", "uuid": "2"}});
        let name = |value| {
            let status: SubscriptionStatus = serde_json::from_value(value).unwrap();
            status.install_plan_name().map(str::to_owned)
        };
        assert_eq!(name(newer).as_deref(), Some("install-a"));
        assert_eq!(name(older).as_deref(), Some("install-b"));
        assert_eq!(name(serde_json::json!({})), None);
    }
}
