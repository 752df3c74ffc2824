use super::super::tests::*;
use super::*;
use crate::facts::fixtures::{all, facts, serves_databases, serves_resources, with_log};
use crate::facts::{All, Planned, Seen};
use crate::finding::Severity::{self, Error, Warning};
use crate::rules::Validate;
use everest_schemas::{Engine, Field};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

type Edit = fn(&mut DatabaseModel, &mut Facts);

/// A rule with a change of a sound database and its cluster that breaks it,
/// how that weighs at plan and before the write, and changes that do not.
struct Case {
    rule: &'static str,
    path: &'static str,
    breaks: Edit,
    at_plan: Option<Severity>,
    at_apply: Option<Severity>,
    holds: Edit,
    unknown: Edit,
}

fn engines(facts: &mut Facts, edit: serde_json::Value) {
    facts.engines = all(&[("percona-xtradb-cluster-operator", edit)]);
}

fn scheduled(model: &mut DatabaseModel, storage: &str) {
    schedules(model, vec![schedule("nightly", "0 2 * * *", storage)]);
}

/// Everest whose definition of databases has these members of the proxy.
fn serving(facts: &mut Facts, proxy: &[&str]) {
    let members = proxy.iter().map(|name| ((*name).to_owned(), json!({})));
    let members: serde_json::Map<_, _> = members.collect();
    facts.served = serves_databases(json!({"proxy": {"properties": members}}));
}

/// The namespace's operator of PostgreSQL at a version.
fn postgresql(facts: &mut Facts, version: &str) {
    let engines = facts.engines.as_mut().unwrap();
    let engine = engines.get_mut("percona-postgresql-operator").unwrap();
    engine.status.as_mut().unwrap().operator_version = Some(version.to_owned());
}

fn in_state(facts: &mut Facts, status: serde_json::Value) {
    let spec = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}}});
    facts.databases = all(&[("orders", json!({"spec": spec, "status": status}))]);
}

/// Rules on a new database.
const CREATION: &[Case] = &[
    Case {
        rule: "namespace-served",
        path: "namespace",
        breaks: |_, f| f.namespace = Seen::Found(Default::default()),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |_, _| {},
        unknown: |_, f| f.namespace = Seen::Unread,
    },
    Case {
        rule: "namespace-served",
        path: "namespace",
        breaks: |_, f| f.namespace = Seen::Absent,
        at_plan: None,
        at_apply: Some(Error),
        holds: |_, _| {},
        unknown: |m, _| m.namespace = Field::Unknown,
    },
    Case {
        rule: "upgrade-lock",
        path: "",
        breaks: |_, f| {
            let lock = json!({"everest.percona.com/upgrade-lock": "2026-01-01T00:00:00Z"});
            engines(
                f,
                json!({"metadata": {"annotations": lock}, "spec": {"type": "pxc"}}),
            );
        },
        at_plan: Some(Warning),
        at_apply: None,
        holds: |_, _| {},
        unknown: |_, f| f.engines = None,
    },
    Case {
        rule: "engine-installed",
        path: "engine.type",
        breaks: |_, f| f.engines = All::Some([].into()),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |_, _| {},
        unknown: |m, _| engine(m).type_ = Field::Unknown,
    },
    Case {
        rule: "engine-installed",
        path: "engine.type",
        breaks: |_, f| {
            engines(
                f,
                json!({"spec": {"type": "pxc"}, "status": {"status": "installing"}}),
            );
        },
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| of_type(m, Engine::Psmdb),
        unknown: |_, f| f.engines = None,
    },
    Case {
        rule: "version-offered",
        path: "engine.version",
        breaks: |m, _| engine(m).version = "8.0.99-1".into(),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| engine(m).version = "8.0.36-28.1".into(),
        unknown: |m, _| engine(m).version = Field::Unknown,
    },
    Case {
        rule: "version-offered",
        path: "engine.version",
        breaks: |_, f| {
            engines(
                f,
                json!({"spec": {"type": "pxc"}, "status": {
                    "status": "installed",
                    "availableVersions": {"engine": {"9.0.1": {}}},
                    "pendingOperatorUpgrades": [{"targetVersion": "1.19.0"}],
                }}),
            );
        },
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| engine(m).version = "".into(),
        unknown: |_, f| f.engines = None,
    },
    Case {
        rule: "version-allowed",
        path: "engine.version",
        breaks: |_, f| {
            engines(
                f,
                json!({"spec": {"type": "pxc", "allowedVersions": ["8.0.36-28.1"]}, "status": {
                    "status": "installed",
                    "availableVersions": {"engine": {"8.0.41-32.1": {}, "8.0.36-28.1": {}}},
                }}),
            );
        },
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |_, _| {},
        unknown: |m, _| engine(m).version = Field::Unknown,
    },
    Case {
        rule: "version-recommended",
        path: "engine.version",
        breaks: |m, _| engine(m).version = "8.0.36-28.1".into(),
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |_, _| {},
        unknown: |m, _| engine(m).version = Field::Unknown,
    },
    Case {
        rule: "cr-version",
        path: "engine.crVersion",
        breaks: |m, f| {
            of_type(m, Engine::Postgresql);
            postgresql(f, "2.8.2");
            engine(m).cr_version = "2.9.0".into();
        },
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, f| {
            of_type(m, Engine::Postgresql);
            postgresql(f, "2.8.2");
            engine(m).cr_version = "2.8.2".into();
        },
        unknown: |m, f| {
            engine(m).cr_version = "2.9.0".into();
            f.engines = None;
        },
    },
    Case {
        rule: "backup-storage-exists",
        path: "backup.schedules[\"nightly\"].backupStorageName",
        breaks: |m, _| scheduled(m, "tape"),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| scheduled(m, "s3"),
        unknown: |m, _| {
            let mut open = schedule("nightly", "0 2 * * *", "");
            open.backup_storage_name = Field::Unknown;
            schedules(m, vec![open]);
        },
    },
    Case {
        rule: "backup-storage-exists",
        path: "backup.pitr.backupStorageName",
        breaks: |m, f| {
            pitr(m).backup_storage_name = "s3".into();
            let storage = f.storages.as_mut().unwrap().get_mut("s3").unwrap();
            let now = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
            storage.metadata.deletion_timestamp = Some(now);
        },
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| pitr(m).backup_storage_name = "s3".into(),
        unknown: |m, f| {
            pitr(m).backup_storage_name = "tape".into();
            f.storages = None;
        },
    },
    Case {
        rule: "backup-storage-exists",
        path: "dataSource.backupSource.backupStorageName",
        breaks: |m, _| by_path(m).backup_storage_name = "tape".into(),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| by_path(m).backup_storage_name = "s3".into(),
        unknown: |m, _| by_path(m).backup_storage_name = Field::Unknown,
    },
    Case {
        rule: "pitr-storage",
        path: "backup.pitr.backupStorageName",
        breaks: |m, _| pitr(m).backup_storage_name = "blobs".into(),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| pitr(m).backup_storage_name = "s3".into(),
        unknown: |m, _| pitr(m).backup_storage_name = Field::Unknown,
    },
    Case {
        rule: "monitoring-config-exists",
        path: "monitoring.monitoringConfigName",
        breaks: |m, _| part(&mut spec(m).monitoring).monitoring_config_name = "x".into(),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| part(&mut spec(m).monitoring).monitoring_config_name = "pmm".into(),
        unknown: |m, _| part(&mut spec(m).monitoring).monitoring_config_name = Field::Unknown,
    },
    Case {
        rule: "pod-scheduling-policy-exists",
        path: "podSchedulingPolicyName",
        breaks: |m, _| spec(m).pod_scheduling_policy_name = "x".into(),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| spec(m).pod_scheduling_policy_name = "spread".into(),
        unknown: |m, _| spec(m).pod_scheduling_policy_name = Field::Unknown,
    },
    Case {
        rule: "pod-scheduling-policy-applies",
        path: "podSchedulingPolicyName",
        breaks: |m, _| spec(m).pod_scheduling_policy_name = "documents".into(),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| {
            of_type(m, Engine::Psmdb);
            spec(m).pod_scheduling_policy_name = "documents".into();
        },
        unknown: |m, _| {
            spec(m).pod_scheduling_policy_name = "documents".into();
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "pod-scheduling-policy-applies",
        path: "podSchedulingPolicyName",
        breaks: |m, _| spec(m).pod_scheduling_policy_name = "empty".into(),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| spec(m).pod_scheduling_policy_name = "spread".into(),
        unknown: |_, f| f.policies = None,
    },
    Case {
        rule: "proxysql-release",
        path: "proxy.type",
        breaks: |m, f| {
            proxy(m).type_ = "proxysql".into();
            serving(f, &["type", "resources"]);
        },
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, f| {
            proxy(m).type_ = "proxysql".into();
            serving(f, &["type", "resources", "storage"]);
        },
        unknown: |m, f| {
            proxy(m).type_ = Field::Unknown;
            serving(f, &["type", "resources"]);
        },
    },
    Case {
        rule: "load-balancer-config-exists",
        path: "proxy.expose.loadBalancerConfigName",
        breaks: |m, _| expose(m).load_balancer_config_name = "x".into(),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| expose(m).load_balancer_config_name = "lb".into(),
        unknown: |m, _| expose(m).load_balancer_config_name = Field::Unknown,
    },
    Case {
        rule: "split-horizon-exists",
        path: "engineFeatures.psmdb.splitHorizonDnsConfigName",
        breaks: |m, _| horizon(m).split_horizon_dns_config_name = "x".into(),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| horizon(m).split_horizon_dns_config_name = "dns".into(),
        unknown: |m, _| horizon(m).split_horizon_dns_config_name = Field::Unknown,
    },
    Case {
        rule: "storage-class-exists",
        path: "engine.storage.class",
        breaks: |m, _| part(&mut engine(m).storage).class = "x".into(),
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, _| part(&mut engine(m).storage).class = "rigid".into(),
        unknown: |m, _| part(&mut engine(m).storage).class = Field::Unknown,
    },
    Case {
        rule: "storage-class-default",
        path: "engine.storage.class",
        breaks: |_, f| f.storage_classes = Some([].into()),
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |_, _| {},
        unknown: |_, f| f.storage_classes = None,
    },
    Case {
        rule: "secret-exists",
        path: "engine.userSecretsName",
        breaks: |m, _| engine(m).user_secrets_name = "none".into(),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| engine(m).user_secrets_name = "mine".into(),
        unknown: |m, _| engine(m).user_secrets_name = "not looked for".into(),
    },
    Case {
        rule: "secret-exists",
        path: "dataSource.dataImport.source.s3.credentialsSecretName",
        breaks: |m, _| {
            let s3 = import_s3(m);
            s3.credentials_secret_name = "none".into();
            (s3.access_key_id, s3.secret_access_key) = (Field::Null, Field::Null);
        },
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| import_s3(m).credentials_secret_name = "none".into(),
        unknown: |m, _| import_s3(m).credentials_secret_name = Field::Unknown,
    },
    Case {
        rule: "users-secret-shared",
        path: "engine.userSecretsName",
        breaks: |m, _| engine(m).user_secrets_name = "everest-secrets-documents".into(),
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, _| engine(m).user_secrets_name = "everest-secrets-orders".into(),
        unknown: |m, f| {
            engine(m).user_secrets_name = "everest-secrets-documents".into();
            f.databases = None;
        },
    },
    Case {
        rule: "users-keys",
        path: "usersWo[\"rooot\"]",
        breaks: |m, _| users(m, "rooot", "a"),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| {
            users(m, "root", "a");
            // It is written before the database.
            engine(m).user_secrets_name = "none".into();
        },
        unknown: |m, _| m.users_wo = Field::Unknown,
    },
    Case {
        rule: "data-importer-exists",
        path: "dataSource.dataImport.dataImporterName",
        breaks: |m, _| importer(m, "x".into()),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| importer(m, "dump".into()),
        unknown: |m, _| importer(m, Field::Unknown),
    },
    Case {
        rule: "data-importer-applies",
        path: "dataSource.dataImport.dataImporterName",
        breaks: |m, _| importer(m, "mongo".into()),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| {
            importer(m, "dump".into());
            engine(m).user_secrets_name = "mine".into();
        },
        unknown: |m, _| {
            importer(m, "mongo".into());
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "data-importer-applies",
        path: "engine.userSecretsName",
        breaks: |m, _| importer(m, "dump".into()),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| {
            importer(m, "dump".into());
            engine(m).user_secrets_name = "mine".into();
        },
        unknown: |m, _| {
            importer(m, "dump".into());
            engine(m).user_secrets_name = Field::Unknown;
        },
    },
    Case {
        rule: "data-import-config",
        path: "dataSource.dataImport.config",
        breaks: |m, _| options(m, json!({"parallel": 0}).into()),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| options(m, json!({"parallel": 2}).into()),
        unknown: |m, _| options(m, Field::Unknown),
    },
    Case {
        rule: "data-import-config",
        path: "dataSource.dataImport.config",
        breaks: |m, _| options(m, json!({"parallel": 2, "more": true}).into()),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, f| {
            options(m, json!({"parallel": 2, "more": true}).into());
            let choosy = f.importers.as_mut().unwrap().get_mut("choosy").unwrap();
            let config = choosy.spec.config.known_mut().unwrap();
            let schema = config.open_api_v3_schema.known_mut().unwrap();
            schema["patternProperties"] = json!({"more": {}});
        },
        unknown: |m, _| options(m, Field::Unknown),
    },
    Case {
        rule: "data-import-config",
        path: "dataSource.dataImport.config",
        breaks: |m, _| options_without_schema(m, json!({"a": 1}).into()),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| options_without_schema(m, Field::Null),
        unknown: |m, _| options_without_schema(m, Field::Unknown),
    },
    Case {
        rule: "data-import-config",
        path: "dataSource.dataImport.config",
        breaks: |m, f| {
            options(m, Field::Null);
            let choosy = f.importers.as_mut().unwrap().get_mut("choosy").unwrap();
            let config = choosy.spec.config.known_mut().unwrap();
            config.open_api_v3_schema = json!({"type": "object"}).into();
        },
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, _| options_without_schema(m, Field::Null),
        unknown: |m, _| options(m, Field::Unknown),
    },
    Case {
        rule: "data-import-config",
        path: "dataSource.dataImport.config",
        breaks: |m, _| options(m, Field::Null),
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, _| {
            importer(m, "dump".into());
            engine(m).user_secrets_name = "mine".into();
        },
        unknown: |m, f| {
            options(m, Field::Null);
            f.importers = None;
        },
    },
    Case {
        rule: "data-import-replicas",
        path: "engine.replicas",
        breaks: |m, f| {
            imports_postgresql(m);
            serving_resources(f, json!({"cpu": {}, "memory": {}}));
        },
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, f| {
            imports_postgresql(m);
            serving_resources(f, json!({"cpu": {}, "limits": {}}));
        },
        unknown: |m, f| {
            imports_postgresql(m);
            f.served = None;
        },
    },
    Case {
        rule: "data-import-replicas",
        path: "engine.replicas",
        breaks: |m, f| {
            imports_postgresql(m);
            engine(m).replicas = Field::Null;
            serving_resources(f, json!({"cpu": {}}));
        },
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, f| {
            imports_postgresql(m);
            engine(m).replicas = 1.into();
            serving_resources(f, json!({"cpu": {}}));
        },
        unknown: |m, f| {
            imports_postgresql(m);
            engine(m).replicas = Field::Unknown;
            serving_resources(f, json!({"cpu": {}}));
        },
    },
    Case {
        rule: "source-backup",
        path: "dataSource.dbClusterBackupName",
        breaks: |m, _| source(m).db_cluster_backup_name = "x".into(),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, _| source(m).db_cluster_backup_name = "done".into(),
        unknown: |m, _| source(m).db_cluster_backup_name = Field::Unknown,
    },
    Case {
        rule: "users-of-backup",
        path: "dataSource.dbClusterBackupName",
        breaks: of_former_passwords,
        at_plan: Some(Warning),
        at_apply: Some(Warning),
        holds: |m, f| {
            of_former_passwords(m, f);
            engine(m).user_secrets_name = "mine".into();
        },
        unknown: |m, f| {
            of_former_passwords(m, f);
            f.passwords_written = None;
        },
    },
    Case {
        rule: "backup-path-form",
        path: "dataSource.backupSource.path",
        breaks: |m, _| documents_at(m, "docs/1/2026-01-01T02:03:04Z", "s3"),
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| documents_at(m, "docs/1/2026-01-01T02:03:04Z", "blobs"),
        unknown: |m, _| {
            documents_at(m, "docs/1/2026-01-01T02:03:04Z", "s3");
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "backup-path-form",
        path: "dataSource.backupSource.path",
        breaks: |m, f| {
            documents_at(m, "docs/1/2026-01-01T02:03:04Z", "s3");
            f.storages = None;
        },
        at_plan: Some(Warning),
        at_apply: None,
        holds: |m, f| {
            documents_at(m, "azure://five/docs/1/2026-01-01T02:03:04Z", "blobs");
            f.storages = None;
        },
        unknown: |m, f| {
            documents_at(m, "", "s3");
            part(&mut source(m).backup_source).path = Field::Unknown;
            f.storages = None;
        },
    },
    Case {
        rule: "pxc-pitr-log",
        path: "dataSource.pitr",
        breaks: |m, _| to_a_time(m),
        at_plan: Some(Warning),
        at_apply: Some(Error),
        holds: |m, f| {
            to_a_time(m);
            with_log(f, "orders", "minio");
        },
        unknown: |m, f| {
            to_a_time(m);
            f.databases = None;
        },
    },
    Case {
        rule: "pxc-pitr-log",
        path: "dataSource.pitr",
        breaks: |m, f| {
            to_a_time(m);
            with_log(f, "orders", "blobs");
        },
        at_plan: Some(Error),
        at_apply: Some(Error),
        holds: |m, _| source(m).db_cluster_backup_name = "done".into(),
        unknown: |m, f| {
            to_a_time(m);
            with_log(f, "orders", "blobs");
            f.storages = None;
        },
    },
];

/// A MongoDB database with the data of a path in a storage.
fn documents_at(model: &mut DatabaseModel, path: &str, storage: &str) {
    of_type(model, Engine::Psmdb);
    let source = by_path(model);
    source.path = path.into();
    source.backup_storage_name = storage.into();
}

fn to_a_time(model: &mut DatabaseModel) {
    source(model).db_cluster_backup_name = "done".into();
    part(&mut source(model).pitr).date = "2026-06-01T03:00:00Z".into();
}

fn importer(model: &mut DatabaseModel, name: Field<String>) {
    import(model);
    let import = part(&mut source(model).data_import);
    import.data_importer_name = name;
}

fn imports_postgresql(model: &mut DatabaseModel) {
    of_type(model, Engine::Postgresql);
    importer(model, "everest-percona-pg-operator".into());
}

/// A cluster that serves databases whose engines have these members as their resources.
fn serving_resources(facts: &mut Facts, resources: serde_json::Value) {
    facts.served = serves_resources(resources);
}

fn options(model: &mut DatabaseModel, config: Field<serde_json::Value>) {
    importer(model, "choosy".into());
    part(&mut source(model).data_import).config = config;
}

/// The same for an importer that has no schema.
fn options_without_schema(model: &mut DatabaseModel, config: Field<serde_json::Value>) {
    importer(model, "dump".into());
    engine(model).user_secrets_name = "mine".into();
    part(&mut source(model).data_import).config = config;
}

/// The prior model, and a rule for the change.
type Before = (fn(&mut DatabaseModel), Case);

const CHANGES: &[Before] = &[
    (
        |_| {},
        Case {
            rule: "database-busy",
            path: "",
            breaks: |m, f| {
                engine(m).replicas = 5.into();
                in_state(f, json!({"status": "restoring"}));
            },
            at_plan: Some(Warning),
            at_apply: None,
            holds: |m, _| engine(m).replicas = 5.into(),
            unknown: |m, f| {
                engine(m).replicas = 5.into();
                f.databases = None;
            },
        },
    ),
    (
        |_| {},
        Case {
            rule: "version-after-cr-version",
            path: "engine.version",
            breaks: |m, f| {
                engine(m).version = "8.0.42-33.1".into();
                engine(m).cr_version = "1.17.0".into();
                let status = json!({"status": "ready", "crVersion": "1.17.0", "recommendedCRVersion": "1.18.0"});
                in_state(f, status);
            },
            at_plan: Some(Error),
            at_apply: Some(Error),
            holds: |m, f| {
                engine(m).version = "8.0.42-33.1".into();
                engine(m).cr_version = "1.17.0".into();
                in_state(
                    f,
                    json!({"status": "ready", "recommendedCRVersion": "1.18.0"}),
                );
            },
            unknown: |m, f| {
                engine(m).version = "8.0.42-33.1".into();
                engine(m).cr_version = Field::Unknown;
                let status = json!({"crVersion": "1.17.0", "recommendedCRVersion": "1.18.0"});
                in_state(f, status);
            },
        },
    ),
    (
        |m| part(&mut engine(m).storage).class = "rigid".into(),
        Case {
            rule: "storage-grows",
            path: "engine.storage.size",
            breaks: |m, _| part(&mut engine(m).storage).size = "30Gi".into(),
            at_plan: Some(Error),
            at_apply: Some(Error),
            holds: |m, _| part(&mut engine(m).storage).size = "25600Mi".into(),
            unknown: |m, _| part(&mut engine(m).storage).size = Field::Unknown,
        },
    ),
    (
        |_| {},
        Case {
            rule: "storage-grows",
            path: "engine.storage.size",
            breaks: |m, f| {
                part(&mut engine(m).storage).size = "30Gi".into();
                let classes = f.storage_classes.as_mut().unwrap();
                classes.get_mut("standard").unwrap().allow_volume_expansion = None;
            },
            at_plan: Some(Warning),
            at_apply: Some(Warning),
            holds: |m, _| part(&mut engine(m).storage).size = "30Gi".into(),
            unknown: |m, f| {
                part(&mut engine(m).storage).size = "30Gi".into();
                f.storage_classes = None;
            },
        },
    ),
    (
        |m| of_type(m, Engine::Psmdb),
        Case {
            rule: "psmdb-one-storage",
            path: "backup.schedules[\"nightly\"].backupStorageName",
            breaks: |m, f| {
                scheduled(m, "minio");
                in_state(f, json!({"activeStorage": "s3"}));
            },
            at_plan: Some(Error),
            at_apply: Some(Error),
            holds: |m, f| {
                scheduled(m, "s3");
                in_state(f, json!({"activeStorage": "s3"}));
            },
            unknown: |m, _| scheduled(m, "minio"),
        },
    ),
    (
        |m| of_type(m, Engine::Postgresql),
        Case {
            rule: "pg-backup-retention",
            path: "backup.schedules[\"nightly\"].retentionCopies",
            breaks: |m, f| {
                twice_backed_up(f);
                keeping(m, 1);
            },
            at_plan: Some(Warning),
            at_apply: Some(Warning),
            holds: |m, f| {
                twice_backed_up(f);
                keeping(m, 2);
            },
            unknown: |m, f| {
                keeping(m, 1);
                f.backups = None;
            },
        },
    ),
    (
        |m| of_type(m, Engine::Postgresql),
        Case {
            rule: "pg-three-storages",
            path: "backup.schedules[\"nightly\"].backupStorageName",
            breaks: |m, f| {
                backed_up(f);
                scheduled(m, "fourth");
            },
            at_plan: Some(Error),
            at_apply: Some(Error),
            holds: |m, f| {
                backed_up(f);
                scheduled(m, "third");
            },
            unknown: |m, f| {
                scheduled(m, "fourth");
                f.backups = None;
            },
        },
    ),
    (
        |m| {
            of_type(m, Engine::Postgresql);
            scheduled(m, "s3");
        },
        Case {
            rule: "pg-last-storage",
            path: "backup.schedules",
            breaks: |m, f| {
                schedules(m, Vec::new());
                postgresql(f, "2.8.2");
                f.backups = all(&[]);
            },
            at_plan: Some(Warning),
            at_apply: Some(Warning),
            holds: |m, f| {
                schedules(m, Vec::new());
                postgresql(f, "2.8.2");
            },
            unknown: |m, f| {
                schedules(m, Vec::new());
                postgresql(f, "2.8.2");
                f.backups = None;
            },
        },
    ),
    (
        |_| {},
        Case {
            rule: "proxysql-release",
            path: "proxy.type",
            breaks: |m, f| {
                proxy(m).type_ = "proxysql".into();
                serving(f, &["type"]);
            },
            at_plan: Some(Error),
            at_apply: Some(Error),
            holds: |m, f| {
                engine(m).replicas = 5.into();
                serving(f, &["type"]);
            },
            unknown: |m, _| proxy(m).type_ = "proxysql".into(),
        },
    ),
];

/// Backups of the database in three storages.
fn backed_up(facts: &mut Facts) {
    let backup =
        |storage: &str| json!({"spec": {"dbClusterName": "orders", "backupStorageName": storage}});
    facts.backups = all(&[
        ("a", backup("s3")),
        ("b", backup("minio")),
        ("c", backup("third")),
    ]);
}

/// A new database from a backup after which the passwords of its source were changed.
fn of_former_passwords(model: &mut DatabaseModel, facts: &mut Facts) {
    source(model).db_cluster_backup_name = "done".into();
    let backups = facts.backups.as_mut().unwrap();
    let status = backups.get_mut("done").unwrap().status.as_mut();
    status.unwrap().completed = Some(Time("2026-06-01T02:00:00Z".parse().unwrap()));
    facts.passwords_written = Some("2026-06-02T00:00:00Z".parse().unwrap());
}

/// A database with two backups in one storage.
fn twice_backed_up(facts: &mut Facts) {
    let backup = json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
        "status": {"state": "Succeeded", "gaps": false}});
    facts.backups = all(&[("a", backup.clone()), ("b", backup)]);
}

fn keeping(model: &mut DatabaseModel, copies: i32) {
    let mut nightly = schedule("nightly", "0 2 * * *", "s3");
    nightly.retention_copies = copies.into();
    schedules(model, vec![nightly]);
}

fn run(case: &Case, sound: &DatabaseModel, prior: Option<&DatabaseModel>) {
    let found = |edit: Edit, stage| {
        let (mut model, mut facts) = (sound.clone(), facts());
        edit(&mut model, &mut facts);
        let found = check_online(&model, prior, &facts, stage);
        found
            .into_iter()
            .filter(|found| found.rule == case.rule)
            .map(|found| (found.path.to_string(), found.severity))
            .collect::<Vec<_>>()
    };
    for (stage, severity) in [(Stage::Plan, case.at_plan), (Stage::Apply, case.at_apply)] {
        let expected: Vec<_> = severity
            .map(|severity| (case.path.to_owned(), severity))
            .into_iter()
            .collect();
        assert_eq!(
            found(case.breaks, stage),
            expected,
            "{} {stage:?}",
            case.rule
        );
        assert_eq!(
            found(case.holds, stage),
            [],
            "{} holds {stage:?}",
            case.rule
        );
        assert_eq!(
            found(case.unknown, stage),
            [],
            "{} unknown {stage:?}",
            case.rule
        );
    }
}

#[test]
fn each_rule_on_a_new_database_finds_what_breaks_it_and_nothing_else() {
    for case in CREATION {
        run(case, &sound(), None);
    }
}

#[test]
fn the_storage_of_the_log_has_to_exist_for_mysql_alone() {
    let mut model = sound();
    pitr(&mut model).backup_storage_name = "tape".into();
    let missing = |model: &DatabaseModel| {
        let found = check_online(model, None, &facts(), Stage::Apply);
        found
            .iter()
            .any(|found| found.rule == "backup-storage-exists")
    };
    assert!(missing(&model));
    for engine in [Engine::Psmdb, Engine::Postgresql] {
        of_type(&mut model, engine);
        assert!(!missing(&model), "{engine}");
    }
}

#[test]
fn an_importer_may_require_the_version_that_everest_fills_in() {
    let mut model = sound();
    importer(&mut model, "dated".into());
    engine(&mut model).version = Field::Null;
    let constraints = json!({"requiredFields": [".spec.engine.version"]});
    let spec = json!({"supportedEngines": ["pxc"], "databaseClusterConstraints": constraints});
    let facts = Facts {
        importers: all(&[("dated", json!({"spec": spec}))]),
        ..facts()
    };
    let found = check_online(&model, None, &facts, Stage::Apply);
    let rules: Vec<_> = found.iter().map(|found| found.rule).collect();
    assert!(!rules.contains(&"data-importer-applies"), "{rules:?}");
}

#[test]
fn each_rule_on_a_change_finds_what_breaks_it_and_nothing_else() {
    for (before, case) in CHANGES {
        let mut prior = sound();
        before(&mut prior);
        run(case, &prior, Some(&prior));
    }
}

#[test]
fn a_sound_database_and_an_unread_cluster_raise_nothing() {
    for stage in [Stage::Plan, Stage::Apply] {
        let sound = sound();
        assert_eq!(check_online(&sound, None, &facts(), stage), []);
        assert_eq!(check_online(&sound, Some(&sound), &facts(), stage), []);
        let mut model = sound.clone();
        engine(&mut model).version = "1".into();
        scheduled(&mut model, "tape");
        assert_eq!(check_online(&model, None, &Facts::default(), stage), []);
        model.spec = Field::Unknown;
        assert_eq!(check_online(&model, None, &facts(), stage), []);
    }
}

fn weighed(found: &[Finding]) -> Vec<(&'static str, Severity)> {
    found.iter().map(|f| (f.rule, f.severity)).collect()
}

#[test]
fn a_version_that_is_offered_no_longer_stands_against_every_write() {
    let mut prior = sound();
    engine(&mut prior).version = "8.0.30-22.1".into();
    let after = |change: fn(&mut DatabaseModel), stage| {
        let mut planned = prior.clone();
        change(&mut planned);
        weighed(&check_online(&planned, Some(&prior), &facts(), stage))
    };
    let refused = [("version-offered", Error)];
    for stage in [Stage::Plan, Stage::Apply] {
        assert_eq!(after(|m| engine(m).replicas = 5.into(), stage), refused);
        let label = |m: &mut DatabaseModel| {
            m.labels = Field::Known([("team".to_owned(), "a".into())].into());
        };
        assert_eq!(after(label, stage), refused);
        let other = |m: &mut DatabaseModel| engine(m).version = "8.0.31-1".into();
        assert_eq!(after(other, stage), refused);
        let offered = |m: &mut DatabaseModel| engine(m).version = "8.0.41-32.1".into();
        assert_eq!(after(offered, stage), []);
        assert_eq!(after(|m| m.deletion_protection = true.into(), stage), []);
    }
}

#[test]
fn what_keeps_everest_from_a_change_is_said_and_other_faults_from_before_are_not() {
    let mut prior = sound();
    scheduled(&mut prior, "tape");
    part(&mut engine(&mut prior).storage).class = "unheard-of".into();
    let mut planned = prior.clone();
    engine(&mut planned).replicas = 5.into();
    for stage in [Stage::Plan, Stage::Apply] {
        let found = check_online(&planned, Some(&prior), &facts(), stage);
        assert_eq!(weighed(&found), [("backup-storage-exists", Warning)]);
        let said = found[0].detail.render(crate::dialect::Dialect::Terraform);
        assert!(said.contains("does not carry out the change"), "{said}");
        assert_eq!(check_online(&prior, Some(&prior), &facts(), stage), []);
    }
    scheduled(&mut planned, "another");
    let found = check_online(&planned, Some(&prior), &facts(), Stage::Apply);
    assert_eq!(weighed(&found), [("backup-storage-exists", Error)]);
}

/// A database whose volumes were to grow from 25Gi to 50Gi and did not.
fn not_grown(facts: &mut Facts, condition: &str) -> DatabaseModel {
    let mut prior = sound();
    prior.ready = false.into();
    part(&mut engine(&mut prior).storage).size = "50Gi".into();
    in_state(
        facts,
        json!({"status": "ready", "conditions": [{"type": condition, "status": "True",
            "reason": "StorageClassDoesNotSupportExpansion", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}]}),
    );
    let volume = json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "25Gi"}}}});
    facts.engine_object = Seen::Found(json!({"spec": {"pxc": {"volumeSpec": volume}}}));
    prior
}

#[test]
fn a_growth_that_did_not_come_about_is_taken_back_down_to_what_the_volumes_have() {
    let to = |size: &str, condition: &str| {
        let mut facts = facts();
        let prior = not_grown(&mut facts, condition);
        let mut planned = prior.clone();
        part(&mut engine(&mut planned).storage).size = size.into();
        let wanted = planned.wanted(Some(&prior));
        assert_eq!(
            wanted.engine_object,
            Some((Engine::Pxc, "orders".to_owned()))
        );
        let mut found = crate::rules::database::check(&planned, Some(&prior));
        found.extend(check_online(&planned, Some(&prior), &facts, Stage::Apply));
        weighed(&found)
    };
    for condition in ["CannotResizeVolume", "VolumeResizeFailed"] {
        assert_eq!(to("25Gi", condition), [], "{condition}");
        assert_eq!(to("30Gi", condition), [], "{condition}");
    }
    let below = [("storage-no-shrink", Error)];
    assert_eq!(to("20Gi", "CannotResizeVolume"), below);
    assert_eq!(to("20Gi", "Other"), below);
}

#[test]
fn passwords_that_are_older_than_the_restored_moment_are_in_its_data() {
    let found = |date: &str| {
        let (mut model, mut facts) = (sound(), facts());
        of_former_passwords(&mut model, &mut facts);
        with_log(&mut facts, "orders", "s3");
        part(&mut source(&mut model).pitr).date = date.into();
        weighed(&check_online(&model, None, &facts, Stage::Plan))
    };
    let former = [("users-of-backup", Warning)];
    assert_eq!(found("2026-06-01T03:00:00Z"), former);
    assert_eq!(found("2026-06-02T03:00:00Z"), []);
}

#[test]
fn a_secret_of_another_database_is_named_when_it_is_taken_and_when_it_goes() {
    let mut planned = sound();
    engine(&mut planned).user_secrets_name = "everest-secrets-documents".into();
    let wanted = planned.wanted(Some(&sound()));
    assert!(wanted.kinds.contains(&crate::facts::Kind::Databases));
    let found = check_online(&planned, Some(&sound()), &facts(), Stage::Plan);
    let shared = [("users-secret-shared", Warning)];
    assert_eq!(weighed(&found), shared);
    assert_eq!(
        check_online(&planned, Some(&planned), &facts(), Stage::Plan),
        []
    );
    let wanted = planned.wanted_at_destruction();
    assert!(wanted.kinds.contains(&crate::facts::Kind::Databases));
    let found = planned.check_destruction_online(&facts());
    assert_eq!(weighed(&found), shared);
    let alone = Facts {
        databases: all(&[]),
        ..facts()
    };
    assert_eq!(planned.check_destruction_online(&alone), []);
    assert!(sound().wanted_at_destruction().kinds.is_empty());
    assert_eq!(sound().check_destruction_online(&facts()), []);
}

#[test]
fn a_proxys_volume_asks_for_its_class_when_it_grows() {
    let mut prior = sound();
    part(&mut proxy(&mut prior).storage).size = "1Gi".into();
    part(&mut proxy(&mut prior).storage).class = "rigid".into();
    let mut planned = prior.clone();
    part(&mut proxy(&mut planned).storage).size = "2Gi".into();
    let wanted = planned.wanted(Some(&prior));
    assert!(wanted.kinds.contains(&crate::facts::Kind::StorageClasses));
    let found = check_online(&planned, Some(&prior), &facts(), Stage::Plan);
    assert_eq!(weighed(&found), [("storage-grows", Error)]);
}

#[test]
fn a_new_database_does_not_begin_before_its_backup_ended() {
    let found = |date: &str| {
        let mut facts = facts();
        with_log(&mut facts, "orders", "s3");
        facts.backups = all(&[(
            "done",
            json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
                "status": {"state": "Succeeded", "gaps": false,
                    "completed": "2026-06-01T02:00:00Z"}}),
        )]);
        let mut model = sound();
        source(&mut model).db_cluster_backup_name = "done".into();
        part(&mut source(&mut model).pitr).date = date.into();
        weighed(&check_online(&model, None, &facts, Stage::Plan))
    };
    assert_eq!(found("2020-01-01T00:00:00Z"), [("pitr-window", Error)]);
    assert_eq!(found("2026-06-01T03:00:00Z"), []);
}

#[test]
fn only_a_newer_operator_turns_the_backups_of_a_postgresql_off() {
    let found = |version: &str| {
        let mut prior = sound();
        of_type(&mut prior, Engine::Postgresql);
        scheduled(&mut prior, "s3");
        let mut planned = prior.clone();
        spec(&mut planned).backup = Field::Null;
        let mut facts = facts();
        postgresql(&mut facts, version);
        facts.backups = all(&[]);
        weighed(&check_online(&planned, Some(&prior), &facts, Stage::Plan))
    };
    assert_eq!(found("2.7.0"), []);
    assert_eq!(found("2.8.2"), [("pg-last-storage", Warning)]);
    assert_eq!(found("3.0.0"), [("pg-last-storage", Warning)]);
}

#[test]
fn a_disabled_schedule_gives_a_postgresql_no_storage_and_has_to_name_one_that_exists() {
    let disabled = |storage: &str| {
        let mut nightly = schedule("nightly", "0 2 * * *", storage);
        nightly.enabled = false.into();
        nightly
    };
    let mut prior = sound();
    of_type(&mut prior, Engine::Postgresql);
    scheduled(&mut prior, "s3");
    let mut facts = facts();
    postgresql(&mut facts, "2.8.2");
    facts.backups = all(&[]);
    let found = |storage: &str, stage| {
        let mut planned = prior.clone();
        schedules(&mut planned, vec![disabled(storage)]);
        let found = check_online(&planned, Some(&prior), &facts, stage);
        found.iter().map(|found| found.rule).collect::<Vec<_>>()
    };
    assert_eq!(found("s3", Stage::Plan), ["pg-last-storage"]);
    let rules = found("gone", Stage::Apply);
    assert!(rules.contains(&"backup-storage-exists"), "{rules:?}");
}

#[test]
fn a_database_with_proxysql_under_an_older_everest_is_said_to_take_no_change() {
    let mut prior = sound();
    proxy(&mut prior).type_ = "proxysql".into();
    let mut planned = prior.clone();
    engine(&mut planned).replicas = 5.into();
    let mut facts = facts();
    serving(&mut facts, &["type"]);
    let found = check_online(&planned, Some(&prior), &facts, Stage::Plan);
    assert_eq!(weighed(&found), [("proxysql-release", Warning)]);
    assert_eq!(check_online(&prior, Some(&prior), &facts, Stage::Plan), []);
}

#[test]
fn nothing_is_expected_in_a_namespace_that_is_planned_too() {
    let mut model = sound();
    scheduled(&mut model, "tape");
    let facts = Facts {
        namespace: Seen::Absent,
        ..facts()
    };
    assert_eq!(check_online(&model, None, &facts, Stage::Plan), []);
}

#[test]
fn the_engines_and_the_namespace_that_the_same_run_brings_are_not_missed_at_plan() {
    let namespace: everest_schemas::models::NamespaceModel =
        serde_json::from_value(json!({"name": "prod", "engines": {"pxc": {}}})).unwrap();
    let mut run = Planned::default();
    crate::rules::Validate::note(&namespace, &mut run);
    let without_engines = Facts {
        engines: All::Some([].into()),
        ..facts()
    };
    let without_label = Facts {
        namespace: Seen::Found(Default::default()),
        ..facts()
    };
    for (facts, rule) in [
        (without_engines, "engine-installed"),
        (without_label, "namespace-served"),
    ] {
        let judged = |planned: &Planned, stage| -> Vec<&'static str> {
            let facts = Facts {
                planned: planned.within("prod"),
                ..facts.clone()
            };
            let found = check_online(&sound(), None, &facts, stage);
            found.into_iter().map(|found| found.rule).collect()
        };
        assert!(judged(&run, Stage::Plan).is_empty(), "{rule}");
        assert_eq!(judged(&run, Stage::Apply), [rule]);
        assert_eq!(judged(&Planned::default(), Stage::Plan), [rule]);
    }
}
