//! Composed backup storages and monitoring configurations.

use function_sdk_rust::proto::v1::Severity;
use serde_json::{Value, json};

use crate::fixtures::{spec, world};
use crate::world::{Answer, World, key};

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

fn waits_for(answer: &Answer) -> String {
    answer.condition("DatabasesReady").2.to_owned()
}

/// Everest's finalizer on an object in use.
const IN_USE: &str = "everest.percona.com/in-use-protection";

/// Everest reports the composed object as used.
fn report_as_used(world: &mut World, resource: &str) {
    let object = world.object(resource);
    object["status"] = json!({"inUse": true});
    object["metadata"]["finalizers"] = json!([IN_USE]);
}

/// A database with a backup storage and a monitoring configuration of its own, both in use.
fn with_both_in_use() -> World {
    let mut spec = spec("pxc");
    spec["backup"] = json!({"schedules": [{"name": "nightly", "enabled": true,
        "schedule": "0 2 * * *", "backupStorageName": "team"}]});
    spec["monitoring"] = json!({"monitoringConfigName": "pmm"});
    let mut world = world(spec);
    world.input["backupStorages"] = json!([storage()]);
    world.input["monitoringConfigs"] = json!([{"resource": "pmm", "name": "pmm",
        "spec": {"type": "pmm", "pmm": {"url": "https://pmm.example.com"},
            "credentialsSecretName": "pmm-key"}}]);
    assert_eq!(world.reconcile().fatal(), None);
    report_as_used(&mut world, "bucket");
    report_as_used(&mut world, "pmm");
    world
}

#[test]
fn what_the_composition_still_uses_is_not_dropped() {
    for (field, subject) in [
        ("backupStorages", "backup storage \"bucket\" (team)"),
        (
            "monitoringConfigs",
            "monitoring configuration \"pmm\" (pmm)",
        ),
    ] {
        let mut world = with_both_in_use();
        let database = world.name("db");
        world.input[field] = json!([]);
        let answer = world.reconcile();
        let refused = answer.fatal().unwrap();
        let told =
            format!("{subject} is no longer composed, but is still used by database {database}");
        assert!(refused.contains(&told), "{refused}");
    }
}

#[test]
fn what_is_dropped_with_its_use_stays_until_everest_reports_that_nothing_uses_it() {
    let none = json!([]);
    let unused = json!([{"resource": "db", "spec": spec("pxc")}]);
    for databases in [none, unused] {
        let mut world = with_both_in_use();
        world.input["databases"] = databases;
        world.input["backupStorages"] = json!([]);
        world.input["monitoringConfigs"] = json!([]);
        let answer = world.reconcile();
        assert_eq!(answer.fatal(), None);
        assert_eq!(answer.object("bucket")["spec"]["bucket"], "orders");
        assert_eq!(answer.object("pmm")["spec"]["type"], "pmm");
        assert!(!answer.all_ready());
        let told = waits_for(&answer);
        assert!(
            told.contains("backup storage \"bucket\" (team): it is no longer composed"),
            "{told}"
        );

        for resource in ["bucket", "pmm"] {
            let object = world.object(resource);
            object["status"]["inUse"] = json!(false);
            let metadata = object["metadata"].as_object_mut().unwrap();
            metadata.remove("finalizers");
        }
        let answer = world.reconcile();
        assert_eq!(answer.fatal(), None);
        for resource in ["bucket", "pmm"] {
            assert!(!answer.desired().contains_key(resource), "{resource}");
        }
    }
}

#[test]
fn a_new_one_waits_until_a_former_one_of_its_name_is_gone() {
    let mut world = with("backupStorages", storage());
    let former = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
        "metadata": {"name": "team", "namespace": "prod", "finalizers": [IN_USE],
            "deletionTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"type": "s3", "bucket": "b", "region": "r", "credentialsSecretName": "s"}});
    world.add(former.clone());
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert!(!answer.desired().contains_key("bucket"));
    let told = waits_for(&answer);
    for part in [
        "the BackupStorage \"team\" is gone, which is being deleted, held by the finalizers",
        "everest.percona.com/in-use-protection",
        "remove it by hand once no database, backup or restore names the storage",
    ] {
        assert!(told.contains(part), "{told}");
    }
    world.objects.remove(&key(&former));
    assert!(world.reconcile().desired().contains_key("bucket"));
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

/// The Secret of the storage, with one key.
fn secret(key: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "data": {key: "eA=="},
        "metadata": {"name": "team-bucket", "namespace": "prod"}})
}

fn look_up_all(world: &mut World) {
    world.input["lookups"] = json!("All");
    world.add(
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod",
        "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
    );
}

#[test]
fn one_of_an_earlier_step_waits_for_its_secret_as_well() {
    let mut world = world(spec("pxc"));
    look_up_all(&mut world);
    world.earlier.insert(
        "bucket".to_owned(),
        json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "BackupStorage", "metadata": {"name": "team"},
            "spec": {"type": "s3", "bucket": "own", "region": "r",
                "credentialsSecretName": "team-bucket"}}),
    );
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert!(!answer.desired().contains_key("bucket"));
    assert!(waits_for(&answer).contains("the namespace has no Secret \"team-bucket\""));
    world.add(secret("AWS_ACCESS_KEY_ID"));
    assert!(world.reconcile().desired().contains_key("bucket"));
}

#[test]
fn a_new_one_waits_for_a_secret_with_its_own_keys() {
    let mut world = with("backupStorages", storage());
    look_up_all(&mut world);
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
