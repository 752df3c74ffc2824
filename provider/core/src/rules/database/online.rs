//! What only the cluster can tell of a database.

mod origin;
mod references;
mod storages;
mod versions;
mod volumes;

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec};
use everest_schemas::models::DatabaseModel;

use super::super::online::{busy_state, upgrade_lock};
use super::super::table::online::DATABASE_BUSY;
use super::change::taken_over;
use super::{engine_type, replacing, writes};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::outputs;
use crate::path::FieldPath;
use crate::rules::Stage;
use crate::rules::finder::{Finder, differ};
use crate::rules::online::served_namespace;
use crate::upgrade::{self, CrVersion};

/// What the cluster's present state forbids a database to be or to become.
///
/// `planned` and `prior` are those of [`super::check`]. Of what was broken before
/// this change, as the cluster is now, only what stands against it is said. While the namespace does
/// not exist, nothing in it is expected at plan.
pub fn check_online(
    planned: &DatabaseModel,
    prior: Option<&DatabaseModel>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let prior = prior.filter(|prior| replacing(planned, prior).is_empty());
    let mut finder = Finder::default();
    let served = served_namespace(&planned.namespace, facts, stage, &mut finder);
    if facts.namespace_is_absent() || (prior.is_none() && !served) {
        return finder.into_findings();
    }
    let live = prior.and_then(|prior| live(prior, facts));
    state(planned, live, facts, stage, &mut finder);
    let Some(prior) = prior else {
        if stage == Stage::Plan {
            upgrade_lock(facts, &mut finder);
        }
        if let Some(spec) = planned.spec.known() {
            versions::recommended(spec, facts, &mut finder);
            volumes::default_class(spec, facts, &mut finder);
            references::split_horizon(spec, facts, stage, &mut finder);
            origin::check(spec, facts, stage, &mut finder);
        }
        return finder.into_findings();
    };
    let mut before = Finder::default();
    served_namespace(&prior.namespace, facts, Stage::Apply, &mut before);
    state(prior, live, facts, Stage::Apply, &mut before);
    change(planned, prior, live, facts, stage, &mut finder);
    finder.since(&before.into_findings(), writes(planned, prior))
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
    finder: &mut Finder,
) {
    let Some(spec) = model.spec.known() else {
        return;
    };
    versions::check(spec, facts, stage, finder);
    references::check(spec, facts, stage, finder);
    storages::check(model, spec, live, facts, stage, finder);
    volumes::check(spec, facts, finder);
}

fn change(
    planned: &DatabaseModel,
    prior: &DatabaseModel,
    live: Option<&DatabaseCluster>,
    facts: &Facts,
    stage: Stage,
    finder: &mut Finder,
) {
    let (Some(now), Some(before)) = (planned.spec.known(), prior.spec.known()) else {
        return;
    };
    if stage == Stage::Plan && !outputs::database::affected(prior, planned).is_empty() {
        upgrade_lock(facts, finder);
        if let Some(state) = live.and_then(busy_state) {
            finder.doubtful(
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
        versions::recommended(now, facts, finder);
        pending_cr_version(now, prior, live, finder);
    }
    volumes::growth(now, before, facts, finder);
    if prior.ready.known() == Some(&false) {
        volumes::shrinkage(now, before, live, facts, finder);
    }
}

/// A version of the operator that the database has not taken over, seen only
/// now: the prior model does not know of it.
fn pending_cr_version(
    now: &DatabaseClusterSpec,
    prior: &DatabaseModel,
    live: Option<&DatabaseCluster>,
    finder: &mut Finder,
) {
    if let (None, Some(live), Some(engine)) = (upgrade::pending(prior), live, now.engine.known())
        && let CrVersion::Pending(pending) = upgrade::cr_version(live.status.as_ref())
    {
        taken_over(engine, pending, finder);
    }
}

#[cfg(test)]
mod tests;
