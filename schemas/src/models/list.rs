//! What narrows a search for existing objects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, facts};

/// Search filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespacedFilter {
    /// Namespace to search.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
    pub namespace: Field<String>,
}

/// No filter: finds every object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EveryObject {}
