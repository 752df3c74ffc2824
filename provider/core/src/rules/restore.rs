//! Rules for `everest_restore`.

mod repository;

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::RestoreModel;
use jiff::Timestamp;

use super::backup_source::{self, source_backup};
use super::database::{is_enabled, pitr_date};
use super::expressions::{self, Expression};
use super::findings::{Findings, differ, is_missing};
use super::online::{
    database, served_namespace, storage, storages_of_backups, unready_state, upgrade_lock,
};
use super::table::backup::{PSMDB_OWN_BACKUP, PXC_RESTORE_STORAGE, RESTORE_SOURCE};
use super::table::online::RESTORE_ALLOWED;
use super::{Stage, Validate, pitr};
use crate::facts::{Facts, Kind, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;

/// Finds values that are never valid in a restore: a restore is never changed, only created.
pub fn check_syntax(config: &RestoreModel) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.timeouts(&config.timeouts);
    let any_unknown = config.backup_name.is_unknown() || config.backup_source.is_unknown();
    let by_name = !is_missing(&config.backup_name);
    let by_path = config.backup_source.is_known();
    if by_name == by_path && !any_unknown {
        let summary = if by_name {
            "Both {.backupName} and {.backupSource} are given"
        } else {
            "Neither {.backupName} nor {.backupSource} is given"
        };
        findings.error(&RESTORE_SOURCE, FieldPath::of("backupName"), summary);
    }
    if let Some(source) = config.backup_source.known() {
        backup_source::given(&FieldPath::of("backupSource"), source, &mut findings);
    }
    if let Some(pitr) = config.pitr.known() {
        pitr_date(
            FieldPath::of("pitr.date"),
            pitr.date.known_str(),
            &mut findings,
        );
    }
    findings.into_findings()
}

/// Checks a new restore by the rules of Kubernetes.
pub fn check(planned: &RestoreModel, prior: Option<&RestoreModel>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if prior.is_none_or(|prior| differ(&planned.name, &prior.name)) {
        findings.object_name(FieldPath::of("name"), &planned.name);
    }
    findings.into_findings()
}

/// Checks a new restore against the present time.
pub fn check_time(
    planned: &RestoreModel,
    prior: Option<&RestoreModel>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    if prior.is_none() {
        pitr::past(
            FieldPath::of("pitr.date"),
            moment(planned),
            now,
            &mut findings,
        );
    }
    findings.into_findings()
}

fn moment(planned: &RestoreModel) -> Option<&str> {
    planned.pitr.known()?.date.known_str()
}

/// Checks a new restore against the present state of the cluster; an existing restore has no
/// findings.
pub fn check_online(
    planned: &RestoreModel,
    prior: Option<&RestoreModel>,
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
    let database = database(&planned.database_name, facts, stage, &mut findings);
    let engine = database
        .and_then(|database| database.spec.engine.known())
        .and_then(|engine| engine.type_.known().copied());
    let target = Target { database, engine };
    by_name(planned, target, facts, stage, &mut findings);
    by_path(planned, target, facts, stage, &mut findings);
    if stage == Stage::Plan {
        upgrade_lock(facts, &mut findings);
        if let Some(state) = database.and_then(unrestorable_state) {
            findings.warning(
                &RESTORE_ALLOWED,
                FieldPath::of("databaseName"),
                format!("The database is in state {state:?} at the moment"),
            );
        }
    }
    findings.into_findings()
}

/// The database that is restored, as far as it is known.
#[derive(Clone, Copy)]
struct Target<'a> {
    database: Option<&'a DatabaseCluster>,
    engine: Option<Engine>,
}

/// Checks a restore from a backup that is named.
fn by_name(
    planned: &RestoreModel,
    target: Target<'_>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let path = FieldPath::of("backupName");
    let name = &planned.backup_name;
    let found = source_backup(path.clone(), name, target.engine, facts, stage, findings);
    let Some(backup) = found else {
        return;
    };
    let date = moment(planned);
    pitr::in_log(FieldPath::of("pitr.date"), date, backup, findings);
    match target.engine {
        Some(Engine::Pxc) => {
            if planned.pitr.is_known() {
                let path = FieldPath::of("pitr");
                pitr::log_storage(path, backup, facts, stage, findings);
            }
            let storage = backup.1.spec.backup_storage_name.known_str();
            known_to_engine(
                path,
                planned,
                target.database,
                storage,
                (facts, stage),
                findings,
            );
        }
        Some(Engine::Postgresql) => {
            repository::of_backup(path, planned, target.database, backup, findings);
        }
        Some(Engine::Psmdb) => {
            repository::of_database(&PSMDB_OWN_BACKUP, path, planned, backup, findings);
        }
        None => {}
    }
}

/// Checks a restore from a backup that is named by its path.
fn by_path(
    planned: &RestoreModel,
    target: Target<'_>,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let Some(source) = planned.backup_source.known() else {
        return;
    };
    let at = FieldPath::of("backupSource");
    let name = &source.backup_storage_name;
    let path = at.field("backupStorageName");
    storage(path.clone(), name, facts, stage, findings);
    let Some(engine) = target.engine else {
        return;
    };
    backup_source::form(&at, source, engine, findings);
    backup_source::form_in_storage(&at, source, engine, (facts, stage), findings);
    if planned.pitr.is_known() {
        pitr::by_path(FieldPath::of("pitr"), engine, findings);
    }
    if engine == Engine::Postgresql {
        let storage = name.known_str();
        repository::fourth(path, planned, target.database, storage, facts, findings);
        repository::of_path(at.field("path"), planned, target.database, source, findings);
    }
}

/// The engine's object of a MySQL database has to know the storage of the backup.
fn known_to_engine(
    path: FieldPath,
    planned: &RestoreModel,
    target: Option<&DatabaseCluster>,
    storage: Option<&str>,
    (facts, stage): (&Facts, Stage),
    findings: &mut Findings,
) {
    let (Some(target), Some(name), Some(storage)) =
        (target, planned.database_name.known_str(), storage)
    else {
        return;
    };
    let schedules = target.spec.backup.known().and_then(|b| b.schedules.known());
    let scheduled = schedules
        .into_iter()
        .flatten()
        .filter(|schedule| is_enabled(schedule))
        .filter_map(|schedule| schedule.backup_storage_name.known_str());
    let mut known = storages_of_backups(name, facts)
        .chain(scheduled)
        .chain(storage_of_source(target, facts));
    if known.all(|known| known != storage) {
        let summary = format!(
            "The backup is in {storage:?}, which the engine's object of {name:?} does not \
                     contain"
        );
        findings.missing(&PXC_RESTORE_STORAGE, path, summary, stage);
    }
}

/// The storage of the data source that a database was created from.
fn storage_of_source<'a>(database: &'a DatabaseCluster, facts: &'a Facts) -> Option<&'a str> {
    let source = database.spec.data_source.known()?;
    let by_path = source.backup_source.known();
    let by_name = || {
        let name = source.db_cluster_backup_name.known_str()?;
        let backup = facts.backups.as_ref()?.get(name)?;
        backup.spec.backup_storage_name.known_str()
    };
    by_path
        .and_then(|source| source.backup_storage_name.known_str())
        .or_else(by_name)
}

/// The state in which a database cannot be restored, if it is in such a state. A PostgreSQL
/// database that is created from a backup is restored in another way.
fn unrestorable_state(database: &DatabaseCluster) -> Option<&str> {
    if is_postgresql(database) && database.spec.data_source.is_known() {
        return None;
    }
    unready_state(database)
}

fn is_postgresql(database: &DatabaseCluster) -> bool {
    let engine = database.spec.engine.known();
    engine.and_then(|engine| engine.type_.known()) == Some(&Engine::Postgresql)
}

impl Validate for RestoreModel {
    const EXPRESSIONS: &'static [Expression] = expressions::RESTORE;

    fn check_syntax(&self) -> Vec<Finding> {
        check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        check(self, prior)
    }

    fn check_time(&self, prior: Option<&Self>, now: Timestamp) -> Vec<Finding> {
        check_time(self, prior, now)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        if prior.is_some() {
            return Wanted::default();
        }
        let mut wanted = Wanted::of(&self.namespace, &[Kind::Engines, Kind::Databases]);
        wanted.note(self.backup_name.is_known(), Kind::Backups);
        // The log of a MySQL database lies in a storage of its own.
        wanted.note(self.pitr.is_known(), Kind::Storages);
        if self.backup_source.is_known() {
            // The storages of a PostgreSQL database's backups count with the one of the source.
            wanted.kinds.extend([Kind::Storages, Kind::Backups]);
        }
        wanted
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
    use everest_schemas::Field;
    use everest_schemas::everest::BackupSource;
    use everest_schemas::models::RestorePitr;

    fn broken(config: &RestoreModel) -> Vec<(&'static str, String)> {
        check_syntax(config)
            .into_iter()
            .map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    fn source() -> Field<BackupSource> {
        BackupSource {
            path: "p".into(),
            backup_storage_name: "s3".into(),
        }
        .into()
    }

    #[test]
    fn a_restore_has_exactly_one_source() {
        let config = |backup_name: Field<String>, backup_source| RestoreModel {
            backup_name,
            backup_source,
            ..RestoreModel::default()
        };
        let fault = [("restore-source", "backupName".to_owned())];
        assert_eq!(broken(&config(Field::Null, Field::Null)), fault);
        assert_eq!(broken(&config("".into(), Field::Null)), fault);
        assert_eq!(broken(&config("b".into(), source())), fault);
        assert!(broken(&config("b".into(), Field::Null)).is_empty());
        assert!(broken(&config(Field::Null, source())).is_empty());
        assert!(broken(&config(Field::Unknown, Field::Null)).is_empty());
        assert!(broken(&config("b".into(), Field::Unknown)).is_empty());
    }

    #[test]
    fn a_path_needs_its_storage() {
        let config = |path: Field<String>, backup_storage_name: Field<String>| RestoreModel {
            backup_source: BackupSource {
                path,
                backup_storage_name,
            }
            .into(),
            ..RestoreModel::default()
        };
        assert_eq!(
            broken(&config("p".into(), "".into())),
            [("backup-source", "backupSource.backupStorageName".to_owned())]
        );
        assert_eq!(
            broken(&config("".into(), "s3".into())),
            [("backup-source", "backupSource.path".to_owned())]
        );
        assert!(broken(&config(Field::Unknown, "s3".into())).is_empty());
    }

    #[test]
    fn a_moment_has_one_form() {
        let config = |date: Field<String>| RestoreModel {
            backup_name: "b".into(),
            pitr: RestorePitr { date }.into(),
            ..RestoreModel::default()
        };
        assert_eq!(
            broken(&config("yesterday".into())),
            [("pitr-date", "pitr.date".to_owned())]
        );
        assert!(broken(&config("2026-01-01T02:03:04Z".into())).is_empty());
        assert!(broken(&config(Field::Unknown)).is_empty());
    }
}
