//! `everest_monitoring_config`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::MonitoringConfigSpec;
use crate::{Field, Sensitive, facts};

/// A monitoring server (Percona Monitoring and Management) that the databases
/// of a namespace report to.
///
/// Set its API key either with `api_key` (stored in the state) or with `api_key_wo` (stored only in
/// the Secret). Omit both if you create the Secret another way. The Secret must have the
/// configuration's name and the keys `apiKey` and `username` (with the value `api_key`), must exist
/// before the configuration, and is not changed by the provider. The provider creates no API key:
/// create one in the server.
///
/// At every change Everest uses the key to ask the server for its version, so the server must be
/// running and accept the key. A plan cannot check this if the apply writes the key. If Everest
/// refuses a changed key, the Secret already holds it: the next apply writes the key of the
/// configuration again, whether it is corrected or changed back. If a Secret with a key from the
/// configuration was deleted, the apply creates it again. The apply also restores a key from the
/// state if someone else changed it in the Secret.
///
/// Everest's own agent gets a changed key at once. Everest hands the key to a database only when it
/// reconciles that database, for example after any change of it: keep the former key valid until
/// then. The plan names the databases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringConfigModel {
    /// Namespace whose databases report to the server.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the configuration.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 22 characters: lowercase letters, digits and `-`, beginning with a letter"))]
    pub name: Field<String>,

    /// The spec of the MonitoringConfig.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<MonitoringConfigSpec>,

    /// API key of the server. Stored in the state; use `api_key_wo` to avoid that.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub api_key: Field<Sensitive<String>>,

    /// API key, write-only: stored only in the Secret.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    pub api_key_wo: Field<Sensitive<String>>,

    /// Version of the write-only key. Increase this number to send a changed key.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("`api_key_wo` is set"))]
    pub api_key_wo_version: Field<i64>,

    /// If `true`, an apply also overwrites values of other field managers that the plan did not
    /// show.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Timeouts. Only destroying waits: for databases that are being destroyed too.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// `true` while a database reports to the server. The configuration cannot be destroyed then.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub in_use: Field<bool>,

    /// Name of the Secret that holds the API key.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub secret_name: Field<String>,

    /// Version of the server, if Everest reports it. Null for a Secret that has only the keys
    /// `apiKey` and `username`: Everest then gives the databases a client of PMM 3.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub server_version: Field<String>,
}
