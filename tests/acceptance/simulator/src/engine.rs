//! The three engines and what differs between them by name.

use crate::kinds::{self, Kind};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// MySQL: Percona XtraDB Cluster.
    Pxc,
    /// MongoDB: Percona Server for MongoDB.
    Psmdb,
    /// PostgreSQL.
    Postgresql,
}

impl Engine {
    /// All engines, in the order Everest lists them.
    pub const ALL: [Engine; 3] = [Engine::Pxc, Engine::Psmdb, Engine::Postgresql];

    /// The engine that `spec.engine.type` names.
    pub fn of_type(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.type_name() == name)
    }

    /// The engine whose operator (Deployment, DatabaseEngine) has this name.
    pub fn of_operator(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.operator() == name)
    }

    /// The engine that owns a kind of the engine operators.
    pub fn of_kind(kind: &Kind) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|e| e.cluster_kind().group == kind.group)
    }

    /// Value of `spec.engine.type`.
    pub fn type_name(self) -> &'static str {
        match self {
            Engine::Pxc => "pxc",
            Engine::Psmdb => "psmdb",
            Engine::Postgresql => "postgresql",
        }
    }

    /// Name of the operator: package, Deployment and DatabaseEngine.
    pub fn operator(self) -> &'static str {
        match self {
            Engine::Pxc => "percona-xtradb-cluster-operator",
            Engine::Psmdb => "percona-server-mongodb-operator",
            Engine::Postgresql => "percona-postgresql-operator",
        }
    }

    /// The engine operator's database kind.
    pub fn cluster_kind(self) -> &'static Kind {
        match self {
            Engine::Pxc => &kinds::PXC_CLUSTER,
            Engine::Psmdb => &kinds::PSMDB_CLUSTER,
            Engine::Postgresql => &kinds::PG_CLUSTER,
        }
    }

    /// The engine operator's backup kind.
    pub fn backup_kind(self) -> &'static Kind {
        match self {
            Engine::Pxc => &kinds::PXC_BACKUP,
            Engine::Psmdb => &kinds::PSMDB_BACKUP,
            Engine::Postgresql => &kinds::PG_BACKUP,
        }
    }

    /// The engine operator's restore kind.
    pub fn restore_kind(self) -> &'static Kind {
        match self {
            Engine::Pxc => &kinds::PXC_RESTORE,
            Engine::Psmdb => &kinds::PSMDB_RESTORE,
            Engine::Postgresql => &kinds::PG_RESTORE,
        }
    }

    /// Member of a backup's or restore's spec that names the database.
    pub fn cluster_field(self) -> &'static str {
        match self {
            Engine::Pxc => "pxcCluster",
            Engine::Psmdb => "clusterName",
            Engine::Postgresql => "pgCluster",
        }
    }

    /// Port that clients connect to.
    pub fn port(self) -> i64 {
        match self {
            Engine::Pxc => 3306,
            Engine::Psmdb => 27017,
            Engine::Postgresql => 5432,
        }
    }

    /// Finalizers that everest-operator puts on the engine's database.
    pub fn finalizers(self) -> &'static [&'static str] {
        match self {
            Engine::Pxc => &[
                "percona.com/delete-pxc-pods-in-order",
                "percona.com/delete-pxc-pvc",
                "percona.com/delete-ssl",
            ],
            Engine::Psmdb => &[
                "percona.com/delete-psmdb-pods-in-order",
                "percona.com/delete-psmdb-pvc",
            ],
            Engine::Postgresql => &["percona.com/delete-pvc", "percona.com/delete-ssl"],
        }
    }

    /// Keys of the user Secret with a word on each, as DatabaseEngine lists
    /// them; none for PostgreSQL, whose users cannot be preset.
    pub fn secret_keys(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Engine::Pxc => &[
                ("monitor", "Password for monitoring user"),
                ("root", "Password for root user"),
                ("proxyadmin", "Password for ProxySQL admin user"),
                ("xtrabackup", "Password for backup user"),
                ("operator", "Password for the operator user"),
                ("replication", "Password for the replication user"),
            ],
            Engine::Psmdb => &[
                ("MONGODB_BACKUP_USER", "Name of the backup user"),
                ("MONGODB_BACKUP_PASSWORD", "Password of the backup user"),
                ("MONGODB_DATABASE_ADMIN_USER", "Name of the database admin"),
                (
                    "MONGODB_DATABASE_ADMIN_PASSWORD",
                    "Password of the database admin",
                ),
                ("MONGODB_CLUSTER_ADMIN_USER", "Name of the cluster admin"),
                (
                    "MONGODB_CLUSTER_ADMIN_PASSWORD",
                    "Password of the cluster admin",
                ),
                ("MONGODB_CLUSTER_MONITOR_USER", "Name of the monitor user"),
                (
                    "MONGODB_CLUSTER_MONITOR_PASSWORD",
                    "Password of the monitor user",
                ),
                ("MONGODB_USER_ADMIN_USER", "Name of the user admin"),
                ("MONGODB_USER_ADMIN_PASSWORD", "Password of the user admin"),
            ],
            Engine::Postgresql => &[],
        }
    }
}
