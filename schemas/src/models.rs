//! What users write, one file a resource, and the provider's own settings.
//!
//! A resource's model is the spec of the custom resource it stands for, with
//! what only this provider knows around it. Members are camelCase in JSON and
//! snake_case in Terraform.

mod backup;
mod backup_storage;
mod database;
mod list;
mod monitoring_config;
mod namespace;
mod provider;
mod restore;
mod timeouts;

pub use backup::BackupModel;
pub use backup_storage::BackupStorageModel;
pub use database::{DatabaseModel, FinalBackup};
pub use list::{EveryObject, NamespacedFilter};
pub use monitoring_config::MonitoringConfigModel;
pub use namespace::{EngineInstall, Engines, NamespaceModel};
pub use provider::{Catalog, ExecCredential, ProviderModel};
pub use restore::{RestoreModel, RestorePitr};
pub use timeouts::Timeouts;
