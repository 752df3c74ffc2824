//! Values that are copied from a composite resource into a composed object.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::partial_spec;
use crate::everest::DatabaseClusterSpec;

/// A value to merge into the spec `S` of an object.
///
/// Objects are merged member by member; lists whose elements have a name are merged element by
/// element; any other value replaces the existing value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(bound = "S: JsonSchema")]
pub struct Patch<S = DatabaseClusterSpec> {
    /// Path of the value in the source, such as `spec.size` or
    /// `metadata.labels[team]`.
    #[schemars(length(min = 1))]
    pub from: String,

    /// Source of the value: the `Composite` resource, or the `Environment` that an earlier step,
    /// such as function-environment-configs, has created. Default `Composite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "sources")]
    pub source: Option<PatchSource>,

    /// Path in the spec that receives the value, such as `engine.storage.size` or
    /// `backup.schedules[nightly].backupStorageName`. Omitted: the value is merged into the whole
    /// spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,

    /// Object to merge into the spec before the value, if there is a value: for example, the other
    /// members of a schedule whose storage the value names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "partial_spec::<S>")]
    pub with: Map<String, Value>,

    /// Map from each allowed value to the value to use: for example, from a T-shirt size to a part
    /// of a spec, or from a tier to a number. A value that is not a key is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free_map")]
    pub map: Option<BTreeMap<String, Value>>,

    /// Value to use, before `map`, if the source has no value. Omitted: the patch does nothing
    /// then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free")]
    pub default: Option<Value>,

    /// If `true`, the composite resource is refused if the source has no value and there is no
    /// default. Default `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,

    /// The type of the spec.
    #[serde(skip)]
    #[schemars(skip)]
    pub of: PhantomData<fn() -> S>,
}

/// Source of a patch's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PatchSource {
    /// The observed composite resource.
    #[default]
    Composite,
    /// The environment that an earlier step, such as function-environment-configs, has created.
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
