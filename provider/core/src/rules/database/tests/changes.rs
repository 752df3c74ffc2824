//! Changes of a database that break a rule.

use super::*;

/// A rule on a change: what was before, and the case.
pub(super) const CHANGES: &[(Change, Case)] = &[
    (
        |_| {},
        Case {
            rule: "no-scale-to-one",
            path: "engine.replicas",
            breaks: |m| engine(m).replicas = 1.into(),
            holds: |m| engine(m).replicas = 5.into(),
            unknown: |m| engine(m).replicas = Field::Unknown,
        },
    ),
    (
        |m| part(&mut part(&mut spec(m).proxy).storage).size = "5Gi".into(),
        Case {
            rule: "storage-no-shrink",
            path: "proxy.storage.size",
            breaks: |m| part(&mut part(&mut spec(m).proxy).storage).size = "4Gi".into(),
            holds: |m| part(&mut part(&mut spec(m).proxy).storage).size = "5120Mi".into(),
            unknown: |m| part(&mut part(&mut spec(m).proxy).storage).size = Field::Unknown,
        },
    ),
    (
        |m| {
            proxy(m).type_ = "proxysql".into();
            part(&mut proxy(m).storage).size = "5Gi".into();
        },
        Case {
            rule: "proxy-storage-fixed",
            path: "proxy.storage.size",
            breaks: |m| part(&mut proxy(m).storage).size = "6Gi".into(),
            holds: |m| part(&mut proxy(m).storage).size = "5120Mi".into(),
            unknown: |m| part(&mut proxy(m).storage).size = Field::Unknown,
        },
    ),
    (
        |_| {},
        Case {
            rule: "storage-no-shrink",
            path: "engine.storage.size",
            breaks: |m| part(&mut engine(m).storage).size = "20Gi".into(),
            holds: |m| part(&mut engine(m).storage).size = "25600Mi".into(),
            unknown: |m| part(&mut engine(m).storage).size = Field::Unknown,
        },
    ),
    (
        |m| spec(m).paused = true.into(),
        Case {
            rule: "storage-grows-running",
            path: "engine.storage.size",
            // Nor does it grow with the start.
            breaks: |m| {
                spec(m).paused = false.into();
                part(&mut engine(m).storage).size = "50Gi".into();
            },
            holds: |m| spec(m).paused = false.into(),
            unknown: |m| part(&mut engine(m).storage).size = Field::Unknown,
        },
    ),
    (
        |_| {},
        Case {
            rule: "version-syntax",
            path: "engine.version",
            breaks: |m| engine(m).version = "latest".into(),
            holds: |m| engine(m).version = "8.0.42-33.1".into(),
            unknown: |m| engine(m).version = Field::Unknown,
        },
    ),
    (
        |_| {},
        Case {
            rule: "version-no-downgrade",
            path: "engine.version",
            breaks: |m| engine(m).version = "8.0.36-28.1".into(),
            holds: |m| engine(m).version = "8.4.4-4.1".into(),
            unknown: |m| engine(m).version = Field::Unknown,
        },
    ),
    (
        |m| {
            of_type(m, Engine::Postgresql);
            engine(m).version = "16.9".into();
        },
        Case {
            rule: "version-major",
            path: "engine.version",
            breaks: |m| engine(m).version = "17.6".into(),
            holds: |m| engine(m).version = "16.10".into(),
            unknown: |m| engine(m).version = Field::Unknown,
        },
    ),
    (
        |m| {
            of_type(m, Engine::Psmdb);
            engine(m).version = "6.0.1-1".into();
        },
        Case {
            rule: "version-major",
            path: "engine.version",
            breaks: |m| engine(m).version = "8.0.12-4".into(),
            holds: |m| engine(m).version = "7.0.1-1".into(),
            unknown: |m| engine(m).version = Field::Unknown,
        },
    ),
    (
        |m| m.recommended_cr_version = "1.18.0".into(),
        Case {
            rule: "version-after-cr-version",
            path: "engine.version",
            breaks: |m| {
                engine(m).version = "8.0.42-33.1".into();
                engine(m).cr_version = "1.17.0".into();
            },
            holds: |m| {
                engine(m).version = "8.0.42-33.1".into();
                engine(m).cr_version = "recommended".into();
            },
            unknown: |m| {
                engine(m).version = "8.0.42-33.1".into();
                engine(m).cr_version = Field::Unknown;
            },
        },
    ),
    (
        |m| spec(m).paused = true.into(),
        Case {
            rule: "restart-running",
            path: "restartTrigger",
            breaks: |m| m.restart_trigger = "2026-01-01".into(),
            holds: |m| {
                m.restart_trigger = "2026-01-01".into();
                spec(m).paused = false.into();
            },
            unknown: |m| m.restart_trigger = Field::Unknown,
        },
    ),
    (
        |m| sharding(m).enabled = false.into(),
        Case {
            rule: "sharding-fixed",
            path: "sharding.enabled",
            breaks: |m| {
                sharding(m);
            },
            holds: |_| {},
            unknown: |m| sharding(m).enabled = Field::Unknown,
        },
    ),
    (
        |m| expose(m).load_balancer_config_name = "eks-default".into(),
        Case {
            rule: "load-balancer-config-kept",
            path: "proxy.expose.loadBalancerConfigName",
            breaks: |m| expose(m).load_balancer_config_name = "".into(),
            holds: |m| {
                expose(m).load_balancer_config_name = "".into();
                expose(m).type_ = "internal".into();
            },
            unknown: |m| expose(m).load_balancer_config_name = Field::Unknown,
        },
    ),
    (
        |m| {
            of_type(m, Engine::Postgresql);
            schedules(m, vec![schedule("nightly", "0 2 * * *", "s3")]);
        },
        Case {
            rule: "pg-schedule-storage-fixed",
            path: "backup.schedules[\"nightly\"].backupStorageName",
            breaks: |m| schedules(m, vec![schedule("nightly", "0 2 * * *", "s4")]),
            holds: |m| schedules(m, vec![schedule("other", "0 2 * * *", "s4")]),
            unknown: |m| {
                let open = BackupSchedule {
                    backup_storage_name: Field::Unknown,
                    ..schedule("nightly", "0 2 * * *", "")
                };
                schedules(m, vec![open]);
            },
        },
    ),
    (
        |m| source(m).db_cluster_backup_name = "a".into(),
        Case {
            rule: "data-source-unused",
            path: "dataSource",
            breaks: |m| source(m).db_cluster_backup_name = "b".into(),
            holds: |m| spec(m).data_source = Field::Null,
            unknown: |m| spec(m).data_source = Field::Unknown,
        },
    ),
];
