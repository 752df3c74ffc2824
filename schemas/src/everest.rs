//! Everest's custom resources, one file per kind.
//!
//! Groups `everest.percona.com/v1alpha1` and, for split-horizon DNS,
//! `enginefeatures.everest.percona.com/v1alpha1`. Specs, which users write, consist of
//! [`Field`](crate::Field)s; statuses consist of plain `Option`s.

mod affinity;
mod backup_storage;
mod condition;
mod data_import_job;
mod data_importer;
mod database_cluster;
mod database_cluster_backup;
mod database_cluster_restore;
mod database_engine;
mod load_balancer_config;
mod monitoring_config;
mod pod_scheduling_policy;
mod policy_rule;
mod split_horizon_dns_config;

pub use affinity::{
    Affinity, LabelSelector, LabelSelectorRequirement, NodeAffinity, NodeSelector,
    NodeSelectorRequirement, NodeSelectorTerm, PodAffinity, PodAffinityTerm,
    PreferredSchedulingTerm, WeightedPodAffinityTerm,
};
pub use backup_storage::{BackupStorage, BackupStorageSpec, BackupStorageStatus};
pub use condition::Condition;
pub use data_import_job::{DataImportJob, DataImportJobSpec, DataImportJobStatus};
pub use data_importer::{
    DataImporter, DataImporterConfig, DataImporterJob, DataImporterSpec, DataImporterStatus,
    DatabaseClusterConstraints,
};
pub use database_cluster::*;
pub use database_cluster_backup::{
    DatabaseClusterBackup, DatabaseClusterBackupSpec, DatabaseClusterBackupStatus,
};
pub use database_cluster_restore::{
    DatabaseClusterRestore, DatabaseClusterRestoreSpec, DatabaseClusterRestoreStatus,
    RestoreDataSource,
};
pub use database_engine::{
    AvailableVersions, ComponentVersion, DatabaseEngine, DatabaseEngineSpec, DatabaseEngineStatus,
    InstallPlanName, OperatorUpgrade, PendingOperatorUpgrade, SecretKey, SecretKeys,
};
pub use load_balancer_config::{
    LoadBalancerConfig, LoadBalancerConfigSpec, LoadBalancerConfigStatus,
};
pub use monitoring_config::{MonitoringConfig, MonitoringConfigSpec, MonitoringConfigStatus, Pmm};
pub use pod_scheduling_policy::{
    AffinityConfig, PodSchedulingPolicy, PodSchedulingPolicySpec, PodSchedulingPolicyStatus,
    PsmdbAffinity, ReplicatedAffinity,
};
pub use policy_rule::PolicyRule;
pub use split_horizon_dns_config::{
    SplitHorizonCertificate, SplitHorizonDnsConfig, SplitHorizonDnsConfigSpec,
    SplitHorizonDnsConfigStatus, SplitHorizonTls,
};
