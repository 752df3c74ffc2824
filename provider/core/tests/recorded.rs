//! Holds the crate against objects recorded from the real everest-operator and
//! OLM.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::Duration;

use everest_core::dialect::Dialect;
use everest_core::facts::Seen;
use everest_core::install_plan::{Asked, Decision, decide};
use everest_core::readiness::{
    self, DatabaseObservation, EngineObservation, HOLD, Readiness, engine_install,
};
use everest_core::v1::{self, OwnedKeys};
use everest_core::{Operation, computed, field_conflict, olm, quantity, rules, semantic};
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/acceptance/observed")
        .join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns true if everything in `wish` is in `found`, in any spelling.
fn holds(wish: &Value, found: &Value) -> bool {
    match (wish, found) {
        (Value::Object(wish), Value::Object(found)) => wish
            .iter()
            .all(|(key, wish)| found.get(key).is_some_and(|found| holds(wish, found))),
        (Value::Array(wish), Value::Array(found)) => {
            wish.len() == found.len()
                && wish
                    .iter()
                    .zip(found)
                    .all(|(wish, found)| holds(wish, found))
        }
        (Value::String(wish), Value::String(found)) => {
            quantity::equal(wish, found) || semantic::equal("expose-type", wish, found)
        }
        _ => wish == found,
    }
}

fn model(name: &str, spec: Value) -> DatabaseModel {
    serde_json::from_value(json!({"namespace": "everest", "name": name, "spec": spec})).unwrap()
}

/// The model from which each recorded database was created.
fn created() -> [(&'static str, DatabaseModel); 4] {
    let spec = |engine: &str, proxy: &str| {
        json!({
            "engine": {
                "type": engine, "replicas": 1, "storage": {"size": "1024Mi", "class": "standard"},
                "resources": {"cpu": "0.6", "memory": "1000M"},
            },
            "proxy": {"type": proxy, "replicas": 1},
        })
    };
    [
        (
            "pxc-4-databasecluster-ready",
            model("rig-pxc", spec("pxc", "haproxy")),
        ),
        (
            "psmdb-4-databasecluster-ready",
            model("rig-psmdb", spec("psmdb", "mongos")),
        ),
        (
            "postgresql-4-databasecluster-ready",
            model("rig-postgresql", spec("postgresql", "pgbouncer")),
        ),
        (
            "managed-fields-1-after-create",
            model(
                "ssa-demo",
                json!({
                    "engine": {
                        "type": "pxc", "replicas": 3,
                        "storage": {"size": "1024Mi", "class": "standard"},
                        "resources": {"cpu": "1000m", "memory": "1Gi"},
                    },
                    "proxy": {"type": "haproxy", "replicas": 2},
                }),
            ),
        ),
    ]
}

#[test]
fn what_was_created_is_observed_without_a_difference() {
    for (name, model) in created() {
        let cluster: DatabaseCluster = read(name);
        let seen = v1::database::observed(&cluster, &OwnedKeys::default());
        let (wish, found) = (
            serde_json::to_value(&model).unwrap(),
            serde_json::to_value(&seen).unwrap(),
        );
        assert!(holds(&wish, &found), "{name}: {wish} in {found}");
        assert_eq!(seen.ready.known(), Some(&true), "{name}");
        assert!(seen.port.is_known(), "{name}");
        assert!(
            found["spec"].get("backup").is_none(),
            "{name}: nobody asked for backups"
        );
        assert!(found["spec"]["proxy"].get("resources").is_none(), "{name}");
        assert!(
            rules::database::check(&seen, Some(&seen)).is_empty(),
            "{name}"
        );
    }
}

/// The paths of the members of a schema in which the server fills in nothing at creation.
fn unfilled(schema: &Value, path: &str, found: &mut Vec<String>) {
    let members = schema.get("properties").and_then(Value::as_object);
    for (name, member) in members.into_iter().flatten() {
        let path = format!("{path}/{name}");
        if member.get("x-unfilled").is_some() {
            found.push(path.clone());
        }
        unfilled(member, &path, found);
    }
}

#[test]
fn what_the_models_call_unfilled_everest_left_alone() {
    let settings = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator();
    let schema = schema.into_root_schema_for::<DatabaseModel>().to_value();
    let mut paths = Vec::new();
    unfilled(&schema, "", &mut paths);
    assert!(paths.contains(&"/spec/engine/resources/limits".to_owned()));
    for (name, model) in created() {
        let cluster: DatabaseCluster = read(name);
        let seen = v1::database::observed(&cluster, &OwnedKeys::default());
        let sent = serde_json::to_value(&model).unwrap();
        let found = serde_json::to_value(&seen).unwrap();
        for path in &paths {
            let filled = found.pointer(path).is_some() && sent.pointer(path).is_none();
            assert!(!filled, "{name}: {path}");
        }
    }
}

#[test]
fn what_a_creation_is_sure_of_holds_of_what_was_created() {
    for (name, config) in created() {
        let mut planned = config.clone();
        planned.port = Field::Unknown;
        planned.credentials_secret_name = Field::Unknown;
        planned.recommended_cr_version = Field::Unknown;
        let engine = planned.spec.known_mut().unwrap().engine.known_mut();
        engine.unwrap().config = Field::Unknown;
        computed::database::known_at_creation(&config, &mut planned);
        let seen = v1::database::observed(&read(name), &OwnedKeys::default());
        let text = |model: &DatabaseModel| {
            let engine = model.spec.known().unwrap().engine.known().unwrap();
            [
                engine.config.clone(),
                model.credentials_secret_name.clone(),
                model.recommended_cr_version.clone(),
            ]
        };
        assert_eq!(planned.port, seen.port, "{name}");
        for (sure, found) in text(&planned).into_iter().zip(text(&seen)) {
            assert!(
                sure.is_unknown() || sure == found,
                "{name}: {sure:?} is {found:?}"
            );
        }
        assert!(planned.recommended_cr_version.is_null(), "{name}");
    }
}

#[test]
fn a_recorded_database_survives_observing_sending_and_observing_again() {
    for (name, _) in created() {
        let cluster: DatabaseCluster = read(name);
        let seen = v1::database::observed(&cluster, &OwnedKeys::default());
        let body = v1::database::desired(&seen, Operation::Create);
        let again: DatabaseCluster = serde_json::from_value(body).unwrap();
        let again = v1::database::observed(&again, &OwnedKeys::default());
        let mut spec = seen.spec.clone();
        v1::database::canonical(spec.known_mut().unwrap());
        assert_eq!(again.spec, spec, "{name}");
    }
}

#[test]
fn the_keys_of_the_recorded_apply_are_ours() {
    let cluster: DatabaseCluster = read("managed-fields-1-after-create");
    let owned = v1::managed_fields::owned_keys(&cluster.metadata, "terraform-provider-everest");
    assert_eq!(owned, OwnedKeys::default());
}

#[test]
fn what_the_operator_wrote_into_the_recorded_database_is_no_field_conflict() {
    let mut live: Value = read("managed-fields-2-after-reapply");
    let body = json!({"spec": {"engine": {"config": "[mysqld]", "userSecretsName": "mine",
        "replicas": 5}}});
    let conflicting_fields = |live: &Value| {
        field_conflict::conflicting_fields(live, &body, &Value::Null, "terraform-provider-everest")
            .len()
    };
    assert_eq!(conflicting_fields(&live), 0);
    live["metadata"]["managedFields"][1]["manager"] = json!("kubectl-edit");
    assert_eq!(
        conflicting_fields(&live),
        2,
        "what we apply ourselves is not"
    );
}

#[test]
fn a_configuration_for_the_recorded_database_has_what_was_asked_for_and_no_more() {
    let shortened = |name: &str| {
        let cluster: DatabaseCluster = read(name);
        let mut config = v1::database::observed(&cluster, &OwnedKeys::default());
        v1::generated::shorten(&mut config, Some(&cluster));
        serde_json::to_value(&config.spec).unwrap()
    };
    assert_eq!(
        shortened("managed-fields-1-after-create"),
        json!({
            "engine": {"type": "pxc", "replicas": 3, "resources": {"cpu": "1", "memory": "1Gi"},
                "storage": {"class": "standard", "size": "1Gi"}},
            "proxy": {"type": "haproxy", "replicas": 2}})
    );
    // Who owns what was not recorded: only what is a default is left out.
    let spec = shortened("pxc-4-databasecluster-ready");
    assert!(spec["engine"]["config"].is_string());
    assert_eq!(spec["engine"].get("userSecretsName"), None);
    assert_eq!(spec.get("paused"), None);
}

fn judge(cluster: &DatabaseCluster, creating: bool, steady: bool) -> Readiness {
    readiness::database(&DatabaseObservation {
        database: cluster,
        engine_cr: Seen::Unread,
        restore: None,
        import_job: None,
        running_import: Seen::Unread,
        written_generation: 1,
        steady_for: Some(if steady { HOLD } else { Duration::ZERO }),
        has_worked: false,
        creating,
        may_be_stale: !creating,
    })
}

#[test]
fn every_recorded_phase_of_a_database_is_judged_rightly() {
    for engine in Engine::ALL {
        for (phase, ready) in [
            ("1-databasecluster-new", false),
            ("3-databasecluster-initializing", false),
            ("4-databasecluster-ready", true),
            ("7-databasecluster-restoring", false),
        ] {
            let cluster: DatabaseCluster = read(&format!("{engine}-{phase}"));
            let judged = judge(&cluster, true, false);
            assert_eq!(
                judged == Readiness::Ready,
                ready,
                "{engine} {phase}: {judged:?}"
            );
            assert!(
                !matches!(judged, Readiness::Failed(_)),
                "{engine} {phase}: {judged:?}"
            );
            let seen = v1::database::observed(&cluster, &OwnedKeys::default());
            assert_eq!(seen.ready.known(), Some(&ready), "{engine} {phase}");
            assert!(seen.recommended_cr_version.is_null(), "{engine} {phase}");
        }
        let ready: DatabaseCluster = read(&format!("{engine}-4-databasecluster-ready"));
        assert!(
            matches!(judge(&ready, false, false), Readiness::Pending(_)),
            "{engine}"
        );
        assert_eq!(judge(&ready, false, true), Readiness::Ready, "{engine}");
        let gone: DatabaseCluster = read(&format!("{engine}-9-databasecluster-deleting"));
        assert!(
            matches!(judge(&gone, true, false), Readiness::Failed(_)),
            "{engine}"
        );
    }
}

#[test]
fn recorded_engine_objects_carry_what_their_databases_say() {
    for engine in Engine::ALL {
        for (database, object) in [
            ("4-databasecluster-ready", "1-engine-cr"),
            ("4-databasecluster-ready", "5-engine-cr-with-storage"),
            ("9-databasecluster-deleting", "9-engine-cr-deleting"),
        ] {
            let database: DatabaseCluster = read(&format!("{engine}-{database}"));
            let object: Value = read(&format!("{engine}-{object}"));
            assert_eq!(readiness::not_carried(&database, &object), [], "{engine}");
        }
    }
    let database: DatabaseCluster = read("pxc-10-growth-refused-databasecluster");
    let object: Value = read("pxc-10-growth-refused-engine-cr");
    assert_eq!(readiness::not_carried(&database, &object), []);
}

#[test]
fn a_recorded_change_that_was_not_carried_is_not_done() {
    let database: DatabaseCluster = read("postgresql-10-change-not-carried-databasecluster");
    let object: Value = read("postgresql-10-change-not-carried-engine-cr");
    let found: Vec<String> = readiness::not_carried(&database, &object)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        ["spec.instances[0].replicas 1, not 3 (engine.replicas)"]
    );
    let judged = readiness::database(&DatabaseObservation {
        database: &database,
        engine_cr: Seen::Found(&object),
        restore: None,
        import_job: None,
        running_import: Seen::Unread,
        written_generation: 3,
        steady_for: Some(HOLD * 100),
        has_worked: true,
        creating: false,
        may_be_stale: true,
    });
    let Readiness::Pending(missing) = judged else {
        panic!("{judged:?}")
    };
    for words in [
        "the PerconaPGCluster shop/b2pg still has spec.instances[0].replicas 1, not 3",
        "The line \"shared_buffers\" of engine.config has no value",
    ] {
        assert!(missing.contains(words), "{missing}");
    }
}

#[test]
fn recorded_backups_and_restores_are_judged_and_observed() {
    for engine in Engine::ALL {
        let backup: DatabaseClusterBackup = read(&format!("{engine}-6-backup-succeeded"));
        assert_eq!(readiness::backup(&backup), Readiness::Ready);
        let seen = v1::backup::observed(&backup, &OwnedKeys::default());
        assert_eq!(seen.state.known_str(), Some("Succeeded"));
        assert_eq!(seen.completed_at.known_str(), Some("2026-01-01T01:02:03Z"));
        let body = v1::backup::desired(&seen);
        assert_eq!(body["metadata"]["labels"], json!(backup.metadata.labels));

        for phase in ["5-backup-new", "6-backup-running"] {
            let backup: DatabaseClusterBackup = read(&format!("{engine}-{phase}"));
            assert!(matches!(readiness::backup(&backup), Readiness::Pending(_)));
        }
        let restore: DatabaseClusterRestore = read(&format!("{engine}-8-restore-succeeded"));
        assert_eq!(readiness::restore(&restore), Readiness::Ready);
        let seen = v1::restore::observed(&restore, &OwnedKeys::default());
        let again = serde_json::from_value(v1::restore::desired(&seen)).unwrap();
        let again = v1::restore::observed(&again, &OwnedKeys::default());
        assert_eq!(again.backup_name, seen.backup_name);
        let restore: DatabaseClusterRestore = read(&format!("{engine}-7-restore-new"));
        assert!(matches!(
            readiness::restore(&restore),
            Readiness::Pending(_)
        ));
    }
}

#[test]
fn recorded_subscriptions_say_what_is_installed() {
    for (name, installed, pending) in [
        ("A2-subscription-pending", None, Some("1.17.0")),
        ("A5-subscription-installed", Some("1.17.0"), None),
        (
            "B1-subscription-upgradepending",
            Some("1.17.0"),
            Some("1.18.0"),
        ),
        ("B4-subscription-atlatest", Some("1.18.0"), None),
    ] {
        let facts = olm::subscription(&read(name));
        assert_eq!(facts.installed_version.as_deref(), installed, "{name}");
        assert_eq!(facts.pending_version.as_deref(), pending, "{name}");
        assert!(facts.install_plan.is_some(), "{name}");
        assert_eq!(facts.hindrance, None, "{name}");
    }
    let list: Value = read("X-subscription-bundle-unpacking");
    let item = list.pointer("/items/0").unwrap_or(&list);
    let facts = olm::subscription(&serde_json::from_value(item.clone()).unwrap());
    assert!(facts.hindrance.unwrap().contains("unpacking"));
}

#[test]
fn recorded_install_plans_are_decided_on() {
    let asked = |engine, version: Option<&str>, installed: Option<&str>| Asked {
        engine,
        version: version.map(str::to_owned),
        installed: installed.map(str::to_owned),
    };
    let first = read("A2-installplan-requiresapproval");
    assert_eq!(
        decide(&first, &[asked(Engine::Pxc, None, None)]),
        Decision::Approve
    );
    let upgrade = read("B1-installplan-upgrade");
    let installed = |version| [asked(Engine::Pxc, version, Some("1.17.0"))];
    assert_eq!(
        decide(&upgrade, &installed(Some("1.18.0"))),
        Decision::Approve
    );
    let Decision::Refuse { extra } = decide(&upgrade, &installed(None)) else {
        panic!("an upgrade that nobody asked for was approved");
    };
    assert_eq!(
        extra[0].agreement().unwrap().render(Dialect::Terraform),
        "engines.pxc.version = \"1.18.0\""
    );

    let list: Value = read("C1-installplans");
    let shared = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|plan| plan["status"]["phase"] == "RequiresApproval")
        .unwrap();
    let shared = serde_json::from_value(shared.clone()).unwrap();
    let both = [
        asked(Engine::Psmdb, None, None),
        asked(Engine::Postgresql, None, None),
    ];
    assert_eq!(decide(&shared, &both), Decision::Approve);
    let Decision::Refuse { extra } = decide(&shared, &both[..1]) else {
        panic!("an engine that nobody asked for was approved");
    };
    assert_eq!(extra[0].engine, Some(Engine::Postgresql));
}

#[test]
fn recorded_engines_are_installed_when_olm_and_everest_agree() {
    let csv = read("A5-csv-succeeded");
    let judge = |name: &str| {
        let database_engine = read(name);
        engine_install(&EngineObservation {
            engine: Engine::Pxc,
            csv: Some(&csv),
            database_engine: Some(&database_engine),
        })
    };
    assert!(matches!(
        judge("engine-1-not-installed"),
        Readiness::Pending(_)
    ));
    assert_eq!(judge("engine-3-pending-upgrade"), Readiness::Ready);
    // The version is the older one's: Everest has gone on.
    assert!(matches!(judge("engine-4-upgraded"), Readiness::Pending(_)));
}
