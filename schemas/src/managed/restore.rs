//! `Restore`: a DatabaseClusterRestore.

use super::resource::{Managed, ManagedModel, Shape};
use crate::models::RestoreModel;

/// A restore as a managed resource.
pub type Restore = Managed<RestoreModel>;

impl ManagedModel for RestoreModel {
    const KIND: &'static str = "Restore";
    const PLURAL: &'static str = "everestrestores";
    const EVEREST_KIND: &'static str = "DatabaseClusterRestore";
    const DOC: &'static str = "One restore of a backup into a database that exists. It runs once: the managed resource is \
                       its record, and it never runs again because its object is gone.";
    const SHAPE: Shape = Shape {
        required: &["databaseName"],
        left_out: &["timeouts", "triggers"],
        descriptions: &[
            (
                "namespace",
                "Namespace of the database, in its cluster. Default: the managed resource's own.",
            ),
            ("databaseName", "Name of the database to restore into."),
            (
                "backupName",
                "Name of the backup to restore, in the same namespace and of the same engine. \
                 Exactly one of `backupName` and `backupSource`.",
            ),
            ("backupSource", "A backup in a storage, named by its path."),
            (
                "pitr",
                "The moment to restore to. Left out: that of the backup itself.",
            ),
        ],
        secret: None,
    };

    fn set_location(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        self.name = name.into();
    }
}
