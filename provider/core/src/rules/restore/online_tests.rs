use super::*;
use crate::facts::Planned;
use crate::facts::fixtures::{all, facts, with_log};
use crate::finding::Severity::{self, Error, Warning};
use everest_schemas::Field;
use everest_schemas::everest::BackupSource;
use everest_schemas::models::RestorePitr;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

type Edit = fn(&mut RestoreModel, &mut Facts);

fn sound() -> RestoreModel {
    RestoreModel {
        namespace: "prod".into(),
        name: "drill".into(),
        database_name: "orders".into(),
        backup_name: "done".into(),
        ..RestoreModel::default()
    }
}

fn found(edit: Edit, stage: Stage) -> Vec<(&'static str, String, Severity)> {
    let (mut model, mut facts) = (sound(), facts());
    edit(&mut model, &mut facts);
    check_online(&model, None, &facts, stage)
        .into_iter()
        .map(|found| (found.rule, found.path.to_string(), found.severity))
        .collect()
}

fn by_path(model: &mut RestoreModel, storage: Field<String>) {
    model.backup_name = Field::Null;
    model.backup_source = BackupSource {
        path: "p".into(),
        backup_storage_name: storage,
    }
    .into();
}

/// A restore of a database from a path in the storage `s3`.
fn from_path(model: &mut RestoreModel, database: &str, path: &str) {
    model.database_name = database.into();
    by_path(model, "s3".into());
    model.backup_source.known_mut().unwrap().path = path.into();
}

fn to_a_time(model: &mut RestoreModel) {
    model.pitr = RestorePitr {
        date: "2026-06-01T03:00:00Z".into(),
    }
    .into();
}

/// A restore of the PostgreSQL database, whose UID is known, from a backup of its name.
fn of_its_name(model: &mut RestoreModel, facts: &mut Facts, uid: &str) {
    with_uid(facts);
    model.database_name = "reports".into();
    model.backup_name = "own".into();
    let destination = format!("s3://one/reports/{uid}/backup/db/20260101-020304F");
    facts.backups = all(&[(
        "own",
        json!({"spec": {"dbClusterName": "reports", "backupStorageName": "s3"},
            "status": {"state": "Succeeded", "gaps": false, "destination": destination}}),
    )]);
}

fn with_uid(facts: &mut Facts) {
    let databases = facts.databases.as_mut().unwrap();
    databases.get_mut("reports").unwrap().metadata.uid = Some("0d5c7e1a".to_owned());
}

/// A PostgreSQL database with backups in three storages, and a backup of another in a fourth.
fn of_postgresql(model: &mut RestoreModel, facts: &mut Facts) {
    model.database_name = "reports".into();
    let backup = |of: &str, storage: &str| {
        json!({"spec": {"dbClusterName": of, "backupStorageName": storage},
            "status": {"state": "Succeeded", "gaps": false}})
    };
    let databases = facts.databases.as_mut().unwrap();
    let other = databases["reports"].clone();
    databases.insert("other".to_owned(), other);
    facts.backups = all(&[
        ("a", backup("reports", "s3")),
        ("b", backup("reports", "minio")),
        ("c", backup("reports", "third")),
        ("elsewhere", backup("other", "fourth")),
    ]);
}

/// A backup of another MySQL database, in a storage that this one has never used.
fn of_another_storage(model: &mut RestoreModel, facts: &mut Facts) {
    model.backup_name = "elsewhere".into();
    let databases = facts.databases.as_mut().unwrap();
    let other = databases["orders"].clone();
    databases.insert("other".to_owned(), other);
    let backup = |of: &str, storage: &str| {
        json!({"spec": {"dbClusterName": of, "backupStorageName": storage},
            "status": {"state": "Succeeded", "gaps": false}})
    };
    facts.backups = all(&[
        ("own", backup("orders", "s3")),
        ("elsewhere", backup("other", "fourth")),
    ]);
}

/// A restore of the MongoDB database from a backup of a database, in a storage.
fn of_mongodb(model: &mut RestoreModel, facts: &mut Facts, of: &str, storage: &str) {
    model.database_name = "documents".into();
    model.backup_name = "theirs".into();
    let databases = facts.databases.as_mut().unwrap();
    let other = databases["documents"].clone();
    databases.insert("other".to_owned(), other);
    facts.backups = all(&[(
        "theirs",
        json!({"spec": {"dbClusterName": of, "backupStorageName": storage},
            "status": {"state": "Succeeded", "gaps": false}}),
    )]);
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
        "source-backup",
        "backupName",
        |m, _| m.backup_name = "x".into(),
        Some(Warning),
        Some(Error),
    ),
    (
        "source-backup",
        "backupName",
        |m, _| m.backup_name = "running".into(),
        Some(Warning),
        Some(Error),
    ),
    (
        "source-backup",
        "backupName",
        |m, _| m.backup_name = "failed".into(),
        Some(Warning),
        Some(Error),
    ),
    (
        "source-backup",
        "backupName",
        |m, _| m.backup_name = "foreign".into(),
        Some(Error),
        Some(Error),
    ),
    (
        "source-backup",
        "backupName",
        |m, _| m.backup_name = "orphan".into(),
        Some(Warning),
        Some(Error),
    ),
    (
        "backup-storage-exists",
        "backupSource.backupStorageName",
        |m, _| by_path(m, "x".into()),
        Some(Warning),
        Some(Error),
    ),
    (
        "pg-three-storages",
        "backupSource.backupStorageName",
        |m, f| {
            by_path(m, "fourth".into());
            of_postgresql(m, f);
        },
        Some(Error),
        Some(Error),
    ),
    (
        "psmdb-own-backup",
        "backupName",
        |m, f| of_mongodb(m, f, "other", "s3"),
        Some(Error),
        Some(Error),
    ),
    (
        "psmdb-own-backup",
        "backupName",
        |m, f| of_mongodb(m, f, "other", "fourth"),
        Some(Error),
        Some(Error),
    ),
    (
        "pg-own-backup",
        "backupName",
        |m, f| {
            m.backup_name = "elsewhere".into();
            of_postgresql(m, f);
        },
        Some(Error),
        Some(Error),
    ),
    (
        "pg-own-backup",
        "backupName",
        |m, f| of_its_name(m, f, "former"),
        Some(Error),
        Some(Error),
    ),
    (
        "pg-own-backup",
        "backupSource.path",
        |m, f| {
            with_uid(f);
            from_path(
                m,
                "reports",
                "s3://one/reports/former/backup/db/20260101-020304F",
            );
        },
        Some(Error),
        Some(Error),
    ),
    (
        "backup-path-form",
        "backupSource.path",
        |m, _| from_path(m, "orders", "s3://one/orders/1/full"),
        Some(Error),
        Some(Error),
    ),
    (
        "backup-path-form",
        "backupSource.path",
        |m, _| from_path(m, "documents", "1/2026-01-01T02:03:04Z"),
        Some(Error),
        Some(Error),
    ),
    (
        "backup-path-form",
        "backupSource.path",
        |m, _| from_path(m, "documents", "documents/1/2026-01-01T02:03:04Z"),
        Some(Error),
        Some(Error),
    ),
    (
        "backup-path-form",
        "backupSource.path",
        |m, f| {
            from_path(m, "documents", "documents/1/2026-01-01T02:03:04Z");
            f.storages = None;
        },
        Some(Warning),
        None,
    ),
    (
        "pxc-pitr-log",
        "pitr",
        |m, _| {
            from_path(m, "orders", "orders/1/full");
            to_a_time(m);
        },
        Some(Error),
        Some(Error),
    ),
    (
        "pxc-pitr-log",
        "pitr",
        |m, _| to_a_time(m),
        Some(Warning),
        Some(Error),
    ),
    (
        "pxc-pitr-log",
        "pitr",
        |m, f| {
            to_a_time(m);
            with_log(f, "orders", "tape");
        },
        Some(Warning),
        Some(Error),
    ),
    (
        "pxc-pitr-log",
        "pitr",
        |m, f| {
            to_a_time(m);
            with_log(f, "orders", "blobs");
        },
        Some(Error),
        Some(Error),
    ),
    (
        "pxc-restore-storage",
        "backupName",
        of_another_storage,
        Some(Warning),
        Some(Error),
    ),
    (
        "pxc-restore-storage",
        "backupName",
        |m, f| {
            of_another_storage(m, f);
            let schedule = json!({"schedules": [{"name": "nightly", "enabled": false,
                "schedule": "0 2 * * *", "backupStorageName": "fourth"}]});
            let databases = f.databases.as_mut().unwrap();
            let spec = &mut databases.get_mut("orders").unwrap().spec;
            spec.backup = serde_json::from_value(schedule).unwrap();
        },
        Some(Warning),
        Some(Error),
    ),
    (
        "pitr-window",
        "pitr.date",
        |m, f| {
            m.pitr = RestorePitr {
                date: "2020-01-01T00:00:00Z".into(),
            }
            .into();
            with_log(f, "orders", "s3");
            let backups = f.backups.as_mut().unwrap();
            let status = backups.get_mut("done").unwrap().status.as_mut().unwrap();
            status.completed = Some(Time("2026-06-01T02:00:00Z".parse().unwrap()));
        },
        Some(Error),
        Some(Error),
    ),
    (
        "restore-allowed",
        "databaseName",
        |_, f| {
            let databases = f.databases.as_mut().unwrap();
            let status = databases.get_mut("orders").unwrap().status.as_mut();
            status.unwrap().status = Some("paused".to_owned());
        },
        Some(Warning),
        None,
    ),
];

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
fn a_sound_restore_and_unknown_values_raise_nothing() {
    let quiet: [Edit; 14] = [
        |_, _| {},
        |m, f| of_mongodb(m, f, "documents", "s3"),
        |m, _| m.database_name = Field::Unknown,
        |m, _| m.backup_name = Field::Unknown,
        |m, _| by_path(m, Field::Unknown),
        |m, _| by_path(m, "s3".into()),
        |m, _| {
            from_path(m, "documents", "s3://one/documents/1/2026-01-01T02:03:04Z");
        },
        |m, _| {
            from_path(m, "documents", "documents/1/2026-01-01T02:03:04Z");
            let source = m.backup_source.known_mut().unwrap();
            source.backup_storage_name = "blobs".into();
        },
        |m, f| {
            with_uid(f);
            from_path(m, "reports", "backup/db/20260101-020304F");
        },
        |m, f| {
            with_uid(f);
            from_path(m, "reports", "reports/0d5c7e1a/backup/db/20260101-020304F");
        },
        |m, f| of_its_name(m, f, "0d5c7e1a"),
        |m, f| {
            to_a_time(m);
            with_log(f, "orders", "minio");
        },
        |m, f| {
            to_a_time(m);
            with_log(f, "orders", "tape");
            f.storages = None;
        },
        |_, f| *f = Facts::default(),
    ];
    for edit in quiet {
        assert_eq!(found(edit, Stage::Plan), []);
    }
}

#[test]
fn what_the_same_run_makes_is_not_missed_at_plan() {
    let run = || {
        let mut run = Planned::default();
        let new = |name: &str| (Field::from("prod"), Field::from(name));
        let (namespace, name) = new("copy");
        crate::rules::Validate::note(
            &everest_schemas::models::DatabaseModel {
                namespace,
                name,
                ..Default::default()
            },
            &mut run,
        );
        let (namespace, name) = new("last");
        crate::rules::Validate::note(
            &everest_schemas::models::BackupModel {
                namespace,
                name,
                ..Default::default()
            },
            &mut run,
        );
        let (namespace, name) = new("s4");
        crate::rules::Validate::note(
            &everest_schemas::models::BackupStorageModel {
                namespace,
                name,
                ..Default::default()
            },
            &mut run,
        );
        run
    };
    let edits: [(Edit, &str); 3] = [
        (|m, _| m.database_name = "copy".into(), "database-exists"),
        (|m, _| m.backup_name = "last".into(), "source-backup"),
        (|m, _| by_path(m, "s4".into()), "backup-storage-exists"),
    ];
    for (edit, rule) in edits {
        let judged = |within: &str, stage| -> Vec<&'static str> {
            let (mut model, mut facts) = (sound(), facts());
            edit(&mut model, &mut facts);
            facts.planned = run().within(within);
            let found = check_online(&model, None, &facts, stage);
            found.into_iter().map(|found| found.rule).collect()
        };
        assert!(judged("prod", Stage::Plan).is_empty(), "{rule}");
        // By then it exists, or it is missing indeed; and another namespace helps nobody.
        assert_eq!(judged("prod", Stage::Apply), [rule]);
        assert_eq!(judged("test", Stage::Plan), [rule]);
    }
}

#[test]
fn a_mysql_database_is_restored_from_every_storage_that_its_engine_knows() {
    let knows: [Edit; 3] = [
        |_, f| {
            let backups = f.backups.as_mut().unwrap();
            let mut own = backups["elsewhere"].clone();
            own.spec.db_cluster_name = "orders".into();
            backups.insert("another".to_owned(), own);
        },
        |_, f| {
            let databases = f.databases.as_mut().unwrap();
            let orders = databases.get_mut("orders").unwrap();
            orders.spec.backup = serde_json::from_value(json!({"schedules": [{"name": "n",
                "schedule": "0 2 * * *", "backupStorageName": "fourth", "enabled": true}]}))
            .unwrap();
        },
        |_, f| {
            let databases = f.databases.as_mut().unwrap();
            let orders = databases.get_mut("orders").unwrap();
            orders.spec.data_source =
                serde_json::from_value(json!({"dbClusterBackupName": "elsewhere"})).unwrap();
        },
    ];
    for edit in knows {
        let (mut model, mut facts) = (sound(), facts());
        of_another_storage(&mut model, &mut facts);
        edit(&mut model, &mut facts);
        assert_eq!(check_online(&model, None, &facts, Stage::Apply), []);
    }
}
