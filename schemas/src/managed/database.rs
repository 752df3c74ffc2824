//! `Database`: a DatabaseCluster.

use super::resource::{Column, Managed, ManagedModel, Shape};
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
        left_out: &["timeouts", "wait", "forceConflicts", "usersWoVersion"],
        descriptions: &[
            (
                "namespace",
                "Namespace of the database, in its cluster; it must be managed by Everest. \
                 Default: the managed resource's namespace.",
            ),
            (
                "deletionProtection",
                "If `true`, the deletion of the managed resource waits and the database is not \
                 deleted. Default `false`. To delete the managed resource and keep the database, \
                 use `managementPolicies` without `Delete`.",
            ),
            (
                "keepBackupData",
                "If `true`, the data of the database's backups stays in the bucket when the \
                 database is deleted. Default `true`.",
            ),
            (
                "restartTrigger",
                "Any text, such as a date. Changing it restarts the database, and so does setting \
                 it on an existing database. Setting it at creation or when a paused database is \
                 started, or removing it, does not. A restart stops the whole database and starts \
                 it again; a paused database cannot be restarted.",
            ),
            (
                "finalBackup",
                "Final backup of the database. Deleting the managed resource takes it first and \
                 waits until it is complete. Its data stays in the bucket, even with \
                 `keepBackupData: false`. If the backup fails, the database is not deleted; to \
                 delete the database without a final backup, remove this member.",
            ),
            (
                "finalBackup.backupStorageName",
                "Name of the backup storage, in the database's namespace, that receives the \
                 backup. Delete the storage only after the database.",
            ),
            (
                "engine.type",
                "The engine: `pxc` (MySQL), `psmdb` (MongoDB) or `postgresql`. The engine's \
                 operator must be installed in the namespace. Cannot be changed.",
            ),
            (
                "engine.crVersion",
                "CR version of the database: the version of the operator's resource that it runs \
                 as. With `recommended`, the provider sets the version that Everest recommends \
                 after each upgrade of the operator, which restarts the pods. A fixed version \
                 keeps the database at that version; raise it to \
                 `status.atProvider.recommendedCrVersion` yourself. Omitted: the operator's \
                 version at creation, then unchanged.",
            ),
            ("engine.storage.class", CLASS),
            ("proxy.storage.class", CLASS),
            (
                "engineFeatures.psmdb.splitHorizonDnsConfigName",
                "Name of the SplitHorizonDNSConfig, in the same namespace, that gives each pod a \
                 public host name. Cannot be combined with sharding. Cannot be changed.",
            ),
            (
                "recommendedCrVersion",
                "CR version that Everest recommends after an upgrade of the engine's operator; \
                 absent if `spec.forProvider.engine.crVersion` is up to date. Until the database \
                 has it, the engine's version cannot change. With `recommended`, the provider sets \
                 it.",
            ),
        ],
        secret: None,
        columns: &[
            Column::new("ENGINE", "engine.type"),
            Column::new("VERSION", "engine.version"),
            Column::new("STATE", "status"),
            Column::wide("REPLICAS", "engine.replicas"),
            Column::wide("STORAGE", "engine.storage.size"),
            Column::wide("HOSTNAME", "hostname"),
        ],
    };

    const SECRETS: &'static [(&'static str, &'static str)] = &[
        (
            "importSecretRef",
            "The Secret, in the managed resource's namespace, with the keys of the bucket of \
             `dataSource.dataImport`, under `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. The \
             provider copies them once, before it creates the database, into the Secret \
             `dataSource.dataImport.source.s3.credentialsSecretName`, which must not exist and \
             which Everest deletes with the database. Omitted: that Secret must exist.",
        ),
        (
            "usersSecretRef",
            "The Secret, in the managed resource's namespace, with passwords of the engine's users, \
         under the keys of the Secret `status.atProvider.credentialsSecretName`. `pxc`: `root`, \
         `operator`, `monitor`, `xtrabackup`, `replication` and `proxyadmin`. `psmdb`: \
         `MONGODB_…_PASSWORD` and `MONGODB_…_USER`, with `DATABASE_ADMIN`, `USER_ADMIN`, \
         `CLUSTER_ADMIN`, `CLUSTER_MONITOR` and `BACKUP`. `postgresql`: none, because its operator \
         keeps its own passwords. A new database starts with these passwords. The provider copies \
         them again when the Secret changes: the engine's operator then changes the passwords in \
         the database, and the previous ones stop working. Keys that the Secret lacks get a \
         generated value at creation and keep their value afterwards. Omitted: all passwords are \
         generated, or stay as they are.",
        ),
    ];

    fn set_location(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        self.name = name.into();
    }
}
