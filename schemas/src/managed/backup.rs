//! `Backup`: a DatabaseClusterBackup.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::BackupModel;

/// A backup as a managed resource.
pub type Backup = Managed<BackupModel>;

impl ManagedModel for BackupModel {
    const KIND: &'static str = "Backup";
    const PLURAL: &'static str = "everestbackups";
    const EVEREST_KIND: &'static str = "DatabaseClusterBackup";
    const DOC: &'static str =
        "One backup of a database, taken when the managed resource is created.";
    const SHAPE: Shape = Shape {
        required: &["databaseName", "backupStorageName"],
        left_out: &["timeouts", "wait"],
        descriptions: &[
            (
                "namespace",
                "Namespace of the database, in its cluster. Default: the managed resource's \
                 namespace.",
            ),
            (
                "keepBackupData",
                "If `true`, the data stays in the bucket when the backup is deleted. A schedule of a \
                 `postgresql` database with `retentionCopies` deletes older backups in its storage, \
                 also this one. Default `true`.",
            ),
        ],
        secret: None,
        columns: &[
            Column::new("DATABASE", "databaseName"),
            Column::new("STATE", "state"),
            Column::wide("STORAGE", "backupStorageName"),
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
