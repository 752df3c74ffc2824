//! Rules for `everest_namespace`.

mod upgrades;

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::{Engines, NamespaceModel};
use everest_schemas::{Engine, Field};

use super::expressions::{self, Expression};
use super::findings::{Findings, differ};
use super::table::general::EVEREST_V1;
use super::table::namespace::{
    CATALOG_READY, EVEREST_VERSION, MANAGED_BY_LABEL, NAMESPACE_ENGINE, NAMESPACE_NAME,
    NAMESPACE_RESERVED, OPERATOR_NO_DOWNGRADE, OPERATOR_VERSION,
};
use super::table::online::{ENGINE_UNUSED, NAMESPACE_EMPTY, OPERATOR_APPROVAL};
use super::{Stage, Validate};
use crate::facts::{CatalogFacts, Facts, Kind, Planned, Seen, Wanted};
use crate::finding::Finding;
use crate::name;
use crate::olm;
use crate::operator_upgrade;
use crate::path::FieldPath;
use crate::raised::{self, Said};
use crate::v1;
use crate::v1::namespace::is_reserved;
use crate::version::Version;
pub use upgrades::check_upgrade;

/// Finds values that are never valid in a namespace.
pub fn check_syntax(config: &NamespaceModel) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.timeouts(&config.timeouts);
    if let Some(engines) = config.engines.known() {
        let path = FieldPath::of("engines");
        if engines.iter().next().is_none() {
            findings.error(&NAMESPACE_ENGINE, path.clone(), "No engine is listed");
        }
        for (engine, install) in engines.iter() {
            if let Some(text) = install
                .known()
                .and_then(|install| install.version.known_str())
                && !is_operator_version(text)
            {
                findings.error(
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
        findings.error(
            &MANAGED_BY_LABEL,
            FieldPath::of("labels").key(label),
            format!("The label {label} cannot be set"),
        );
    }
    findings.into_findings()
}

/// Checks a new or changed namespace by the rules of Everest and OLM that need no cluster.
pub fn check(planned: &NamespaceModel, prior: Option<&NamespaceModel>) -> Vec<Finding> {
    let mut findings = Findings::default();
    match prior.filter(|prior| !differ(&planned.name, &prior.name)) {
        None => name_rules(planned, &mut findings),
        Some(prior) => downgrades(planned, prior, &mut findings),
    }
    findings.into_findings()
}

/// Checks a changed namespace against its databases, a namespace that is taken over against the
/// engines that it has already, and the cluster before Everest is given a namespace.
pub fn check_online(
    planned: &NamespaceModel,
    prior: Option<&NamespaceModel>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    let prior = prior.filter(|prior| !differ(&planned.name, &prior.name));
    if prior.is_none() || is_none_of_everests(facts) {
        everest(facts, stage, &mut findings);
    }
    match prior {
        Some(prior) => {
            removals(planned, prior, facts, stage, &mut findings);
            upgrades::check(planned, prior, facts, stage, &mut findings);
        }
        None => {
            if let Some(found) = operator_upgrade::found(planned, facts) {
                downgrades(planned, &found, &mut findings);
                upgrades::check(planned, &found, facts, stage, &mut findings);
                approvals(planned, facts, stage, &mut findings);
            }
        }
    }
    findings.into_findings()
}

/// Returns true if the namespace exists and Everest does not manage it.
fn is_none_of_everests(facts: &Facts) -> bool {
    let Seen::Found(namespace) = &facts.namespace else {
        return false;
    };
    let labels = namespace.metadata.labels.as_ref();
    let label = labels.and_then(|labels| labels.get(v1::namespace::MANAGED_BY_LABEL));
    label.is_none_or(|label| label != v1::namespace::MANAGED_BY)
}

/// Checks Everest and its catalog. A catalog that is not ready is no error, because the creation
/// waits for it.
fn everest(facts: &Facts, stage: Stage, findings: &mut Findings) {
    let found = &facts.everest;
    if found.lines.is_some_and(|lines| !lines.v1) {
        let summary = "The cluster runs no Everest v1 (everest.percona.com)";
        return findings.missing(&EVEREST_V1, FieldPath::root(), summary, stage);
    }
    if let Some(version) = found.version.as_ref().filter(|found| found.is_before(1, 4)) {
        let summary = format!("The cluster runs Everest {version}");
        findings.missing(&EVEREST_VERSION, FieldPath::root(), summary, stage);
    }
    let CatalogFacts {
        name,
        namespace,
        source,
    } = &found.catalog;
    let path = FieldPath::of("engines");
    match source {
        Seen::Absent => {
            let summary = format!("There is no CatalogSource {namespace}/{name}");
            findings.missing(&CATALOG_READY, path, summary, stage);
        }
        Seen::Found(source) if stage == Stage::Plan => {
            if let Some(trouble) = olm::catalog_trouble(source) {
                let summary =
                    format!("The CatalogSource {namespace}/{name} is not ready: {trouble}");
                findings.warning(&CATALOG_READY, path, summary);
            }
        }
        Seen::Found(_) | Seen::Unread => {}
    }
}

fn removals(
    planned: &NamespaceModel,
    prior: &NamespaceModel,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let (Some(now), Some(before)) = (planned.engines.known(), prior.engines.known()) else {
        return;
    };
    for (engine, _) in before.iter() {
        if now.get(engine).is_null() {
            let path = FieldPath::of("engines").field(engine.as_str());
            unused(path, engine, facts, stage, findings);
        }
    }
}

/// Warns of Subscriptions in a namespace that is taken over which would upgrade their operators
/// automatically.
fn approvals(planned: &NamespaceModel, facts: &Facts, stage: Stage, findings: &mut Findings) {
    let (Stage::Plan, Some(engines)) = (stage, planned.engines.known()) else {
        return;
    };
    for (engine, _) in engines.iter() {
        let name = engine.operator();
        let found = facts.subscriptions.as_ref().and_then(|all| all.get(name));
        let approval = found.and_then(|found| found.spec.install_plan_approval.as_deref());
        if approval == Some("Automatic") {
            findings.warning(
                &OPERATOR_APPROVAL,
                FieldPath::of("engines").field(engine.as_str()),
                format!("The Subscription {name} of the namespace approves upgrades automatically"),
            );
        }
    }
}

/// Warns of databases that keep a namespace from being destroyed. It is only a warning, because
/// they may be removed until then. Databases that the same run destroys are not named.
pub fn check_destruction_online(prior: &NamespaceModel, facts: &Facts) -> Vec<Finding> {
    let mut findings = Findings::default();
    let left = facts.left(Kind::Databases, &facts.databases);
    let left: Vec<_> = left.map(|(name, _)| name).collect();
    if !left.is_empty() && prior.force_destroy.known() != Some(&true) {
        findings.warning(
            &NAMESPACE_EMPTY,
            FieldPath::root(),
            format!("There are databases in the namespace: {}", left.join(", ")),
        );
    }
    findings.into_findings()
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

fn unused(path: FieldPath, engine: Engine, facts: &Facts, stage: Stage, findings: &mut Findings) {
    let users: Vec<_> = databases_of(engine, facts).map(|(name, _)| name).collect();
    if !users.is_empty() {
        let summary = format!("{engine} would be removed, but runs {}", users.join(", "));
        findings.missing(&ENGINE_UNUSED, path, summary, stage);
    }
}

/// Returns true if a text has three numbers, as the version in the name of a ClusterServiceVersion.
fn is_operator_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.split('.').count() >= 3
        && text.parse::<Version>().is_ok()
}

fn name_rules(planned: &NamespaceModel, findings: &mut Findings) {
    let Some(text) = planned.name.known_str() else {
        return;
    };
    let path = FieldPath::of("name");
    if let Err(error) = name::check_label(text, name::LABEL_LIMIT) {
        findings.error(
            &NAMESPACE_NAME,
            path,
            format!("{text:?} cannot be the name of a namespace: {error}"),
        );
    } else if is_reserved(text) {
        findings.error(
            &NAMESPACE_RESERVED,
            path,
            format!("The namespace {text} is reserved"),
        );
    }
}

fn downgrades(planned: &NamespaceModel, prior: &NamespaceModel, findings: &mut Findings) {
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
            findings.error(
                &OPERATOR_NO_DOWNGRADE,
                FieldPath::of("engines")
                    .field(engine.as_str())
                    .field("version"),
                format!("{text} is older than {installed}, which is installed"),
            );
        }
    }
}

impl Validate for NamespaceModel {
    const EXPRESSIONS: &'static [Expression] = expressions::NAMESPACE;

    fn check_syntax(&self) -> Vec<Finding> {
        check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        check(self, prior)
    }

    fn said(&self) -> Said {
        raised::said(self)
    }

    fn keep_raised(&mut self, prior: &Self, before: &Said) -> Vec<Finding> {
        raised::keep(self, prior, before)
    }

    fn give_way(&mut self, observed: &Self, is_ours: &dyn Fn(&FieldPath) -> bool) -> Vec<Finding> {
        raised::give_way(self, observed, is_ours)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        let (name, plans) = match prior {
            Some(prior) => (
                &prior.name,
                operator_upgrade::asked_for(self, prior).next().is_some()
                    || !operator_upgrade::added(self, prior).is_empty(),
            ),
            None if self.take_ownership.known() == Some(&true) => (&self.name, true),
            // Nothing is in a new one.
            None => {
                return Wanted {
                    everest: true,
                    ..Wanted::default()
                };
            }
        };
        let mut wanted = Wanted::of(name, &[Kind::Databases]);
        // A controller has read the namespace that it takes over.
        wanted.everest = prior.is_none_or(|prior| {
            self.take_ownership.known() == Some(&true) && prior.ready.known() != Some(&true)
        });
        if plans {
            wanted.kinds.extend([
                Kind::EnginesEverywhere,
                Kind::Subscriptions,
                Kind::InstallPlans,
            ]);
        }
        wanted
    }

    fn note(&self, planned: &mut Planned) {
        planned.note_namespace(&self.name);
        for (engine, _) in self.engines.known().into_iter().flat_map(Engines::iter) {
            let operator = engine.operator().into();
            planned.note(&self.name, Kind::Engines, &operator);
        }
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        check_online(self, prior, facts, stage)
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        check_destruction_online(self, facts)
    }
}

#[cfg(test)]
mod online_tests;
#[cfg(test)]
mod tests;
