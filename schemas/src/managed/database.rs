//! `Database`: a DatabaseCluster.

use super::resource::{Managed, ManagedModel, Shape};
use crate::models::DatabaseModel;

/// A database as a managed resource.
pub type Database = Managed<DatabaseModel>;

impl ManagedModel for DatabaseModel {
    const KIND: &'static str = "Database";
    const PLURAL: &'static str = "everestdatabases";
    const DOC: &'static str = "A database that Everest runs: MySQL, MongoDB or PostgreSQL.";
    const SHAPE: Shape = Shape {
        required: &["engine"],
        left_out: &["timeouts", "wait"],
        said: &[
            (
                "namespace",
                "Namespace that the database runs in, in its cluster; it must be one of \
                 Everest's. Default: the managed resource's own.",
            ),
            (
                "deletionProtection",
                "Whether deleting the managed resource is held up instead of deleting the \
                 database. Default `false`: `managementPolicies` without `Delete` leave the \
                 database and let the managed resource go.",
            ),
            (
                "keepBackupData",
                "Whether the data of the database's backups stays in the bucket when the \
                 database is deleted. Default `true`.",
            ),
        ],
        secret: None,
    };

    fn place(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        self.name = name.into();
    }
}
