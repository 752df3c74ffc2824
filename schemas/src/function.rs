//! The input of the composition function: what a step of a composition says.

mod backup;
mod database;
mod patch;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::everest::DatabaseClusterSpec;

pub use backup::BackupInput;
pub use database::{ConnectionSecretInput, DatabaseInput};
pub use patch::{Patch, PatchSource};

/// Group and version of the input.
pub const API_VERSION: &str = "everest.fn.openeverest.io/v1beta1";

/// Kind of the input.
pub const KIND: &str = "Input";

/// What the function composes, and how it looks after what other steps
/// compose.
///
/// Whatever the input says, every DatabaseCluster, DatabaseClusterBackup and
/// DatabaseClusterRestore that the pipeline desires is checked against
/// Everest's rules, named, protected and judged for readiness. A step without
/// databases and backups only does that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// Databases to compose, or to say more about where an earlier step
    /// composes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["resource"]
    ))]
    pub databases: Vec<DatabaseInput>,

    /// Backups to take once, on demand, or to say more about where an earlier
    /// step composes them. Regular ones are schedules of a database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["resource"]
    ))]
    pub backups: Vec<BackupInput>,

    /// What Crossplane is asked to look up, and needs to be allowed to read.
    /// `Everest`: objects of Everest and of its engines. `All`: Namespaces,
    /// StorageClasses and the existence of Secrets as well. `None`: nothing but
    /// what a connection Secret needs; rules that only the cluster can answer
    /// are then left to Everest. Default `Everest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "lookups")]
    pub lookups: Option<Lookups>,

    /// Ids of rules whose warnings are not to be reported, such as
    /// `scheduled-backups`. What a rule refuses stays refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silence: Vec<String>,

    /// How long an answer holds, as a Go duration of at least `10s`: what is
    /// looked up is not watched, so that a rotated password shows after this
    /// time. Longer, and Crossplane works less where nothing happens; it takes
    /// the shortest that any step of the pipeline says. Default `60s`.
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

/// The spec of a DatabaseCluster of which nothing is required.
fn partial_spec(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = DatabaseClusterSpec::json_schema(generator).to_value();
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
