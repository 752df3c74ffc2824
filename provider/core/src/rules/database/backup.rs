//! Backup schedules and point-in-time recovery.

use std::collections::BTreeMap;

use everest_schemas::everest::{Backup, BackupSchedule, DatabaseClusterSpec, Pitr};
use everest_schemas::{Engine, Field};

use super::engine_type;
use crate::cron;
use crate::path::FieldPath;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::backup::{
    PG_STORAGE_PER_SCHEDULE, PG_THREE_STORAGES, PITR_INTERVAL, PITR_MINUTES, PITR_STORAGE,
    PSMDB_ONE_STORAGE, SCHEDULE_CRON, SCHEDULE_NAME, SCHEDULE_NAMES_DISTINCT, SCHEDULE_STORAGE,
    SCHEDULES_DISTINCT,
};
use crate::v1::pitr_window::mongodb_interval;

/// The most storages that a PostgreSQL database can use.
pub(in crate::rules) const MOST_PG_STORAGES: usize = 3;

pub(super) fn check(spec: &DatabaseClusterSpec, findings: &mut Findings) {
    let Some(backup) = spec.backup.known() else {
        return;
    };
    let path = FieldPath::of("backup");
    if let Some(pitr) = backup.pitr.known() {
        let path = path.field("pitr");
        let enabled = pitr.enabled.known() == Some(&true);
        if enabled
            && engine_type(spec) == Some(Engine::Pxc)
            && is_missing(&pitr.backup_storage_name)
        {
            findings.error(
                &PITR_STORAGE,
                path.field("backupStorageName"),
                "No backup storage is given for point-in-time recovery",
            );
        }
        if enabled
            && let Some(interval) = pitr.upload_interval_sec.known()
            && *interval <= 0
        {
            findings.error(
                &PITR_INTERVAL,
                path.field("uploadIntervalSec"),
                format!("{interval} seconds is not an interval"),
            );
        }
        if enabled && engine_type(spec) == Some(Engine::Psmdb) {
            whole_minutes(backup, pitr, findings);
        }
    }
    if let Some(schedules) = backup.schedules.known() {
        let path = path.field("schedules");
        each(&path, schedules, engine_type(spec), findings);
        distinct(&path, schedules, findings);
        match engine_type(spec) {
            Some(Engine::Psmdb) => psmdb_storages(&path, schedules, findings),
            Some(Engine::Postgresql) => pg_storages(&path, schedules, findings),
            Some(Engine::Pxc) | None => {}
        }
    }
}

/// Compares the interval of a MongoDB database with the one that comes of it.
fn whole_minutes(backup: &Backup, pitr: &Pitr, findings: &mut Findings) {
    let (Some(asked), Some(is_scheduled)) = (
        pitr.upload_interval_sec.known().filter(|asked| **asked > 0),
        has_schedules(backup),
    ) else {
        return;
    };
    let interval = mongodb_interval(Some(*asked), is_scheduled);
    if interval != *asked {
        findings.warning(
            &PITR_MINUTES,
            FieldPath::of("backup.pitr.uploadIntervalSec"),
            format!("The log would be uploaded every {interval} seconds, not every {asked}"),
        );
    }
}

/// Returns true if there are schedules, enabled or not; `None` while that is not known.
fn has_schedules(backup: &Backup) -> Option<bool> {
    match &backup.schedules {
        Field::Unknown => None,
        Field::Null => Some(false),
        Field::Known(schedules) => Some(!schedules.is_empty()),
    }
}

/// Returns true if a schedule is enabled; `None` while that is not known.
pub(in crate::rules) fn has_enabled_schedules(backup: &Backup) -> Option<bool> {
    let schedules = match &backup.schedules {
        Field::Unknown => return None,
        Field::Null => return Some(false),
        Field::Known(schedules) => schedules,
    };
    if schedules.iter().any(is_enabled) {
        return Some(true);
    }
    let is_open = schedules.iter().any(|one| one.enabled.is_unknown());
    (!is_open).then_some(false)
}

/// Returns true if a schedule is enabled, as far as that is known. Left out means enabled.
pub(in crate::rules) fn is_enabled(schedule: &BackupSchedule) -> bool {
    schedule.enabled.is_null() || schedule.enabled.known() == Some(&true)
}

/// The path of a schedule: by its name, which is what users write it under.
pub(super) fn schedule_path(
    path: &FieldPath,
    index: usize,
    schedule: &BackupSchedule,
) -> FieldPath {
    match schedule.name.known_str() {
        Some(name) => path.key(name),
        None => path.index(index),
    }
}

fn each(
    path: &FieldPath,
    schedules: &[BackupSchedule],
    engine: Option<Engine>,
    findings: &mut Findings,
) {
    for (index, schedule) in schedules.iter().enumerate() {
        let path = schedule_path(path, index, schedule);
        if is_missing(&schedule.name) {
            findings.error(
                &SCHEDULE_NAME,
                path.clone(),
                "A backup schedule has no name",
            );
        }
        if let Some(text) = schedule.schedule.known_str()
            && let Err(error) = cron::check(text, engine)
        {
            let path = path.field("schedule");
            let summary = format!("{text:?} is not a valid schedule: {error}");
            if error.is_unsure() {
                findings.warning(&SCHEDULE_CRON, path, summary);
            } else {
                findings.error(&SCHEDULE_CRON, path, summary);
            }
        }
        let is_read = is_enabled(schedule) || engine == Some(Engine::Postgresql);
        if is_read && is_missing(&schedule.backup_storage_name) {
            findings.error(
                &SCHEDULE_STORAGE,
                path.field("backupStorageName"),
                "The schedule names no backup storage",
            );
        }
    }
}

fn distinct(path: &FieldPath, schedules: &[BackupSchedule], findings: &mut Findings) {
    let mut names = BTreeMap::new();
    let mut times = BTreeMap::new();
    for (index, schedule) in schedules.iter().enumerate() {
        let path = schedule_path(path, index, schedule);
        if let Some(name) = schedule.name.known_str().filter(|name| !name.is_empty())
            && names.insert(name, index).is_some()
        {
            findings.error(
                &SCHEDULE_NAMES_DISTINCT,
                path.clone(),
                format!("Two backup schedules are called {name:?}"),
            );
        }
        if let Some(text) = schedule
            .schedule
            .known_str()
            .filter(|text| !text.is_empty())
        {
            let name = schedule.name.known_str().unwrap_or_default();
            if let Some(other) = times.insert(text, name) {
                findings.error(
                    &SCHEDULES_DISTINCT,
                    path.field("schedule"),
                    format!("The schedules {other:?} and {name:?} both run at {text:?}"),
                );
            }
        }
    }
}

fn psmdb_storages(path: &FieldPath, schedules: &[BackupSchedule], findings: &mut Findings) {
    let mut first = None;
    for (index, schedule) in schedules.iter().enumerate() {
        let Some(storage) = known_storage(schedule) else {
            continue;
        };
        let first = *first.get_or_insert(storage);
        if storage != first {
            findings.error(
                &PSMDB_ONE_STORAGE,
                schedule_path(path, index, schedule).field("backupStorageName"),
                format!("The schedules write to {first:?} and to {storage:?}"),
            );
        }
    }
}

fn pg_storages(path: &FieldPath, schedules: &[BackupSchedule], findings: &mut Findings) {
    let mut users: BTreeMap<&str, &str> = BTreeMap::new();
    for (index, schedule) in schedules.iter().enumerate() {
        let Some(storage) = known_storage(schedule) else {
            continue;
        };
        let path = schedule_path(path, index, schedule).field("backupStorageName");
        let name = schedule.name.known_str().unwrap_or_default();
        if let Some(other) = users.insert(storage, name) {
            findings.error(
                &PG_STORAGE_PER_SCHEDULE,
                path,
                format!("The schedules {other:?} and {name:?} both write to {storage:?}"),
            );
        } else if users.len() == MOST_PG_STORAGES + 1 {
            findings.error(
                &PG_THREE_STORAGES,
                path,
                format!("{storage:?} is one backup storage too many"),
            );
        }
    }
}

/// The storage of a schedule, and how many backups it keeps there; `None` if it keeps all of them,
/// takes none, or one of the two is not known.
pub(in crate::rules) fn kept(schedule: &BackupSchedule) -> Option<(&str, i32)> {
    let copies = schedule.retention_copies.known().copied();
    let copies = copies.filter(|copies| *copies > 0 && is_enabled(schedule))?;
    Some((known_storage(schedule)?, copies))
}

/// The storage that a schedule writes to, if it is known.
pub(super) fn known_storage(schedule: &BackupSchedule) -> Option<&str> {
    schedule
        .backup_storage_name
        .known_str()
        .filter(|name| !name.is_empty())
}
