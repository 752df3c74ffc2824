//! What Everest says of a database.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::everest::Condition;

/// Status of a database, reported by Everest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterStatus {
    /// The one BackupStorage that a `psmdb` database uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_storage: Option<String>,
    /// Conditions that need attention, such as a refused volume resize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// CR version of the database: the version of the operator's resource that it runs as.
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
    /// The last error reported by the engine's operator.
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
    /// CR version that Everest recommends after an upgrade of the engine's operator; absent if
    /// `spec.engine.crVersion` is up to date.
    #[serde(
        rename = "recommendedCRVersion",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub recommended_cr_version: Option<String>,
    /// Desired number of pods, proxies included.
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
