//! `DataImportJob`: a DataImportJob of Everest's and the Secret with the keys of its bucket.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::DataImportJobModel;

/// An import as a managed resource.
pub type DataImportJob = Managed<DataImportJobModel>;

impl ManagedModel for DataImportJobModel {
    const KIND: &'static str = "DataImportJob";
    const PLURAL: &'static str = "everestdataimportjobs";
    const DOC: &'static str = "One import of data, made outside Everest, into an existing database, \
                       whose data is overwritten. It runs once: the managed resource is its \
                       record, and the import does not run again if its object is deleted. \
                       Deleting the managed resource while the import runs ends the import.";
    const SHAPE: Shape = Shape {
        required: &["databaseName", "dataImporterName", "source", "secretRef"],
        left_out: &["timeouts", "triggers"],
        descriptions: &[(
            "namespace",
            "Namespace of the database, in its cluster. Default: the managed resource's \
                 namespace.",
        )],
        secret: Some(
            "The Secret, in the managed resource's namespace, with the bucket's credentials under \
             the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. The provider copies them \
             once, when the import begins, into a Secret with the name of the import, which \
             Everest deletes with it. A Secret of that name that exists is never used.",
        ),
        columns: &[
            Column::new("DATABASE", "databaseName"),
            Column::new("STATE", "state"),
            Column::wide("IMPORTER", "dataImporterName"),
            Column::wide("COMPLETED", "completedAt"),
        ],
    };

    fn set_location(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        self.name = name.into();
    }
}
