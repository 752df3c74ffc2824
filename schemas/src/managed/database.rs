//! `Database`: a DatabaseCluster.

use super::resource::{Managed, ManagedModel, Shape};
use crate::models::DatabaseModel;

/// A database as a managed resource.
pub type Database = Managed<DatabaseModel>;

/// Of a storage class.
const CLASS: &str = "Name of the StorageClass. Cannot be changed, because volumes keep their \
                     class. Omitted: the cluster's default.";

impl ManagedModel for DatabaseModel {
    const KIND: &'static str = "Database";
    const PLURAL: &'static str = "everestdatabases";
    const EVEREST_KIND: &'static str = "DatabaseCluster";
    const DOC: &'static str = "A database that Everest runs: MySQL, MongoDB or PostgreSQL.";
    const SHAPE: Shape = Shape {
        required: &["engine"],
        left_out: &["timeouts", "wait", "forceConflicts"],
        descriptions: &[
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
            (
                "restartTrigger",
                "Restarts the database when its value changes to another one; any text, such as \
                 a date. Setting it on a database that exists restarts too; at creation, when a \
                 paused database is started, and when it is removed, nothing happens. A restart \
                 is a full stop, and a paused database cannot be restarted.",
            ),
            (
                "finalBackup",
                "A last backup, taken and waited for when the managed resource is deleted, before \
                 anything of the database goes. Its data stays in the bucket, whatever \
                 `keepBackupData` says. While it cannot be taken the database stays; it goes \
                 without one once this is taken out.",
            ),
            (
                "finalBackup.backupStorageName",
                "Name of the backup storage, in the database's namespace, that it goes to. The \
                 storage has to outlive the database.",
            ),
            (
                "engine.type",
                "The engine: `pxc` (MySQL), `psmdb` (MongoDB) or `postgresql`. Its operator must \
                 be installed in the namespace. Cannot be changed.",
            ),
            (
                "engine.crVersion",
                "Version of the engine operator's resource that the database is run as. \
                 `recommended` follows each upgrade of the operator, which restarts the pods; a \
                 version is raised by hand, to `status.atProvider.recommendedCrVersion`. Omitted: \
                 the operator's version at creation, then left alone.",
            ),
            ("engine.storage.class", CLASS),
            ("proxy.storage.class", CLASS),
            (
                "engineFeatures.psmdb.splitHorizonDnsConfigName",
                "Name of the SplitHorizonDNSConfig, in the same namespace, that gives each pod a \
                 public host name. Not together with sharding. Cannot be changed.",
            ),
            (
                "recommendedCrVersion",
                "Version that `spec.forProvider.engine.crVersion` is to be raised to after an \
                 upgrade of the engine's operator, before the engine's version can change; \
                 `recommended` does so by itself. Not there where there is none.",
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
