//! The members that every managed resource has, as Crossplane defines them.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::provider_config::ProviderConfigReference;

/// A type of managed resources: any namespaced custom resource, such as one that
/// `kube::CustomResource` derives.
pub trait ManagedResource:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}

impl<M> ManagedResource for M where
    M: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// One of the actions that `spec.managementPolicies` lists.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(inline)]
pub enum ManagementPolicy {
    /// Read it.
    Observe,
    /// Create it if it does not exist.
    Create,
    /// Update it to the desired state.
    Update,
    /// Delete it with the managed resource.
    Delete,
    /// Write the server's values into `spec.forProvider`.
    LateInitialize,
    /// All of them.
    #[serde(rename = "*")]
    All,
}

impl ManagementPolicy {
    /// Every policy.
    pub const EVERY: [Self; 6] = [
        Self::Observe,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::LateInitialize,
        Self::All,
    ];

    /// The name of the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "Observe",
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::LateInitialize => "LateInitialize",
            Self::All => "*",
        }
    }
}

/// The members of a managed resource's `spec` beside `forProvider`. A type of managed resources
/// has it flattened into its spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceSpec {
    /// The actions that the provider may take on the external object.
    pub management_policies: Vec<ManagementPolicy>,
    /// The config with the connection to the system of the external object.
    pub provider_config_ref: ProviderConfigReference,
    /// The Secret that receives the connection details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_connection_secret_to_ref: Option<LocalReference>,
}

impl Default for ResourceSpec {
    /// What is left out means: everything may be done, with the config that is called `default`.
    fn default() -> Self {
        ResourceSpec {
            management_policies: vec![ManagementPolicy::All],
            provider_config_ref: ProviderConfigReference::default(),
            write_connection_secret_to_ref: None,
        }
    }
}

/// A reference to an object in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct LocalReference {
    /// Its name.
    #[schemars(extend("minLength" = 1))]
    pub name: String,
}

/// The status of a managed resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceStatus {
    /// The observed values of the external object.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub at_provider: Map<String, Value>,
    /// `Ready`, `Synced` and `UpToDate`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["type"]
    ))]
    pub conditions: Vec<Condition>,
    /// The last generation of the managed resource that the provider handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the annotation `crossplane.io/reconcile-requested-at` that the provider
    /// handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

impl ResourceStatus {
    /// The condition with this type.
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions
            .iter()
            .find(|condition| condition.type_ == type_)
    }

    /// Returns true if the condition with this type is `True`.
    pub fn is(&self, type_: &str) -> bool {
        self.condition(type_)
            .is_some_and(|condition| condition.status == "True")
    }
}

/// One aspect of an object's state. An object has one of each type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Condition {
    /// Time at which the status of the condition last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last_transition_time: Time,
    /// Description, for people, of what happened and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the object that the condition was set for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Reason for the status, in one CamelCase word.
    pub reason: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Type of the condition, in CamelCase.
    #[serde(rename = "type")]
    pub type_: String,
}
