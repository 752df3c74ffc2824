//! `everest_engine_version_policy`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::{Field, facts};

/// The versions of an engine that the databases of a namespace may have. Without a policy they are
/// all versions that the engine's operator offers.
///
/// Everest keeps the list in `spec.allowedVersions` of the DatabaseEngine, which it creates with
/// the engine's operator; the provider changes this field alone, and never creates or deletes the
/// DatabaseEngine. Everest's API and user interface refuse any other version, and so do the rules
/// of this provider. A database that has another version already goes on running, but neither takes
/// changes of it until its version is allowed.
///
/// The first apply records the list from before in the annotation
/// `everest.openeverest.io/allowed-versions-before` of the DatabaseEngine, and destroying the
/// resource restores that list. After an import, the list from before is the one at the first
/// change; without a change, destroying the resource leaves the list as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineVersionPolicyModel {
    /// Namespace of the databases.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// The engine.
    #[schemars(extend("x-force-new" = true, "enum" = ["pxc", "psmdb", "postgresql"]))]
    pub engine: Field<String>,

    /// The allowed versions. The data source `everest_database_engines` lists those that the
    /// operator offers.
    #[schemars(transform = facts::allowed("at least one version, each once"))]
    pub allowed_versions: Field<Vec<Field<String>>>,

    /// If `true`, an apply also overwrites a list of another field manager that the plan did not
    /// show.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Timeouts. Only creation waits: for the DatabaseEngine.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "5m"))]
    pub timeouts: Field<Timeouts>,

    /// The versions that were allowed before, which destroying the resource restores; empty: all;
    /// null if nothing was changed since an import.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub previous_versions: Field<Vec<Field<String>>>,
}
