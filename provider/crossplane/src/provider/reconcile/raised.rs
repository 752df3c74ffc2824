//! Values that someone else has raised.

use serde_json::{Value, json};

use crate::provider::kind::Databases;
use crate::provider::testing::harness::{EVEREST, process, rest, world};

fn condition(managed: &Value, type_: &str) -> (String, String) {
    let conditions = managed["status"]["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|one| one["type"] == type_).unwrap();
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

#[tokio::test(start_paused = true)]
async fn a_size_that_somebody_else_has_raised_is_kept_and_stops_no_other_change() {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "10Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let external = format!("{EVEREST}/databaseclusters/orders");
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;

    let mut raised = plane.get(&external).unwrap();
    raised["spec"]["engine"]["storage"]["size"] = json!("20Gi");
    for entry in raised["metadata"]["managedFields"].as_array_mut().unwrap() {
        let engine = entry.pointer_mut("/fieldsV1/f:spec/f:engine");
        if let Some(fields) = engine.and_then(Value::as_object_mut) {
            fields.remove("f:storage");
        }
    }
    plane.put(&external, raised);
    plane.change(
        &path,
        &json!({"spec": {"forProvider": {"engine": {"replicas": 5}}}}),
    );
    rest(&plane, &controller, &path).await;

    let database = plane.get(&external).unwrap();
    assert_eq!(database["spec"]["engine"]["replicas"], 5);
    assert_eq!(database["spec"]["engine"]["storage"]["size"], "20Gi");
    let managed = plane.get(&path).unwrap();
    assert_eq!(
        managed["spec"]["forProvider"]["engine"]["storage"]["size"],
        "10Gi"
    );
    assert_eq!(condition(&managed, "Synced").0, "True");
    let (status, message) = condition(&managed, "UpToDate");
    assert_eq!(status, "True");
    assert!(
        message.contains("spec.forProvider.engine.storage.size")
            && message.contains("raised 10Gi to 20Gi"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_size_that_is_lowered_by_who_wrote_it_is_refused() {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "20Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    plane.change(
        &path,
        &json!({"spec": {"forProvider": {"engine": {"storage": {"size": "10Gi"}}}}}),
    );
    let managed = serde_json::from_value(plane.get(&path).unwrap()).unwrap();
    super::reconcile(&managed, &controller).await;
    let managed = plane.get(&path).unwrap();
    let (status, message) = condition(&managed, "Synced");
    assert_eq!(status, "False");
    assert!(message.contains("shrink from 20Gi to 10Gi"), "{message}");
}
