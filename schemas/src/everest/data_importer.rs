//! DataImporter: a program that imports data made outside Everest.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PolicyRule;
use crate::{Field, facts};

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
    /// Rights of each import in the whole cluster. Everest makes a ClusterRole of them.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub cluster_permissions: Field<Vec<Field<PolicyRule>>>,

    /// Options that an import takes.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("no options"))]
    pub config: Field<DataImporterConfig>,

    /// Conditions that a database must meet.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub database_cluster_constraints: Field<DatabaseClusterConstraints>,

    /// Description for users.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub description: Field<String>,

    /// Name that users see.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub display_name: Field<String>,

    /// Container that does the import. Its last argument is the path of a JSON file with the source, the
    /// database to fill and the options.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub job_spec: Field<DataImporterJob>,

    /// Rights of each import in the namespace of its database. Everest makes a Role of them.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub permissions: Field<Vec<Field<PolicyRule>>>,

    /// Engines whose databases it can fill.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("always; without it, no database can be filled"))]
    #[schemars(transform = facts::allowed("`pxc`, `psmdb` and `postgresql`"))]
    pub supported_engines: Field<Vec<Field<String>>>,
}

/// The options that an import may carry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataImporterConfig {
    /// OpenAPI v3 schema of the options, as free JSON. Everest refuses options that it does not list.
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
    /// Command.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("that of the image"))]
    pub command: Field<Vec<Field<String>>>,

    /// Image.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("always; without it, no import begins"))]
    pub image: Field<String>,
}

/// What Everest says of an importer: nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataImporterStatus {}
