//! The custom resources of the Crossplane provider, one file a kind.
//!
//! Group `everest.m.openeverest.io/v1alpha1`: the `.m.` is Crossplane's convention for
//! managed resources that live in a namespace.

mod condition;
mod provider_config;

pub use condition::Condition;
pub use provider_config::{
    CatalogReference, ClusterProviderConfig, ClusterProviderConfigSpec, Credentials,
    CredentialsSource, EnvironmentReference, FileReference, ProviderConfig, ProviderConfigKind,
    ProviderConfigReference, ProviderConfigSpec, ProviderConfigStatus, ProviderConfigUsage,
    ResourceReference, SecretKeyReference,
};

/// The group of every kind here.
pub const GROUP: &str = "everest.m.openeverest.io";

/// Their version.
pub const VERSION: &str = "v1alpha1";

/// Group and version as objects spell them.
pub const API_VERSION: &str = "everest.m.openeverest.io/v1alpha1";
