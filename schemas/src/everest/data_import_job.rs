//! DataImportJob: one import into a database.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DataImportSource;
use crate::Field;

/// What is imported into which database.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "DataImportJob",
    plural = "dataimportjobs",
    shortname = "dij",
    status = "DataImportJobStatus",
    namespaced,
    doc = "One import of data into a database. Everest makes it for a database whose data source is an import.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "TargetCluster", "type": "string", "jsonPath": ".spec.targetClusterName", "description": "Database that is filled"}"#,
    printcolumn = r#"{"name": "State", "type": "string", "jsonPath": ".status.state", "description": "State of the import"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DataImportJobSpec {
    /// Options of the importer, in the form that its DataImporter describes.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend(
        "type" = "object",
        "x-kubernetes-preserve-unknown-fields" = true,
        "x-dynamic" = true
    ))]
    pub config: Field<Value>,

    /// Name of the DataImporter that does the import.
    pub data_importer_name: Field<String>,

    /// Where the data lies.
    pub source: Field<DataImportSource>,

    /// Name of the DatabaseCluster, in the same namespace, to fill.
    pub target_cluster_name: Field<String>,
}

/// What Everest last saw of an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataImportJobStatus {
    /// When the import was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
    /// Name of the Kubernetes Job that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// The generation of the object that the operator last handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_generation: Option<i64>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When the import began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// State in one word: `Pending`, `Running`, `Succeeded`, `Failed` or
    /// `Error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}
