//! A database in the function's input.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Patch, partial_spec};
use crate::everest::DatabaseClusterSpec;

/// A database of the composition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseInput {
    /// Name of the composed resource, unique in the composition. If an earlier step desires a
    /// DatabaseCluster with this name, these settings are merged into it.
    #[schemars(length(min = 1))]
    pub resource: String,

    /// Name of the DatabaseCluster: at most 22 characters, lowercase letters, digits and `-`,
    /// beginning with a letter. Default: the composite resource's name and a short hash, see the
    /// guide. An existing database keeps its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Path in the composite resource to the name, such as `spec.databaseName`. If the path has no
    /// value, `name` is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_from: Option<String>,

    /// Namespace of the DatabaseCluster. For cluster-scoped composite resources only; a namespaced
    /// composite resource always composes into its own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,

    /// Path in the composite resource to the namespace. If the path has no value, `namespace` is
    /// used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_from: Option<String>,

    /// Labels of the DatabaseCluster.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,

    /// Annotations of the DatabaseCluster.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// Spec of the DatabaseCluster, or the part of the spec that the patches do not set. Members
    /// that you omit keep Everest's value.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "partial_spec::<DatabaseClusterSpec>")]
    pub spec: Map<String, Value>,

    /// Values to merge into the spec, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,

    /// Connection Secret for applications. The function composes it once all of its values are
    /// known. Omitted: no connection Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_secret: Option<ConnectionSecretInput>,

    /// Path in the composite resource's status that receives the status of the database, such as
    /// `status.database`. The schema of the composite resource must have the members that the guide
    /// lists there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_to: Option<String>,
}

/// A Secret of type `connection.crossplane.io/v1alpha1` with the keys
/// `endpoint`, `host`, `port`, `username`, `password` and `uri`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSecretInput {
    /// Name of the Secret, in the database's namespace. Default: the database's name with the
    /// suffix `-connection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Path in the composite resource to the name. If the path has no value, `name` is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_from: Option<String>,

    /// Name of the composed resource. Default: the composed resource's name of the database with
    /// the suffix `-connection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}
