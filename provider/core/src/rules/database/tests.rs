use super::*;
use crate::finding::Severity;
use everest_schemas::everest::{
    Backup, BackupSchedule, BackupSource, ConfigServer, DataImport, DataImportS3, DataImportSource,
    DataSource, EngineFeatures, EngineSpec, Expose, Pitr, PitrTarget, Proxy, PsmdbFeatures,
    Sharding,
};
use everest_schemas::models::Timeouts;

type Change = fn(&mut DatabaseModel);

/// A rule with a change of a sound database that breaks it, one that holds,
/// and one that leaves the value open.
struct Case {
    rule: &'static str,
    path: &'static str,
    breaks: Change,
    holds: Change,
    unknown: Change,
}

fn sound() -> DatabaseModel {
    DatabaseModel {
        namespace: "prod".into(),
        name: "orders".into(),
        spec: DatabaseClusterSpec {
            engine: EngineSpec {
                type_: Engine::Pxc.into(),
                replicas: 3.into(),
                version: "8.0.41-32.1".into(),
                storage: Storage {
                    size: "25Gi".into(),
                    ..Storage::default()
                }
                .into(),
                resources: Resources {
                    cpu: "1".into(),
                    memory: "2G".into(),
                    ..Resources::default()
                }
                .into(),
                ..EngineSpec::default()
            }
            .into(),
            ..DatabaseClusterSpec::default()
        }
        .into(),
        ..DatabaseModel::default()
    }
}

fn spec(model: &mut DatabaseModel) -> &mut DatabaseClusterSpec {
    model.spec.known_mut().unwrap()
}

fn part<T: Default>(field: &mut Field<T>) -> &mut T {
    if !field.is_known() {
        *field = Field::Known(T::default());
    }
    field.known_mut().unwrap()
}

fn engine(model: &mut DatabaseModel) -> &mut EngineSpec {
    part(&mut spec(model).engine)
}

fn of_type(model: &mut DatabaseModel, type_: Engine) {
    engine(model).type_ = type_.into();
}

fn resources(model: &mut DatabaseModel) -> &mut Resources {
    part(&mut engine(model).resources)
}

fn proxy(model: &mut DatabaseModel) -> &mut Proxy {
    part(&mut spec(model).proxy)
}

fn expose(model: &mut DatabaseModel) -> &mut Expose {
    part(&mut proxy(model).expose)
}

fn backup(model: &mut DatabaseModel) -> &mut Backup {
    part(&mut spec(model).backup)
}

fn pitr(model: &mut DatabaseModel) -> &mut Pitr {
    let pitr = part(&mut backup(model).pitr);
    pitr.enabled = true.into();
    pitr
}

fn schedule(name: &str, cron: &str, storage: &str) -> BackupSchedule {
    BackupSchedule {
        name: name.into(),
        schedule: cron.into(),
        backup_storage_name: storage.into(),
        ..BackupSchedule::default()
    }
}

fn schedules(model: &mut DatabaseModel, list: Vec<BackupSchedule>) {
    backup(model).schedules = list.into();
}

fn source(model: &mut DatabaseModel) -> &mut DataSource {
    part(&mut spec(model).data_source)
}

fn target(model: &mut DatabaseModel) -> &mut PitrTarget {
    let source = source(model);
    source.db_cluster_backup_name = "b".into();
    part(&mut source.pitr)
}

fn by_path(model: &mut DatabaseModel) -> &mut BackupSource {
    let source = part(&mut source(model).backup_source);
    *source = BackupSource {
        path: "p".into(),
        backup_storage_name: "s3".into(),
    };
    source
}

fn import(model: &mut DatabaseModel) -> &mut DataImportSource {
    let import: &mut DataImport = part(&mut source(model).data_import);
    let from = part(&mut import.source);
    from.path = "dumps/orders".into();
    from
}

fn import_s3(model: &mut DatabaseModel) -> &mut DataImportS3 {
    let s3 = part(&mut import(model).s3);
    s3.access_key_id = Field::Known("id".to_owned().into());
    s3.secret_access_key = Field::Known("key".to_owned().into());
    s3.endpoint_url = "https://s3.example.com".into();
    s3
}

fn sharding(model: &mut DatabaseModel) -> &mut Sharding {
    of_type(model, Engine::Psmdb);
    let sharding = part(&mut spec(model).sharding);
    *sharding = Sharding {
        enabled: true.into(),
        shards: 2.into(),
        config_server: ConfigServer { replicas: 3.into() }.into(),
    };
    sharding
}

fn horizon(model: &mut DatabaseModel) -> &mut PsmdbFeatures {
    let features: &mut EngineFeatures = part(&mut spec(model).engine_features);
    let psmdb = part(&mut features.psmdb);
    psmdb.split_horizon_dns_config_name = "dns".into();
    psmdb
}

/// Rules that a new database is judged by.
const CREATION: &[Case] = &[
    Case {
        rule: "name",
        path: "name",
        breaks: |m| m.name = "orders-of-the-whole-company".into(),
        holds: |m| m.name = "a".repeat(22).into(),
        unknown: |m| m.name = Field::Unknown,
    },
    Case {
        rule: "replicas-odd",
        path: "engine.replicas",
        breaks: |m| engine(m).replicas = 2.into(),
        holds: |m| {
            of_type(m, Engine::Postgresql);
            engine(m).replicas = 2.into();
        },
        unknown: |m| {
            engine(m).replicas = 2.into();
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "replicas-at-most-five",
        path: "engine.replicas",
        breaks: |m| engine(m).replicas = 7.into(),
        holds: |m| engine(m).replicas = 5.into(),
        unknown: |m| engine(m).replicas = Field::Unknown,
    },
    Case {
        rule: "resources-required",
        path: "engine.resources",
        breaks: |m| engine(m).resources = Field::Null,
        holds: |m| {
            let limits = part(&mut resources(m).limits);
            limits.cpu = "1".into();
            limits.memory = "2G".into();
            resources(m).cpu = Field::Null;
            resources(m).memory = Field::Null;
        },
        unknown: |m| engine(m).resources = Field::Unknown,
    },
    Case {
        rule: "resources-required",
        path: "engine.resources.memory",
        breaks: |m| resources(m).memory = "0".into(),
        holds: |_| {},
        unknown: |m| {
            resources(m).memory = Field::Null;
            resources(m).limits = Field::Unknown;
        },
    },
    Case {
        rule: "cpu-minimum",
        path: "engine.resources.cpu",
        breaks: |m| resources(m).cpu = "0.5".into(),
        holds: |m| resources(m).cpu = "600m".into(),
        unknown: |m| resources(m).cpu = Field::Unknown,
    },
    Case {
        rule: "memory-minimum",
        path: "engine.resources.limits.memory",
        breaks: |m| part(&mut resources(m).limits).memory = "256Mi".into(),
        holds: |m| resources(m).memory = "512M".into(),
        unknown: |m| part(&mut resources(m).limits).memory = Field::Unknown,
    },
    Case {
        rule: "storage-minimum",
        path: "engine.storage.size",
        breaks: |m| part(&mut engine(m).storage).size = "500Mi".into(),
        holds: |m| part(&mut engine(m).storage).size = "1G".into(),
        unknown: |m| part(&mut engine(m).storage).size = Field::Unknown,
    },
    Case {
        rule: "proxy-type",
        path: "proxy.type",
        breaks: |m| proxy(m).type_ = "mongos".into(),
        holds: |m| proxy(m).type_ = "proxysql".into(),
        unknown: |m| {
            proxy(m).type_ = "mongos".into();
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "proxy-replicas",
        path: "proxy.replicas",
        breaks: |m| proxy(m).replicas = 1.into(),
        holds: |m| {
            engine(m).replicas = 1.into();
            proxy(m).replicas = 1.into();
        },
        unknown: |m| {
            engine(m).replicas = Field::Unknown;
            proxy(m).replicas = 1.into();
        },
    },
    Case {
        rule: "ip-ranges-distinct",
        path: "proxy.expose.ipSourceRanges[1]",
        breaks: |m| {
            expose(m).ip_source_ranges = vec!["10.0.0.0/8".into(), "10.0.0.0/8".into()].into();
        },
        holds: |m| {
            expose(m).ip_source_ranges = vec!["10.0.0.0/8".into(), "2001:db8::/32".into()].into();
        },
        unknown: |m| {
            expose(m).ip_source_ranges =
                vec!["10.0.0.0/8".into(), Field::Unknown, Field::Unknown].into();
        },
    },
    Case {
        rule: "ip-range-syntax",
        path: "proxy.expose.ipSourceRanges[0]",
        breaks: |m| expose(m).ip_source_ranges = vec!["10.0.0.0/33".into()].into(),
        holds: |m| expose(m).ip_source_ranges = vec!["192.0.2.7/32".into()].into(),
        unknown: |m| expose(m).ip_source_ranges = Field::Unknown,
    },
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
        rule: "schedule-name",
        path: "backup.schedules[0]",
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
        rule: "endpoint-url",
        path: "dataSource.dataImport.source.s3.endpointURL",
        breaks: |m| import_s3(m).endpoint_url = "s3.example.com".into(),
        holds: |m| {
            import_s3(m);
        },
        unknown: |m| import_s3(m).endpoint_url = Field::Unknown,
    },
    Case {
        rule: "sharding-psmdb",
        path: "sharding.enabled",
        breaks: |m| {
            sharding(m);
            of_type(m, Engine::Pxc);
        },
        holds: |m| {
            sharding(m).enabled = false.into();
            of_type(m, Engine::Pxc);
        },
        unknown: |m| {
            sharding(m).enabled = Field::Unknown;
            of_type(m, Engine::Pxc);
        },
    },
    Case {
        rule: "sharding-shards",
        path: "sharding.shards",
        breaks: |m| sharding(m).shards = 0.into(),
        holds: |m| sharding(m).shards = 1.into(),
        unknown: |m| sharding(m).shards = Field::Unknown,
    },
    Case {
        rule: "sharding-config-servers",
        path: "sharding.configServer.replicas",
        breaks: |m| part(&mut sharding(m).config_server).replicas = 1.into(),
        holds: |m| {
            part(&mut sharding(m).config_server).replicas = 1.into();
            engine(m).replicas = 1.into();
        },
        unknown: |m| {
            part(&mut sharding(m).config_server).replicas = 2.into();
            engine(m).replicas = Field::Unknown;
        },
    },
    Case {
        rule: "engine-features-psmdb",
        path: "engineFeatures.psmdb",
        breaks: |m| {
            horizon(m);
        },
        holds: |m| {
            horizon(m);
            of_type(m, Engine::Psmdb);
        },
        unknown: |m| horizon(m).split_horizon_dns_config_name = Field::Unknown,
    },
    Case {
        rule: "split-horizon-unsharded",
        path: "engineFeatures.psmdb.splitHorizonDnsConfigName",
        breaks: |m| {
            sharding(m);
            horizon(m);
        },
        holds: |m| {
            sharding(m);
        },
        unknown: |m| {
            sharding(m);
            horizon(m).split_horizon_dns_config_name = Field::Unknown;
        },
    },
];

/// A rule on a change: what was before, and the case.
const CHANGES: &[(Change, Case)] = &[
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
            breaks: |m| engine(m).version = "8.0.42-33.1".into(),
            holds: |m| engine(m).cr_version = "1.18.0".into(),
            unknown: |m| engine(m).version = Field::Unknown,
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

fn run(case: &Case, from: &DatabaseModel, prior: Option<&DatabaseModel>) {
    let judged = |change: Change| {
        let mut model = from.clone();
        change(&mut model);
        check(&model, prior)
    };
    let found = judged(case.breaks);
    let at: Vec<_> = found.iter().map(|f| (f.rule, f.path.to_string())).collect();
    assert!(
        at.contains(&(case.rule, case.path.to_owned())),
        "{}: {at:?}",
        case.rule
    );
    for change in [case.holds, case.unknown] {
        let found = judged(change);
        assert!(
            found.iter().all(|found| found.rule != case.rule),
            "{}: {found:?}",
            case.rule
        );
    }
}

#[test]
fn a_sound_database_raises_nothing() {
    assert!(check(&sound(), None).is_empty());
    assert!(check(&sound(), Some(&sound())).is_empty());
    assert!(check_syntax(&sound()).is_empty());
}

#[test]
fn each_rule_finds_what_breaks_it_and_nothing_else() {
    for case in CREATION {
        run(case, &sound(), None);
    }
}

#[test]
fn each_rule_on_changes_finds_what_breaks_it_and_nothing_else() {
    for (before, case) in CHANGES {
        let mut prior = sound();
        before(&mut prior);
        run(case, &prior, Some(&prior));
    }
}

#[test]
fn a_fault_from_before_is_a_warning_and_a_new_one_an_error() {
    let even = |replicas: i32| {
        let mut model = sound();
        model.name = "a-name-of-more-than-22-characters".into();
        engine(&mut model).replicas = replicas.into();
        model
    };
    let severities = |found: Vec<Finding>| -> Vec<_> {
        found
            .into_iter()
            .map(|found| (found.rule, found.severity))
            .collect()
    };
    assert_eq!(
        severities(check(&even(2), Some(&even(2)))),
        [("replicas-odd", Severity::Warning)]
    );
    assert_eq!(
        severities(check(&even(4), Some(&even(2)))),
        [("replicas-odd", Severity::Error)]
    );
    assert!(check(&even(3), Some(&even(2))).is_empty());
}

#[test]
fn a_change_that_replaces_is_judged_as_a_creation() {
    let prior = sound();
    let mut planned = sound();
    of_type(&mut planned, Engine::Postgresql);
    part(&mut engine(&mut planned).storage).size = "10Gi".into();
    engine(&mut planned).version = "17.6".into();
    assert!(check(&planned, Some(&prior)).is_empty());
    let found = check_immutable(&planned, &prior);
    assert_eq!(found[0].path.to_string(), "engine.type");
    planned.name = "a-name-of-more-than-22-characters".into();
    assert_eq!(check(&planned, Some(&prior))[0].rule, "name");
}

#[test]
fn quantities_and_timeouts_are_checked_wherever_they_stand() {
    let mut model = sound();
    part(&mut engine(&mut model).storage).size = "25 GB".into();
    resources(&mut model).cpu = "one".into();
    part(&mut resources(&mut model).requests).memory = "1Gb".into();
    part(&mut part(&mut proxy(&mut model).resources).limits).cpu = "1,5".into();
    part(&mut proxy(&mut model).storage).size = Field::Unknown;
    let monitoring = part(&mut spec(&mut model).monitoring);
    part(&mut monitoring.resources).limits =
        Field::Known([("memory".to_owned(), "lots".into())].into());
    model.timeouts = Timeouts {
        update: "soon".into(),
        ..Timeouts::default()
    }
    .into();
    let found: Vec<_> = check_syntax(&model)
        .iter()
        .map(|found| (found.rule, found.path.to_string()))
        .collect();
    let expected = [
        ("timeout", "timeouts.update"),
        ("quantity", "engine.storage.size"),
        ("quantity", "engine.resources.cpu"),
        ("quantity", "engine.resources.requests.memory"),
        ("quantity", "proxy.resources.limits.cpu"),
        ("quantity", "monitoring.resources.limits[\"memory\"]"),
    ];
    assert_eq!(found, expected.map(|(rule, path)| (rule, path.to_owned())));
}
