//! Installing and upgrading engine operators through OLM.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use everest_core::install_plan::{self, Asked, Decision, Extra};
use everest_core::operator_upgrade::{self, Hop};
use everest_core::readiness::{self, EngineObservation, Readiness};
use everest_schemas::Engine;
use everest_schemas::models::NamespaceModel;
use everest_schemas::olm::InstallPlan;
use kube::ResourceExt;
use tokio::time::Instant;

use super::olm::{EngineView, Olm};
use super::problem::{blocked, is_older, problem};
use super::upgrade::{Approval, Upgrade};
use crate::Cluster;
use crate::error::{ClusterError, LastSeen, Object};
use crate::last_seen;
use crate::wait::Clock;
use crate::wait_until::{Ended, Progress, WaitCondition, wait_until};

/// How long OLM may say that it cannot resolve, or that nothing newer is there, before that
/// is believed: both pass over an install for a moment.
const BELIEVED_AFTER: Duration = Duration::from_secs(30);

/// An engine that a namespace is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) engine: Engine,
    /// The operator version asked for; none: the newest at first, then what is there.
    pub(super) version: Option<String>,
    /// The channel asked for.
    pub(super) channel: Option<String>,
    /// The version is asked for by this very change; otherwise one that was installed since
    /// by somebody else is fine as well.
    pub(super) firm: bool,
}

/// The engines a model lists.
pub(super) fn wanted(model: &NamespaceModel) -> Vec<Wanted> {
    let Some(engines) = model.engines.known() else {
        return Vec::new();
    };
    engines
        .iter()
        .filter_map(|(engine, install)| {
            let install = install.known()?;
            Some(Wanted {
                engine,
                version: install.version.known().cloned(),
                channel: install.channel.known().cloned(),
                firm: true,
            })
        })
        .collect()
}

/// Waits until every wanted engine is installed in the version asked for, approving what OLM
/// plans for that and nothing else.
///
/// 1. Looks at each engine's Subscription, its plan, its installed CSV and its
///    DatabaseEngine.
/// 2. An engine without a version asked for is satisfied with any; the plans of satisfied
///    engines are left alone.
/// 3. Once every other engine has a plan (Subscriptions made together share one),
///    everest-core decides on each that waits for approval. An upgrade is approved under
///    Everest's lock, one version at a time: see [`Upgrade::approve`].
/// 4. Goes on until all CSVs have succeeded and all DatabaseEngines are installed with
///    versions.
///
/// # Errors
/// `Blocked` for a plan that would also upgrade what was not asked for, naming the attribute
/// that agrees to it; for databases that are not ready for an upgrade; for a version that the channel does not have; for what OLM cannot
/// resolve. `TimedOut` and `Cancelled` say what is missing.
pub(super) async fn converge(
    cluster: &Cluster,
    namespace: &str,
    object: &Object,
    wanted: &[Wanted],
    clock: &Clock,
) -> Result<(), ClusterError> {
    let olm = Olm::watch(cluster, namespace);
    let changes = olm.changes();
    let mut checks = Checks {
        olm,
        object,
        wanted,
        upgrade: Upgrade::new(cluster, namespace, object),
        held: BTreeMap::new(),
        seen: Vec::new(),
    };
    let result = wait_until(clock, object, changes, &mut checks).await;
    // What goes on without us keeps its lock: Everest takes it off.
    if matches!(
        &result,
        Ok(()) | Err(Ended::Error(ClusterError::Blocked { .. }))
    ) {
        checks.upgrade.release().await;
    }
    match result {
        Ok(()) => Ok(()),
        Err(ended) => {
            let what = format!("the engines of {object} were not installed");
            let last = |missing: &str| last_seen_of(&checks.seen, missing);
            Err(ended.report(what, clock.waited(), last))
        }
    }
}

/// The looks at an installation.
struct Checks<'a> {
    olm: Olm,
    object: &'a Object,
    wanted: &'a [Wanted],
    upgrade: Upgrade<'a>,
    /// Since when something stands in an engine's way.
    held: BTreeMap<Engine, Instant>,
    /// What was seen last.
    seen: Vec<EngineView>,
}

impl WaitCondition for Checks<'_> {
    type Found = ();

    async fn check(&mut self) -> Result<Progress<()>, ClusterError> {
        let mut views = Vec::new();
        for engine in self.wanted {
            let view = self.olm.view(engine.engine).await?;
            if let Some(engine) = &view.database_engine {
                self.upgrade.recognise(engine);
            }
            views.push(view);
        }
        let (olm, held, upgrade) = (&self.olm, &mut self.held, &mut self.upgrade);
        let progress = step(olm, self.object, self.wanted, &views, held, upgrade).await;
        self.seen = views;
        progress
    }
}

async fn step(
    olm: &Olm,
    object: &Object,
    wanted: &[Wanted],
    views: &[EngineView],
    held: &mut BTreeMap<Engine, Instant>,
    upgrade: &mut Upgrade<'_>,
) -> Result<Progress<()>, ClusterError> {
    let engines: Vec<_> = wanted.iter().map(|wanted| wanted.engine).collect();
    let mut missing: Vec<String> = Vec::new();
    let mut plans: BTreeMap<String, Arc<InstallPlan>> = BTreeMap::new();
    let mut all_planned = true;
    for (wanted, view) in wanted.iter().zip(views) {
        if satisfied(wanted, view) {
            match installation(wanted, view) {
                Readiness::Ready => {}
                Readiness::Pending(reason) => missing.push(reason),
                Readiness::Failed(reason) => return Ok(Progress::Failed(reason)),
            }
            continue;
        }
        if let Some(problem) = problem(olm.cluster(), object, wanted, view, &engines) {
            let since = *held.entry(wanted.engine).or_insert_with(Instant::now);
            if problem.certain || since.elapsed() >= BELIEVED_AFTER {
                return Err(blocked(object, &problem));
            }
            missing.push(problem.sentence);
            all_planned = false;
            continue;
        }
        held.remove(&wanted.engine);
        match &view.plan {
            Some(plan) => {
                missing.push(describe_plan(wanted.engine, plan));
                plans.insert(plan.name_any(), plan.clone());
            }
            None => {
                all_planned = false;
                let hindrance = view.facts.hindrance.as_ref();
                missing.push(match hindrance {
                    Some(hindrance) => format!("{}: {hindrance}", wanted.engine.operator()),
                    None => format!(
                        "OLM to plan the installation of {}",
                        wanted.engine.operator()
                    ),
                });
            }
        }
    }
    if missing.is_empty() {
        return Ok(Progress::Done(()));
    }
    let asked: Vec<Asked> = wanted
        .iter()
        .zip(views)
        .map(|(wanted, view)| asked(wanted, view))
        .collect();
    for plan in plans
        .values()
        .filter(|plan| all_planned && needs_approval(plan))
    {
        match install_plan::decide(plan, &asked) {
            Decision::Approve => {
                let hops = operator_upgrade::hops(plan, |engine| {
                    let known = asked.iter().find(|asked| asked.engine == engine)?;
                    known.installed.clone()
                });
                match unfinished(wanted, views, &hops) {
                    Some(reason) => missing.push(reason),
                    None => {
                        if let Approval::Waits(reason) = upgrade.approve(olm, plan, &hops).await? {
                            missing.push(reason);
                        }
                    }
                }
            }
            Decision::Wait(reason) => missing.push(reason),
            Decision::Refuse { extra } => return Err(refused(olm.cluster(), object, plan, &extra)),
        }
    }
    missing.dedup();
    Ok(Progress::Wait(missing.join("; ")))
}

/// What of the versions that are to be replaced is still being installed: OLM goes from one
/// version to the next, and plans the next one early.
fn unfinished(wanted: &[Wanted], views: &[EngineView], hops: &[Hop]) -> Option<String> {
    wanted
        .iter()
        .zip(views)
        .filter(|(wanted, _)| hops.iter().any(|hop| hop.engine == wanted.engine))
        .find_map(|(wanted, view)| match installation(wanted, view) {
            Readiness::Ready => None,
            Readiness::Pending(reason) | Readiness::Failed(reason) => Some(reason),
        })
}

fn installation(wanted: &Wanted, view: &EngineView) -> Readiness {
    readiness::engine_install(&EngineObservation {
        engine: wanted.engine,
        csv: view.csv.as_deref(),
        database_engine: view.database_engine.as_deref(),
    })
}

/// Whether what is installed is what was asked for.
fn satisfied(wanted: &Wanted, view: &EngineView) -> bool {
    match (installed_version(view), &wanted.version) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(installed), Some(asked)) => {
            installed == asked || (!wanted.firm && is_older(asked, installed))
        }
    }
}

fn installed_version(view: &EngineView) -> Option<&str> {
    view.facts.installed_version.as_deref()
}

fn asked(wanted: &Wanted, view: &EngineView) -> Asked {
    Asked {
        engine: wanted.engine,
        version: wanted.version.clone(),
        installed: installed_version(view).map(str::to_owned),
    }
}

fn needs_approval(plan: &InstallPlan) -> bool {
    let phase = plan.status.as_ref().map(|status| status.phase.as_str());
    phase == Some("RequiresApproval") && !plan.spec.approved
}

fn describe_plan(engine: Engine, plan: &InstallPlan) -> String {
    let phase = plan
        .status
        .as_ref()
        .map_or("", |status| status.phase.as_str());
    let phase = if phase.is_empty() {
        "no phase yet"
    } else {
        phase
    };
    format!(
        "{} to be installed (install plan {}: {phase})",
        engine.operator(),
        plan.name_any()
    )
}

fn refused(
    cluster: &Cluster,
    object: &Object,
    plan: &InstallPlan,
    extra: &[Extra],
) -> ClusterError {
    ClusterError::Blocked {
        object: Box::new(object.clone()),
        message: install_plan::refusal(plan, extra).render(cluster.dialect()),
        attribute: extra
            .iter()
            .find(|extra| extra.engine.is_some())
            .map(|extra| extra.attribute.clone()),
    }
}

/// What the Subscriptions and CSVs said last.
fn last_seen_of(views: &[EngineView], missing: &str) -> LastSeen {
    let mut all = last_seen::waiting_for(missing);
    for view in views {
        let Some(subscription) = &view.subscription else {
            continue;
        };
        let status = serde_json::to_value(&subscription.status).unwrap_or_default();
        let conditions = last_seen::describe(&status).conditions;
        all.conditions.extend(
            conditions
                .into_iter()
                .map(|line| format!("Subscription {}: {line}", subscription.name_any())),
        );
        if let Some(csv) = &view.csv {
            let status = serde_json::to_value(&csv.status).unwrap_or_default();
            let seen = last_seen::describe(&status);
            all.conditions.push(format!(
                "ClusterServiceVersion {}: {} {}",
                csv.name_any(),
                seen.status.unwrap_or_default(),
                seen.message.unwrap_or_default()
            ));
        }
    }
    all
}
