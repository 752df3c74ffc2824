//! Rules for `everest_restore`.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::RestoreModel;
use everest_schemas::{Engine, Field};

use super::Stage;
use super::database::{backup_source, pitr_date};
use super::finder::{Finder, differ, is_missing};
use super::online::{
    Reference, busy_state, database, is_to_come, named, served_namespace, storage, upgrade_lock,
};
use super::table::backup::RESTORE_SOURCE;
use super::table::online::{RESTORE_ALLOWED, SOURCE_BACKUP};
use crate::facts::{Facts, Kind};
use crate::finding::Finding;
use crate::path::FieldPath;

/// What a configuration of a restore can never be: a restore is not changed,
/// only made.
pub fn check_syntax(config: &RestoreModel) -> Vec<Finding> {
    let mut finder = Finder::default();
    finder.timeouts(&config.timeouts);
    let any_unknown = config.backup_name.is_unknown() || config.backup_source.is_unknown();
    let by_name = !is_missing(&config.backup_name);
    let by_path = config.backup_source.is_known();
    if by_name == by_path && !any_unknown {
        let summary = if by_name {
            "Both {.backupName} and {.backupSource} are given"
        } else {
            "Neither {.backupName} nor {.backupSource} is given"
        };
        finder.broken(&RESTORE_SOURCE, FieldPath::of("backupName"), summary);
    }
    if let Some(source) = config.backup_source.known() {
        backup_source(&FieldPath::of("backupSource"), source, &mut finder);
    }
    if let Some(pitr) = config.pitr.known() {
        pitr_date(
            FieldPath::of("pitr.date"),
            pitr.date.known_str(),
            &mut finder,
        );
    }
    finder.into_findings()
}

/// What Kubernetes forbids a new restore to be.
pub fn check(planned: &RestoreModel, prior: Option<&RestoreModel>) -> Vec<Finding> {
    let mut finder = Finder::default();
    if prior.is_none_or(|prior| differ(&planned.name, &prior.name)) {
        finder.object_name(FieldPath::of("name"), &planned.name);
    }
    finder.into_findings()
}

/// What the cluster's present state forbids a new restore to be; nothing for
/// one that was made.
pub fn check_online(
    planned: &RestoreModel,
    prior: Option<&RestoreModel>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let mut finder = Finder::default();
    if prior.is_some() {
        return finder.into_findings();
    }
    if !served_namespace(&planned.namespace, facts, stage, &mut finder) {
        return finder.into_findings();
    }
    let target = database(&planned.database_name, facts, stage, &mut finder);
    let engine = target
        .and_then(|target| target.spec.engine.known())
        .and_then(|engine| engine.type_.known().copied());
    let path = FieldPath::of("backupName");
    source_backup(
        path,
        &planned.backup_name,
        engine,
        facts,
        stage,
        &mut finder,
    );
    if let Some(source) = planned.backup_source.known() {
        let path = FieldPath::of("backupSource.backupStorageName");
        storage(path, &source.backup_storage_name, facts, stage, &mut finder);
    }
    if stage == Stage::Plan {
        upgrade_lock(facts, &mut finder);
        if let Some(state) = target.and_then(unrestorable_state) {
            finder.doubtful(
                &RESTORE_ALLOWED,
                FieldPath::of("databaseName"),
                format!("The database is in state {state:?} at the moment"),
            );
        }
    }
    finder.into_findings()
}

/// The state in which a database cannot be restored, if it is in one. A
/// PostgreSQL database that is made from a backup is restored by another way.
fn unrestorable_state(database: &DatabaseCluster) -> Option<&str> {
    let engine = database.spec.engine.known();
    if engine.and_then(|engine| engine.type_.known()) == Some(&Engine::Postgresql)
        && database.spec.data_source.is_known()
    {
        return None;
    }
    let state = database.status.as_ref()?.status.as_deref()?;
    busy_state(database).or_else(|| {
        ["creating", "paused", "importing"]
            .contains(&state)
            .then_some(state)
    })
}

/// A backup by name that data is to come from.
pub(super) fn source_backup(
    path: FieldPath,
    name: &Field<String>,
    engine: Option<Engine>,
    facts: &Facts,
    stage: Stage,
    finder: &mut Finder,
) {
    let reference = Reference {
        rule: &SOURCE_BACKUP,
        path: path.clone(),
        kind: "backup of the namespace",
        name,
    };
    if is_to_come(Kind::Backups, name, &facts.backups, facts, stage) {
        return;
    }
    let Some(backup) = named(reference, &facts.backups, stage, finder) else {
        return;
    };
    let name = name.known_str().unwrap_or_default();
    let state = backup
        .status
        .as_ref()
        .and_then(|status| status.state.as_deref())
        .unwrap_or_default();
    if backup.metadata.deletion_timestamp.is_some() {
        let summary = format!("The backup {name:?} is being deleted");
        finder.missing(&SOURCE_BACKUP, path, summary, stage);
        return;
    }
    if state == "Failed" {
        let summary = format!("The backup {name:?} has failed");
        finder.broken(&SOURCE_BACKUP, path, summary);
        return;
    }
    if state != "Succeeded" {
        let summary = format!("The backup {name:?} is not complete yet");
        finder.missing(&SOURCE_BACKUP, path, summary, stage);
        return;
    }
    let (Some(databases), Some(of)) = (&facts.databases, backup.spec.db_cluster_name.known_str())
    else {
        return;
    };
    let Some(source) = databases.get(of) else {
        let summary = format!("The backup {name:?} is of {of}, which no longer exists");
        finder.broken(&SOURCE_BACKUP, path, summary);
        return;
    };
    let source = source.spec.engine.known();
    if let (Some(engine), Some(of)) = (engine, source.and_then(|source| source.type_.known()))
        && engine != *of
    {
        let summary = format!("The backup {name:?} is of {of}, not of {engine}");
        finder.broken(&SOURCE_BACKUP, path, summary);
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
