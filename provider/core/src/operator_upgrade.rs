//! Upgrades of the operators of a namespace: the effect of an install plan, and the databases that
//! are not ready for it.
//!
//! Everest upgrades one version at a time. Before each, the databases of the engine have to be
//! ready, or paused, and at the CR version of the installed operator.

use std::collections::BTreeMap;

use everest_schemas::everest::{ComponentVersion, DatabaseCluster, DatabaseEngine};
use everest_schemas::models::{EngineInstall, Engines, NamespaceModel};
use everest_schemas::olm::InstallPlan;
use everest_schemas::{Engine, Field};

use crate::facts::{Facts, Seen};
use crate::impact::Summary;
use crate::install_plan::{self, Asked};
use crate::olm::{self, parse_csv};
use crate::upgrade::{self, CrVersion};
use crate::v1;
use crate::version::Version;

/// An operator that goes from one version to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The engine.
    pub engine: Engine,
    /// The version that is installed.
    pub from: String,
    /// The version that it is replaced by.
    pub to: String,
}

/// The upgrades in an install plan, without first installations.
pub fn hops(plan: &InstallPlan, installed: impl Fn(Engine) -> Option<String>) -> Vec<Hop> {
    plan.spec
        .cluster_service_version_names
        .iter()
        .filter_map(|csv| {
            let (package, to) = parse_csv(csv)?;
            let engine = Engine::from_operator(package)?;
            let from = installed(engine).filter(|from| from != to)?;
            Some(Hop {
                engine,
                from,
                to: to.to_owned(),
            })
        })
        .collect()
}

/// The reason why a database is not ready for the upgrade of its operator, in a few words; `None`
/// if it is ready, or belongs to another engine.
///
/// `offered` are the engine versions that the new operator offers, if they are known: see
/// [`offered`]. A database in a version that is not offered could not be changed any more.
pub fn objection(
    database: &DatabaseCluster,
    hop: &Hop,
    offered: Option<&BTreeMap<String, ComponentVersion>>,
) -> Option<String> {
    let engine = database.spec.engine.known()?;
    if engine.type_.known() != Some(&hop.engine) {
        return None;
    }
    let status = database.status.as_ref();
    let state = status.and_then(|status| status.status.as_deref());
    let state = state.unwrap_or_default();
    if database.metadata.deletion_timestamp.is_some() {
        return Some("being deleted".to_owned());
    }
    if !["ready", "paused"].contains(&state) {
        return Some(format!("in state {state:?}"));
    }
    if let CrVersion::Pending(version) = upgrade::cr_version(status) {
        return Some(format!("without the CR version {version}"));
    }
    // Everest may not have looked yet whether something is to be taken over.
    let runs_as = status.and_then(|status| status.cr_version.as_deref());
    if runs_as.is_some_and(|version| !version.is_empty() && version != hop.from) {
        return Some(format!("without the CR version {}", hop.from));
    }
    let version = engine.version.known_str().unwrap_or_default();
    if offered.is_some_and(|offered| !offered.is_empty() && !offered.contains_key(version)) {
        return Some(format!(
            "in version {version}, which operator {} does not run",
            hop.to
        ));
    }
    None
}

/// The databases that are not ready for an upgrade, each with its reason.
pub fn objections<'a>(
    databases: impl IntoIterator<Item = &'a DatabaseCluster>,
    hop: &Hop,
    offered: Option<&BTreeMap<String, ComponentVersion>>,
) -> Vec<String> {
    let mut found: Vec<_> = databases
        .into_iter()
        .filter_map(|database| {
            let why = objection(database, hop, offered)?;
            let name = database.metadata.name.as_deref().unwrap_or_default();
            Some(format!("{name} ({why})"))
        })
        .collect();
    found.sort();
    found
}

/// The engine versions that an operator version offers, as shown by any namespace in which it runs.
pub fn offered<'a>(
    engines: impl IntoIterator<Item = &'a DatabaseEngine>,
    hop: &Hop,
) -> Option<&'a BTreeMap<String, ComponentVersion>> {
    engines
        .into_iter()
        .filter(|engine| engine.metadata.name.as_deref() == Some(hop.engine.operator()))
        .filter_map(|engine| engine.status.as_ref())
        .find(|status| {
            status.status.as_deref() == Some("installed")
                && status.operator_version.as_deref() == Some(hop.to.as_str())
        })
        .and_then(|status| status.available_versions.as_ref()?.engine.as_ref())
}

/// The databases of an engine, each with its engine version, if it is not known whether the next
/// operator supports these versions; empty if `offered` says so.
///
/// Everest's own server asks its version service before an upgrade, and after it refuses every
/// change of a database whose version is not offered, including the removal of a finalizer. Source:
/// everest `internal/server/handlers/k8s/database_engine.go`, everest-operator
/// `databasecluster_webhook.go`.
pub fn unchecked<'a>(
    databases: impl IntoIterator<Item = &'a DatabaseCluster>,
    hop: &Hop,
    offered: Option<&BTreeMap<String, ComponentVersion>>,
) -> Vec<String> {
    if offered.is_some_and(|offered| !offered.is_empty()) {
        return Vec::new();
    }
    let mut found: Vec<_> = databases
        .into_iter()
        .filter_map(|database| {
            let engine = database.spec.engine.known()?;
            if engine.type_.known() != Some(&hop.engine) {
                return None;
            }
            let name = database.metadata.name.as_deref().unwrap_or_default();
            let version = engine.version.known_str();
            Some(format!("{name} ({})", version.unwrap_or("no version yet")))
        })
        .collect();
    found.sort();
    found
}

/// The page of Everest's default version service that lists the engine versions of an operator.
pub fn supported_versions_page(hop: &Hop) -> String {
    let operator = match hop.engine {
        Engine::Pxc => "pxc-operator",
        Engine::Psmdb => "psmdb-operator",
        Engine::Postgresql => "pg-operator",
    };
    format!(
        "https://check.percona.com/versions/v1/{operator}/{}",
        hop.to
    )
}

/// The engines that a change adds.
pub fn added(planned: &NamespaceModel, prior: &NamespaceModel) -> Vec<Engine> {
    let (Some(now), Some(before)) = (planned.engines.known(), prior.engines.known()) else {
        return Vec::new();
    };
    let listed = now.iter().map(|(engine, _)| engine);
    listed
        .filter(|engine| before.get(*engine).is_null())
        .collect()
}

/// The engines whose operator a change upgrades, each with the next version if it is known,
/// otherwise the requested version.
pub fn asked_for<'a>(
    planned: &'a NamespaceModel,
    prior: &'a NamespaceModel,
) -> impl Iterator<Item = Hop> + 'a {
    let now = planned.engines.known();
    let before = prior.engines.known();
    Engine::ALL.into_iter().filter_map(move |engine| {
        let install = now?.get(engine).known()?;
        let was = before?.get(engine).known()?;
        let from = was.installed_version.known_str()?;
        let to = install.version.known_str()?;
        if !is_newer(to, from) {
            return None;
        }
        let next = was.pending_version.known_str();
        let next = next.filter(|next| is_newer(next, from) && !is_newer(next, to));
        Some(Hop {
            engine,
            from: from.to_owned(),
            to: next.unwrap_or(to).to_owned(),
        })
    })
}

/// The namespace that is to be taken over, with its present versions of the engines that `planned`
/// lists; `None` if nothing is taken over, or if it was not read.
pub fn found(planned: &NamespaceModel, facts: &Facts) -> Option<NamespaceModel> {
    let takes_over = planned.take_ownership.known() == Some(&true);
    if !takes_over || !matches!(facts.namespace, Seen::Found(_)) {
        return None;
    }
    let subscriptions = facts.subscriptions.as_ref()?;
    let mut engines = Engines::default();
    for (engine, _) in planned.engines.known()?.iter() {
        if let Some(found) = subscriptions.get(engine.operator()) {
            *engines.get_mut(engine) = Field::Known(v1::namespace::installed(found));
        }
    }
    Some(NamespaceModel {
        name: planned.name.clone(),
        engines: engines.into(),
        ..NamespaceModel::default()
    })
}

fn is_newer(a: &str, b: &str) -> bool {
    matches!((a.parse::<Version>(), b.parse::<Version>()), (Ok(a), Ok(b)) if a > b)
}

/// The versions that a namespace wants of its operators, with the installed ones.
pub fn asked(planned: &NamespaceModel, facts: &Facts) -> Vec<Asked> {
    let Some(engines) = planned.engines.known() else {
        return Vec::new();
    };
    engines
        .iter()
        .filter_map(|(engine, install)| {
            let install: &EngineInstall = install.known()?;
            Some(Asked {
                engine,
                version: install.version.known().cloned(),
                installed: installed(engine, facts),
            })
        })
        .collect()
}

fn installed(engine: Engine, facts: &Facts) -> Option<String> {
    let subscription = facts.subscriptions.as_ref()?.get(engine.operator())?;
    olm::subscription(subscription).installed_version
}

/// The install plan that waits for the approval of an engine's upgrade.
pub fn waiting_plan(engine: Engine, facts: &Facts) -> Option<&InstallPlan> {
    let subscription = facts.subscriptions.as_ref()?.get(engine.operator())?;
    let plans = facts.install_plans.as_ref()?;
    let referred = plans.get(&olm::subscription(subscription).install_plan?)?;
    let plan = install_plan::twin(referred, plans.values()).unwrap_or(referred);
    (!plan.spec.approved).then_some(plan)
}

/// The ClusterServiceVersions in the namespace that wait for the approval of their plans.
pub fn pending(facts: &Facts) -> Vec<String> {
    let (Some(subscriptions), Some(plans)) = (&facts.subscriptions, &facts.install_plans) else {
        return Vec::new();
    };
    let waiting = subscriptions.values().filter_map(|subscription| {
        let found = olm::subscription(subscription);
        let plan = plans.get(&found.install_plan?)?;
        found.pending_csv.filter(|_| !plan.spec.approved)
    });
    waiting.collect()
}

/// Summarizes the effect of a change of a namespace on its operators and databases; `None` if no
/// operator is upgraded, or if OLM has no plan for that yet.
pub fn summary(
    what: &str,
    planned: &NamespaceModel,
    prior: &NamespaceModel,
    facts: &Facts,
) -> Option<Summary> {
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut engines: Vec<Engine> = Vec::new();
    let mut further: Vec<String> = Vec::new();
    for hop in asked_for(planned, prior) {
        let Some(plan) = waiting_plan(hop.engine, facts) else {
            continue;
        };
        let name = plan.metadata.name.as_deref().unwrap_or_default();
        let hops = hops(plan, |engine| installed(engine, facts));
        engines.extend(hops.iter().map(|hop| hop.engine));
        told.insert(name, contents(plan, &hops));
        let asked = planned.engines.known()?.get(hop.engine).known()?;
        if let Field::Known(version) = &asked.version
            && *version != hop.to
        {
            further.push(format!(
                "{} continues to {version}, version by version, as soon as the databases of {} \
                 have the CR version of the one before.",
                hop.engine.operator(),
                hop.engine
            ));
        }
    }
    if told.is_empty() {
        return None;
    }
    let mut detail: Vec<String> = told
        .iter()
        .map(|(plan, contents)| {
            format!("Install plan {plan} is approved: {}.", contents.join(", "))
        })
        .collect();
    detail.extend(further);
    detail.push(databases(&engines, facts));
    Some(Summary {
        headline: format!("Operators of {what} are upgraded"),
        detail: detail.join("\n"),
    })
}

/// Everything in a plan, upgrades with both versions.
fn contents(plan: &InstallPlan, hops: &[Hop]) -> Vec<String> {
    let names = plan.spec.cluster_service_version_names.iter();
    names
        .map(|csv| {
            let parsed = parse_csv(csv);
            let hop = hops
                .iter()
                .find(|hop| parsed == Some((hop.engine.operator(), hop.to.as_str())));
            match (hop, parsed) {
                (Some(hop), Some((package, _))) => {
                    format!("{package} from {} to {}", hop.from, hop.to)
                }
                (None, Some((package, version))) => format!("{package} {version} is installed"),
                (_, None) => csv.clone(),
            }
        })
        .collect()
}

fn databases(engines: &[Engine], facts: &Facts) -> String {
    let touched: Vec<&str> = facts
        .databases
        .iter()
        .flatten()
        .filter(|(_, database)| {
            let engine = database.spec.engine.known();
            let engine = engine.and_then(|engine| engine.type_.known());
            engine.is_some_and(|engine| engines.contains(engine))
        })
        .map(|(name, _)| name.as_str())
        .collect();
    if touched.is_empty() {
        return "They run no database in the namespace.".to_owned();
    }
    format!(
        "They run {}: these databases keep running. Afterwards, update their CR version \
         (engine.cr_version), which restarts their members one by one. During the upgrade of an \
         operator, Everest accepts no change of a database in the namespace.",
        touched.join(", ")
    )
}

#[cfg(test)]
mod tests;
