//! `everest_data_importer`: a program that imports data.

use everest_core::api;
use everest_schemas::Field;
use everest_schemas::models::{DataImporterModel, DataImporters, Timeouts};

use crate::moved::ObjectKind;
use crate::plain::Plain;

/// The kind.
pub struct DataImporter;

impl Plain for DataImporter {
    type Model = DataImporterModel;
    type Collection = DataImporters;
    const TYPE: &'static str = "everest_data_importer";
    const PLURAL: &'static str = "everest_data_importers";
    const EXISTING: &'static str = "A program that imports data that was made outside Everest. Those \
         of Everest's chart are read with this data source.";
    const OBJECT: ObjectKind = (api::GROUP, "DataImporter");

    fn timeouts(model: &DataImporterModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn open_an_output(planned: &mut DataImporterModel) {
        planned.shipped = Field::Unknown;
    }
}
