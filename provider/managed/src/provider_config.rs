//! Configs of a provider: which one a managed resource names, and the record that it does.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::ApiResource;
use kube::core::DynamicResourceScope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::provider::Provider;

/// Which kind of config a reference means.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[schemars(inline)]
pub enum ProviderConfigKind {
    /// One of the referrer's own namespace.
    ProviderConfig,
    /// One of the cluster.
    #[default]
    ClusterProviderConfig,
}

impl fmt::Display for ProviderConfigKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProviderConfigKind::ProviderConfig => "ProviderConfig",
            ProviderConfigKind::ClusterProviderConfig => "ClusterProviderConfig",
        })
    }
}

/// The config that a managed resource uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ProviderConfigReference {
    /// `ClusterProviderConfig`, or `ProviderConfig` for one in the same namespace.
    pub kind: ProviderConfigKind,
    /// Name of the config.
    #[schemars(extend("minLength" = 1))]
    pub name: String,
}

impl Default for ProviderConfigReference {
    /// The config used if the reference is omitted: the ClusterProviderConfig `default`.
    fn default() -> Self {
        ProviderConfigReference {
            kind: ProviderConfigKind::default(),
            name: "default".to_owned(),
        }
    }
}

/// A config, by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigKey {
    /// Its kind.
    pub kind: ProviderConfigKind,
    /// Its namespace; `None` for a ClusterProviderConfig.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ConfigKey {
    /// The config that `reference` names in an object of `namespace`.
    pub fn new(namespace: &str, reference: &ProviderConfigReference) -> Self {
        let namespace = match reference.kind {
            ProviderConfigKind::ProviderConfig => Some(namespace.to_owned()),
            ProviderConfigKind::ClusterProviderConfig => None,
        };
        ConfigKey {
            kind: reference.kind,
            namespace,
            name: reference.name.clone(),
        }
    }
}

impl fmt::Display for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// The object that a usage stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReference {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// Records that a managed resource uses a config. Each provider has such a kind in its own group,
/// with this form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderConfigUsage {
    /// Group and version.
    pub api_version: String,
    /// `ProviderConfigUsage`.
    pub kind: String,
    /// The object's metadata.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The config.
    pub provider_config_ref: ProviderConfigReference,
    /// The managed resource that uses the config, in the same namespace.
    pub resource_ref: ResourceReference,
}

impl ProviderConfigUsage {
    /// The kind.
    pub const KIND: &'static str = "ProviderConfigUsage";
    /// Its plural.
    pub const PLURAL: &'static str = "providerconfigusages";
    /// Label with the name of the config.
    pub const CONFIG_LABEL: &'static str = "crossplane.io/provider-config";
    /// Label with the kind of the config.
    pub const KIND_LABEL: &'static str = "crossplane.io/provider-config-kind";

    /// A usage of a provider's kind, of nothing yet.
    pub fn of(provider: &Provider) -> Self {
        ProviderConfigUsage {
            api_version: provider.api_version(),
            kind: Self::KIND.to_owned(),
            resource_ref: ResourceReference {
                api_version: provider.api_version(),
                ..ResourceReference::default()
            },
            ..ProviderConfigUsage::default()
        }
    }

    /// The kind of a provider.
    pub fn resource(provider: &Provider) -> ApiResource {
        ApiResource {
            group: provider.group.to_owned(),
            version: provider.version.to_owned(),
            api_version: provider.api_version(),
            kind: Self::KIND.to_owned(),
            plural: Self::PLURAL.to_owned(),
        }
    }
}

impl Resource for ProviderConfigUsage {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        of.kind.as_str().into()
    }

    fn group(of: &ApiResource) -> Cow<'_, str> {
        of.group.as_str().into()
    }

    fn version(of: &ApiResource) -> Cow<'_, str> {
        of.version.as_str().into()
    }

    fn plural(of: &ApiResource) -> Cow<'_, str> {
        of.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
