//! What narrows a search for existing objects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// Search filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespacedFilter {
    /// Namespace to search. Omitted: all namespaces, which needs permission to list the objects
    /// cluster-wide.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub namespace: Field<String>,
}

/// No filter: finds every object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EveryObject {}
