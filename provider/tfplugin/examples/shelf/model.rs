//! A shelf: one resource with a bit of everything that a schema can say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::Field;

/// Where shelves are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The directory; the temporary directory by default.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub directory: Field<String>,
}

/// A shelf, stored as a **file**.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shelf {
    /// Its name.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(length(min = 1, max = 22), regex(pattern = "^[a-z][a-z0-9-]*$"))]
    pub name: Field<String>,
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<Spec>,
    /// Whether to wait.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-default" = true))]
    pub wait: Field<bool>,
    /// What the store is to do: nothing, `late`, `fail`, `refuse`, `panic`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub simulate: Field<String>,
    /// A secret that is in no state.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-write-only" = true, "x-sensitive" = true))]
    pub secret_wo: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub secret_wo_version: Field<i64>,
    /// Free JSON.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-dynamic" = true))]
    pub extra: Field<serde_json::Value>,
    /// How long to wait.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<ShelfTimeouts>,
    /// Whether it stands.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub ready: Field<bool>,
    /// A check sum of the secret: shows that it arrived.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub secret_length: Field<i64>,
    /// Goes up with each change.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-never-null" = true))]
    pub generation: Field<i64>,
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// What it is made of.
    pub wood: Field<Wood>,
    /// How much it bears.
    #[schemars(extend("x-semantic" = "quantity"))]
    #[serde(rename = "loadKG")]
    pub load: Field<String>,
    /// How many boards; the store takes two by default.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-computed" = true, "x-server-default" = 2), range(min = 1, max = 9))]
    pub boards: Field<i32>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-computed" = true))]
    pub finish: Field<Finish>,
    /// By name.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-map-key" = "name"))]
    pub boxes: Field<Vec<Box_>>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub labels: Field<BTreeMap<String, Field<String>>>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub hooks: Field<Vec<Field<String>>>,
    /// What it hangs on.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-conflicts-with" = ["legs"]))]
    pub rail: Field<String>,
    /// What it stands on.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub legs: Field<i32>,
}

/// How long to wait, as `1h30m`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShelfTimeouts {
    /// For it to stand.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub create: Field<String>,
}

/// A wood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Wood {
    /// Heavy.
    Oak,
    /// Light.
    Pine,
}

/// How the surface is treated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finish {
    /// A colour; the store chooses one.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-computed" = true))]
    pub colour: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub coats: Field<i32>,
}

/// Stands on the shelf.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Box_ {
    pub name: Field<String>,
    pub volume: Field<f64>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-default" = true))]
    pub closed: Field<bool>,
}
