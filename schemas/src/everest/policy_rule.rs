//! Rules of roles: the type `PolicyRule` of Kubernetes' RBAC API, described for users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, facts};

/// What may be done with which objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRule {
    /// API groups of the objects; `""` is the core group.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub api_groups: Field<Vec<Field<String>>>,

    /// Paths of the API server that are no objects, such as `/metrics`. Only in rules for the whole
    /// cluster, and in rules without resources.
    #[serde(
        rename = "nonResourceURLs",
        default,
        skip_serializing_if = "Field::is_null"
    )]
    pub non_resource_urls: Field<Vec<Field<String>>>,

    /// Names of the objects.
    #[schemars(transform = facts::omitted("all objects"))]
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub resource_names: Field<Vec<Field<String>>>,

    /// Plurals of the kinds, such as `secrets`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub resources: Field<Vec<Field<String>>>,

    /// Verbs, such as `get` or `create`.
    pub verbs: Field<Vec<Field<String>>>,
}
