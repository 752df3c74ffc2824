//! `everest_namespace`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::{Engine, Field, StringMap, facts};

/// A Kubernetes namespace that Everest runs databases in, with the operators
/// of the engines installed by the Operator Lifecycle Manager.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceModel {
    /// Name of the namespace.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 63 characters: lowercase letters, digits and `-`, beginning with a letter; none of the namespaces of Everest and Kubernetes"))]
    pub name: Field<String>,

    /// The engines whose operators are installed.
    #[schemars(transform = facts::allowed("at least one"))]
    pub engines: Field<Engines>,

    /// Labels of the Namespace. Other labels of the Namespace are kept.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub labels: StringMap,

    /// Annotations of the Namespace. Other annotations of the Namespace are kept.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub annotations: StringMap,

    /// If `true`, the provider adopts an existing namespace of that name. If `false`, an existing
    /// namespace is an error.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub take_ownership: Field<bool>,

    /// If `true`, destroying the resource keeps the Kubernetes namespace and removes only Everest's
    /// objects from it.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "the value of `take_ownership`"))]
    pub keep_namespace: Field<bool>,

    /// If `true`, destroying the namespace also destroys its databases and, if the Kubernetes
    /// namespace is kept, the objects that only Everest can delete. Backup data stays in the
    /// bucket. If `false`, a namespace with databases is not destroyed.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_destroy: Field<bool>,

    /// Timeouts.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("15m", "15m", "15m"))]
    pub timeouts: Field<Timeouts>,

    /// `true` if the operator of every engine was installed and running at the last refresh.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub ready: Field<bool>,
}

/// The engines whose operators are installed in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Engines {
    /// MySQL: Percona Operator for XtraDB Cluster.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pxc: Field<EngineInstall>,

    /// MongoDB: Percona Operator for MongoDB.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub psmdb: Field<EngineInstall>,

    /// PostgreSQL: Percona Operator for PostgreSQL.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub postgresql: Field<EngineInstall>,
}

impl Engines {
    /// What is asked for of an engine.
    pub const fn get(&self, engine: Engine) -> &Field<EngineInstall> {
        match engine {
            Engine::Pxc => &self.pxc,
            Engine::Psmdb => &self.psmdb,
            Engine::Postgresql => &self.postgresql,
        }
    }

    /// What is asked for of an engine, for changing it in place.
    pub const fn get_mut(&mut self, engine: Engine) -> &mut Field<EngineInstall> {
        match engine {
            Engine::Pxc => &mut self.pxc,
            Engine::Psmdb => &mut self.psmdb,
            Engine::Postgresql => &mut self.postgresql,
        }
    }

    /// Every engine that is asked for, known or not.
    pub fn iter(&self) -> impl Iterator<Item = (Engine, &Field<EngineInstall>)> {
        Engine::ALL
            .into_iter()
            .map(|engine| (engine, self.get(engine)))
            .filter(|(_, install)| !install.is_null())
    }
}

/// The operator of one engine in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineInstall {
    /// Version of the operator. If you raise it, the provider approves the upgrade, one version
    /// after another, once every database of the engine is ready, or paused, and runs with the CR
    /// version of the installed operator; the plan lists other operators in the same install plan.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-computed" = true))]
    #[schemars(transform = facts::allowed("a version of the channel, such as `1.18.0`"))]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "the newest version in the channel at installation, then unchanged"))]
    pub version: Field<String>,

    /// Channel of the operator's package in the catalog, such as `stable-v1`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-computed" = true))]
    #[schemars(transform = facts::filled_by(facts::Filler::Provider, "the channel that the catalog recommends"))]
    pub channel: Field<String>,

    /// Version of the operator that is installed.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub installed_version: Field<String>,

    /// Version of the operator whose upgrade awaits approval; null if there is none.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub pending_version: Field<String>,
}
