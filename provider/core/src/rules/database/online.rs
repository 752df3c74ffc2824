//! Rules for a database that need the cluster.

mod origin;
mod proxies;
mod references;
mod storages;
mod versions;
mod volumes;

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec};
use everest_schemas::models::DatabaseModel;

use super::super::online::{busy_state, upgrade_lock};
use super::super::table::online::DATABASE_BUSY;
use super::change::taken_over;
use super::{engine_type, immutable, users, writes};
use crate::computed;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules::Stage;
use crate::rules::findings::{Findings, differ};
use crate::rules::online::served_namespace;
use crate::rules::pg_backups;
use crate::upgrade::{self, CrVersion};

/// Checks a new or changed database against the present state of the cluster.
///
/// `planned` and `prior` are those of [`super::check`]. Rules that were broken before this change
/// are reported only if they prevent it. While the namespace does not exist, no object in it is
/// expected at plan.
pub fn check_online(
    planned: &DatabaseModel,
    prior: Option<&DatabaseModel>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let prior = prior.filter(|prior| !immutable::replaces(planned, *prior));
    let mut findings = Findings::default();
    proxies::check(planned, facts, &mut findings);
    let served = served_namespace(&planned.namespace, facts, stage, &mut findings);
    if facts.namespace_is_absent() || (prior.is_none() && !served) {
        return findings.into_findings();
    }
    let live = prior.and_then(|prior| live(prior, facts));
    state(planned, live, facts, stage, &mut findings);
    let Some(prior) = prior else {
        if stage == Stage::Plan {
            upgrade_lock(facts, &mut findings);
        }
        if let Some(spec) = planned.spec.known() {
            versions::recommended(spec, facts, &mut findings);
            volumes::default_class(spec, facts, &mut findings);
            references::split_horizon(spec, facts, stage, &mut findings);
            origin::check(planned, spec, facts, stage, &mut findings);
            users::shared_secret(at_secret(), planned, facts, &mut findings);
        }
        return findings.into_findings();
    };
    let mut before = Findings::default();
    proxies::check(prior, facts, &mut before);
    served_namespace(&prior.namespace, facts, Stage::Apply, &mut before);
    state(prior, live, facts, Stage::Apply, &mut before);
    change(planned, prior, live, facts, stage, &mut findings);
    findings.since(&before.into_findings(), writes(planned, prior))
}

/// Returns true if the planned run makes an object that Everest's webhook looks for when it sees the
/// database.
pub fn is_ahead_of_the_run(planned: &DatabaseModel, facts: &Facts) -> bool {
    let spec = planned.spec.known();
    spec.is_some_and(|spec| {
        references::config_is_to_come(spec, facts, Stage::Plan)
            || origin::importer_is_to_come(spec, facts)
    })
}

/// The attribute that names the Secret with the users.
fn at_secret() -> FieldPath {
    FieldPath::of("engine.userSecretsName")
}

/// The database as the cluster has it.
fn live<'a>(prior: &DatabaseModel, facts: &'a Facts) -> Option<&'a DatabaseCluster> {
    facts.databases.as_ref()?.get(prior.name.known_str()?)
}

fn state(
    model: &DatabaseModel,
    live: Option<&DatabaseCluster>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let Some(spec) = model.spec.known() else {
        return;
    };
    versions::check(spec, facts, stage, findings);
    versions::cr_version(spec, facts, findings);
    references::check(spec, facts, stage, findings);
    storages::check(model, spec, live, facts, stage, findings);
    volumes::check(spec, facts, findings);
    users::check_online(model, facts, findings);
}

fn change(
    planned: &DatabaseModel,
    prior: &DatabaseModel,
    live: Option<&DatabaseCluster>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let (Some(now), Some(before)) = (planned.spec.known(), prior.spec.known()) else {
        return;
    };
    if stage == Stage::Plan && !computed::database::affected(prior, planned).is_empty() {
        upgrade_lock(facts, findings);
        if let Some(state) = live.and_then(busy_state) {
            findings.warning(
                &DATABASE_BUSY,
                FieldPath::root(),
                format!("The database is in state {state:?} at the moment"),
            );
        }
    }
    let version = |spec: &DatabaseClusterSpec| {
        spec.engine
            .as_ref()
            .and_then(|engine| engine.version.clone())
    };
    if differ(&version(now), &version(before)) {
        versions::recommended(now, facts, findings);
        pending_cr_version(now, prior, live, findings);
    }
    if users::names_another_secret(planned, Some(prior)) {
        users::shared_secret(at_secret(), planned, facts, findings);
    }
    pg_backups::last_storage((now, before), &planned.name, facts, findings);
    volumes::growth(now, before, facts, findings);
    if prior.ready.known() == Some(&false) {
        volumes::shrinkage(now, before, live, facts, findings);
    }
}

/// Checks a CR version that is pending only now and that the prior model does not have.
fn pending_cr_version(
    now: &DatabaseClusterSpec,
    prior: &DatabaseModel,
    live: Option<&DatabaseCluster>,
    findings: &mut Findings,
) {
    if let (None, Some(live), Some(engine)) = (upgrade::pending(prior), live, now.engine.known())
        && let CrVersion::Pending(pending) = upgrade::cr_version(live.status.as_ref())
    {
        taken_over(engine, pending, findings);
    }
}

#[cfg(test)]
mod tests;
