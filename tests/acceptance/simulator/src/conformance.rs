//! The pure parts held to objects recorded from the real operator.
//!
//! Intended differences, because the recordings are of an older line:
//! - `proxy.expose.type` defaults to `ClusterIP`, set by the API server; the
//!   recordings say `internal`;
//! - PostgreSQL operators from 2.8.2 on give new databases no `repo1` volume,
//!   so a first storage is repo1, in the recordings repo2;
//! - configuration texts (my.cnf, haproxy.cfg) are our own and shorter.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::details;
use crate::engine::Engine;
use crate::engine_cr::{self, Inputs, Storage};
use crate::everest::status::{self, Sighting, Volumes};
use crate::everest::write_back::{self, ZeroValues};
use crate::object::{at, text};
use crate::recordings::recorded;
use crate::versions;

const OPERATORS: [(Engine, &str); 3] = [
    (Engine::Pxc, "1.18.0"),
    (Engine::Psmdb, "1.21.1"),
    (Engine::Postgresql, "2.8.2"),
];

/// Takes what is intended to differ out of a spec of an engine's object.
fn without_texts(mut spec: Value) -> Value {
    for pointer in [
        "/haproxy/configuration",
        "/pxc/configuration",
        "/replsets/0/configuration",
    ] {
        if let Some(text) = spec.pointer_mut(pointer) {
            *text = "…".into();
        }
    }
    spec
}

fn repo_volume() -> DynamicObject {
    crate::object::new(
        &crate::kinds::PG_CLUSTER,
        "n",
        "x",
        json!({"spec": {"backups": {"pgbackrest": {"repos": [{"name": "repo1", "volume": {}}]}}}}),
    )
}

fn build(engine: Engine, operator: &str, database: &DynamicObject, storages: &[Storage]) -> Value {
    let available = versions::available(engine, operator);
    let mut current = repo_volume();
    if engine != Engine::Postgresql {
        current.data = json!({"spec": {"crVersion": operator}});
    }
    let inputs = Inputs {
        database,
        available: &available,
        operator,
        current: Some(&current),
        storages,
        volume_size: text(&database.data, "/spec/engine/storage/size"),
        service_annotations: &Value::Null,
        affinity: &Value::Null,
        monitoring: None,
    };
    engine_cr::build(engine, &inputs).unwrap()
}

#[test]
fn engine_objects_are_built_as_recorded() {
    for (engine, operator) in OPERATORS {
        let name = engine.type_name();
        let database = recorded(&format!("{name}-1-databasecluster-new"));
        let expected = recorded(&format!("{name}-1-engine-cr"));
        let built = build(engine, operator, &database, &[]);
        assert_eq!(
            without_texts(built),
            without_texts(expected.data["spec"].clone()),
            "{name}"
        );
        assert_eq!(expected.metadata.finalizers.unwrap(), engine.finalizers());
    }
}

#[test]
fn a_storage_is_added_to_engine_objects_as_recorded() {
    for (engine, operator) in OPERATORS {
        let name = engine.type_name();
        let database = recorded(&format!("{name}-1-databasecluster-new"));
        let expected = recorded(&format!("{name}-5-engine-cr-with-storage"));
        let storage = Storage {
            name: format!("bs-{name}"),
            spec: json!({"type": "s3", "bucket": format!("bucket-{name}"), "region": "us-east-1",
                "endpointURL": "http://127.0.0.1:9", "verifyTLS": false, "forcePathStyle": true,
                "credentialsSecretName": format!("bs-{name}")}),
        };
        let built = build(engine, operator, &database, &[storage]);
        assert_eq!(
            without_texts(built),
            without_texts(expected.data["spec"].clone()),
            "{name}"
        );
    }
}

#[test]
fn statuses_are_computed_as_recorded() {
    for (engine, operator) in OPERATORS {
        let name = engine.type_name();
        let ready = recorded(&format!("{name}-4-databasecluster-ready"));
        let engine_cr = recorded(&format!("{name}-5-engine-cr-with-storage"));
        let mut database = ready.clone();
        database.data["status"] = json!({"crVersion": operator});
        let mut seen = Sighting {
            database: &database,
            engine,
            engine_cr: Some(&engine_cr),
            operator,
            restoring: false,
            import_job: None,
            volumes: Volumes::AsAsked,
            resize_failed: None,
            now: "2026-01-01T00:00:00Z",
        };
        let mut expected = ready.data["status"].clone();
        if engine == Engine::Psmdb {
            expected["activeStorage"] = "bs-psmdb".into();
        }
        assert_eq!(status::compute(&seen), expected, "{name}");
        let restoring = recorded(&format!("{name}-7-databasecluster-restoring"));
        let mut before = restoring.clone();
        if engine != Engine::Pxc {
            before.data["status"]["crVersion"] = operator.into();
        }
        seen.database = &before;
        seen.restoring = true;
        assert_eq!(status::compute(&seen), restoring.data["status"], "{name}");
    }
}

#[test]
fn details_of_a_new_database_are_dumped_as_recorded() {
    for (engine, _) in OPERATORS {
        let name = engine.type_name();
        let new = recorded(&format!("{name}-1-databasecluster-new"));
        assert_eq!(
            details::dump(engine, &Value::Null),
            text(&new.data, "/status/details")
        );
    }
}

#[test]
fn recorded_specs_need_no_further_write_back() {
    for (engine, _) in OPERATORS {
        let name = format!("{}-1-databasecluster-new", engine.type_name());
        let new = recorded(&name);
        assert!(write_back::marked(&new).is_none());
        assert!(write_back::defaulted(&new, engine).is_none());
        let spec = at(&new.data, "/spec");
        assert_eq!(&write_back::round_trip(spec, ZeroValues::Dropped), spec);
    }
}

#[test]
fn what_a_user_applied_becomes_the_recorded_spec() {
    let recorded = recorded("managed-fields-1-after-create");
    let applied = json!({
        "engine": {"type": "pxc", "replicas": 3, "version": "8.0.42-33.1",
            "resources": {"cpu": "1000m", "memory": "1024Mi"},
            "storage": {"class": "standard", "size": "1Gi"}},
        "proxy": {"replicas": 2, "type": "haproxy"},
    });
    let mut database = recorded.clone();
    database.metadata.finalizers = None;
    database.data["spec"] = write_back::round_trip(&applied, ZeroValues::Kept);
    let marked = write_back::marked(&database).unwrap();
    let written = write_back::defaulted(&marked, Engine::Pxc).unwrap();
    let mut expected = recorded.data["spec"].clone();
    let mut got = written.data["spec"].clone();
    for spec in [&mut expected, &mut got] {
        spec["engine"]["config"] = "…".into();
        spec["proxy"]["expose"] = "defaulted by the API server".into();
    }
    assert_eq!(got, expected);
    assert_eq!(written.metadata.finalizers, recorded.metadata.finalizers);
}

#[test]
fn database_engines_say_what_was_recorded() {
    for (name, operator) in [
        ("engine-3-pending-upgrade", "1.17.0"),
        ("engine-4-upgraded", "1.18.0"),
    ] {
        let recorded = recorded(name);
        assert_eq!(
            versions::available(Engine::Pxc, operator),
            recorded.data["status"]["availableVersions"]
        );
        let keys: Vec<(&str, &str)> = recorded.data["spec"]["secretKeys"]["user"]
            .as_array()
            .unwrap()
            .iter()
            .map(|k| (text(k, "/name"), text(k, "/description")))
            .collect();
        assert_eq!(keys, Engine::Pxc.secret_keys());
    }
}
