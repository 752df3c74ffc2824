//! `DataImporter`: a DataImporter of Everest's, which is cluster-scoped.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::DataImporterModel;

/// A data importer as a managed resource.
pub type DataImporter = Managed<DataImporterModel>;

impl ManagedModel for DataImporterModel {
    const KIND: &'static str = "DataImporter";
    const PLURAL: &'static str = "everestdataimporters";
    const DOC: &'static str = "A program that imports data that was made outside Everest, for new databases of every namespace of the cluster. A config has to grant the kind, by clusterKinds: the importer's rights are those of whoever may change it.";
    const SHAPE: Shape = Shape {
        required: &["jobSpec", "supportedEngines"],
        left_out: &["forceConflicts", "timeouts"],
        descriptions: &[],
        secret: None,
        columns: &[
            Column::new("IMPORTS", "displayName"),
            Column::wide("IMAGE", "jobSpec.image"),
            Column::wide("SHIPPED", "shipped"),
        ],
    };

    fn set_location(&mut self, _: &str, name: &str) {
        self.name = name.into();
    }
}
