//! The input of the composition function: what a step of a composition says.

mod backup;
mod companion;
mod database;
mod patch;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::everest::{BackupStorageSpec, MonitoringConfigSpec};

pub use backup::BackupInput;
pub use companion::CompanionInput;
pub use database::{ConnectionSecretInput, DatabaseInput};
pub use patch::{Patch, PatchSource};

/// Group and version of the input.
pub const API_VERSION: &str = "everest.fn.openeverest.io/v1beta1";

/// Kind of the input.
pub const KIND: &str = "Input";

/// The databases, backups, backup storages and monitoring configurations that the function
/// composes, and how it handles those that other steps compose.
///
/// For every object of these kinds that the pipeline desires, and for every DatabaseClusterRestore,
/// the function checks Everest's rules, sets the name, protects the object against accidental
/// deletion and reports its readiness. A step that lists no objects does only that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// Databases to compose, or additions to databases that an earlier step composes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["resource"]
    ))]
    pub databases: Vec<DatabaseInput>,

    /// Backups to take once, on demand, or additions to backups that an earlier step composes. For
    /// regular backups, use the schedules of a database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["resource"]
    ))]
    pub backups: Vec<BackupInput>,

    /// Backup storages to compose, or additions to backup storages that an earlier step composes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["resource"]
    ))]
    pub backup_storages: Vec<CompanionInput<BackupStorageSpec>>,

    /// Monitoring configurations to compose, or additions to monitoring configurations that an
    /// earlier step composes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["resource"]
    ))]
    pub monitoring_configs: Vec<CompanionInput<MonitoringConfigSpec>>,

    /// Objects that the function asks Crossplane to read; Crossplane needs permission to read them.
    /// `Everest`: objects of Everest and of its engines. `All`: also Namespaces, StorageClasses and
    /// whether Secrets exist. `None`: only the objects that a connection Secret needs; Everest then
    /// checks the rules that depend on the cluster. Default `Everest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "lookups")]
    pub lookups: Option<Lookups>,

    /// IDs of rules whose warnings to suppress, such as `scheduled-backups`. Errors of these rules
    /// are still reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silence: Vec<String>,

    /// Time to live of the function's response: a Go duration of at least `10s`. Crossplane does
    /// not watch the objects that the function reads, so a rotated password is noticed after this
    /// time. A longer time means fewer runs of the pipeline. If several steps set it, the shortest
    /// applies. Default `60s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// What Crossplane is asked to look up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lookups {
    /// Objects of Everest and of its engines: engines and their versions,
    /// backup storages, policies, the engine's own object of a database.
    #[default]
    Everest,
    /// Those, and Namespaces, StorageClasses and the existence of the Secrets
    /// that a database refers to.
    All,
    /// Nothing but what a connection Secret needs. Rules that only the cluster
    /// can answer are left to Everest, and a database is as ready as Everest
    /// says.
    None,
}

fn lookups(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [Lookups::Everest, Lookups::All, Lookups::None] })
}

/// The spec `S` of an object, of which nothing is required.
fn partial_spec<S: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = S::json_schema(generator).to_value();
    loosen(&mut schema);
    Schema::try_from(schema).unwrap_or_default()
}

fn loosen(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("required");
    object.remove("x-kubernetes-validations");
    for (keyword, value) in object {
        match keyword.as_str() {
            "items" | "additionalProperties" => loosen(value),
            "properties" => value
                .as_object_mut()
                .into_iter()
                .flat_map(Map::values_mut)
                .for_each(loosen),
            _ => {}
        }
    }
}
