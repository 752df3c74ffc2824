//! Rules for `everest_backup`.

use std::collections::BTreeSet;

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::BackupModel;
use everest_schemas::{Engine, Field};

use super::database::{MOST_PG_STORAGES, kept};
use super::findings::{Findings, differ};
use super::online::{
    database, other_backups, served_namespace, storage, storages_of_backups, upgrade_lock,
};
use super::table::backup::{
    PG_BACKUP_RETENTION, PG_THREE_STORAGES, PSMDB_ONE_STORAGE, PXC_BACKUP_NAME,
};
use super::table::online::BACKUP_RUNNING;
use super::{Stage, Validate, pg_backups};
use crate::facts::{BACKUP_UNFINISHED, Facts, Kind, Planned, SomeBackups, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;

/// The most characters of a label's value.
const LONGEST_LABEL: usize = 63;

/// Finds values that are never valid in a backup.
pub fn check_syntax(config: &BackupModel) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.timeouts(&config.timeouts);
    findings.into_findings()
}

/// Checks a new backup by the rules of Kubernetes. Everest's own rules for backups are about other
/// objects and are in [`check_online`].
pub fn check(planned: &BackupModel, prior: Option<&BackupModel>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if prior.is_none_or(|prior| differ(&planned.name, &prior.name)) {
        findings.object_name(FieldPath::of("name"), &planned.name);
    }
    findings.into_findings()
}

/// Checks a new backup against the present state of the cluster; an existing backup has no
/// findings.
pub fn check_online(
    planned: &BackupModel,
    prior: Option<&BackupModel>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    if prior.is_some() {
        return findings.into_findings();
    }
    if !served_namespace(&planned.namespace, facts, stage, &mut findings) {
        return findings.into_findings();
    }
    let path = FieldPath::of("backupStorageName");
    let name = &planned.backup_storage_name;
    storage(path.clone(), name, facts, stage, &mut findings);
    let database = database(&planned.database_name, facts, stage, &mut findings);
    if let Some(database) = database {
        let engine = database.spec.engine.known();
        let engine = engine.and_then(|engine| engine.type_.known()).copied();
        fits_label(FieldPath::of("name"), &planned.name, engine, &mut findings);
    }
    if let Some(database) = database
        && let Some(name) = name.known_str()
    {
        storage_fits(path.clone(), name, planned, database, facts, &mut findings);
        // The final backup of a database is checked before its write alone: once the database is
        // gone, nothing deletes the backup.
        if stage == Stage::Plan {
            retention(&path, name, database, &mut findings);
            first_storage(path, planned, database, facts, &mut findings);
        }
    }
    if stage == Stage::Plan {
        upgrade_lock(facts, &mut findings);
        let running =
            other_backups(planned, facts).find(|(_, state)| BACKUP_UNFINISHED.contains(state));
        if let Some((other, _)) = running {
            findings.warning(
                &BACKUP_RUNNING,
                FieldPath::of("databaseName"),
                format!("The backup {other:?} of the database is being taken"),
            );
        }
    }
    findings.into_findings()
}

/// Checks that the operator of MySQL can write the name of a backup into a label.
pub(super) fn fits_label(
    path: FieldPath,
    name: &Field<String>,
    engine: Option<Engine>,
    findings: &mut Findings,
) {
    let length = name.known_str().map_or(0, str::len);
    if engine == Some(Engine::Pxc) && length > LONGEST_LABEL {
        findings.error(
            &PXC_BACKUP_NAME,
            path,
            format!("The name has {length} characters"),
        );
    }
}

/// The storages that an engine's backups may lie in.
fn storage_fits(
    path: FieldPath,
    storage: &str,
    planned: &BackupModel,
    database: &DatabaseCluster,
    facts: &Facts,
    findings: &mut Findings,
) {
    let engine = database.spec.engine.known();
    match engine.and_then(|engine| engine.type_.known()) {
        Some(Engine::Psmdb) => {
            let status = database.status.as_ref();
            let active = status.and_then(|status| status.active_storage.as_deref());
            if let Some(active) = active.filter(|active| !active.is_empty() && *active != storage) {
                findings.error(
                    &PSMDB_ONE_STORAGE,
                    path,
                    format!(
                        "The backup would go to {storage:?}, but the other backups are in \
                         {active:?}"
                    ),
                );
            }
        }
        Some(Engine::Postgresql) => {
            let name = planned.database_name.known_str().unwrap_or_default();
            fourth_storage(path, storage, name, database, facts, findings);
        }
        Some(Engine::Pxc) | None => {}
    }
}

/// Warns of a backup in a storage whose schedule keeps a number of backups: pgBackRest has one
/// retention for a repository and counts on-demand backups too.
fn retention(path: &FieldPath, storage: &str, database: &DatabaseCluster, findings: &mut Findings) {
    let engine = database.spec.engine.known();
    if engine.and_then(|engine| engine.type_.known()) != Some(&Engine::Postgresql) {
        return;
    }
    let schedules = database.spec.backup.known();
    let schedules = schedules.and_then(|backup| backup.schedules.known());
    for schedule in schedules.into_iter().flatten() {
        if let Some((there, copies)) = kept(schedule)
            && there == storage
        {
            let name = schedule.name.known_str().unwrap_or_default();
            findings.warning(
                &PG_BACKUP_RETENTION,
                path.clone(),
                format!(
                    "The schedule {name:?} keeps only the newest {copies} backups in {storage:?}"
                ),
            );
        }
    }
}

fn first_storage(
    path: FieldPath,
    planned: &BackupModel,
    database: &DatabaseCluster,
    facts: &Facts,
    findings: &mut Findings,
) {
    let engine = database.spec.engine.known();
    let engine = engine.and_then(|engine| engine.type_.known());
    if let (Some(Engine::Postgresql), Some(name)) = (engine, planned.database_name.known_str()) {
        pg_backups::first_storage(path, name, database, facts, findings);
    }
}

/// Checks that a PostgreSQL database has room for `storage` beside the storages of its schedules
/// and backups.
pub(super) fn fourth_storage(
    path: FieldPath,
    storage: &str,
    name: &str,
    database: &DatabaseCluster,
    facts: &Facts,
    findings: &mut Findings,
) {
    let schedules = database.spec.backup.known();
    let mut used: BTreeSet<_> = schedules
        .and_then(|backup| backup.schedules.known())
        .into_iter()
        .flatten()
        .filter_map(|schedule| schedule.backup_storage_name.known_str())
        .chain(storages_of_backups(name, facts))
        .collect();
    let others = used.iter().copied().collect::<Vec<_>>().join(", ");
    if used.insert(storage) && used.len() > MOST_PG_STORAGES {
        findings.error(
            &PG_THREE_STORAGES,
            path,
            format!("{storage:?} is one backup storage too many beside {others}"),
        );
    }
}

impl Validate for BackupModel {
    fn check_syntax(&self) -> Vec<Finding> {
        check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        check(self, prior)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        if prior.is_some() {
            return Wanted::default();
        }
        let kinds = [
            Kind::Engines,
            Kind::Databases,
            Kind::Backups,
            Kind::Storages,
        ];
        let database = self.database_name.known().cloned();
        Wanted {
            backups: database.map(SomeBackups::OfDatabase),
            ..Wanted::of(&self.namespace, &kinds)
        }
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::Backups, &self.name);
    }

    fn note_destroyed(&self, planned: &mut Planned) {
        planned.note_destroyed(&self.namespace, Kind::Backups, &self.name);
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        check_online(self, prior, facts, stage)
    }
}

#[cfg(test)]
mod online_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::models::Timeouts;

    #[test]
    fn the_name_of_a_new_backup_is_checked() {
        let named = |name: Field<String>| BackupModel {
            name,
            ..BackupModel::default()
        };
        assert_eq!(
            check(&named("Bad_Name".into()), None)[0].rule,
            "object-name"
        );
        assert!(check(&named("2026-01-01".into()), None).is_empty());
        assert!(check(&named(Field::Unknown), None).is_empty());
        let bad = named("Bad_Name".into());
        assert!(check(&bad, Some(&bad)).is_empty());
    }

    #[test]
    fn a_timeout_is_a_duration() {
        let config = |create: Field<String>| BackupModel {
            timeouts: Timeouts {
                create,
                ..Timeouts::default()
            }
            .into(),
            ..BackupModel::default()
        };
        let found = check_syntax(&config("1 day".into()));
        assert_eq!(
            (found[0].rule, found[0].path.to_string().as_str()),
            ("timeout", "timeouts.create")
        );
        assert!(check_syntax(&config("12h".into())).is_empty());
        assert!(check_syntax(&config(Field::Unknown)).is_empty());
    }
}
