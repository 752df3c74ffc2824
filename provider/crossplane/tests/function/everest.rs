//! A stand-in for Everest and its engines: it writes into specs as they do,
//! and takes databases and backups through their states.

use serde_json::{Value, json};

use crate::world::World;

/// The engine's own kind of a database.
fn engine_kind(engine: &str) -> (&'static str, &'static str) {
    match engine {
        "pxc" => ("pxc.percona.com/v1", "PerconaXtraDBCluster"),
        "psmdb" => ("psmdb.percona.com/v1", "PerconaServerMongoDB"),
        _ => ("pgv2.percona.com/v2", "PerconaPGCluster"),
    }
}

/// A namespace of Everest's with all engines and a backup storage `s3`.
pub fn installed(world: &mut World, namespace: &str) {
    for (engine, operator, version) in [
        ("pxc", "percona-xtradb-cluster-operator", "8.0.42-33.1"),
        ("psmdb", "percona-server-mongodb-operator", "8.0.12-4"),
        ("postgresql", "percona-postgresql-operator", "17.5.2"),
    ] {
        world.add(json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseEngine",
            "metadata": {"name": operator, "namespace": namespace},
            "spec": {"type": engine},
            "status": {
                "status": "installed", "operatorVersion": "1.18.0",
                "availableVersions": {"engine": {version: {"status": "recommended"}}},
            },
        }));
    }
    world.add(json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "BackupStorage",
        "metadata": {"name": "s3", "namespace": namespace},
        "spec": {"type": "s3", "bucket": "b", "region": "r", "credentialsSecretName": "s3"},
    }));
}

/// Everest takes the database up: it writes its defaults into the spec, and
/// the engine's object appears.
pub fn take_up(world: &mut World, resource: &str) {
    let database = world.object(resource);
    let generation = database["metadata"]["generation"].clone();
    let name = database["metadata"]["name"].clone();
    let namespace = database["metadata"]["namespace"].clone();
    let engine = database["spec"]["engine"]["type"]
        .as_str()
        .unwrap()
        .to_owned();
    let spec = &mut database["spec"];
    spec["engine"]["userSecretsName"] =
        json!(format!("everest-secrets-{}", name.as_str().unwrap()));
    spec["engine"]["config"] = json!("[mysqld]");
    if spec["engine"]["replicas"].is_null() {
        spec["engine"]["replicas"] = json!(3);
    }
    if spec["proxy"].is_null() {
        let proxy = match engine.as_str() {
            "pxc" => "haproxy",
            "psmdb" => "mongos",
            _ => "pgbouncer",
        };
        spec["proxy"] = json!({"type": proxy, "resources": {"cpu": "0", "memory": "0"}});
    }
    if spec["backup"].is_null() {
        spec["backup"] = json!({});
    }
    spec["backup"]["pitr"] = json!({"enabled": false});
    database["metadata"]["finalizers"] = json!([
        "everest.percona.com/upstream-cluster-cleanup",
        "foregroundDeletion"
    ]);
    database["status"] = json!({
        "status": "initializing", "observedGeneration": generation, "size": 3, "ready": 1,
    });
    let (api_version, kind) = engine_kind(&engine);
    world.add(json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "generation": generation},
        "status": {"state": "initializing", "observedGeneration": generation},
    }));
}

/// The database is ready, and its engine too.
pub fn make_ready(world: &mut World, resource: &str) {
    let database = world.object(resource).clone();
    let engine = database["spec"]["engine"]["type"].as_str().unwrap();
    let name = database["metadata"]["name"].as_str().unwrap();
    let (_, kind) = engine_kind(engine);
    let (port, keys) = match engine {
        "pxc" => (3306, json!({"root": "c2VjcmV0"})),
        "psmdb" => (
            27017,
            json!({
                "MONGODB_DATABASE_ADMIN_USER": "YWRtaW4=",
                "MONGODB_DATABASE_ADMIN_PASSWORD": "c2VjcmV0",
            }),
        ),
        _ => (5432, json!({"password": "c2VjcmV0"})),
    };
    world.add(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": format!("everest-secrets-{name}"),
            "namespace": database["metadata"]["namespace"],
        },
        "data": keys,
    }));
    let generation = database["metadata"]["generation"].clone();
    let namespace = database["metadata"]["namespace"].as_str().unwrap();
    world.object(resource)["status"] = json!({
        "status": "ready", "observedGeneration": generation, "size": 3, "ready": 3,
        "hostname": format!("{name}-proxy.{namespace}"), "port": port, "crVersion": "1.18.0",
    });
    set_engine(world, kind, name, "ready", &generation);
}

/// Says what the engine's object says.
pub fn set_engine(world: &mut World, kind: &str, name: &str, state: &str, generation: &Value) {
    let engine = world
        .objects
        .iter_mut()
        .find(|(key, _)| key.0 == kind && key.2 == name)
        .map(|(_, object)| object)
        .expect("the engine's object exists");
    engine["metadata"]["generation"] = generation.clone();
    engine["status"] = json!({"state": state, "observedGeneration": generation});
}
