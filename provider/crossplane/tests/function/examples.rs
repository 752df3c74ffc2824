//! Each example is rendered until its composite resource is ready.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

use crate::everest;
use crate::world::{Answer, World, key};

fn folder(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/crossplane")
        .join(example)
}

/// The objects of a file.
pub fn objects(example: &str, file: &str) -> Vec<Value> {
    let path = folder(example).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_yaml_ng::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// The input of the step of a composition that calls the function.
fn input(example: &str) -> Value {
    let composition = &objects(example, "composition.yaml")[0];
    let steps = composition["spec"]["pipeline"].as_array().unwrap();
    let function = &objects(example, "functions.yaml")[0]["metadata"]["name"];
    let mut steps = steps.iter();
    steps
        .find(|step| step["functionRef"]["name"] == *function)
        .expect("a step calls the function")["input"]
        .clone()
}

/// A composite resource with the defaults that its definition gives it.
fn with_defaults(example: &str, mut composite: Value) -> Value {
    let definition = &objects(example, "xrd.yaml")[0];
    let schema = definition
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties")
        .and_then(Value::as_object)
        .unwrap();
    for (name, property) in schema {
        if let (Some(default), Value::Null) = (property.get("default"), &composite["spec"][name]) {
            composite["spec"][name] = default.clone();
        }
    }
    composite
}

/// The cluster in which a composite resource of an example was just made.
pub fn world(example: &str, composite: Value) -> World {
    let mut world = World::new(with_defaults(example, composite), input(example));
    let namespace = world.composite["metadata"]["namespace"]
        .as_str()
        .unwrap()
        .to_owned();
    everest::installed(&mut world, &namespace);
    world
}

/// Goes on until the composite resource is ready.
pub fn until_ready(world: &mut World, resource: &str) -> Answer {
    let created = world.reconcile();
    assert_eq!(created.fatal(), None);
    assert!(!created.all_ready());
    assert_eq!(created.ttl(), 60);
    everest::take_up(world, resource);
    assert!(!world.reconcile().all_ready());
    everest::make_ready(world, resource);
    world.reconcile();
    let ready = world.reconcile();
    assert_eq!(ready.condition("DatabasesReady").2, "");
    assert!(ready.all_ready());
    assert_eq!(ready.ttl(), 60);
    ready
}

#[test]
fn the_quickstart_becomes_ready_with_its_secret() {
    let composite = objects("quickstart", "xr.yaml").remove(0);
    let mut world = world("quickstart", composite);
    let answer = until_ready(&mut world, "database");
    let secret = answer.object("database-connection");
    assert_eq!(secret["type"], "connection.crossplane.io/v1alpha1");
    let status = answer.status().unwrap();
    assert_eq!(status["database"]["ready"], true);
    assert_eq!(
        status["database"]["connectionSecretName"],
        secret["metadata"]["name"]
    );
}

#[test]
fn the_quickstart_backs_up_every_night_where_a_storage_is_named() {
    for engine in ["pxc", "psmdb", "postgresql"] {
        let mut composite = objects("quickstart", "xr.yaml").remove(0);
        composite["spec"]["engine"] = engine.into();
        composite["spec"]["backupStorageName"] = "s3".into();
        let mut world = world("quickstart", composite);
        let answer = until_ready(&mut world, "database");
        let schedule = &answer.object("database")["spec"]["backup"]["schedules"][0];
        assert_eq!(schedule["backupStorageName"], "s3");
        assert_eq!(schedule["schedule"], "0 2 * * *");
    }
}

#[test]
fn a_database_comes_with_its_bucket_and_its_monitoring_server() {
    let composite = objects("own-bucket", "xr.yaml").remove(0);
    let mut world = world("own-bucket", composite);
    let answer = until_ready(&mut world, "database");
    let storage = answer.object("bucket");
    assert_eq!(storage["metadata"]["name"], "ledger");
    assert_eq!(storage["spec"]["bucket"], "ledger-backups");
    assert_eq!(storage["spec"]["credentialsSecretName"], "ledger-bucket");
    let schedules = &answer.object("database")["spec"]["backup"]["schedules"];
    assert_eq!(schedules[0]["backupStorageName"], "ledger");
    assert!(answer.is_ready("bucket") && answer.is_ready("monitoring"));
}

#[test]
fn the_bucket_outlives_the_database_that_uses_it() {
    let composition = &objects("own-bucket", "composition.yaml")[0];
    let usage = composition
        .pointer("/spec/pipeline/1/input/resources/0/base")
        .unwrap();
    assert_eq!(usage["kind"], "Usage");
    let spec = &usage["spec"];
    assert_eq!(spec["of"]["kind"], "BackupStorage");
    assert_eq!(spec["by"]["kind"], "DatabaseCluster");
    for end in ["of", "by"] {
        assert_eq!(spec[end]["apiVersion"], "everest.percona.com/v1alpha1");
        assert_eq!(spec[end]["resourceSelector"]["matchControllerRef"], true);
    }
    assert_eq!(spec["replayDeletion"], true);
}

#[test]
fn self_service_gives_each_team_its_size_and_its_policy() {
    let mut asked = objects("self-service", "xr.yaml").into_iter();

    let mut orders = world("self-service", asked.next().unwrap());
    let answer = until_ready(&mut orders, "database");
    let spec = answer.object("database")["spec"].clone();
    assert_eq!(spec["engine"]["type"], "pxc");
    assert_eq!(spec["engine"]["resources"]["memory"], "4G");
    assert_eq!(spec["backup"]["schedules"][0]["retentionCopies"], 14);
    assert_eq!(
        answer.object("database-connection")["metadata"]["name"],
        "orders"
    );
    assert_eq!(answer.0.results, []);

    orders.composite["spec"]["size"] = "small".into();
    let refused = orders.reconcile();
    let refused = refused.fatal().unwrap();
    assert!(
        refused.contains("would shrink from 50Gi to 10Gi"),
        "{refused}"
    );
    orders.composite["spec"]["size"] = "large".into();
    assert_eq!(orders.reconcile().fatal(), None);

    orders.composite["spec"]["team"] = "marketing".into();
    let refused = orders.reconcile();
    let refused = refused.fatal().unwrap();
    assert!(
        refused.contains("the composition allows only research, shop"),
        "{refused}"
    );

    let mut experiments = world("self-service", asked.next().unwrap());
    let answer = until_ready(&mut experiments, "database");
    let spec = answer.object("database")["spec"].clone();
    assert_eq!(spec["engine"]["replicas"], 1);
    assert_eq!(spec.get("backup"), None);
    experiments.composite["spec"]["backupBeforeRelease"] = "s3".into();
    let answer = experiments.reconcile();
    assert!(answer.desired().contains_key("before-release") && !answer.all_ready());
}

#[test]
fn the_status_that_is_told_is_in_the_definitions() {
    for example in ["quickstart", "self-service"] {
        let composite = objects(example, "xr.yaml").remove(0);
        let mut world = world(example, composite);
        let status = until_ready(&mut world, "database").status().unwrap();
        let definition = &objects(example, "xrd.yaml")[0];
        let declared = definition
            .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/database/properties")
            .unwrap();
        for name in status["database"].as_object().unwrap().keys() {
            assert!(declared.get(name).is_some(), "{example} lacks {name}");
        }
    }
}

#[test]
fn the_quickstart_can_be_rendered_without_a_cluster() {
    let composite = objects("quickstart", "xr.yaml").remove(0);
    let mut world = World::new(with_defaults("quickstart", composite), input("quickstart"));
    for object in objects("render", "required.yaml") {
        world.add(object);
    }
    let created = Answer(world.respond());
    assert_eq!(created.fatal(), None);
    assert!(created.condition("GuardrailsPassed").0);
    let observed = objects("render", "observed.yaml").remove(0);
    assert_eq!(
        created.object("database")["metadata"]["name"],
        observed["metadata"]["name"]
    );

    let resource = &observed["metadata"]["annotations"]["crossplane.io/composition-resource-name"];
    let resource = resource.as_str().unwrap().to_owned();
    world.composed.insert(resource, key(&observed));
    world.add(observed);
    let settled = Answer(world.respond());
    assert_eq!(settled.fatal(), None);
    assert!(settled.is_ready("database"));
    let secret = settled.object("database-connection");
    assert_eq!(secret["type"], "connection.crossplane.io/v1alpha1");
}
