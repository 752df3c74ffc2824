//! The first data of a database, from a backup or an import.

use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseClusterSpec, DatabaseClusterStatus};
use serde_json::Value;

use super::{DatabaseObservation, condition, paused, reason};
use crate::facts::Seen;
use crate::readiness::Readiness;
use crate::v1;

/// The reason why the import of the first data failed, if it did.
///
/// Everest never removes the condition ImportFailed, also if a later job has succeeded. So the
/// condition counts only if the job is not known, and while Everest reports `error`, as it does for
/// as long as the job has failed (`observeDataImportState` of its databasecluster_controller.go).
pub(super) fn import_failure(observation: &DatabaseObservation<'_>) -> Option<String> {
    let condition = condition(observation.database, "ImportFailed");
    let has_failed = match observation.import_job {
        Some(job) => v1::data_import_job::state(job) == "Failed",
        None => condition.is_some() && v1::database::status(observation.database) == "error",
    };
    if !has_failed {
        return None;
    }
    let job = observation.import_job.and_then(|job| job.status.as_ref());
    let why = job
        .and_then(|job| job.message.as_deref())
        .filter(|message| !message.is_empty())
        .or_else(|| condition.map(reason))
        .unwrap_or("the job gives no reason");
    // An importer that was killed leaves the annotation.
    let paused = paused::why(observation).map_or_else(String::new, |why| format!("; {why}"));
    Some(format!("the data import failed: {why}{paused}"))
}

/// The error of an import that Everest retries, as the end of a sentence. Everest stops after the
/// state Failed, and begins anew after Error (`Reconcile` of its dataimportjob_controller.go).
pub(super) fn import_error(observation: &DatabaseObservation<'_>) -> String {
    let job = observation.import_job.and_then(|job| job.status.as_ref());
    let message = job
        .filter(|job| job.state.as_deref() == Some("Error"))
        .map(|job| job.message.as_deref().unwrap_or("without a reason"));
    message.map_or_else(String::new, |message| {
        format!("; the job reports an error, and Everest tries again: {message}")
    })
}

/// The failure of the restore that was to bring the first data.
pub(super) fn first_restore_failed(
    observation: &DatabaseObservation<'_>,
    described: &str,
) -> Option<Readiness> {
    let (name, state, message) = restore_of(observation)?;
    (state == "Failed")
        .then(|| Readiness::Failed(format!("the restore {name} failed{message}; {described}")))
}

fn restore_of<'a>(observation: &DatabaseObservation<'a>) -> Option<(String, &'a str, String)> {
    let restore = observation.restore?;
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

/// Returns true if the first data comes from a backup, by a restore with the database's name.
pub fn is_from_backup(spec: &DatabaseClusterSpec) -> bool {
    spec.data_source.known().is_some_and(|source| {
        source.backup_source.is_known()
            || source
                .db_cluster_backup_name
                .known_str()
                .is_some_and(|name| !name.is_empty())
    })
}

/// Judges a database whose data source is gone: Everest removes it when its restore is over,
/// whether or not the restore succeeded (everest-operator, ReconcileDBRestoreFromDataSource).
fn without_source(observation: &DatabaseObservation<'_>) -> Readiness {
    match restore_of(observation).filter(|_| observation.creating) {
        Some((name, "Failed", message)) => Readiness::Failed(format!(
            "the engine is ready and empty: the restore {name} of its first data failed{message}"
        )),
        _ => Readiness::Ready,
    }
}

/// Judges whether the first data has arrived in a database that is `ready`.
pub(super) fn arrived(
    observation: &DatabaseObservation<'_>,
    status: &DatabaseClusterStatus,
) -> Readiness {
    let Some(source) = observation.database.spec.data_source.known() else {
        return without_source(observation);
    };
    if source.data_import.is_known() {
        return imported(observation, status);
    }
    let backup = match (
        source.db_cluster_backup_name.known_str(),
        source.backup_source.known(),
    ) {
        (Some(name), _) if !name.is_empty() => format!("backup {name}"),
        (_, Some(source)) => format!("path {}", source.path.known_str().unwrap_or_default()),
        _ => return Readiness::Ready,
    };
    match restore_of(observation) {
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
            backup_version_missing(observation)
        )),
    }
}

fn imported(observation: &DatabaseObservation<'_>, status: &DatabaseClusterStatus) -> Readiness {
    let state = observation
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
        (_, None) if !observation.creating => Readiness::Ready,
        (Some(name), state) => Readiness::Pending(format!(
            "the engine is ready, the data import {name} is {}{}",
            state
                .filter(|state| !state.is_empty())
                .unwrap_or("not started"),
            import_error(observation)
        )),
        (None, _) => Readiness::Pending(format!(
            "the engine is ready, the data import has not begun{}",
            backup_version_missing(observation)
        )),
    }
}

/// MongoDB begins neither a restore nor an import before its backup agents
/// have reported in.
fn backup_version_missing(observation: &DatabaseObservation<'_>) -> &'static str {
    let psmdb = observation
        .database
        .spec
        .engine
        .known()
        .is_some_and(|engine| engine.type_.known() == Some(&Engine::Psmdb));
    let Seen::Found(engine_cr) = observation.engine_cr else {
        return "";
    };
    let missing = engine_cr
        .pointer("/status/backupVersion")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty);
    if psmdb && missing {
        ": the engine has not reported the version of its backup agent"
    } else {
        ""
    }
}
