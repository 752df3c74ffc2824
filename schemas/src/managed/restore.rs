//! `Restore`: a DatabaseClusterRestore.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::RestoreModel;

/// A restore as a managed resource.
pub type Restore = Managed<RestoreModel>;

impl ManagedModel for RestoreModel {
    const KIND: &'static str = "Restore";
    const PLURAL: &'static str = "everestrestores";
    const EVEREST_KIND: &'static str = "DatabaseClusterRestore";
    const DOC: &'static str = "One restore of a backup into an existing database. It runs once: \
                       the managed resource is its record, and the restore does not run again if \
                       its object is deleted.";
    const SHAPE: Shape = Shape {
        required: &["databaseName"],
        left_out: &["timeouts", "triggers"],
        descriptions: &[
            (
                "namespace",
                "Namespace of the database, in its cluster. Default: the managed resource's \
                 namespace.",
            ),
            (
                "backupName",
                "Name of the backup to restore, in the same namespace and of the same engine; for \
                 `postgresql`, of the same database. Exactly one of `backupName` and \
                 `backupSource`.",
            ),
            (
                "backupSource",
                "A backup identified by its path in a backup storage.",
            ),
        ],
        secret: None,
        columns: &[
            Column::new("DATABASE", "databaseName"),
            Column::new("STATE", "state"),
            Column::wide("BACKUP", "backupName"),
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
