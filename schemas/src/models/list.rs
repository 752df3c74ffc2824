//! What narrows a search for existing objects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// Which objects to find.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespacedFilter {
    /// Only those in this namespace. Omitted: those of every namespace, which
    /// needs the permission to list them cluster-wide.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub namespace: Field<String>,
}

/// Every object: there is nothing to narrow the search by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EveryObject {}
