//! `everest_data_importer`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::DataImporterSpec;
use crate::{Field, facts};

/// A program that imports data that was made outside Everest, for new databases of all namespaces.
///
/// Everest runs the image of an importer in the namespace of each database that names the importer,
/// with the password of that database and with the rights in `permissions` and
/// `cluster_permissions`. So whoever may change an importer has all these rights: grant them
/// sparingly.
///
/// Everest's chart installs importers, such as `everest-percona-pxc-operator`. They belong to Helm:
/// read them with the data source `everest_data_importer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::extensions::since("1.8"))]
pub struct DataImporterModel {
    /// Name of the importer, as databases name it.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 63 characters: lowercase letters, digits and `-`, beginning with a letter"))]
    pub name: Field<String>,

    /// The spec of the DataImporter.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<DataImporterSpec>,

    /// If `true`, an apply also overwrites values of other field managers that the plan did not
    /// show.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Timeouts. Only destroying waits: for imports that are being deleted too.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// `true` for an importer that Helm has installed with Everest's chart. Helm puts it back at each
    /// upgrade of the chart.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub shipped: Field<bool>,
}
