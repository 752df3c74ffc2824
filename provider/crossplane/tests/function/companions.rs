//! Composed backup storages and monitoring configurations.

use function_sdk_rust::proto::v1::Severity;
use serde_json::{Value, json};

use crate::fixtures::{spec, world};
use crate::world::{Answer, World};

fn with(name: &str, entry: Value) -> World {
    let mut world = world(spec("pxc"));
    world.input[name] = json!([entry]);
    world
}

fn storage() -> Value {
    json!({
        "resource": "bucket", "name": "team", "spec": {"type": "s3", "region": "eu-central-1",
            "credentialsSecretName": "team-bucket"},
        "patches": [{"from": "metadata.name", "to": "bucket"}],
    })
}

#[test]
fn a_storage_is_composed_from_its_spec_and_the_composite_resource() {
    let mut world = with("backupStorages", storage());
    let answer = world.reconcile();
    let object = answer.object("bucket");
    assert_eq!(object["kind"], "BackupStorage");
    assert_eq!(object["metadata"]["name"], "team");
    assert_eq!(
        object["spec"],
        json!({"type": "s3", "region": "eu-central-1", "credentialsSecretName": "team-bucket",
            "bucket": world.composite["metadata"]["name"]})
    );
    assert!(!answer.is_ready("bucket"));
    // Everest fills in what the definition's defaults say, and owns that.
    world.object("bucket")["spec"]["verifyTLS"] = json!(true);
    let answer = world.reconcile();
    assert!(answer.is_ready("bucket"));
    assert_eq!(answer.object("bucket")["spec"].get("verifyTLS"), None);
}

#[test]
fn a_monitoring_configuration_has_the_members_that_everest_requires() {
    let entry = json!({"resource": "pmm", "name": "pmm", "spec": {"type": "pmm",
        "pmm": {"url": "https://pmm.example.com"}, "credentialsSecretName": "pmm-key"}});
    let mut world = with("monitoringConfigs", entry);
    let object = world.reconcile();
    assert_eq!(
        object.object("pmm")["spec"]["pmm"],
        json!({"url": "https://pmm.example.com", "image": ""})
    );
    assert!(world.reconcile().is_ready("pmm"));
}

#[test]
fn what_breaks_a_rule_or_lacks_its_secret_is_refused_by_its_path() {
    for (path, value, said) in [
        ("/spec/region", Value::Null, "No region is given"),
        (
            "/spec/credentialsSecretName",
            Value::Null,
            "spec.credentialsSecretName is missing",
        ),
        ("/spec/endpointURL", json!("minio"), "not a URL"),
    ] {
        let mut entry = storage();
        let (parent, name) = path.rsplit_once('/').unwrap();
        entry.pointer_mut(parent).unwrap()[name] = value.clone();
        if value.is_null() {
            let members = entry.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            members.remove(name);
        }
        let fatal = with("backupStorages", entry).reconcile();
        let fatal = fatal.messages(Severity::Fatal).join("; ");
        assert!(fatal.contains(said), "{path}: {fatal}");
    }
}

#[test]
fn one_that_an_earlier_step_composes_is_checked_and_judged_as_well() {
    let mut world = world(spec("pxc"));
    world.earlier.insert(
        "bucket".to_owned(),
        json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "BackupStorage", "metadata": {"name": "team"},
            "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "team-bucket"}}),
    );
    let fatal = world.reconcile().messages(Severity::Fatal).join("; ");
    assert!(fatal.contains("No region is given"), "{fatal}");
}

#[test]
fn a_new_one_waits_for_a_secret_with_its_own_keys() {
    let secret = |key: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "data": {key: "eA=="},
            "metadata": {"name": "team-bucket", "namespace": "prod"}})
    };
    let mut world = with("backupStorages", storage());
    world.input["lookups"] = json!("All");
    world.add(
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod",
        "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
    );
    let waits_for = |answer: &Answer| answer.condition("DatabasesReady").2.to_owned();
    let told = waits_for(&world.reconcile());
    assert!(
        told.contains("the namespace has no Secret \"team-bucket\""),
        "{told}"
    );
    world.add(secret("root"));
    let answer = world.reconcile();
    let told = waits_for(&answer);
    assert!(
        told.contains("the Secret \"team-bucket\" has none of the keys AWS_ACCESS_KEY_ID"),
        "{told}"
    );
    assert!(!answer.desired().contains_key("bucket"));
    world.add(secret("AWS_ACCESS_KEY_ID"));
    assert!(world.reconcile().desired().contains_key("bucket"));
}
