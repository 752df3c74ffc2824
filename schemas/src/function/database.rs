//! A database in the function's input.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Patch, partial_spec};

/// A database of the composition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseInput {
    /// Name of the composed resource, unique in the composition. If an earlier
    /// step desires a DatabaseCluster under this name, what is said here is
    /// laid over it.
    #[schemars(length(min = 1))]
    pub resource: String,

    /// Name of the DatabaseCluster: at most 22 characters, lowercase letters,
    /// digits and `-`, beginning with a letter. Default: made of the composite
    /// resource's name and a short hash, see the guide. A database keeps the
    /// name that it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Path in the composite resource that holds the name, such as
    /// `spec.databaseName`. Where it holds nothing, `name` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_from: Option<String>,

    /// Namespace of the DatabaseCluster, for composite resources of the
    /// cluster; one of a namespace composes only into its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,

    /// Path in the composite resource that holds the namespace. Where it holds
    /// nothing, `namespace` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_from: Option<String>,

    /// Labels of the DatabaseCluster.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,

    /// Annotations of the DatabaseCluster.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// What every database of the composition has in common: a spec of a
    /// DatabaseCluster, or the part of it that the patches do not fill in.
    /// What is left out is left as Everest has it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "partial_spec")]
    pub spec: Map<String, Value>,

    /// Values that are laid over the spec, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,

    /// The Secret that applications connect with; made once everything in it
    /// is known. Omitted: none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_secret: Option<ConnectionSecretInput>,

    /// Path in the composite resource's status that receives what is known of
    /// the database, such as `status.database`. Its schema must have the
    /// members that the guide lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_to: Option<String>,
}

/// A Secret of type `connection.crossplane.io/v1alpha1` with the keys
/// `endpoint`, `host`, `port`, `username`, `password` and `uri`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSecretInput {
    /// Name of the Secret, which lies in the database's namespace. Default:
    /// the database's name with `-connection` behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Path in the composite resource that holds the name. Where it holds
    /// nothing, `name` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_from: Option<String>,

    /// Name of the composed resource. Default: the database's with
    /// `-connection` behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}
