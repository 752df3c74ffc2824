//! `everest_pitr_window`, the data source.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;

/// The time span to which a database can be restored by point-in-time recovery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PitrWindow {
    /// Namespace of the database.
    pub namespace: Field<String>,

    /// Name of the database.
    pub database_name: Field<String>,

    /// `true` if the engine's log is uploaded. PostgreSQL always uploads it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub enabled: Field<bool>,

    /// Earliest time, in RFC 3339 format: that at which the newest complete backup was complete.
    /// Null without one, or without point-in-time recovery.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub earliest: Field<String>,

    /// Latest time, in RFC 3339 format. MongoDB does not report it: there it is the time of the
    /// read less the upload interval, so it changes with every read. Null if it is not known.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub latest: Field<String>,

    /// Name of the backup that the span begins with.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub backup_name: Field<String>,

    /// `true` if the log has gaps, so that not every time in the span can be restored.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub gaps: Field<bool>,
}
