//! Backups and first data that break a rule.

use super::*;

/// Rules for backups and first data that a new database is judged by.
pub(super) const BACKUPS: &[Case] = &[
    Case {
        rule: "pitr-storage",
        path: "backup.pitr.backupStorageName",
        breaks: |m| pitr(m).backup_storage_name = Field::Null,
        holds: |m| {
            of_type(m, Engine::Postgresql);
            pitr(m);
        },
        unknown: |m| pitr(m).backup_storage_name = Field::Unknown,
    },
    Case {
        rule: "pitr-interval",
        path: "backup.pitr.uploadIntervalSec",
        breaks: |m| {
            pitr(m).backup_storage_name = "s3".into();
            pitr(m).upload_interval_sec = 0.into();
        },
        holds: |m| {
            pitr(m).backup_storage_name = "s3".into();
            pitr(m).upload_interval_sec = 60.into();
        },
        unknown: |m| {
            pitr(m).backup_storage_name = "s3".into();
            pitr(m).upload_interval_sec = Field::Unknown;
        },
    },
    Case {
        rule: "pitr-interval-minutes",
        path: "backup.pitr.uploadIntervalSec",
        breaks: |m| uploads_every(m, 90.into()),
        holds: |m| uploads_every(m, 120.into()),
        unknown: |m| uploads_every(m, Field::Unknown),
    },
    Case {
        rule: "pitr-interval-minutes",
        path: "backup.pitr.uploadIntervalSec",
        breaks: |m| {
            uploads_every(m, 120.into());
            backup(m).schedules = Field::Null;
        },
        holds: |m| {
            uploads_every(m, 90.into());
            of_type(m, Engine::Pxc);
        },
        unknown: |m| {
            uploads_every(m, 120.into());
            backup(m).schedules = Field::Unknown;
        },
    },
    Case {
        rule: "schedule-name",
        path: "backup.schedules[\"\"]",
        breaks: |m| schedules(m, vec![schedule("", "0 2 * * *", "s3")]),
        holds: |m| schedules(m, vec![schedule("nightly", "0 2 * * *", "s3")]),
        unknown: |m| {
            schedules(
                m,
                vec![BackupSchedule {
                    name: Field::Unknown,
                    ..schedule("", "0 2 * * *", "s3")
                }],
            );
        },
    },
    Case {
        rule: "schedule-names-distinct",
        path: "backup.schedules[\"nightly\"]",
        breaks: |m| {
            schedules(
                m,
                vec![
                    schedule("nightly", "0 2 * * *", "s3"),
                    schedule("nightly", "0 3 * * *", "s3"),
                ],
            );
        },
        holds: |m| {
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "0 3 * * *", "s3"),
                ],
            );
        },
        unknown: |m| backup(m).schedules = Field::Unknown,
    },
    Case {
        rule: "schedule-cron",
        path: "backup.schedules[\"nightly\"].schedule",
        breaks: |m| schedules(m, vec![schedule("nightly", "61 2 * * *", "s3")]),
        holds: |m| schedules(m, vec![schedule("nightly", "@daily", "s3")]),
        unknown: |m| {
            schedules(
                m,
                vec![BackupSchedule {
                    schedule: Field::Unknown,
                    ..schedule("nightly", "", "s3")
                }],
            );
        },
    },
    Case {
        rule: "schedule-storage",
        path: "backup.schedules[\"nightly\"].backupStorageName",
        breaks: |m| schedules(m, vec![schedule("nightly", "0 2 * * *", "")]),
        holds: |m| {
            let disabled = BackupSchedule {
                enabled: false.into(),
                ..schedule("nightly", "0 2 * * *", "")
            };
            schedules(m, vec![disabled]);
        },
        unknown: |m| {
            let open = BackupSchedule {
                enabled: Field::Unknown,
                ..schedule("nightly", "0 2 * * *", "")
            };
            schedules(m, vec![open]);
        },
    },
    Case {
        rule: "schedule-storage",
        path: "backup.schedules[\"nightly\"].backupStorageName",
        breaks: |m| {
            of_type(m, Engine::Postgresql);
            let disabled = BackupSchedule {
                enabled: false.into(),
                ..schedule("nightly", "0 2 * * *", "")
            };
            schedules(m, vec![disabled]);
        },
        holds: |m| {
            of_type(m, Engine::Postgresql);
            schedules(m, vec![schedule("nightly", "0 2 * * *", "s3")]);
        },
        unknown: |m| {
            engine(m).type_ = Field::Unknown;
            let disabled = BackupSchedule {
                enabled: false.into(),
                ..schedule("nightly", "0 2 * * *", "")
            };
            schedules(m, vec![disabled]);
        },
    },
    Case {
        rule: "schedules-distinct",
        path: "backup.schedules[\"b\"].schedule",
        breaks: |m| {
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "0 2 * * *", "s3"),
                ],
            );
        },
        holds: |m| {
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "5 2 * * *", "s3"),
                ],
            );
        },
        unknown: |m| {
            let open = BackupSchedule {
                schedule: Field::Unknown,
                ..schedule("b", "", "s3")
            };
            schedules(m, vec![schedule("a", "0 2 * * *", "s3"), open]);
        },
    },
    Case {
        rule: "psmdb-one-storage",
        path: "backup.schedules[\"b\"].backupStorageName",
        breaks: |m| {
            of_type(m, Engine::Psmdb);
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "0 3 * * *", "s4"),
                ],
            );
        },
        holds: |m| {
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "0 3 * * *", "s4"),
                ],
            );
        },
        unknown: |m| {
            of_type(m, Engine::Psmdb);
            let open = BackupSchedule {
                backup_storage_name: Field::Unknown,
                ..schedule("b", "0 3 * * *", "")
            };
            schedules(m, vec![schedule("a", "0 2 * * *", "s3"), open]);
        },
    },
    Case {
        rule: "pg-storage-per-schedule",
        path: "backup.schedules[\"b\"].backupStorageName",
        breaks: |m| {
            of_type(m, Engine::Postgresql);
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "0 3 * * *", "s3"),
                ],
            );
        },
        holds: |m| {
            of_type(m, Engine::Postgresql);
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "0 3 * * *", "s4"),
                ],
            );
        },
        unknown: |m| {
            engine(m).type_ = Field::Unknown;
            schedules(
                m,
                vec![
                    schedule("a", "0 2 * * *", "s3"),
                    schedule("b", "0 3 * * *", "s3"),
                ],
            );
        },
    },
    Case {
        rule: "pg-three-storages",
        path: "backup.schedules[\"d\"].backupStorageName",
        breaks: |m| {
            of_type(m, Engine::Postgresql);
            let list = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")];
            schedules(
                m,
                list.map(|(n, h)| schedule(n, &format!("0 {h} * * *"), h))
                    .into(),
            );
        },
        holds: |m| {
            of_type(m, Engine::Postgresql);
            let list = [("a", "1"), ("b", "2"), ("c", "3")];
            schedules(
                m,
                list.map(|(n, h)| schedule(n, &format!("0 {h} * * *"), h))
                    .into(),
            );
        },
        unknown: |m| {
            of_type(m, Engine::Postgresql);
            backup(m).schedules = Field::Unknown;
        },
    },
    Case {
        rule: "data-source-one",
        path: "dataSource",
        breaks: |m| {
            by_path(m);
            source(m).db_cluster_backup_name = "b".into();
        },
        holds: |m| source(m).db_cluster_backup_name = "b".into(),
        unknown: |m| source(m).db_cluster_backup_name = Field::Unknown,
    },
    Case {
        rule: "backup-source",
        path: "dataSource.backupSource.path",
        breaks: |m| by_path(m).path = "".into(),
        holds: |m| {
            by_path(m);
        },
        unknown: |m| by_path(m).path = Field::Unknown,
    },
    Case {
        rule: "backup-path-form",
        path: "dataSource.backupSource.path",
        breaks: |m| by_path(m).path = "s3://backups/orders/1/full".into(),
        holds: |m| {
            of_type(m, Engine::Psmdb);
            by_path(m).path = "s3://backups/orders/1/2026-01-01T02:03:04Z".into();
        },
        unknown: |m| {
            engine(m).type_ = Field::Unknown;
            by_path(m).path = "s3://backups/orders/1/full".into();
        },
    },
    Case {
        rule: "backup-path-form",
        path: "dataSource.backupSource.path",
        breaks: |m| {
            of_type(m, Engine::Psmdb);
            by_path(m).path = "1/2026-01-01T02:03:04Z".into();
        },
        holds: |m| by_path(m).path = "1/full".into(),
        unknown: |m| {
            of_type(m, Engine::Psmdb);
            by_path(m).path = Field::Unknown;
        },
    },
    Case {
        rule: "pg-data-by-path",
        path: "dataSource.backupSource",
        breaks: |m| {
            of_type(m, Engine::Postgresql);
            by_path(m);
        },
        holds: |m| {
            of_type(m, Engine::Postgresql);
            source(m).db_cluster_backup_name = "b".into();
        },
        unknown: |m| {
            engine(m).type_ = Field::Unknown;
            by_path(m);
        },
    },
    Case {
        rule: "pxc-pitr-log",
        path: "dataSource.pitr",
        breaks: |m| {
            by_path(m);
            part(&mut source(m).pitr).date = "2026-01-01T02:03:04Z".into();
        },
        holds: |m| target(m).date = "2026-01-01T02:03:04Z".into(),
        unknown: |m| {
            by_path(m);
            source(m).pitr = Field::Unknown;
        },
    },
    Case {
        rule: "pitr-date",
        path: "dataSource.pitr.date",
        breaks: |m| target(m).date = "2026-01-01".into(),
        holds: |m| target(m).date = "2026-01-01T02:03:04Z".into(),
        unknown: |m| target(m).date = Field::Unknown,
    },
    Case {
        rule: "pitr-latest",
        path: "dataSource.pitr.type",
        breaks: |m| {
            target(m).date = "2026-01-01T02:03:04Z".into();
            target(m).type_ = "latest".into();
        },
        holds: |m| {
            target(m).date = "2026-01-01T02:03:04Z".into();
            target(m).type_ = "date".into();
        },
        unknown: |m| {
            target(m).date = "2026-01-01T02:03:04Z".into();
            target(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "data-import-path",
        path: "dataSource.dataImport.source.path",
        breaks: |m| import(m).path = "dumps//orders".into(),
        holds: |m| import(m).path = "/dumps/orders/".into(),
        unknown: |m| import(m).path = Field::Unknown,
    },
    Case {
        rule: "data-import-credentials",
        path: "dataSource.dataImport.source.s3.secretAccessKey",
        breaks: |m| import_s3(m).secret_access_key = Field::Null,
        holds: |m| {
            import_s3(m);
        },
        unknown: |m| import_s3(m).secret_access_key = Field::Unknown,
    },
    Case {
        rule: "data-import-credentials",
        path: "dataSource.dataImport.source.s3.secretAccessKeyWo",
        breaks: |m| {
            keyless(m).access_key_id_wo = key();
        },
        holds: |m| {
            let s3 = keyless(m);
            (s3.access_key_id_wo, s3.secret_access_key_wo) = (key(), key());
        },
        unknown: |m| {
            let s3 = keyless(m);
            (s3.access_key_id_wo, s3.secret_access_key_wo) = (key(), Field::Unknown);
        },
    },
    Case {
        rule: "data-import-credentials",
        path: "dataSource.dataImport.source.s3.accessKeyIdWo",
        breaks: |m| {
            let s3 = import_s3(m);
            (s3.access_key_id_wo, s3.secret_access_key_wo) = (key(), key());
        },
        holds: |m| {
            import_s3(m);
        },
        unknown: |m| {
            let s3 = import_s3(m);
            (s3.access_key_id_wo, s3.secret_access_key_wo) = (Field::Unknown, Field::Unknown);
        },
    },
    Case {
        rule: "endpoint-url",
        path: "dataSource.dataImport.source.s3.endpointURL",
        breaks: |m| import_s3(m).endpoint_url = "s3.example.com".into(),
        holds: |m| {
            import_s3(m);
        },
        unknown: |m| import_s3(m).endpoint_url = Field::Unknown,
    },
];

/// A MongoDB database with a schedule that uploads its log.
fn uploads_every(model: &mut DatabaseModel, seconds: Field<i64>) {
    of_type(model, Engine::Psmdb);
    schedules(model, vec![schedule("nightly", "0 2 * * *", "s3")]);
    pitr(model).upload_interval_sec = seconds;
}
