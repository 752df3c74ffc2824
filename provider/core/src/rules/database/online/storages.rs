//! Rules for the backup storages that a database writes to.

use std::collections::BTreeSet;

use everest_schemas::Engine;
use everest_schemas::everest::{BackupSchedule, DatabaseCluster, DatabaseClusterSpec};
use everest_schemas::models::DatabaseModel;

use super::super::backup::{MOST_PG_STORAGES, is_enabled, kept, known_storage, schedule_path};
use super::engine_type;
use crate::facts::{Facts, Kind};
use crate::path::FieldPath;
use crate::rules::Stage;
use crate::rules::findings::Findings;
use crate::rules::online::{storage, storages_of_backups};
use crate::rules::table::backup::{
    PG_BACKUP_RETENTION, PG_THREE_STORAGES, PITR_STORAGE, PSMDB_ONE_STORAGE,
};
use crate::v1;

pub(super) fn check(
    model: &DatabaseModel,
    spec: &DatabaseClusterSpec,
    live: Option<&DatabaseCluster>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let Some(backup) = spec.backup.known() else {
        return;
    };
    if let Some(pitr) = backup
        .pitr
        .known()
        .filter(|pitr| pitr.enabled.known() == Some(&true))
    {
        let path = FieldPath::of("backup.pitr.backupStorageName");
        let name = &pitr.backup_storage_name;
        // Everest reads the name for MySQL alone: the other engines use the storage of their backups.
        if engine_type(spec) == Some(Engine::Pxc)
            && let Some(found) = storage(path.clone(), name, facts, stage, findings)
            && let Some(type_) = found.spec.type_.known_str()
            && type_ != "s3"
        {
            let name = name.known_str().unwrap_or_default();
            findings.error(
                &PITR_STORAGE,
                path,
                format!("The backup storage {name:?} is of type {type_}"),
            );
        }
    }
    let Some(schedules) = backup.schedules.known() else {
        return;
    };
    let path = FieldPath::of("backup.schedules");
    for (index, schedule) in schedules.iter().enumerate() {
        // Of PostgreSQL, Everest reads the storage of a disabled schedule too.
        if is_enabled(schedule) || engine_type(spec) == Some(Engine::Postgresql) {
            let path = schedule_path(&path, index, schedule).field("backupStorageName");
            storage(path, &schedule.backup_storage_name, facts, stage, findings);
        }
    }
    match engine_type(spec) {
        Some(Engine::Psmdb) => active_storage(&path, schedules, live, findings),
        Some(Engine::Postgresql) => {
            let Some(live) = live else {
                return;
            };
            let database = model.name.known_str().unwrap_or_default();
            repositories(&path, schedules, database, facts, findings);
            retention(&path, schedules, (database, live), facts, findings);
        }
        _ => {}
    }
}

/// A MongoDB database keeps the storage that it used first.
fn active_storage(
    path: &FieldPath,
    schedules: &[BackupSchedule],
    live: Option<&DatabaseCluster>,
    findings: &mut Findings,
) {
    let status = live.and_then(|live| live.status.as_ref());
    let Some(active) = status
        .and_then(|status| status.active_storage.as_deref())
        .filter(|active| !active.is_empty())
    else {
        return;
    };
    for (index, schedule) in schedules.iter().enumerate() {
        if let Some(storage) = known_storage(schedule).filter(|storage| *storage != active) {
            findings.error(
                &PSMDB_ONE_STORAGE,
                schedule_path(path, index, schedule).field("backupStorageName"),
                format!("The schedule writes to {storage:?}, but the backups are in {active:?}"),
            );
        }
    }
}

/// The storages of existing backups count, even if no schedule names them.
fn repositories(
    path: &FieldPath,
    schedules: &[BackupSchedule],
    database: &str,
    facts: &Facts,
    findings: &mut Findings,
) {
    let scheduled: BTreeSet<_> = schedules.iter().filter_map(known_storage).collect();
    if scheduled.len() > MOST_PG_STORAGES {
        return;
    }
    let mut used: BTreeSet<_> = storages_of_backups(database, facts).collect();
    for (index, schedule) in schedules.iter().enumerate() {
        let Some(storage) = known_storage(schedule) else {
            continue;
        };
        let others: Vec<_> = used.iter().copied().collect();
        if used.insert(storage) && used.len() > MOST_PG_STORAGES {
            findings.error(
                &PG_THREE_STORAGES,
                schedule_path(path, index, schedule).field("backupStorageName"),
                format!(
                    "{storage:?} is one backup storage too many beside {}",
                    others.join(", ")
                ),
            );
        }
    }
}

/// Warns of a schedule that keeps fewer backups than its storage holds, which it did not do before:
/// the retention of a repository counts those that were taken on demand too.
fn retention(
    path: &FieldPath,
    schedules: &[BackupSchedule],
    (database, live): (&str, &DatabaseCluster),
    facts: &Facts,
    findings: &mut Findings,
) {
    let now = live.spec.backup.known();
    let now = now.and_then(|backup| backup.schedules.known());
    for (index, schedule) in schedules.iter().enumerate() {
        let Some((storage, copies)) = kept(schedule) else {
            continue;
        };
        let is_new = |other: &BackupSchedule| kept(other) != Some((storage, copies));
        let held = complete_backups(database, storage, facts);
        if held > usize::try_from(copies).unwrap_or(usize::MAX)
            && now.into_iter().flatten().all(is_new)
        {
            findings.warning(
                &PG_BACKUP_RETENTION,
                schedule_path(path, index, schedule).field("retentionCopies"),
                format!(
                    "{storage:?} holds {held} backups of the database, and would hold {copies} \
                     after the next one"
                ),
            );
        }
    }
}

/// The number of complete backups of a database in a storage.
fn complete_backups(database: &str, storage: &str, facts: &Facts) -> usize {
    let backups = facts.left(Kind::Backups, &facts.backups);
    let there = backups.filter(|(_, backup)| {
        let spec = &backup.spec;
        spec.db_cluster_name.known_str() == Some(database)
            && spec.backup_storage_name.known_str() == Some(storage)
            && v1::backup::state(backup) == "Succeeded"
    });
    there.count()
}
