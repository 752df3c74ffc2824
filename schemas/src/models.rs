//! The models of the resources that users write, one file per resource, and of the provider's own
//! settings.
//!
//! A resource's model is the spec of its custom resource, with additional members for this
//! provider. Members are camelCase in JSON and snake_case in Terraform.

mod actions;
mod backup;
mod backup_storage;
mod cluster_info;
mod collections;
mod database;
mod database_components;
mod database_credentials;
mod database_engines;
mod existing;
mod list;
mod monitoring_config;
mod namespace;
mod pitr_window;
mod provider;
mod restore;
mod timeouts;

pub use actions::{BackupAction, RestoreAction, SwitchAction, UpgradeAction};
pub use backup::BackupModel;
pub use backup_storage::BackupStorageModel;
pub use cluster_info::{ClusterInfo, StorageClassInfo};
pub use collections::{
    BackupStorages, Backups, Collection, Databases, MonitoringConfigs, Namespaces, Restores,
};
pub use database::{DatabaseModel, FinalBackup, Passwords};
pub use database_components::{Component, Container, DatabaseComponents};
pub use database_credentials::DatabaseCredentialsModel;
pub use database_engines::{DatabaseEngineModel, DatabaseEngines, EngineVersion};
pub use existing::{Existing, Listed};
pub use list::{EveryObject, NamespacedFilter};
pub use monitoring_config::MonitoringConfigModel;
pub use namespace::{EngineInstall, Engines, NamespaceModel};
pub use pitr_window::PitrWindow;
pub use provider::{Catalog, ExecCredential, ProviderModel};
pub use restore::{RestoreModel, RestorePitr};
pub use timeouts::Timeouts;
