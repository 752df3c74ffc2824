//! The kinds of the engines' operators that correspond to Everest's kinds.

use everest_schemas::Engine;

/// The kinds of an engine's operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineKinds {
    /// API group.
    pub group: &'static str,
    /// Version of the group.
    pub version: &'static str,
    /// A database. It has the name and namespace of its DatabaseCluster.
    pub database: &'static str,
    /// A backup, named like its DatabaseClusterBackup.
    pub backup: &'static str,
    /// A restore, named like its DatabaseClusterRestore.
    pub restore: &'static str,
}

impl EngineKinds {
    /// Group and version, as objects have them.
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }
}

/// The kinds of an engine's operator.
pub const fn engine_kinds(engine: Engine) -> EngineKinds {
    match engine {
        Engine::Pxc => EngineKinds {
            group: "pxc.percona.com",
            version: "v1",
            database: "PerconaXtraDBCluster",
            backup: "PerconaXtraDBClusterBackup",
            restore: "PerconaXtraDBClusterRestore",
        },
        Engine::Psmdb => EngineKinds {
            group: "psmdb.percona.com",
            version: "v1",
            database: "PerconaServerMongoDB",
            backup: "PerconaServerMongoDBBackup",
            restore: "PerconaServerMongoDBRestore",
        },
        Engine::Postgresql => EngineKinds {
            group: "pgv2.percona.com",
            version: "v2",
            database: "PerconaPGCluster",
            backup: "PerconaPGBackup",
            restore: "PerconaPGRestore",
        },
    }
}
