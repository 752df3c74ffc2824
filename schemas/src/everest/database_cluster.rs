//! DatabaseCluster: a database.

mod backup;
mod data_source;
mod engine;
mod features;
mod proxy;
mod status;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::optional_is_computed;
use crate::facts::{self, Filler};
use crate::{Engine, Field};

pub use backup::{Backup, BackupSchedule, Pitr};
pub use data_source::{
    BackupSource, DataImport, DataImportS3, DataImportSource, DataSource, PitrTarget,
};
pub use engine::{EngineSpec, ResourceList, Resources, Storage};
pub use features::{
    ConfigServer, EngineFeatures, Monitoring, PsmdbFeatures, ResourceClaim, ResourceRequirements,
    Sharding,
};
pub use proxy::{Expose, Proxy};
pub use status::{
    DatabaseClusterStatus, EngineFeaturesStatus, PsmdbFeaturesStatus, SplitHorizonDomain,
    SplitHorizonStatus,
};

/// Desired state of a database: its engine, size, access, backups and origin.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "DatabaseCluster",
    plural = "databaseclusters",
    shortname = "db",
    shortname = "dbc",
    shortname = "dbcluster",
    status = "DatabaseClusterStatus",
    namespaced,
    validation = Rule::new("!has(self.?status.recommendedCRVersion) || self.spec.engine.version == oldSelf.spec.engine.version")
        .message("engine version may not be updated when a CRVersion update is pending"),
    doc = "A database cluster that Everest runs with one of its engines.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "Size", "type": "string", "jsonPath": ".status.size", "description": "Pods that the database is to have"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.ready", "description": "Pods that are ready"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.status", "description": "State of the database"}"#,
    printcolumn = r#"{"name": "Hostname", "type": "string", "jsonPath": ".status.hostname", "description": "Host name that clients connect to"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
pub struct DatabaseClusterSpec {
    /// Allows configurations that the engine's operator considers unsafe. For `psmdb` it also turns
    /// TLS off: connections are not encrypted. Deprecated: Everest allows a single replica without
    /// it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("deprecated" = true, "x-unfilled" = true))]
    #[schemars(transform = facts::engines(&[Engine::Pxc, Engine::Psmdb]))]
    pub allow_unsafe_configuration: Field<bool>,

    /// Scheduled backups and point-in-time recovery.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    #[schemars(transform = facts::omitted("no backups are taken"))]
    pub backup: Field<Backup>,

    /// Origin of a new database's data: a backup of another database, a path in a backup storage,
    /// or an import.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::allowed("exactly one of these three; a time to restore to only with a backup"))]
    #[schemars(transform = facts::omitted("the database is created empty"))]
    pub data_source: Field<DataSource>,

    /// The database engine: type, version, replicas, storage and resources.
    pub engine: Field<EngineSpec>,

    /// Options that exist only for some engines.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true), transform = facts::needs("1.10"))]
    #[schemars(transform = facts::engines(&[Engine::Psmdb]))]
    pub engine_features: Field<EngineFeatures>,

    /// Monitoring of the database by Percona Monitoring and Management.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub monitoring: Field<Monitoring>,

    /// If `true`, the database is stopped.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(Filler::Everest, "`false`"))]
    pub paused: Field<bool>,

    /// Name of the PodSchedulingPolicy that decides on which nodes the pods run.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true), transform = facts::needs("1.7"))]
    #[schemars(transform = facts::allowed("a policy of the same engine"))]
    #[schemars(transform = facts::omitted("no restrictions"))]
    pub pod_scheduling_policy_name: Field<String>,

    /// The proxy in front of the engine, and how clients reach it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::filled_by(Filler::Everest, "the engine's default proxy, reachable only inside the cluster"))]
    pub proxy: Field<Proxy>,

    /// Sharding of the database.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    #[schemars(transform = facts::engines(&[Engine::Psmdb]))]
    pub sharding: Field<Sharding>,
}
