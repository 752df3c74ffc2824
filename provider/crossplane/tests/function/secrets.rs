//! The Secret that applications connect with.

use serde_json::{Value, json};

use crate::everest;
use crate::fixtures::{ready, spec, world};

const PASSWORD: &str = "c2VjcmV0";

fn decoded(secret: &Value, key: &str) -> String {
    use base64::Engine as _;
    let text = secret["data"][key].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_engine_has_the_same_keys() {
    for (engine, user, uri, options) in [
        ("pxc", "root", "mysql://root:secret@", ""),
        (
            "psmdb",
            "admin",
            "mongodb://admin:secret@",
            "/?replicaSet=rs0",
        ),
        (
            "postgresql",
            "postgres",
            "postgres://postgres:secret@",
            "/postgres",
        ),
    ] {
        let mut world = ready(spec(engine));
        let secret = world.reconcile().object("db-connection");
        let name = world.name("db");
        assert_eq!(secret["metadata"]["name"], format!("{name}-connection"));
        assert_eq!(decoded(&secret, "username"), user);
        assert_eq!(decoded(&secret, "password"), "secret");
        let host = world.object("db")["status"]["hostname"].clone();
        let host = host.as_str().unwrap();
        assert_eq!(decoded(&secret, "endpoint"), host);
        assert_eq!(decoded(&secret, "host"), decoded(&secret, "endpoint"));
        let port = decoded(&secret, "port");
        assert_eq!(
            decoded(&secret, "uri"),
            format!("{uri}{host}:{port}{options}")
        );
    }
}

#[test]
fn it_is_made_once_all_is_known_and_holds_the_composite_resource_back() {
    let mut world = world(spec("pxc"));
    world.reconcile();
    everest::take_up(&mut world, "db");
    everest::make_ready(&mut world, "db");
    world
        .objects
        .retain(|key, _| !key.2.starts_with("everest-secrets-"));
    let answer = world.reconcile();
    assert!(answer.is_ready("db"));
    assert!(!answer.desired().contains_key("db-connection"));
    assert!(!answer.all_ready(), "nobody can connect yet");
    let why = answer.condition("DatabasesReady").2;
    assert!(why.contains("does not exist yet"), "{why}");
}

#[test]
fn a_new_password_shows_and_a_missing_one_leaves_it_as_it_is() {
    let mut world = ready(spec("pxc"));
    let credentials = |key: &(String, String, String)| key.2.starts_with("everest-secrets-");
    let (key, mut rotated) = world
        .objects
        .iter()
        .find(|(key, _)| credentials(key))
        .map(|(key, secret)| (key.clone(), secret.clone()))
        .unwrap();
    rotated["data"]["root"] = json!("bmV3");
    world.objects.insert(key.clone(), rotated);
    let secret = world.reconcile().object("db-connection");
    assert_eq!(decoded(&secret, "password"), "new");

    world.objects.remove(&key);
    let answer = world.reconcile();
    assert_eq!(
        answer.object("db-connection"),
        secret,
        "it would be deleted if it were left out"
    );
    assert!(!answer.is_ready("db-connection"));
}

#[test]
fn a_secret_of_somebody_else_is_not_taken_over() {
    let mut world = world(spec("pxc"));
    world.input["databases"][0]["connectionSecret"] = json!({"name": "shared"});
    world.add(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "shared", "namespace": "prod"}, "data": {"a": PASSWORD},
    }));
    let answer = world.reconcile();
    let refused = answer.fatal().unwrap();
    assert!(
        refused.contains("the Secret \"shared\" exists"),
        "{refused}"
    );
}

#[test]
fn nothing_that_is_told_holds_a_password() {
    let mut world = ready(spec("pxc"));
    world.input["databases"][0]["statusTo"] = json!("status.database");
    let answer = world.reconcile();
    let mut told = format!(
        "{:?}{:?}{:?}",
        answer.0.results,
        answer.0.conditions,
        answer.status()
    );
    told.push_str(&format!("{:?}", answer.0.requirements));
    assert!(!told.contains("secret@") && !told.contains(PASSWORD));
}
