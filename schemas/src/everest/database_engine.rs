//! DatabaseEngine: what a namespace offers of one engine.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// What a namespace may use of one engine. Everest makes the object; only the
/// allowed versions are a user's to write.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "DatabaseEngine",
    plural = "databaseengines",
    shortname = "dbengine",
    status = "DatabaseEngineStatus",
    namespaced,
    doc = "What a namespace offers of one database engine, named like the engine's operator.",
    derive = "Default",
    derive = "PartialEq",
    printcolumn = r#"{"name": "Type", "type": "string", "jsonPath": ".spec.type"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.status"}"#,
    printcolumn = r#"{"name": "Operator Version", "type": "string", "jsonPath": ".status.operatorVersion"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseEngineSpec {
    /// Versions of the engine that Everest's own interface lets users choose.
    /// Empty: all that the operator offers.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub allowed_versions: Field<Vec<Field<String>>>,

    /// The keys of the Secret with the passwords of the engine's users.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub secret_keys: Field<SecretKeys>,

    /// The engine: `pxc`, `psmdb` or `postgresql`.
    #[serde(rename = "type")]
    pub type_: Field<String>,
}

/// Keys of Secrets that an engine reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeys {
    /// Keys of the Secret with the passwords of the engine's users.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub user: Field<Vec<SecretKey>>,
}

/// A key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKey {
    /// What the key holds.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub description: Field<String>,
    /// The key.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub name: Field<String>,
}

/// What Everest last saw of an engine's operator in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseEngineStatus {
    /// Versions that the operator can run. They stay when the operator goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_versions: Option<AvailableVersions>,
    /// The upgrade of the operator that is going on, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_upgrade: Option<OperatorUpgrade>,
    /// Version of the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_version: Option<String>,
    /// Upgrades of the operator that await approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_operator_upgrades: Option<Vec<PendingOperatorUpgrade>>,
    /// State of the operator: `not installed`, `installing`, `installed` or
    /// `upgrading`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Versions that an operator can run, by component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailableVersions {
    /// Versions of the backup tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BTreeMap<String, ComponentVersion>>,
    /// Versions of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<BTreeMap<String, ComponentVersion>>,
    /// Versions of each proxy, by the proxy's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<BTreeMap<String, BTreeMap<String, ComponentVersion>>>,
    /// Versions of each further tool, by the tool's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeMap<String, BTreeMap<String, ComponentVersion>>>,
}

/// One version of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentVersion {
    /// Whether an update to it is critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<bool>,
    /// Digest of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_hash: Option<String>,
    /// Its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_path: Option<String>,
    /// `recommended`, `available` or another word of the version service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// An upgrade of an operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperatorUpgrade {
    /// The InstallPlan that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_plan_ref: Option<InstallPlanName>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `started`, `completed` or `failed`. Not reliable: the phase of the
    /// ClusterServiceVersion is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// When it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// The version that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
}

/// An upgrade of an operator that awaits approval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingOperatorUpgrade {
    /// The InstallPlan to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_plan_ref: Option<InstallPlanName>,
    /// The version that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
}

/// An InstallPlan of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct InstallPlanName {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ""))]
    pub name: Option<String>,
}
