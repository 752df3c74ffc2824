//! Rules for the engine and its version, by what the namespace offers.

use std::collections::BTreeMap;

use everest_schemas::everest::{ComponentVersion, DatabaseClusterSpec, DatabaseEngine};

use super::engine_type;
use crate::facts::{Facts, Kind};
use crate::path::FieldPath;
use crate::readiness::NO_VERSION_SERVICE;
use crate::rules::Stage;
use crate::rules::engine_version_policy::allowed_version;
use crate::rules::findings::Findings;
use crate::rules::table::database::CR_VERSION;
use crate::rules::table::online::{
    ENGINE_INSTALLED, VERSION_ALLOWED, VERSION_OFFERED, VERSION_RECOMMENDED,
};
use crate::upgrade;
use crate::version::Version;

pub(super) fn check(
    spec: &DatabaseClusterSpec,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let (Some(type_), Some(engines)) = (engine_type(spec), &facts.engines) else {
        return;
    };
    let mut uninstalled = |summary: String| {
        let path = FieldPath::of("engine.type");
        findings.missing(&ENGINE_INSTALLED, path, summary, stage);
    };
    let Some(engine) = engines.get(type_.operator()) else {
        if stage == Stage::Plan && facts.planned.has(Kind::Engines, type_.operator()) {
            return;
        }
        return uninstalled(format!("The namespace has no engine {type_}"));
    };
    let status = engine.status.as_ref();
    let state = status.and_then(|status| status.status.as_deref());
    // Everest goes on running databases while the operator is replaced.
    let offered = offered(engine);
    if let Some(state) = state.filter(|state| !["installed", "upgrading"].contains(state)) {
        let or = if state == "installing" && offered.is_none() {
            format!(", or {NO_VERSION_SERVICE}")
        } else {
            String::new()
        };
        return uninstalled(format!(
            "The operator of {type_} is {state} in the namespace{or}"
        ));
    }
    let Some(offered) = offered else {
        return uninstalled(format!(
            "The operator of {type_} offers no versions: {NO_VERSION_SERVICE}"
        ));
    };
    let Some(version) = version(spec) else {
        return;
    };
    let path = FieldPath::of("engine.version");
    if !offered.contains_key(version) {
        let summary = format!(
            "{version} is not offered for {type_}; offered: {}",
            sorted(offered.keys())
        );
        let pending = status.and_then(|status| status.pending_operator_upgrades.as_ref());
        // A newer operator, which the same run may install, offers others.
        if pending.is_some_and(|pending| !pending.is_empty()) {
            findings.missing(&VERSION_OFFERED, path, summary, stage);
        } else {
            findings.error(&VERSION_OFFERED, path, summary);
        }
        return;
    }
    let allowed: Vec<_> = engine
        .spec
        .allowed_versions
        .known()
        .into_iter()
        .flatten()
        .filter_map(|version| version.known())
        .collect();
    // The same run may change the list before the database.
    let will_be_allowed = stage == Stage::Plan && {
        let name = allowed_version(type_.operator(), version);
        facts.planned.has(Kind::AllowedVersions, &name)
    };
    if !allowed.is_empty() && !allowed.iter().any(|allowed| *allowed == version) && !will_be_allowed
    {
        findings.error(
            &VERSION_ALLOWED,
            path,
            format!(
                "{version} is not allowed for {type_}; allowed: {}",
                sorted(allowed.into_iter())
            ),
        );
    }
}

/// Warns of a CR version that is newer than the installed operator.
pub(super) fn cr_version(spec: &DatabaseClusterSpec, facts: &Facts, findings: &mut Findings) {
    let (Some(type_), Some(engines)) = (engine_type(spec), &facts.engines) else {
        return;
    };
    let pinned = spec.engine.known().and_then(upgrade::pinned);
    let operator = engines.get(type_.operator());
    let installed = operator.and_then(|operator| operator.status.as_ref());
    let installed = installed.and_then(|status| status.operator_version.as_deref());
    let (Some(pinned), Some(installed)) = (pinned, installed) else {
        return;
    };
    if let (Ok(version), Ok(most)) = (pinned.parse::<Version>(), installed.parse::<Version>())
        && version > most
    {
        findings.warning(
            &CR_VERSION,
            FieldPath::of("engine.crVersion"),
            format!("{pinned} is newer than the operator of {type_}, which is {installed}"),
        );
    }
}

/// Warns of a chosen version that is not a recommended one.
pub(super) fn recommended(spec: &DatabaseClusterSpec, facts: &Facts, findings: &mut Findings) {
    let (Some(type_), Some(version), Some(engines)) =
        (engine_type(spec), version(spec), &facts.engines)
    else {
        return;
    };
    let Some(offered) = engines.get(type_.operator()).and_then(offered) else {
        return;
    };
    let is_recommended =
        |version: &ComponentVersion| version.status.as_deref() == Some("recommended");
    let recommended: Vec<_> = offered
        .iter()
        .filter(|(_, version)| is_recommended(version))
        .map(|(version, _)| version)
        .collect();
    if offered
        .get(version)
        .is_some_and(|version| !is_recommended(version))
        && !recommended.is_empty()
    {
        findings.warning(
            &VERSION_RECOMMENDED,
            FieldPath::of("engine.version"),
            format!(
                "{version} is not recommended for {type_}; recommended: {}",
                sorted(recommended.into_iter())
            ),
        );
    }
}

fn version(spec: &DatabaseClusterSpec) -> Option<&str> {
    let version = spec.engine.known()?.version.known_str()?;
    (!version.is_empty()).then_some(version)
}

/// The versions that an operator offers; none before it offers one.
fn offered(engine: &DatabaseEngine) -> Option<&BTreeMap<String, ComponentVersion>> {
    let versions = engine.status.as_ref()?.available_versions.as_ref()?;
    versions
        .engine
        .as_ref()
        .filter(|versions| !versions.is_empty())
}

/// Versions from the oldest to the newest, for a message.
fn sorted<'a>(versions: impl Iterator<Item = &'a String>) -> String {
    let mut versions: Vec<&String> = versions.collect();
    versions.sort_by_key(|version| version.parse::<Version>().ok());
    versions
        .into_iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
