//! When an engine's operator is installed.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::olm::ClusterServiceVersion;

use super::Readiness;
use crate::olm;

/// What was last seen of an engine's installation.
#[derive(Clone, Copy, Debug)]
pub struct EngineSighting<'a> {
    /// The engine.
    pub engine: Engine,
    /// The version that the Subscription says is installed, or is heading for.
    pub csv: Option<&'a ClusterServiceVersion>,
    /// Everest's own view, the object named like the operator.
    pub database_engine: Option<&'a DatabaseEngine>,
}

/// Reasons that no waiting mends, as OLM names them.
const HOPELESS: [&str; 4] = [
    "UnsupportedOperatorGroup",
    "TooManyOperatorGroups",
    "NoOperatorGroup",
    "InterOperatorGroupOwnerConflict",
];

/// Whether an engine's operator runs and Everest offers versions of the
/// engine: OLM's version has succeeded, and the DatabaseEngine is `installed`
/// in that version with versions to choose from.
///
/// A version that succeeded may go back to `InstallReady` for a second, and
/// OLM tries again after `Failed`, so neither is a failure by itself.
pub fn engine_install(sighting: &EngineSighting<'_>) -> Readiness {
    let operator = sighting.engine.operator();
    let Some(csv) = sighting.csv else {
        return Readiness::Pending(format!("OLM has not begun to install {operator}"));
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
            "not looked at by OLM"
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

    let Some(status) = sighting
        .database_engine
        .and_then(|engine| engine.status.as_ref())
    else {
        return Readiness::Pending(format!(
            "{name} runs; Everest has not looked at the engine {} yet",
            sighting.engine
        ));
    };
    let state = status.status.as_deref().unwrap_or("");
    if state != "installed" {
        return Readiness::Pending(format!(
            "{name} runs; Everest says that the engine {} is {}",
            sighting.engine,
            if state.is_empty() {
                "not looked at"
            } else {
                state
            }
        ));
    }
    let wanted = csv
        .spec
        .version
        .as_deref()
        .or_else(|| olm::parse_csv(name).map(|(_, version)| version));
    if let (Some(wanted), Some(running)) = (wanted, status.operator_version.as_deref())
        && wanted != running
    {
        return Readiness::Pending(format!(
            "{operator} {wanted} is installed; Everest still sees {running}"
        ));
    }
    let versions = status
        .available_versions
        .as_ref()
        .and_then(|versions| versions.engine.as_ref())
        .map_or(0, std::collections::BTreeMap::len);
    if versions == 0 {
        return Readiness::Pending(format!(
            "{operator} is installed, but Everest has no versions of {} to offer: it cannot reach the version service (check.percona.com, or PERCONA_VERSION_SERVICE_URL of everest-operator)",
            sighting.engine
        ));
    }
    Readiness::Ready
}
