//! `everest_monitoring_config`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::MonitoringConfigSpec;
use crate::{Field, Sensitive};

/// A monitoring server (Percona Monitoring and Management) that the databases
/// of a namespace report to.
///
/// Set its API key either with `api_key` (stored in the state) or with
/// `api_key_wo` (stored nowhere but in the Secret). Omit both where something
/// else makes the Secret: it has the configuration's name and the keys `apiKey`
/// and `username` (`api_key`), must exist before, and is not changed. No key is
/// made here: make one in the server.
///
/// Everest asks the server for its version with the key at every change, so the
/// server has to be up and take the key. Where an apply writes the key, the plan
/// does not try that. If a Secret with a key of the configuration is gone, or a
/// key of the state was changed in it, the apply writes it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringConfigModel {
    /// Namespace whose databases report to the server. A change replaces the
    /// configuration.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the configuration: lowercase letters, digits and `-`, beginning
    /// with a letter. A change replaces the configuration.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// The spec of the MonitoringConfig.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<MonitoringConfigSpec>,

    /// API key of the server. The state holds it; `api_key_wo` is not held.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub api_key: Field<Sensitive<String>>,

    /// API key, write-only: sent to the Secret and held nowhere else.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    pub api_key_wo: Field<Sensitive<String>>,

    /// Any number; change it to have the write-only key sent again.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub api_key_wo_version: Field<i64>,

    /// Whether an apply also overwrites values of other field managers that
    /// the plan did not show. Default `false`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// How long operations may take; only destroying waits, for databases that
    /// are being destroyed as well. Default: delete `30m`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<Timeouts>,

    /// Whether a database reports to it; it cannot be destroyed then.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub in_use: Field<bool>,

    /// Name of the Secret that holds the API key.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub secret_name: Field<String>,

    /// Version of the server, where Everest has found it out.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub server_version: Field<String>,
}
