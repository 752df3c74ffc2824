//! How long an operation may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// How long each operation may take: `90s`, `60m`, `1h30m`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// How long creating may take.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub create: Field<String>,

    /// How long a change may take.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub update: Field<String>,

    /// How long destroying may take.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub delete: Field<String>,
}
