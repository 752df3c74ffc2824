//! Values that travel from a composite resource into a database.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value that is laid over the spec of a database.
///
/// Objects are merged member by member; anything else, lists too, takes the
/// place of what was there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Patch {
    /// Path of the value in the source, such as `spec.size` or
    /// `metadata.labels[team]`.
    #[schemars(length(min = 1))]
    pub from: String,

    /// What the path is of. Default `Composite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PatchSource>,

    /// Path in the spec that receives the value, such as
    /// `engine.storage.size`. Omitted: the value is laid over the whole spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,

    /// What each value stands for: a T-shirt size for a part of a spec, a tier
    /// for a number. Values that are not among the keys are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free_map")]
    pub map: Option<BTreeMap<String, Value>>,

    /// The value, before `map`, where the source has none. Omitted: the patch
    /// does nothing there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free")]
    pub default: Option<Value>,

    /// Whether the composite resource is refused where the source has no value
    /// and there is no default. Default `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
}

/// Where the value of a patch is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum PatchSource {
    /// The composite resource as it is in the cluster.
    #[default]
    Composite,
    /// The environment that an earlier step, such as
    /// function-environment-configs, has put together.
    Environment,
}

fn free(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

fn free_map(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "additionalProperties": { "x-kubernetes-preserve-unknown-fields": true },
    })
}
