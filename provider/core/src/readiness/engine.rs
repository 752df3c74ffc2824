//! The readiness of an engine's operator.

use std::collections::BTreeMap;

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::olm::ClusterServiceVersion;

use super::Readiness;
use crate::olm;

/// The last observation of an engine's installation.
#[derive(Clone, Copy, Debug)]
pub struct EngineObservation<'a> {
    /// The engine.
    pub engine: Engine,
    /// The ClusterServiceVersion that the Subscription reports as installed, or leads to.
    pub csv: Option<&'a ClusterServiceVersion>,
    /// Everest's DatabaseEngine, which has the operator's name.
    pub database_engine: Option<&'a DatabaseEngine>,
}

/// The reason why Everest has no versions of an engine although its operator runs.
pub(crate) const NO_VERSION_SERVICE: &str = "Everest cannot reach the version service (check.percona.com, or PERCONA_VERSION_SERVICE_URL of everest-operator)";

/// Reasons of OLM for a failure that waiting does not repair.
const HOPELESS: [&str; 4] = [
    "UnsupportedOperatorGroup",
    "TooManyOperatorGroups",
    "NoOperatorGroup",
    "InterOperatorGroupOwnerConflict",
];

/// Ready once an engine's operator runs and Everest offers versions of the engine: the
/// ClusterServiceVersion has succeeded, and the DatabaseEngine is `installed` in that version and
/// offers versions.
///
/// A ClusterServiceVersion that succeeded may return to `InstallReady` for a second, and OLM
/// retries after `Failed`, so neither is a failure by itself.
pub fn engine_install(observation: &EngineObservation<'_>) -> Readiness {
    let operator = observation.engine.operator();
    let Some(csv) = observation.csv else {
        return Readiness::Pending(format!("OLM has not started to install {operator}"));
    };
    let name = csv.metadata.name.as_deref().unwrap_or(operator);
    let status = csv.status.clone().unwrap_or_default();
    let why = [status.reason.as_str(), status.message.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(": ");
    if status.phase != "Succeeded" {
        let phase = if status.phase.is_empty() {
            "not handled by OLM yet"
        } else {
            &status.phase
        };
        let sentence = if why.is_empty() {
            format!("{name} is {phase}")
        } else {
            format!("{name} is {phase} ({why})")
        };
        return if status.phase == "Failed" && HOPELESS.contains(&status.reason.as_str()) {
            Readiness::Failed(sentence)
        } else {
            Readiness::Pending(sentence)
        };
    }

    let wanted = csv
        .spec
        .version
        .as_deref()
        .or_else(|| olm::parse_csv(name).map(|(_, version)| version));
    engine_offered(observation.engine, wanted, observation.database_engine)
}

/// Ready once Everest offers versions of an engine whose operator runs in `version`.
pub fn engine_offered(
    engine: Engine,
    version: Option<&str>,
    database_engine: Option<&DatabaseEngine>,
) -> Readiness {
    let operator = engine.operator();
    let Some(status) = database_engine.and_then(|engine| engine.status.as_ref()) else {
        return Readiness::Pending(format!(
            "{operator} runs; Everest has not handled the engine {engine} yet"
        ));
    };
    let offered = status
        .available_versions
        .as_ref()
        .and_then(|versions| versions.engine.as_ref())
        .map_or(0, BTreeMap::len);
    let state = status.status.as_deref().unwrap_or("");
    if state != "installed" {
        // The state stays as it was while the versions cannot be fetched.
        let why = if state == "installing" && offered == 0 {
            format!("; if this continues, {NO_VERSION_SERVICE}")
        } else {
            String::new()
        };
        let state = if state.is_empty() {
            "not handled yet"
        } else {
            state
        };
        return Readiness::Pending(format!(
            "{operator} runs; Everest reports the engine {engine} as {state}{why}"
        ));
    }
    if let (Some(wanted), Some(running)) = (version, status.operator_version.as_deref())
        && wanted != running
    {
        return Readiness::Pending(format!(
            "{operator} {wanted} is installed; Everest still reports {running}"
        ));
    }
    if offered == 0 {
        return Readiness::Pending(format!(
            "{operator} is installed, but Everest has no versions of {engine} to offer: {NO_VERSION_SERVICE}"
        ));
    }
    Readiness::Ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn csv(phase: &str, reason: &str) -> ClusterServiceVersion {
        serde_json::from_value(json!({
            "apiVersion": "operators.coreos.com/v1alpha1",
            "kind": "ClusterServiceVersion",
            "metadata": {"name": "percona-xtradb-cluster-operator.v1.18.0"},
            "spec": {},
            "status": {"phase": phase, "reason": reason},
        }))
        .unwrap()
    }

    fn engine(state: &str, version: &str, versions: Value) -> DatabaseEngine {
        serde_json::from_value(json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseEngine",
            "metadata": {"name": "percona-xtradb-cluster-operator"},
            "spec": {"type": "pxc"},
            "status": {
                "status": state, "operatorVersion": version,
                "availableVersions": {"engine": versions},
            },
        }))
        .unwrap()
    }

    fn judge(csv: Option<&ClusterServiceVersion>, engine: Option<&DatabaseEngine>) -> String {
        let observation = EngineObservation {
            engine: Engine::Pxc,
            csv,
            database_engine: engine,
        };
        match engine_install(&observation) {
            Readiness::Ready => "ready".to_owned(),
            Readiness::Pending(sentence) => sentence,
            Readiness::Failed(sentence) => format!("failed: {sentence}"),
        }
    }

    #[test]
    fn an_engine_is_installed_when_olm_and_everest_say_so() {
        let offered = json!({"8.0.42-33.1": {}});
        let installed = engine("installed", "1.18.0", offered.clone());
        assert_eq!(
            judge(Some(&csv("Succeeded", "")), Some(&installed)),
            "ready"
        );
        for (csv, engine, words) in [
            (None, Some(&installed), "has not started"),
            (
                Some(&csv("Installing", "")),
                Some(&installed),
                "is Installing",
            ),
            (
                Some(&csv("InstallReady", "ComponentUnhealthy")),
                Some(&installed),
                "ComponentUnhealthy",
            ),
            (
                Some(&csv("Failed", "InstallCheckFailed")),
                Some(&installed),
                "is Failed",
            ),
            (
                Some(&csv("Failed", "TooManyOperatorGroups")),
                Some(&installed),
                "failed: ",
            ),
            (Some(&csv("Succeeded", "")), None, "has not handled"),
            (
                Some(&csv("Succeeded", "")),
                Some(&engine("installing", "1.18.0", offered.clone())),
                "as installing",
            ),
            (
                Some(&csv("Succeeded", "")),
                Some(&engine("installed", "1.17.0", offered)),
                "still reports 1.17.0",
            ),
            (
                Some(&csv("Succeeded", "")),
                Some(&engine("installed", "1.18.0", json!({}))),
                "version service",
            ),
        ] {
            let said = judge(csv, engine);
            assert!(said.contains(words), "{said}");
        }
    }
}
