//! `everest_components`, the data source.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// The pods of a database: engine, proxies, backup agents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseComponents {
    /// Namespace of the database.
    pub namespace: Field<String>,

    /// Name of the database.
    pub database_name: Field<String>,

    /// The pods, by name.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub components: Field<Vec<Component>>,
}

/// A pod of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Name of the pod.
    pub name: String,

    /// What it is for, as the engine's operator says, such as `pxc` or `haproxy`.
    pub component: Option<String>,

    /// Phase of the pod: `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub status: Option<String>,

    /// `true` if every container is ready.
    pub ready: bool,

    /// Number of restarts of its containers.
    pub restarts: i64,

    /// Node that it runs on.
    pub node: Option<String>,

    /// Time at which it was started, in RFC 3339 format.
    pub started_at: Option<String>,

    /// Its containers, by name.
    pub containers: Vec<Container>,
}

/// A container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Name of the container.
    pub name: String,

    /// Image that it runs.
    pub image: String,

    /// `true` if it is ready.
    pub ready: bool,

    /// Number of its restarts.
    pub restarts: i64,

    /// `running`, or why it waits or has ended, such as `CrashLoopBackOff` or `OOMKilled`.
    pub state: Option<String>,
}
