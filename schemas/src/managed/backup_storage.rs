//! `BackupStorage`: a BackupStorage of Everest's and the Secret with its credentials.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::BackupStorageModel;

/// A backup storage as a managed resource.
pub type BackupStorage = Managed<BackupStorageModel>;

impl ManagedModel for BackupStorageModel {
    const KIND: &'static str = "BackupStorage";
    const PLURAL: &'static str = "everestbackupstorages";
    const DOC: &'static str =
        "A bucket that receives the backups of the databases in its namespace.";
    const SHAPE: Shape = Shape {
        required: &["bucket", "type"],
        left_out: &["credentialsWoVersion", "forceConflicts", "timeouts"],
        descriptions: &[
            (
                "namespace",
                "Namespace whose databases use the storage, in their cluster. Default: the managed \
                 resource's namespace.",
            ),
            (
                "inUse",
                "`true` while a database, backup or restore refers to the storage. It cannot be \
                 deleted then.",
            ),
        ],
        secret: Some(
            "The Secret, in the managed resource's namespace, with the bucket's credentials under \
             the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. The provider copies them \
             into the Secret that the storage reads, and again when they change. Not every \
             database gets changed credentials at once: see the rule `credentials-reach`. Omitted: \
             that Secret must exist and is not changed.",
        ),
        columns: &[
            Column::new("TYPE", "type"),
            Column::new("BUCKET", "bucket"),
            Column::new("IN-USE", "inUse"),
            Column::wide("REGION", "region"),
            Column::wide("ENDPOINT", "endpointURL"),
        ],
    };

    fn set_location(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        self.name = name.into();
    }
}
