//! Rules for `everest_namespace`.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::{EngineInstall, NamespaceModel};
use everest_schemas::{Engine, Field};

use super::Stage;
use super::finder::{Finder, differ};
use super::table::namespace::{
    MANAGED_BY_LABEL, NAMESPACE_ENGINE, NAMESPACE_NAME, NAMESPACE_RESERVED, OPERATOR_NO_DOWNGRADE,
    OPERATOR_VERSION,
};
use super::table::online::{ENGINE_UNUSED, NAMESPACE_EMPTY, OPERATOR_UPGRADE_READY};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::name;
use crate::path::FieldPath;
use crate::v1;
use crate::version::Version;

const RESERVED: [&str; 6] = [
    "everest-system",
    "everest-monitoring",
    "everest-olm",
    "kube-system",
    "kube-public",
    "kube-node-lease",
];

/// What a configuration of a namespace can never be.
pub fn check_syntax(config: &NamespaceModel) -> Vec<Finding> {
    let mut finder = Finder::default();
    finder.timeouts(&config.timeouts);
    if let Some(engines) = config.engines.known() {
        let path = FieldPath::of("engines");
        if engines.iter().next().is_none() {
            finder.broken(&NAMESPACE_ENGINE, path.clone(), "No engine is listed");
        }
        for (engine, install) in engines.iter() {
            if let Some(text) = install
                .known()
                .and_then(|install| install.version.known_str())
                && !is_operator_version(text)
            {
                finder.broken(
                    &OPERATOR_VERSION,
                    path.field(engine.as_str()).field("version"),
                    format!("{text:?} is not a version of an operator"),
                );
            }
        }
    }
    let label = v1::namespace::MANAGED_BY_LABEL;
    if config
        .labels
        .known()
        .is_some_and(|labels| labels.contains_key(label))
    {
        finder.broken(
            &MANAGED_BY_LABEL,
            FieldPath::of("labels").key(label),
            format!("The label {label} is not for you to set"),
        );
    }
    finder.into_findings()
}

/// What Everest and OLM forbid a namespace to be or to become.
pub fn check(planned: &NamespaceModel, prior: Option<&NamespaceModel>) -> Vec<Finding> {
    let mut finder = Finder::default();
    match prior.filter(|prior| !differ(&planned.name, &prior.name)) {
        None => name_rules(planned, &mut finder),
        Some(prior) => downgrades(planned, prior, &mut finder),
    }
    finder.into_findings()
}

/// What the databases of a namespace forbid it to become.
pub fn check_online(
    planned: &NamespaceModel,
    prior: Option<&NamespaceModel>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let mut finder = Finder::default();
    let prior = prior.filter(|prior| !differ(&planned.name, &prior.name));
    if let Some(prior) = prior
        && let (Some(now), Some(before)) = (planned.engines.known(), prior.engines.known())
    {
        let path = FieldPath::of("engines");
        for (engine, install) in before.iter() {
            let path = path.field(engine.as_str());
            match now.get(engine) {
                Field::Null => unused(path, engine, facts, stage, &mut finder),
                Field::Known(planned) if upgrades(planned, install) => {
                    upgradable(path.field("version"), engine, facts, stage, &mut finder);
                }
                Field::Known(_) | Field::Unknown => {}
            }
        }
    }
    finder.into_findings()
}

/// Why a namespace cannot be destroyed as things are: a warning, because the
/// same run may empty it.
pub fn check_destruction_online(prior: &NamespaceModel, facts: &Facts) -> Vec<Finding> {
    let mut finder = Finder::default();
    if let Some(databases) = facts.databases.as_ref().filter(|all| !all.is_empty())
        && prior.force_destroy.known() != Some(&true)
    {
        finder.doubtful(
            &NAMESPACE_EMPTY,
            FieldPath::root(),
            format!(
                "There are databases in the namespace: {}",
                Facts::names(databases)
            ),
        );
    }
    finder.into_findings()
}

fn databases_of(engine: Engine, facts: &Facts) -> impl Iterator<Item = (&str, &DatabaseCluster)> {
    facts
        .databases
        .iter()
        .flatten()
        .filter(move |(_, database)| {
            let spec = database.spec.engine.known();
            spec.and_then(|spec| spec.type_.known()) == Some(&engine)
        })
        .map(|(name, database)| (name.as_str(), database))
}

fn unused(path: FieldPath, engine: Engine, facts: &Facts, stage: Stage, finder: &mut Finder) {
    let users: Vec<_> = databases_of(engine, facts).map(|(name, _)| name).collect();
    if !users.is_empty() {
        let summary = format!("{engine} would be taken out and runs {}", users.join(", "));
        finder.missing(&ENGINE_UNUSED, path, summary, stage);
    }
}

fn upgrades(planned: &EngineInstall, before: &Field<EngineInstall>) -> bool {
    let version = |text: &Field<String>| text.known_str()?.parse::<Version>().ok();
    let installed = before
        .known()
        .and_then(|before| version(&before.installed_version));
    matches!((version(&planned.version), installed), (Some(now), Some(before)) if now > before)
}

fn upgradable(path: FieldPath, engine: Engine, facts: &Facts, stage: Stage, finder: &mut Finder) {
    let waiting: Vec<_> = databases_of(engine, facts)
        .filter_map(|(name, database)| {
            let status = database.status.as_ref()?;
            let pending = status.recommended_cr_version.as_deref().unwrap_or_default();
            let state = status.status.as_deref().unwrap_or_default();
            if !["ready", "paused"].contains(&state) {
                Some(format!("{name} (in state {state:?})"))
            } else if !pending.is_empty() {
                Some(format!("{name} (to take over {pending})"))
            } else {
                None
            }
        })
        .collect();
    if !waiting.is_empty() {
        let summary = format!(
            "These databases are not ready for it: {}",
            waiting.join(", ")
        );
        finder.missing(&OPERATOR_UPGRADE_READY, path, summary, stage);
    }
}

/// Three numbers, as in the name of a ClusterServiceVersion.
fn is_operator_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.split('.').count() >= 3
        && text.parse::<Version>().is_ok()
}

fn name_rules(planned: &NamespaceModel, finder: &mut Finder) {
    let Some(text) = planned.name.known_str() else {
        return;
    };
    let path = FieldPath::of("name");
    if let Err(error) = name::check_label(text, name::LABEL_LIMIT) {
        finder.broken(
            &NAMESPACE_NAME,
            path,
            format!("{text:?} cannot be the name of a namespace: {error}"),
        );
    } else if RESERVED.contains(&text) {
        finder.broken(
            &NAMESPACE_RESERVED,
            path,
            format!("The namespace {text} is reserved"),
        );
    }
}

fn downgrades(planned: &NamespaceModel, prior: &NamespaceModel, finder: &mut Finder) {
    let (Some(now), Some(before)) = (planned.engines.known(), prior.engines.known()) else {
        return;
    };
    for (engine, install) in now.iter() {
        let (Some(install), Field::Known(before)) = (install.known(), before.get(engine)) else {
            continue;
        };
        if let (Some(text), Some(installed)) = (
            install.version.known_str(),
            before.installed_version.known_str(),
        ) && let (Ok(version), Ok(running)) = (text.parse::<Version>(), installed.parse())
            && version < running
        {
            finder.broken(
                &OPERATOR_NO_DOWNGRADE,
                FieldPath::of("engines")
                    .field(engine.as_str())
                    .field("version"),
                format!("{text} is older than {installed}, which is installed"),
            );
        }
    }
}

#[cfg(test)]
mod online_tests;
#[cfg(test)]
mod tests;
