//! `everest_database_engines`, the data source.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, facts};

/// The database engines of one namespace or of all: what is installed, which versions a database
/// may have, and which upgrades of the operators await approval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseEngines {
    /// Namespace to search.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
    pub namespace: Field<String>,

    /// Engine that is wanted.
    #[serde(rename = "type", default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("`pxc`, `psmdb` or `postgresql`"))]
    #[schemars(transform = facts::omitted("all engines"))]
    pub type_: Field<String>,

    /// The engines that were found, by namespace and name.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub database_engines: Field<Vec<DatabaseEngineModel>>,
}

/// An engine in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseEngineModel {
    /// Namespace of the engine.
    pub namespace: String,

    /// Name of the DatabaseEngine, which is also that of the operator's package.
    pub name: String,

    /// The engine: `pxc`, `psmdb` or `postgresql`.
    #[serde(rename = "type")]
    pub type_: String,

    /// State of the operator: `not installed`, `installing`, `installed` or `upgrading`.
    pub status: Option<String>,

    /// Version of the operator that is installed; null if there is none.
    pub operator_version: Option<String>,

    /// Versions of the operator whose upgrades await approval.
    pub pending_operator_versions: Vec<String>,

    /// Versions that Everest's own interface lets users choose; empty: all.
    pub allowed_versions: Vec<String>,

    /// Newest version of the engine that is recommended; null if there is none.
    pub recommended_version: Option<String>,

    /// The versions that a database of the engine may have.
    pub versions: BTreeMap<String, EngineVersion>,

    /// Versions of each proxy, by the proxy's name.
    pub proxy_versions: BTreeMap<String, Vec<String>>,

    /// Versions of the backup tool.
    pub backup_versions: Vec<String>,
}

/// A version of an engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineVersion {
    /// `recommended`, `available`, or another word of Percona's version service.
    pub status: Option<String>,

    /// `true` if an update to it is critical.
    pub critical: bool,

    /// Its image.
    pub image: Option<String>,
}
