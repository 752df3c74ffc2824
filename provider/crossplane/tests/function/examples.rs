//! Each example is rendered until its composite resource is ready.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

use crate::everest;
use crate::world::{Answer, World};

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
    assert_eq!(created.ttl(), 10);
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
