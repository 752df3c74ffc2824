//! PackageManifest: the versions of an operator in a catalog.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// The empty spec: a manifest has only a status.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "packages.operators.coreos.com",
    version = "v1",
    kind = "PackageManifest",
    plural = "packagemanifests",
    status = "PackageManifestStatus",
    schema = "disabled",
    namespaced,
    doc = "What a catalog offers of one operator. Served by OLM's package server, not stored.",
    derive = "Default",
    derive = "PartialEq"
)]
pub struct PackageManifestSpec {}

/// The versions of an operator in a catalog.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PackageManifestStatus {
    /// Name of the CatalogSource. If two catalogs have the same package, there are two manifests
    /// with the same name.
    pub catalog_source: String,
    /// Namespace of the CatalogSource.
    pub catalog_source_namespace: String,
    /// The channels.
    pub channels: Vec<PackageChannel>,
    /// The channel of Subscriptions without a channel.
    pub default_channel: String,
    /// Name of the package.
    pub package_name: String,
}

/// A channel of a package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PackageChannel {
    /// The newest ClusterServiceVersion.
    #[serde(rename = "currentCSV")]
    pub current_csv: String,
    /// Every version in the channel, newest first; older versions of OLM do
    /// not list them.
    pub entries: Vec<PackageVersion>,
    /// Name of the channel.
    pub name: String,
}

/// A version of an operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PackageVersion {
    /// Its ClusterServiceVersion.
    pub name: String,
    /// The version, such as `1.18.0`.
    pub version: String,
}
