//! `DataImporter`: a DataImporter of Everest's, which is cluster-scoped.

use everest_schemas::everest::DataImporter;
use everest_schemas::managed::ClusterKind;
use everest_schemas::models::DataImporterModel;

use super::Controlled;
use super::plain::Plain;

/// The kind.
pub struct DataImporters;

impl Controlled for DataImporterModel {
    type Kind = DataImporters;
}

impl Plain for DataImporters {
    type Model = DataImporterModel;
    type External = DataImporter;
    const KIND: ClusterKind = ClusterKind::DataImporter;
}
