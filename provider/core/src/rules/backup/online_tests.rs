use super::*;
use crate::facts::fixtures::facts;
use crate::finding::Severity::{self, Error, Warning};
use serde_json::{Value, json};

type Edit = fn(&mut BackupModel, &mut Facts);

fn sound() -> BackupModel {
    BackupModel {
        namespace: "prod".into(),
        name: "before-migration".into(),
        database_name: "orders".into(),
        backup_storage_name: "s3".into(),
        ..BackupModel::default()
    }
}

/// The namespace's operator of PostgreSQL at a version.
fn operator(facts: &mut Facts, version: &str) {
    let engines = facts.engines.as_mut().unwrap();
    let engine = engines.get_mut("percona-postgresql-operator").unwrap();
    engine.status.as_mut().unwrap().operator_version = Some(version.to_owned());
}

fn found(edit: Edit, stage: Stage) -> Vec<(&'static str, String, Severity)> {
    let (mut model, mut facts) = (sound(), facts());
    edit(&mut model, &mut facts);
    check_online(&model, None, &facts, stage)
        .into_iter()
        .map(|found| (found.rule, found.path.to_string(), found.severity))
        .collect()
}

/// A rule, its path, what breaks it, how that weighs at plan and before the
/// write.
type Row = (
    &'static str,
    &'static str,
    Edit,
    Option<Severity>,
    Option<Severity>,
);

const BREAKS: &[Row] = &[
    (
        "database-exists",
        "databaseName",
        |m, _| m.database_name = "x".into(),
        Some(Warning),
        Some(Error),
    ),
    (
        "backup-storage-exists",
        "backupStorageName",
        |m, _| m.backup_storage_name = "x".into(),
        Some(Warning),
        Some(Error),
    ),
    (
        "pxc-backup-name",
        "name",
        |m, _| m.name = "b".repeat(64).into(),
        Some(Error),
        Some(Error),
    ),
    (
        "psmdb-one-storage",
        "backupStorageName",
        |m, f| {
            m.database_name = "documents".into();
            m.backup_storage_name = "minio".into();
            f.backups = None;
            let databases = f.databases.as_mut().unwrap();
            let status = databases.get_mut("documents").unwrap().status.as_mut();
            status.unwrap().active_storage = Some("s3".to_owned());
        },
        Some(Error),
        Some(Error),
    ),
    (
        "pg-three-storages",
        "backupStorageName",
        |m, f| {
            m.database_name = "reports".into();
            m.backup_storage_name = "fourth".into();
            for (name, storage) in [("done", "s3"), ("failed", "minio"), ("foreign", "third")] {
                let backup = f.backups.as_mut().unwrap().get_mut(name).unwrap();
                backup.spec.db_cluster_name = "reports".into();
                backup.spec.backup_storage_name = storage.into();
            }
        },
        Some(Error),
        Some(Error),
    ),
    (
        "pg-backup-retention",
        "backupStorageName",
        |m, f| scheduled(m, f, json!({"retentionCopies": 7, "enabled": true})),
        Some(Warning),
        None,
    ),
    (
        "pg-first-storage",
        "backupStorageName",
        |m, f| {
            m.database_name = "reports".into();
            operator(f, "2.8.2");
        },
        Some(Warning),
        None,
    ),
    (
        "backup-running",
        "databaseName",
        |m, _| m.database_name = "documents".into(),
        Some(Warning),
        None,
    ),
];

/// A backup of the PostgreSQL database, which has a schedule into the same storage.
fn scheduled(model: &mut BackupModel, facts: &mut Facts, mut schedule: Value) {
    model.database_name = "reports".into();
    let whole = json!({"name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "s3"});
    for (member, value) in whole.as_object().unwrap() {
        if schedule.get(member).is_none() {
            schedule[member] = value.clone();
        }
    }
    let backup = json!({ "schedules": [schedule] });
    let databases = facts.databases.as_mut().unwrap();
    let reports = databases.get_mut("reports").unwrap();
    reports.spec.backup = serde_json::from_value(backup).unwrap();
}

#[test]
fn a_backup_that_no_retention_deletes_is_not_warned_of() {
    let quiet: [Edit; 4] = [
        |m, f| scheduled(m, f, json!({"retentionCopies": 0, "enabled": true})),
        |m, f| scheduled(m, f, json!({"retentionCopies": 7, "enabled": false})),
        |m, f| {
            let elsewhere = json!({"retentionCopies": 7, "enabled": true,
                "backupStorageName": "minio"});
            scheduled(m, f, elsewhere);
        },
        |m, f| {
            scheduled(m, f, json!({"retentionCopies": 7, "enabled": true}));
            // The other engines count the backups of the schedule alone.
            let databases = f.databases.as_mut().unwrap();
            let schedules = databases["reports"].spec.backup.clone();
            databases.get_mut("orders").unwrap().spec.backup = schedules;
            m.database_name = "orders".into();
        },
    ];
    for edit in quiet {
        assert_eq!(found(edit, Stage::Plan), []);
    }
}

#[test]
fn each_rule_finds_what_breaks_it_and_weighs_it_by_the_stage() {
    for (rule, path, breaks, at_plan, at_apply) in BREAKS {
        for (stage, severity) in [(Stage::Plan, at_plan), (Stage::Apply, at_apply)] {
            let expected: Vec<_> = severity
                .map(|severity| (*rule, (*path).to_owned(), severity))
                .into_iter()
                .collect();
            assert_eq!(found(*breaks, stage), expected, "{rule}");
        }
    }
}

#[test]
fn only_the_first_storage_of_a_postgresql_turns_its_backups_on() {
    let quiet: [Edit; 3] = [
        |_, f| operator(f, "2.7.0"),
        |_, f| {
            operator(f, "2.8.2");
            let backup = f.backups.as_mut().unwrap().get_mut("failed").unwrap();
            backup.spec.db_cluster_name = "reports".into();
        },
        |_, f| {
            operator(f, "2.8.2");
            let database = f.databases.as_mut().unwrap().get_mut("reports").unwrap();
            let schedule = serde_json::json!({"schedules": [{"name": "nightly", "enabled": true,
                "schedule": "0 2 * * *", "backupStorageName": "s3"}]});
            database.spec.backup = serde_json::from_value(schedule).unwrap();
        },
    ];
    for edit in quiet {
        let (mut model, mut facts) = (sound(), facts());
        model.database_name = "reports".into();
        edit(&mut model, &mut facts);
        assert_eq!(check_online(&model, None, &facts, Stage::Plan), []);
    }
}

#[test]
fn a_sound_backup_and_unknown_values_raise_nothing() {
    let quiet: [Edit; 7] = [
        |_, _| {},
        |m, _| m.name = "b".repeat(63).into(),
        |m, _| {
            m.name = "b".repeat(64).into();
            m.database_name = "documents".into();
        },
        |m, _| m.database_name = Field::Unknown,
        |m, _| m.backup_storage_name = Field::Unknown,
        |_, f| *f = Facts::default(),
        |m, _| {
            m.database_name = "reports".into();
            m.backup_storage_name = "third".into();
        },
    ];
    for edit in quiet {
        assert_eq!(found(edit, Stage::Apply), []);
    }
    let mut missing = sound();
    missing.database_name = "x".into();
    assert_eq!(
        check_online(&missing, Some(&missing), &facts(), Stage::Apply),
        []
    );
}
