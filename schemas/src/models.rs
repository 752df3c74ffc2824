//! The models of the resources that users write, one file per resource, and of the provider's own
//! settings.
//!
//! A resource's model is the spec of its custom resource, with additional members for this
//! provider. Members are camelCase in JSON and snake_case in Terraform.

mod account;
mod actions;
mod backup;
mod backup_storage;
mod cluster_info;
mod collections;
mod data_import_job;
mod data_importer;
mod database;
mod database_components;
mod database_credentials;
mod database_engines;
mod engine_version_policy;
mod existing;
mod list;
mod load_balancer_config;
mod monitoring_config;
mod namespace;
mod oidc_settings;
mod pitr_window;
mod pod_scheduling_policy;
mod provider;
mod rbac_policy;
mod rbac_role;
mod restore;
mod split_horizon_dns_config;
mod timeouts;

pub use account::{AccountModel, Accounts};
pub use actions::{BackupAction, RestoreAction, SwitchAction, UpgradeAction};
pub use backup::BackupModel;
pub use backup_storage::BackupStorageModel;
pub use cluster_info::{ClusterInfo, StorageClassInfo};
pub use collections::{
    BackupStorages, Backups, Collection, DataImportJobs, DataImporters, Databases,
    EngineVersionPolicies, LoadBalancerConfigs, MonitoringConfigs, Namespaces,
    PodSchedulingPolicies, Restores, SplitHorizonDnsConfigs,
};
pub use data_import_job::{DataImportJobModel, ImportBucket, ImportSource};
pub use data_importer::DataImporterModel;
pub use database::{DatabaseModel, FinalBackup, Passwords};
pub use database_components::{Component, Container, DatabaseComponents};
pub use database_credentials::DatabaseCredentialsModel;
pub use database_engines::{DatabaseEngineModel, DatabaseEngines, EngineVersion};
pub use engine_version_policy::EngineVersionPolicyModel;
pub use existing::{Existing, Listed};
pub use list::{EveryObject, NamespacedFilter};
pub use load_balancer_config::LoadBalancerConfigModel;
pub use monitoring_config::MonitoringConfigModel;
pub use namespace::{EngineInstall, Engines, NamespaceModel};
pub use oidc_settings::OidcSettingsModel;
pub use pitr_window::PitrWindow;
pub use pod_scheduling_policy::PodSchedulingPolicyModel;
pub use provider::{Catalog, ExecCredential, ProviderModel};
pub use rbac_policy::RbacPolicyModel;
pub use rbac_role::{Permission, RbacRoleModel};
pub use restore::{RestoreModel, RestorePitr};
pub use split_horizon_dns_config::SplitHorizonDnsConfigModel;
pub use timeouts::Timeouts;
