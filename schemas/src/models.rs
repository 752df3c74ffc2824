//! The models of the resources that users write, one file per resource, and of the provider's own
//! settings.
//!
//! A resource's model is the spec of its custom resource, with additional members for this
//! provider. Members are camelCase in JSON and snake_case in Terraform.

mod backup;
mod backup_storage;
mod collections;
mod database;
mod database_credentials;
mod existing;
mod list;
mod monitoring_config;
mod namespace;
mod provider;
mod restore;
mod timeouts;

pub use backup::BackupModel;
pub use backup_storage::BackupStorageModel;
pub use collections::{
    BackupStorages, Backups, Collection, Databases, MonitoringConfigs, Namespaces, Restores,
};
pub use database::{DatabaseModel, FinalBackup};
pub use database_credentials::DatabaseCredentialsModel;
pub use existing::{Existing, Listed};
pub use list::{EveryObject, NamespacedFilter};
pub use monitoring_config::MonitoringConfigModel;
pub use namespace::{EngineInstall, Engines, NamespaceModel};
pub use provider::{Catalog, ExecCredential, ProviderModel};
pub use restore::{RestoreModel, RestorePitr};
pub use timeouts::Timeouts;
