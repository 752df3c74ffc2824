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

use crate::Field;
use crate::extensions::{optional_is_computed, since};

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
    /// Allows configurations that the engine's operator considers unsafe, such as a single replica.
    /// Deprecated: Everest sets this itself when `engine.replicas` is 1.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("deprecated" = true, "x-unfilled" = true))]
    pub allow_unsafe_configuration: Field<bool>,

    /// Scheduled backups and point-in-time recovery. Omitted: no backups are taken.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub backup: Field<Backup>,

    /// Origin of the database's data: a backup of another database, a path in a backup storage, or
    /// an import. It is used only at creation, so a later change has no effect.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub data_source: Field<DataSource>,

    /// The database engine: type, version, replicas, storage and resources.
    pub engine: Field<EngineSpec>,

    /// Options that exist only for some engines.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true), transform = since("1.10"))]
    pub engine_features: Field<EngineFeatures>,

    /// Monitoring of the database by Percona Monitoring and Management.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub monitoring: Field<Monitoring>,

    /// If `true`, stops the database: its pods are deleted, its volumes are kept. Default `false`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub paused: Field<bool>,

    /// Name of the PodSchedulingPolicy, of the same engine, that decides on which nodes the pods
    /// run. Omitted: no restrictions.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true), transform = since("1.7"))]
    pub pod_scheduling_policy_name: Field<String>,

    /// The proxy in front of the engine, and how clients reach it. Omitted: the engine's default
    /// proxy, reachable only inside the cluster.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub proxy: Field<Proxy>,

    /// Sharding of a MongoDB (`psmdb`) database; not available for other engines. It cannot be
    /// turned on or off once the database exists.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-unfilled" = true))]
    pub sharding: Field<Sharding>,
}
