//! How long an operation may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Field, facts};

/// Timeouts of the operations, such as `90s`, `60m` or `1h30m`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// Timeout for creation.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a duration, such as `90s`, `60m` or `1h30m`"))]
    pub create: Field<String>,

    /// Timeout for updates.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a duration, such as `90s`, `60m` or `1h30m`"))]
    pub update: Field<String>,

    /// Timeout for destruction.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a duration, such as `90s`, `60m` or `1h30m`"))]
    pub delete: Field<String>,
}
