//! The database engines that Everest runs.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Percona XtraDB Cluster: MySQL with Galera replication.
    Pxc,
    /// Percona Server for MongoDB.
    Psmdb,
    /// Percona Distribution for PostgreSQL.
    Postgresql,
}

impl Engine {
    /// Every engine, in the order in which they are listed to a user.
    pub const ALL: [Self; 3] = [Self::Pxc, Self::Psmdb, Self::Postgresql];

    /// The name of the engine in custom resources and configurations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pxc => "pxc",
            Self::Psmdb => "psmdb",
            Self::Postgresql => "postgresql",
        }
    }

    /// The common name of its operator's package, Subscription, Deployment and DatabaseEngine
    /// object.
    pub const fn operator(self) -> &'static str {
        match self {
            Self::Pxc => "percona-xtradb-cluster-operator",
            Self::Psmdb => "percona-server-mongodb-operator",
            Self::Postgresql => "percona-postgresql-operator",
        }
    }

    /// The engine whose operator has this name, if it is an engine of Everest.
    pub fn from_operator(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|engine| engine.operator() == name)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The text does not name an engine of Everest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEngine(pub String);

impl fmt::Display for UnknownEngine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:?} is not an engine: pxc, psmdb or postgresql",
            self.0
        )
    }
}

impl std::error::Error for UnknownEngine {}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|engine| engine.as_str() == text)
            .ok_or_else(|| UnknownEngine(text.to_owned()))
    }
}

impl JsonSchema for Engine {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Engine".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::as_str) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_is_found_again_by_its_names() {
        for engine in Engine::ALL {
            assert_eq!(engine.as_str().parse(), Ok(engine));
            assert_eq!(Engine::from_operator(engine.operator()), Some(engine));
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.as_str());
        }
        assert_eq!(
            "mysql".parse::<Engine>(),
            Err(UnknownEngine("mysql".to_owned()))
        );
    }
}
