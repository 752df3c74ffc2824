//! CatalogSource: a catalog of operators.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// The source of a catalog.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "operators.coreos.com",
    version = "v1alpha1",
    kind = "CatalogSource",
    plural = "catalogsources",
    status = "CatalogSourceStatus",
    schema = "disabled",
    namespaced,
    doc = "A catalog of operators.",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase", default)]
pub struct CatalogSourceSpec {
    /// Address of an existing catalog server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Name of the catalog, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Image that serves the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// `grpc`, `internal` or `configmap`.
    pub source_type: String,
}

/// The status of a catalog, reported by OLM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CatalogSourceStatus {
    /// OLM's connection to the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_state: Option<CatalogConnection>,
    /// What is wrong with the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The reason in one word, such as `SpecInvalidError`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// OLM's connection to a catalog.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CatalogConnection {
    /// Address that OLM connects to.
    pub address: String,
    /// `READY` once the catalog can be read.
    #[serde(rename = "lastObservedState")]
    pub last_observed_state: String,
}
