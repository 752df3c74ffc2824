//! The readiness of a database.

mod origin;
mod paused;

use std::time::Duration;

use everest_schemas::Engine;
use everest_schemas::everest::{
    Condition, DataImportJob, DatabaseCluster, DatabaseClusterRestore, DatabaseClusterStatus,
};
use serde_json::Value;

use super::engine_object::{self, EVERESTS_LOG};
use super::{Readiness, address};
use crate::facts::Seen;
use crate::restart::{self, RESTART};
use crate::volumes::{CANNOT_RESIZE, RESIZE_FAILED, condition};
pub use origin::is_from_backup;
use origin::{first_restore_failed, import_failure};
pub use paused::reconciliation_is_paused;

/// The time for which a database must not change after a write before its status is believed,
/// unless its engine was seen at work on the change.
///
/// The operators check their pods every five seconds. The first check may report the new generation
/// and `ready` all the same: MySQL's ends once it has written the configuration, and PostgreSQL's
/// takes the state from another object, which it has only just changed. The next check begins the
/// work, and takes seconds until it reports that.
///
/// Source: percona-xtradb-cluster-operator `pkg/controller/pxc/upgrade.go` (`updatePod`);
/// percona-postgresql-operator `percona/controller/pgcluster/status.go` (`updateStatus`).
pub const HOLD: Duration = Duration::from_secs(15);

/// The time for which an `error` must last after a write before it counts as a failure.
///
/// An operator reports `error` whenever one of its reconciles fails: also while it cannot connect
/// to a member that restarts, while an image is pulled once more, or while a node is added for a
/// pod. It tries again, ever later. One that fails early reports only the error, and no generation.
///
/// Source: percona-xtradb-cluster-operator `pkg/controller/pxc/status.go`,
/// percona-server-mongodb-operator `pkg/controller/perconaservermongodb/status.go` (`updateStatus`).
const ERROR_HOLD: Duration = Duration::from_secs(120);

/// The last observation of a database.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseObservation<'a> {
    /// The database.
    pub database: &'a DatabaseCluster,
    /// The engine's own object of the same name.
    pub engine_cr: Seen<&'a Value>,
    /// The restore of the same name, which Everest creates for a data source. It matters while the
    /// database has a data source, and for a new database that was created with one (see
    /// [`is_from_backup`]).
    pub restore: Option<&'a DatabaseClusterRestore>,
    /// The import job that the status names.
    pub import_job: Option<&'a DataImportJob>,
    /// An import into the database that has not ended, whoever asked for it. It matters while
    /// Everest's reconciliation is paused (see [`reconciliation_is_paused`]).
    pub running_import: Seen<&'a DataImportJob>,
    /// `metadata.generation` after our write.
    pub written_generation: i64,
    /// The time for which [`footing`](super::footing) has been the same, counted from our write at
    /// the earliest; `None` if the caller has no clock: then a state counts once the engine's
    /// operator has taken up the change.
    pub steady_for: Option<Duration>,
    /// True if the engine was seen at work since our write on the present spec of its object, see
    /// [`at_work`](super::at_work), or if the change gives it no work.
    pub has_worked: bool,
    /// True if the database has never been ready since it was created.
    pub creating: bool,
    /// True if the status may be from before a write: after a change of the spec, and after a wait
    /// whose end was not observed.
    pub may_be_stale: bool,
}

/// Judges whether a database has become what was last written.
///
/// 1. A database that is being deleted, or whose import failed, has failed. While Everest's
///    reconciliation of it is paused, as importers do, its status says nothing.
/// 2. Everest must have seen the generation that was written. After that, volumes that could not
///    grow are a failure.
/// 3. During a creation, `error` is waited out unless the restore of the first data has failed.
///    During a change, it is a failure once it has lasted.
/// 4. A database that is to be paused is ready when it is `paused`, or stopped and goes on with an
///    upgrade or the growth of its volumes once it runs.
/// 5. Everything but `ready` is waited for.
/// 6. `ready` counts for a new database, and where only metadata was written;
///    after a change, only when the engine's own object carries the change, and
///    its operator has seen it and is ready too: after work on it, or when that
///    has stood for a while.
/// 7. A data source must have been restored, an import must have succeeded:
///    the database is `ready` for a while before either begins.
/// 8. A load balancer must have given the database its address, or each member of a replica set
///    its own, and split-horizon DNS its domains.
/// 9. A PostgreSQL database must have as many pods as it asks for.
///
/// Source: everest-operator `internal/controller/everest/providers/*/provider.go`.
pub fn database(observation: &DatabaseObservation<'_>) -> Readiness {
    let none = DatabaseClusterStatus::default();
    let object = observation.database;
    let status = object.status.as_ref().unwrap_or(&none);
    let state = status.status.as_deref().unwrap_or("");

    if object.metadata.deletion_timestamp.is_some() || state == "deleting" {
        return Readiness::Failed(format!(
            "the database is being deleted ({})",
            describe(status)
        ));
    }
    if let Some(failure) = import_failure(observation) {
        return Readiness::Failed(failure);
    }
    if let Some(why) = paused::why(observation) {
        return Readiness::Pending(format!("{why} ({})", describe(status)));
    }
    let generation = object
        .metadata
        .generation
        .unwrap_or(0)
        .max(observation.written_generation);
    let observed = status.observed_generation.unwrap_or(0);
    if observed < generation {
        let never = if object.status.is_none() {
            format!(
                ". If this continues, see Everest's log: {EVERESTS_LOG}; and check whether the \
                 namespace has the label app.kubernetes.io/managed-by=everest"
            )
        } else {
            String::new()
        };
        return Readiness::Pending(format!(
            "Everest has not handled the change yet (generation {generation}, observed \
             {observed}); {}{never}",
            describe(status)
        ));
    }
    // What is left of a growth that was taken back counts no more.
    if let Some(condition) = condition(object, RESIZE_FAILED) {
        return Readiness::Failed(format!(
            "the volumes could not be resized: {}. Restore the previous size, or allow the volumes \
             to grow",
            reason(condition)
        ));
    }
    if state == "error" {
        return failing(observation, status);
    }
    if restart::is_running(object) {
        return Readiness::Pending(format!(
            "the database is being restarted; {}{}{}",
            describe(status),
            held_by_backup(observation, state),
            stuck_restart(object).unwrap_or_default()
        ));
    }
    if object.spec.paused.known() == Some(&true) {
        return stopping(observation, status, state);
    }
    if state != "ready" {
        return waiting(observation, status, state);
    }
    if let Err(left_over) = taken_up(observation).and_then(|()| has_stood(observation)) {
        return Readiness::Pending(left_over);
    }
    if let Some(condition) = condition(object, CANNOT_RESIZE) {
        return Readiness::Failed(format!(
            "the database is ready, but its volumes were not resized: {}. Restore the previous \
             size, or allow the volumes to grow",
            reason(condition)
        ));
    }
    match origin::arrived(observation, status) {
        Readiness::Ready if observation.creating || observation.may_be_stale => {
            address::missing(object)
                .or_else(|| address::former(object, observation.engine_cr))
                .or_else(|| engine_object::other_pods(object, observation.engine_cr))
                .map_or(Readiness::Ready, Readiness::Pending)
        }
        judged => judged,
    }
}

/// What Everest and the engine's own object say of a database: `status is upgrading, 1 of 3 ready;
/// the PerconaXtraDBCluster prod/orders is initializing; the engine's operator says: …`.
pub(crate) fn work(database: &DatabaseCluster, engine_cr: &Seen<&Value>) -> String {
    let described = database.status.as_ref().map(describe).unwrap_or_default();
    let state = engine_object::named_state(database, engine_cr);
    let said = engine_object::progress(database, engine_cr);
    described + &state + &said
}

/// `status is initializing, 1 of 3 ready; the message`.
fn describe(status: &DatabaseClusterStatus) -> String {
    let state = match status.status.as_deref() {
        None | Some("") => "no status yet".to_owned(),
        Some(state) => format!("status is {state}"),
    };
    let size = status.size.unwrap_or(0);
    let pods = if size > 0 {
        format!(", {} of {size} ready", status.ready.unwrap_or(0))
    } else {
        String::new()
    };
    let message = match status.message.as_deref().map(str::trim) {
        None | Some("") => String::new(),
        Some(message) => format!("; {message}"),
    };
    format!("{state}{pods}{message}")
}

fn reason(condition: &Condition) -> &str {
    if condition.message.is_empty() {
        &condition.reason
    } else {
        &condition.message
    }
}

fn failing(observation: &DatabaseObservation<'_>, status: &DatabaseClusterStatus) -> Readiness {
    let described = describe(status);
    if observation.creating {
        return first_restore_failed(observation, &described)
            .unwrap_or_else(|| Readiness::Pending(format!("{described}; Everest keeps trying")));
    }
    match (taken_up(observation), observation.steady_for) {
        (Err(why), lasted) if lasted.is_none_or(|lasted| lasted < ERROR_HOLD) => {
            Readiness::Pending(format!(
                "{described}; this may be from before the change: {why}"
            ))
        }
        (Err(why), _) => Readiness::Failed(format!("{described}; {why}")),
        (Ok(()), Some(lasted)) if observation.may_be_stale && lasted < ERROR_HOLD => {
            Readiness::Pending(format!(
                "{described}; this may pass, or be from before the change: it is a failure once it \
                 has lasted for {} s ({} s so far)",
                ERROR_HOLD.as_secs(),
                lasted.as_secs()
            ))
        }
        (Ok(()), _) => Readiness::Failed(described),
    }
}

/// Judges a database that is to be paused.
///
/// The engine of a database that has stopped goes on to report the version that ran last, and a
/// volume may grow only once it is mounted. So Everest calls the database `upgrading` or
/// `resizingVolumes`, not `paused`, if it was given another version or size, until it runs.
///
/// Source: everest-operator `internal/controller/everest/providers/*/provider.go` (`Status`,
/// `verifyPVCResizingStatus`); `fetchVersionFromPXC` and `fetchVersionFromMongo` of the operators.
fn stopping(
    observation: &DatabaseObservation<'_>,
    status: &DatabaseClusterStatus,
    state: &str,
) -> Readiness {
    let is_paused = match (state, observation.engine_cr) {
        ("paused", _) => true,
        ("upgrading" | "resizingVolumes", Seen::Found(engine_cr)) => {
            engine_object::state(engine_cr) == "paused"
        }
        ("upgrading" | "resizingVolumes", Seen::Absent | Seen::Unread) => true,
        _ => false,
    };
    if is_paused && status.ready.unwrap_or(0) == 0 {
        return not_carried(observation).map_or(Readiness::Ready, Readiness::Pending);
    }
    Readiness::Pending(format!(
        "waiting for the database to stop; {}{}{}",
        describe(status),
        also_missing(observation),
        held_by_backup(observation, state)
    ))
}

fn waiting(
    observation: &DatabaseObservation<'_>,
    status: &DatabaseClusterStatus,
    state: &str,
) -> Readiness {
    let described = describe(status);
    if observation.creating
        && let Some(failed) = first_restore_failed(observation, &described)
    {
        return failed;
    }
    let said = engine_object::progress(observation.database, &observation.engine_cr);
    let doing = match state {
        "paused" => "waiting for the database to start",
        "restoring" => "a restore is running",
        "importing" => "a data import is running",
        "upgrading" => "the engine is changing its version",
        "resizingVolumes" => "the volumes are being resized",
        _ => return Readiness::Pending(described + &said + &also_missing(observation)),
    };
    let trouble = origin::import_error(observation);
    let missing = also_missing(observation);
    let said = match state {
        "restoring" | "upgrading" | "resizingVolumes" => said.as_str(),
        _ => "",
    };
    Readiness::Pending(format!("{doing}; {described}{trouble}{said}{missing}"))
}

/// What ends a restart that does not end by itself, as the end of a sentence: Everest starts a
/// database again once it is `paused`, but one that stopped during its upgrade, or while its volumes
/// grew, may have another state until it runs (see [`stopping`]).
///
/// Source: everest-operator `handleRestart` of its databasecluster_controller.go.
pub(crate) fn stuck_restart(database: &DatabaseCluster) -> Option<String> {
    let status = database.status.as_ref()?;
    let has_stopped = database.spec.paused.known() == Some(&true) && status.ready.unwrap_or(0) == 0;
    let state = status.status.as_deref()?;
    let goes_on = ["upgrading", "resizingVolumes"].contains(&state);
    let namespace = database.metadata.namespace.as_deref().unwrap_or_default();
    let name = database.metadata.name.as_deref().unwrap_or_default();
    (restart::is_running(database) && has_stopped && goes_on).then(|| {
        format!(
            "; it has stopped as {state}, and Everest starts it again from paused alone. Start it: \
             kubectl -n {namespace} annotate databasecluster {name} {RESTART}- and then kubectl -n \
             {namespace} patch databasecluster {name} --type merge -p \
             '{{\"spec\":{{\"paused\":false}}}}'"
        )
    })
}

/// The likely reason why a database that is to stop is still `ready`, as the end of a sentence:
/// MongoDB's and PostgreSQL's operators do not stop a database while a backup of it is taken, and
/// report nothing of that.
///
/// Source: percona-server-mongodb-operator `pkg/controller/perconaservermongodb/psmdb_controller.go`
/// (`reconcilePause`), percona-postgresql-operator `percona/controller/pgcluster/controller.go`.
fn held_by_backup(observation: &DatabaseObservation<'_>, state: &str) -> &'static str {
    let engine = observation.database.spec.engine.known();
    let engine = engine.and_then(|engine| engine.type_.known());
    match engine {
        Some(Engine::Psmdb | Engine::Postgresql) if state == "ready" => {
            "; if this continues, a backup of the database is probably being taken: its operator \
             stops the database after that"
        }
        _ => "",
    }
}

/// The missing part of a change, as the end of a sentence.
fn also_missing(observation: &DatabaseObservation<'_>) -> String {
    not_carried(observation).map_or_else(String::new, |missing| format!("; {missing}"))
}

/// Succeeds if the engine's operator has handled the database's spec; otherwise the error states
/// why the status is from before.
fn taken_up(observation: &DatabaseObservation<'_>) -> Result<(), String> {
    if let Some(missing) = not_carried(observation) {
        return Err(missing);
    }
    let Seen::Found(engine_cr) = observation.engine_cr else {
        return Ok(());
    };
    if !observation.may_be_stale {
        return Ok(());
    }
    if let Some((generation, observed)) = engine_object::generations(engine_cr)
        && observed < generation
    {
        return Err(format!(
            "the status is from before the change; the engine's operator has not handled the \
             change yet (generation {generation}, observed {observed})"
        ));
    }
    let state = engine_object::state(engine_cr);
    if engine_object::is_at_rest(state) {
        return Ok(());
    }
    Err(format!("the engine itself is {state}"))
}

/// The part of a change that is not in the engine's object, although Everest reports that it has
/// seen the change.
fn not_carried(observation: &DatabaseObservation<'_>) -> Option<String> {
    match observation.engine_cr {
        Seen::Found(engine_cr) if observation.may_be_stale => {
            engine_object::missing_change(observation.database, engine_cr)
        }
        _ => None,
    }
}

/// Succeeds if the status has lasted long enough not to be from before our write; otherwise the
/// error says what is waited for.
fn has_stood(observation: &DatabaseObservation<'_>) -> Result<(), String> {
    if !observation.may_be_stale {
        return Ok(());
    }
    let reports = match observation.engine_cr {
        Seen::Found(engine_cr) => engine_object::generations(engine_cr).is_some(),
        Seen::Absent | Seen::Unread => false,
    };
    if reports && observation.has_worked {
        return Ok(());
    }
    match observation.steady_for {
        Some(stood) if stood < HOLD => Err(format!(
            "waiting until the status has been unchanged for {} s, because it may be from before \
             the change ({} s so far)",
            HOLD.as_secs(),
            stood.as_secs()
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
