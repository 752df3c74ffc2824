//! Rules for `everest_database`.

mod backup;
mod change;
mod engine;
mod final_backup;
mod locked_backups;
mod online;
mod origin;
mod proxy;
mod restart;
mod sharding;
mod users;
mod wanted;

use everest_schemas::everest::DatabaseClusterSpec;
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field};
use jiff::Timestamp;

use super::expressions::{self, Expression};
use super::findings::Findings;
use super::table::general::NAME;
use super::{Stage, Validate, immutable, pitr};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::raised::{self, Said};
use crate::{computed, name};

pub(super) use backup::{MOST_PG_STORAGES, has_enabled_schedules, is_enabled, kept};
pub use final_backup::{check_destruction, check_destruction_online};
pub use online::check_online;
pub(super) use origin::pitr_date;

/// Finds values that are never valid in a database: malformed quantities and timeouts.
pub fn check_syntax(config: &DatabaseModel) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.timeouts(&config.timeouts);
    final_backup::check(config, &mut findings);
    users::version(config, &mut findings);
    findings.quantities(config);
    findings.into_findings()
}

/// Checks a new or changed database by Everest's rules that need no cluster.
///
/// A change that replaces the database is judged as a creation. `planned` has the values that will
/// hold: the configuration of a creation, otherwise the plan.
pub fn check(planned: &DatabaseModel, prior: Option<&DatabaseModel>) -> Vec<Finding> {
    let prior = prior.filter(|prior| !immutable::replaces(planned, *prior));
    let mut findings = Findings::default();
    state(planned, &mut findings);
    let Some(prior) = prior else {
        creation(planned, &mut findings);
        return findings.into_findings();
    };
    let mut before = Findings::default();
    state(prior, &mut before);
    change::check(planned, prior, &mut findings);
    restart::check(planned, prior, &mut findings);
    findings.since(&before.into_findings(), writes(planned, prior))
}

/// Returns true if a change writes the DatabaseCluster, and not only the provider's own attributes.
fn writes(planned: &DatabaseModel, prior: &DatabaseModel) -> bool {
    !computed::database::affected(prior, planned).is_empty()
        || planned.labels != prior.labels
        || planned.annotations != prior.annotations
}

/// Checks the first data of a new database against the present time.
pub fn check_time(
    planned: &DatabaseModel,
    prior: Option<&DatabaseModel>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    let is_new = prior.is_none_or(|prior| immutable::replaces(planned, prior));
    if let Some(date) = planned
        .spec
        .known()
        .filter(|_| is_new)
        .and_then(origin::moment)
    {
        let path = FieldPath::of("dataSource.pitr.date");
        pitr::past(path, Some(date), now, &mut findings);
    }
    findings.into_findings()
}

/// Rules about a database that do not depend on its prior state.
fn state(model: &DatabaseModel, findings: &mut Findings) {
    let Some(spec) = model.spec.known() else {
        return;
    };
    engine::check(spec, findings);
    proxy::check(spec, findings);
    backup::check(spec, findings);
    sharding::check(spec, findings);
    users::check(model, findings);
}

/// Rules for a new database only.
fn creation(model: &DatabaseModel, findings: &mut Findings) {
    if let Some(text) = model.name.known_str()
        && let Err(error) = name::check(text)
    {
        findings.error(
            &NAME,
            FieldPath::of("name"),
            format!("{text:?} cannot be the name of a database: {error}"),
        );
    }
    if let Some(spec) = model.spec.known() {
        origin::check(spec, findings);
    }
    users::source(model, findings);
}

/// The engine's type, where it is known.
fn engine_type(spec: &DatabaseClusterSpec) -> Option<Engine> {
    spec.engine
        .known()
        .and_then(|engine| engine.type_.known().copied())
}

/// The engine's replicas: Everest's default is three.
fn engine_replicas(spec: &DatabaseClusterSpec) -> Option<i32> {
    match spec.engine.known().map(|engine| &engine.replicas)? {
        Field::Known(replicas) => Some(*replicas),
        Field::Null => Some(3),
        Field::Unknown => None,
    }
}

fn split_horizon(spec: &DatabaseClusterSpec) -> Field<String> {
    spec.engine_features
        .as_ref()
        .and_then(|features| features.psmdb.as_ref())
        .and_then(|psmdb| psmdb.split_horizon_dns_config_name.clone())
}

impl Validate for DatabaseModel {
    const EXPRESSIONS: &'static [Expression] = expressions::DATABASE;

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

    fn check_time(&self, prior: Option<&Self>, now: Timestamp) -> Vec<Finding> {
        check_time(self, prior, now)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        wanted::for_change(self, prior)
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::Databases, &self.name);
    }

    fn note_destroyed(&self, planned: &mut Planned) {
        planned.note_destroyed(&self.namespace, Kind::Databases, &self.name);
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        check_online(self, prior, facts, stage)
    }

    fn is_ahead_of_the_run(&self, facts: &Facts) -> bool {
        online::is_ahead_of_the_run(self, facts)
    }

    fn check_destruction(&self) -> Vec<Finding> {
        check_destruction(self)
    }

    fn wanted_at_destruction(&self) -> Wanted {
        wanted::for_destruction(self)
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let mut found = check_destruction_online(self, facts);
        found.extend(locked_backups::check(self, facts));
        found.extend(users::check_destruction_online(self, facts));
        found
    }
}

#[cfg(test)]
mod tests;
