//! MonitoringConfig: a monitoring server that databases report to.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;
use crate::extensions::{also_required, optional_is_computed, secret_is_required};
use crate::facts::{self, Filler};

/// Where a monitoring server is and how it is reached.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "MonitoringConfig",
    plural = "monitoringconfigs",
    status = "MonitoringConfigStatus",
    namespaced,
    doc = "A monitoring server that the databases of a namespace report to.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "Type", "type": "string", "jsonPath": ".spec.type", "description": "Kind of monitoring"}"#,
    printcolumn = r#"{"name": "InUse", "type": "string", "jsonPath": ".status.inUse", "description": "Whether a database reports to it"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
#[schemars(transform = secret_is_required)]
pub struct MonitoringConfigSpec {
    /// Namespaces that the credentials were copied to. Deprecated: a
    /// monitoring server serves its own namespace only.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("deprecated" = true, "x-skip" = true))]
    pub allowed_namespaces: Field<Vec<Field<String>>>,

    /// Name of the Secret, in the same namespace, with the server's API key under the key `apiKey`.
    /// Everest makes the configuration the owner of the Secret.
    // A model of the provider's leaves it out: the provider names the Secret itself.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-skip" = true))]
    pub credentials_secret_name: Field<String>,

    /// The Percona Monitoring and Management server.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("`type` is `pmm`"))]
    pub pmm: Field<Pmm>,

    /// Kind of monitoring.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["pmm"]))]
    pub type_: Field<String>,

    /// If `false`, the server's TLS certificate is not verified.
    #[serde(rename = "verifyTLS", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = true))]
    pub verify_tls: Field<bool>,
}

/// The API requires the image, though a model may leave it out.
fn image_is_required(schema: &mut schemars::Schema) {
    also_required(schema, "image");
}

/// A Percona Monitoring and Management server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = image_is_required)]
pub struct Pmm {
    /// Image of the monitoring client in each database pod.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-default" = ""))]
    #[schemars(transform = facts::filled_by(Filler::Everest, "`percona/pmm-client:3` from Everest 1.10 on"))]
    pub image: Field<String>,

    /// URL of the server.
    #[schemars(transform = facts::allowed("a scheme and a host, without a path"))]
    pub url: Field<String>,
}

/// Status of a monitoring server, reported by Everest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"inUse": false}))]
pub struct MonitoringConfigStatus {
    /// `true` while a database reports to the server. The configuration cannot be deleted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The last generation of the object that the operator handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_generation: Option<i64>,
    /// Version reported by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pmm_server_version: Option<String>,
}
