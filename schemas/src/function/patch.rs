//! Values that travel from a composite resource into a database.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::partial_spec;

/// A value that is laid over the spec of a database.
///
/// Objects are merged member by member, and lists whose elements have a name
/// element by element; anything else takes the place of what was there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Patch {
    /// Path of the value in the source, such as `spec.size` or
    /// `metadata.labels[team]`.
    #[schemars(length(min = 1))]
    pub from: String,

    /// What the path is of: the `Composite` resource, or the `Environment` that
    /// an earlier step, such as function-environment-configs, has put together.
    /// Default `Composite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "sources")]
    pub source: Option<PatchSource>,

    /// Path in the spec that receives the value, such as
    /// `engine.storage.size` or `backup.schedules[nightly].backupStorageName`.
    /// Omitted: the value is laid over the whole spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,

    /// What is laid over the spec before the value, if there is one: the rest
    /// of a schedule whose storage the value names, for example.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "partial_spec")]
    pub with: Map<String, Value>,

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PatchSource {
    /// The composite resource as it is in the cluster.
    #[default]
    Composite,
    /// The environment that an earlier step, such as
    /// function-environment-configs, has put together.
    Environment,
}

fn sources(_: &mut SchemaGenerator) -> Schema {
    let sources = [PatchSource::Composite, PatchSource::Environment];
    json_schema!({ "type": "string", "enum": sources })
}

fn free(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

fn free_map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": { "x-kubernetes-preserve-unknown-fields": true },
    })
}
