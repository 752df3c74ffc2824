//! The custom resources of the Crossplane provider, one file per kind.
//!
//! Group `everest.m.openeverest.io/v1alpha1`: the `.m.` is Crossplane's convention for namespaced
//! managed resources.

mod backup;
mod backup_storage;
mod condition;
mod data_import_job;
mod data_importer;
mod database;
mod database_namespace;
mod engine_version_policy;
mod grant;
mod load_balancer_config;
mod monitoring_config;
mod pod_scheduling_policy;
mod policy;
mod provider_config;
mod resource;
mod restore;
mod split_horizon_dns_config;

pub use backup::Backup;
pub use backup_storage::BackupStorage;
pub use condition::Condition;
pub use data_import_job::DataImportJob;
pub use data_importer::DataImporter;
pub use database::Database;
pub use database_namespace::DatabaseNamespace;
pub use engine_version_policy::EngineVersionPolicy;
pub use grant::{ClusterKind, EVERY, Grant, GrantSource};
pub use load_balancer_config::LoadBalancerConfig;
pub use monitoring_config::MonitoringConfig;
pub use pod_scheduling_policy::PodSchedulingPolicy;
pub use policy::ManagementPolicy;
pub use provider_config::{
    CatalogReference, ClusterProviderConfig, ClusterProviderConfigSpec, Credentials,
    CredentialsSource, EnvironmentReference, FileReference, Identity, IdentityType, ProviderConfig,
    ProviderConfigKind, ProviderConfigReference, ProviderConfigSpec, ProviderConfigStatus,
    ProviderConfigUsage, ResourceReference, SecretKeyReference,
};
pub use resource::{
    Column, ForProvider, LocalReference, Managed, ManagedModel, ManagedSpec, ManagedStatus, Shape,
    members,
};
pub use restore::Restore;
pub use split_horizon_dns_config::SplitHorizonDnsConfig;

/// The group of every kind here.
pub const GROUP: &str = "everest.m.openeverest.io";

/// The version of every kind here.
pub const VERSION: &str = "v1alpha1";

/// Group and version as in an object's `apiVersion`.
pub const API_VERSION: &str = "everest.m.openeverest.io/v1alpha1";
