//! An object that databases refer to, in the function's input.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Patch, partial_spec};

/// A backup storage or a monitoring configuration of the composition, whose spec is `S`. Its
/// credentials are in a Secret that the spec names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(bound = "S: JsonSchema")]
pub struct CompanionInput<S> {
    /// Name of the composed resource, unique in the composition. If an earlier step desires an
    /// object of the kind with this name, these settings are merged into it.
    #[schemars(length(min = 1))]
    pub resource: String,

    /// Name of the object, which databases refer to: at most 22 characters, lowercase letters,
    /// digits and `-`, beginning with a letter. Default: the composite resource's name and a short
    /// hash, as for a database. An existing object keeps its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// Path in the composite resource to the name. If the path has no value, `name` is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_from: Option<String>,

    /// Namespace of the object. For cluster-scoped composite resources only; a namespaced composite
    /// resource always composes into its own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,

    /// Path in the composite resource to the namespace. If the path has no value, `namespace` is
    /// used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_from: Option<String>,

    /// Spec of the object, or the part of the spec that the patches do not set.
    /// `credentialsSecretName` names a Secret in the same namespace, which is not composed: it must
    /// exist, and it is deleted with the object.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "partial_spec::<S>")]
    pub spec: Map<String, Value>,

    /// Values to merge into the spec, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch<S>>,
}
