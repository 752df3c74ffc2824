//! DataImporter: a program that imports data made outside Everest.

use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Field;

/// A program that imports data, and what it needs.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "DataImporter",
    plural = "dataimporters",
    status = "DataImporterStatus",
    doc = "A program that imports data made outside Everest into a new database.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "DisplayName", "type": "string", "jsonPath": ".spec.displayName", "description": "Name for readers"}"#,
    printcolumn = r#"{"name": "Description", "type": "string", "jsonPath": ".spec.description", "description": "What it imports"}"#,
    printcolumn = r#"{"name": "SupportedEngines", "type": "string", "jsonPath": ".spec.supportedEngines", "description": "Engines that it can fill"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DataImporterSpec {
    /// Rules of the ClusterRole that each import runs with.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-dynamic" = true))]
    pub cluster_permissions: Field<Vec<PolicyRule>>,

    /// The options that an import may carry.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub config: Field<DataImporterConfig>,

    /// What a database must have to be filled by it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub database_cluster_constraints: Field<DatabaseClusterConstraints>,

    /// What it imports, for readers.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub description: Field<String>,

    /// Its name, for readers.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub display_name: Field<String>,

    /// The container that does the import.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub job_spec: Field<DataImporterJob>,

    /// Rules of the Role, in the database's namespace, that each import runs
    /// with.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-dynamic" = true))]
    pub permissions: Field<Vec<PolicyRule>>,

    /// Engines that it can fill.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub supported_engines: Field<Vec<Field<String>>>,
}

/// The options that an import may carry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataImporterConfig {
    /// An OpenAPI v3 schema that the options are checked against.
    #[serde(
        rename = "openAPIV3Schema",
        default,
        skip_serializing_if = "Field::is_null"
    )]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true, "x-dynamic" = true))]
    pub open_api_v3_schema: Field<Value>,
}

/// What a database must have to be filled by an importer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseClusterConstraints {
    /// Paths of fields in the DatabaseCluster that must be set, such as
    /// `.spec.engine.userSecretsName`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub required_fields: Field<Vec<Field<String>>>,
}

/// The container that does an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataImporterJob {
    /// Its command.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub command: Field<Vec<Field<String>>>,

    /// Its image.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub image: Field<String>,
}

/// What Everest says of an importer: nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataImporterStatus {}
