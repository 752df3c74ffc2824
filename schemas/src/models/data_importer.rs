//! `everest_data_importer`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::Field;
use crate::everest::DataImporterSpec;

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
    /// Name of the importer, as databases name it. A change replaces the importer.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// The spec of the DataImporter.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<DataImporterSpec>,

    /// If `true`, an apply also overwrites values of other field managers that the plan did not
    /// show. Default `false`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Timeouts. Only destroying waits: for imports that are being deleted too. Default: `delete`
    /// `30m`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<Timeouts>,

    /// `true` for an importer that Helm has installed with Everest's chart. Helm puts it back at each
    /// upgrade of the chart.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub shipped: Field<bool>,
}
