//! Composite resources and inputs that the tests start from.

use serde_json::{Value, json};

use crate::everest;
use crate::world::World;

/// A composite resource `orders` in the namespace `prod`.
pub fn composite(spec: Value) -> Value {
    json!({
        "apiVersion": "platform.example.org/v1alpha1",
        "kind": "AppDatabase",
        "metadata": {"name": "orders", "namespace": "prod", "labels": {"team": "shop"}},
        "spec": spec,
    })
}

/// An input with these databases.
pub fn input(databases: Value) -> Value {
    json!({
        "apiVersion": "everest.fn.openeverest.io/v1beta1",
        "kind": "Input",
        "databases": databases,
    })
}

/// A spec that no rule minds.
pub fn spec(engine: &str) -> Value {
    json!({
        "engine": {
            "type": engine,
            "replicas": 3,
            "storage": {"size": "10Gi"},
            "resources": {"cpu": "1", "memory": "2G"},
        },
    })
}

/// The cluster of a composite resource that composes the database `db`.
pub fn world(spec: Value) -> World {
    let databases = json!([{"resource": "db", "spec": spec, "connectionSecret": {}}]);
    let mut world = World::new(composite(json!({})), input(databases));
    everest::installed(&mut world, "prod");
    world
}

/// The same with a database that is ready.
pub fn ready(spec: Value) -> World {
    let mut world = world(spec);
    world.reconcile();
    everest::take_up(&mut world, "db");
    everest::make_ready(&mut world, "db");
    world.reconcile();
    world
}
