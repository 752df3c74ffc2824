//! `everest_cluster`, the data source.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// The cluster: its Kubernetes version, the Everest that it runs, and its storage classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterInfo {
    /// Version of Kubernetes, such as `v1.33.1`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub kubernetes_version: Field<String>,

    /// Version of Everest, such as `1.13.0`; null if its Deployment may not be read, or if its
    /// image has no version.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub everest_version: Field<String>,

    /// Lines of Everest whose kinds the cluster serves: `v1`, `v2`. This provider is for `v1`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub everest_lines: Field<Vec<String>>,

    /// Storage classes, by name; null if they may not be listed.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub storage_classes: Field<Vec<StorageClassInfo>>,
}

/// A storage class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageClassInfo {
    /// Name of the class, for `engine.storage.class`.
    pub name: String,

    /// What makes its volumes.
    pub provisioner: String,

    /// `true` if volumes that name no class are of this one.
    pub default: bool,

    /// `true` if its volumes can grow.
    pub allow_volume_expansion: bool,
}
