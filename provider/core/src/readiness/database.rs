//! When a database is ready.

use std::time::Duration;

use everest_schemas::Engine;
use everest_schemas::everest::{
    Condition, DataImportJob, DatabaseCluster, DatabaseClusterRestore, DatabaseClusterStatus,
};
use serde_json::Value;

use super::Readiness;
use crate::restart;

/// How long a status must stand after a write before it is believed, where
/// the engine does not say which generation it has seen. Everest looks at its
/// engines every five seconds.
pub const HOLD: Duration = Duration::from_secs(10);

/// Annotation that freezes Everest's work on a database.
const RECONCILE_PAUSED: &str = "everest.percona.com/reconcile-paused";

/// What was last seen of a database.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseSighting<'a> {
    /// The database.
    pub database: &'a DatabaseCluster,
    /// The engine's own object of the same name, where it may be read.
    pub engine_cr: Option<&'a Value>,
    /// The restore of the same name, which Everest makes for a data source.
    pub restore: Option<&'a DatabaseClusterRestore>,
    /// The import job that the status names.
    pub import_job: Option<&'a DataImportJob>,
    /// `metadata.generation` after our write.
    pub written_generation: i64,
    /// How long `status.status` has had its present value, counted from our
    /// write at the earliest; `None` where that is not known.
    pub steady_for: Option<Duration>,
    /// Whether the database has never been ready since it was created.
    pub creating: bool,
    /// Whether the status may be left over from before a write: after a change
    /// of the spec, and where a wait goes on of which nobody saw the end.
    pub may_be_stale: bool,
}

/// Whether a database has become what was last written.
///
/// 1. A database being deleted, or whose volume or import failed, has failed.
/// 2. Everest must have seen the generation that was written.
/// 3. `error` is waited out while creating, and is a failure on an update
///    once it is known not to be left over from before.
/// 4. A database that is to be paused is ready when it is `paused`.
/// 5. Everything but `ready` is waited for.
/// 6. `ready` counts for a new database, and where only metadata was written;
///    after a change, only when the engine has seen its own new spec and is
///    ready too, or, where it does not tell, when `ready` has stood for
///    [`HOLD`].
/// 7. A data source must have been restored, an import must have succeeded:
///    the database is `ready` for a while before either begins.
///
/// Source: everest-operator `internal/controller/everest/providers/*/provider.go`.
pub fn database(sighting: &DatabaseSighting<'_>) -> Readiness {
    let none = DatabaseClusterStatus::default();
    let object = sighting.database;
    let status = object.status.as_ref().unwrap_or(&none);
    let state = status.status.as_deref().unwrap_or("");

    if object.metadata.deletion_timestamp.is_some() || state == "deleting" {
        return Readiness::Failed(format!(
            "the database is being deleted ({})",
            describe(status)
        ));
    }
    if let Some(condition) = condition(status, "VolumeResizeFailed") {
        return Readiness::Failed(format!(
            "the volumes could not be resized: {}",
            reason(condition)
        ));
    }
    if let Some(failure) = import_failure(sighting, status) {
        return Readiness::Failed(failure);
    }
    if annotation(object, RECONCILE_PAUSED).is_some_and(|value| value == "true") {
        return Readiness::Pending(format!(
            "the annotation {RECONCILE_PAUSED} is \"true\", so Everest leaves the database alone; remove it ({})",
            describe(status)
        ));
    }
    let generation = object
        .metadata
        .generation
        .unwrap_or(0)
        .max(sighting.written_generation);
    let observed = status.observed_generation.unwrap_or(0);
    if observed < generation {
        return Readiness::Pending(format!(
            "Everest has not taken up the change yet: generation {generation} is written, {observed} was seen; {}",
            describe(status)
        ));
    }
    if state == "error" {
        return failing(sighting, status);
    }
    if restart::is_running(object) {
        return Readiness::Pending(format!(
            "the database is being restarted; {}",
            describe(status)
        ));
    }
    if object.spec.paused.known() == Some(&true) {
        return match state {
            "paused" if status.ready.unwrap_or(0) == 0 => Readiness::Ready,
            _ => Readiness::Pending(format!(
                "waiting for the database to stop; {}",
                describe(status)
            )),
        };
    }
    if state != "ready" {
        return waiting(sighting, status, state);
    }
    if let Some(left_over) = left_over(sighting) {
        return Readiness::Pending(left_over);
    }
    if let Some(condition) = condition(status, "CannotResizeVolume") {
        return Readiness::Failed(format!(
            "the database is ready, but its volumes were not resized: {}",
            reason(condition)
        ));
    }
    origin(sighting, status)
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

fn annotation<'a>(object: &'a DatabaseCluster, key: &str) -> Option<&'a String> {
    object
        .metadata
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(key))
}

fn condition<'a>(status: &'a DatabaseClusterStatus, kind: &str) -> Option<&'a Condition> {
    status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == kind && condition.status == "True")
}

fn reason(condition: &Condition) -> &str {
    if condition.message.is_empty() {
        &condition.reason
    } else {
        &condition.message
    }
}

fn import_failure(
    sighting: &DatabaseSighting<'_>,
    status: &DatabaseClusterStatus,
) -> Option<String> {
    let job = sighting.import_job.and_then(|job| job.status.as_ref());
    let job_failed =
        job.is_some_and(|job| matches!(job.state.as_deref(), Some("Failed" | "Error")));
    let condition = condition(status, "ImportFailed");
    if !job_failed && condition.is_none() {
        return None;
    }
    let why = job
        .and_then(|job| job.message.as_deref())
        .filter(|message| !message.is_empty())
        .or_else(|| condition.map(reason))
        .unwrap_or("the job gives no reason");
    Some(format!("the data import failed: {why}"))
}

fn failing(sighting: &DatabaseSighting<'_>, status: &DatabaseClusterStatus) -> Readiness {
    let described = describe(status);
    if sighting.creating {
        return Readiness::Pending(format!("{described}; Everest keeps trying"));
    }
    match left_over(sighting) {
        Some(_) if sighting.engine_cr.map(engine_state) != Some("error") => {
            Readiness::Pending(format!("{described}; this may be from before the change"))
        }
        _ => Readiness::Failed(described),
    }
}

fn waiting(
    sighting: &DatabaseSighting<'_>,
    status: &DatabaseClusterStatus,
    state: &str,
) -> Readiness {
    let described = describe(status);
    if sighting.creating
        && let Some((name, state, message)) = restore_of(sighting)
        && state == "Failed"
    {
        return Readiness::Failed(format!("the restore {name} failed{message}; {described}"));
    }
    let doing = match state {
        "paused" => "waiting for the database to start",
        "restoring" => "a restore is running",
        "importing" => "a data import is running",
        "upgrading" => "the engine is changing its version",
        "resizingVolumes" => "the volumes are being resized",
        _ => return Readiness::Pending(described),
    };
    Readiness::Pending(format!("{doing}; {described}"))
}

/// Why a status may be left over from before our write, if it may.
fn left_over(sighting: &DatabaseSighting<'_>) -> Option<String> {
    if !sighting.may_be_stale {
        return None;
    }
    let seen = sighting.engine_cr.and_then(|engine| {
        let generation = engine.pointer("/metadata/generation")?.as_i64()?;
        let observed = engine.pointer("/status/observedGeneration")?.as_i64()?;
        // An operator that does not fill the field in leaves it zero.
        (observed > 0).then_some((generation, observed))
    });
    let state = sighting.engine_cr.map_or("", engine_state);
    match seen {
        Some((generation, observed)) if observed < generation => Some(format!(
            "status is ready from before the change; the engine's operator has not taken it up yet (generation {generation}, seen {observed})"
        )),
        Some(_) if matches!(state, "" | "ready" | "error" | "paused") => None,
        Some(_) => Some(format!("status is ready, but the engine itself is {state}")),
        None => match sighting.steady_for {
            Some(stood) if stood >= HOLD => None,
            stood => Some(format!(
                "status is ready; waiting until it has been so for {} s, because it may be from before the change ({} s so far)",
                HOLD.as_secs(),
                stood.unwrap_or_default().as_secs()
            )),
        },
    }
}

fn engine_state(engine: &Value) -> &str {
    let state = |path| {
        engine
            .pointer(path)
            .and_then(Value::as_str)
            .filter(|state| !state.is_empty())
    };
    state("/status/state")
        .or_else(|| state("/status/status"))
        .unwrap_or("")
}

fn restore_of<'a>(sighting: &DatabaseSighting<'a>) -> Option<(String, &'a str, String)> {
    let restore = sighting.restore?;
    let status = restore.status.as_ref()?;
    let message = match status.message.as_deref() {
        None | Some("") => String::new(),
        Some(message) => format!(": {message}"),
    };
    Some((
        restore.metadata.name.clone().unwrap_or_default(),
        status.state.as_deref().unwrap_or(""),
        message,
    ))
}

/// Whether the first data has arrived in a database that is `ready`.
fn origin(sighting: &DatabaseSighting<'_>, status: &DatabaseClusterStatus) -> Readiness {
    let Some(source) = sighting.database.spec.data_source.known() else {
        return Readiness::Ready;
    };
    if source.data_import.is_known() {
        return imported(sighting, status);
    }
    let backup = match (
        source.db_cluster_backup_name.known_str(),
        source.backup_source.known(),
    ) {
        (Some(name), _) if !name.is_empty() => format!("backup {name}"),
        (_, Some(source)) => format!("path {}", source.path.known_str().unwrap_or_default()),
        _ => return Readiness::Ready,
    };
    match restore_of(sighting) {
        Some((_, "Succeeded", _)) => Readiness::Ready,
        Some((name, "Failed", message)) => {
            Readiness::Failed(format!("the restore {name} from {backup} failed{message}"))
        }
        Some((name, state, message)) => Readiness::Pending(format!(
            "the engine is ready, the restore {name} from {backup} is {}{message}",
            if state.is_empty() {
                "not started"
            } else {
                state
            }
        )),
        None => Readiness::Pending(format!(
            "the engine is ready, the restore from {backup} has not begun{}",
            backup_version_missing(sighting)
        )),
    }
}

fn imported(sighting: &DatabaseSighting<'_>, status: &DatabaseClusterStatus) -> Readiness {
    let state = sighting
        .import_job
        .and_then(|job| job.status.as_ref())
        .and_then(|status| status.state.as_deref());
    let named = status
        .data_import_job_name
        .as_deref()
        .filter(|name| !name.is_empty());
    match (named, state) {
        (Some(_), Some("Succeeded")) => Readiness::Ready,
        // Long done: the job of a database that was ready before may be gone.
        (_, None) if !sighting.creating => Readiness::Ready,
        (Some(name), state) => Readiness::Pending(format!(
            "the engine is ready, the data import {name} is {}",
            state
                .filter(|state| !state.is_empty())
                .unwrap_or("not started")
        )),
        (None, _) => Readiness::Pending(format!(
            "the engine is ready, the data import has not begun{}",
            backup_version_missing(sighting)
        )),
    }
}

/// MongoDB begins neither a restore nor an import before its backup agents
/// have reported in.
fn backup_version_missing(sighting: &DatabaseSighting<'_>) -> &'static str {
    let psmdb = sighting
        .database
        .spec
        .engine
        .known()
        .is_some_and(|engine| engine.type_.known() == Some(&Engine::Psmdb));
    let missing = sighting.engine_cr.is_some_and(|engine| {
        engine
            .pointer("/status/backupVersion")
            .and_then(Value::as_str)
            .is_none_or(str::is_empty)
    });
    if psmdb && missing {
        ": the engine has not reported the version of its backup agent"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests;
