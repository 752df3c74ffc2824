//! What Everest says of a database.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::everest::Condition;

/// What Everest last saw of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterStatus {
    /// The one BackupStorage that a `psmdb` database uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_storage: Option<String>,
    /// Aspects that need attention, such as a refused volume resize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// Version of the engine operator's resource that the database is run as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cr_version: Option<String>,
    /// Name of the DataImportJob that fills the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_import_job_name: Option<String>,
    /// The status of the engine's own resource, as YAML text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// State of the options that only some engines have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_features: Option<EngineFeaturesStatus>,
    /// Host name that clients connect to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// What the engine's operator last complained of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the object that the operator last handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Port that clients connect to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Number of pods that are ready, proxies included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<i32>,
    /// Version that `spec.engine.crVersion` is to be raised to after an
    /// upgrade of the engine's operator; absent when there is none.
    #[serde(
        rename = "recommendedCRVersion",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub recommended_cr_version: Option<String>,
    /// Number of pods that there are to be, proxies included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i32>,
    /// State in one word, such as `initializing`, `ready` or `restoring`;
    /// empty before the operator has seen the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// State of the options that only some engines have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineFeaturesStatus {
    /// State of MongoDB's options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psmdb: Option<PsmdbFeaturesStatus>,
}

/// State of MongoDB's options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PsmdbFeaturesStatus {
    /// Public host names of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_horizon: Option<SplitHorizonStatus>,
}

/// Public host names of a database's pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitHorizonStatus {
    /// One entry for each pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<SplitHorizonDomain>>,
    /// Public host name of the database as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// Public host name of a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitHorizonDomain {
    /// The host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Address of the pod's Service inside the cluster.
    #[serde(rename = "privateIP", default, skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// Address of the pod's load balancer.
    #[serde(rename = "publicIP", default, skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<String>,
}
