//! The conditions when something fails or waits.

use serde_json::{Value, json};

use super::reconcile;
use crate::provider::kind::{Backups, Databases, Kind};
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{EVEREST, condition, process, rest, world};

async fn database(more: Value) -> (ControlPlane, String) {
    let mut spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}});
    json_patch::merge(&mut spec, &more);
    let (plane, path) = world("everestdatabases", "Database", &spec);
    rest(&plane, &process::<Databases>(&plane), &path).await;
    (plane, path)
}

fn external() -> String {
    format!("{EVEREST}/databaseclusters/orders")
}

async fn reconcile_once<K: Kind>(plane: &ControlPlane, path: &str) {
    let controller = process::<K>(plane);
    for _ in 0..2 {
        let managed = serde_json::from_value(plane.get(path).unwrap()).unwrap();
        reconcile(&managed, &controller).await;
    }
}

/// Status and reason of a condition, such as `True/Available`.
fn says(plane: &ControlPlane, path: &str, type_: &str) -> String {
    let found = condition(plane, path, type_);
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text("status"), text("reason"))
}

fn message(plane: &ControlPlane, path: &str, type_: &str) -> String {
    let found = condition(plane, path, type_);
    found["message"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_database_that_vanished_and_may_not_be_made_again_is_not_called_ready() {
    let (plane, path) = database(json!({})).await;
    assert_eq!(says(&plane, &path, "Ready"), "True/Available");
    plane.delete(&external());
    plane.change(
        &path,
        &json!({"spec": {"forProvider": {"engine": {"replicas": 2}}}}),
    );
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(plane.get(&external()), None);
    assert_eq!(says(&plane, &path, "Ready"), "False/Creating");
    assert_eq!(says(&plane, &path, "Synced"), "False/ReconcileError");
    assert_eq!(says(&plane, &path, "UpToDate"), "False/UpdateFailed");
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_deletion_is_refused_is_being_deleted() {
    let (plane, path) = database(json!({"deletionProtection": true})).await;
    plane.delete(&path);
    reconcile_once::<Databases>(&plane, &path).await;
    assert!(plane.get(&external()).is_some());
    assert_eq!(says(&plane, &path, "Ready"), "False/Deleting");
    assert_eq!(says(&plane, &path, "Synced"), "False/ReconcileError");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_fails_while_its_change_is_refused_is_not_called_ready() {
    let (plane, path) = database(json!({})).await;
    plane.change(
        &path,
        &json!({"spec": {"forProvider": {"engine": {"replicas": 2}}}}),
    );
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "True/Available");
    assert_eq!(says(&plane, &path, "UpToDate"), "False/UpdateFailed");
    plane.state(&external(), "error");
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "False/Unavailable");
}

#[tokio::test(start_paused = true)]
async fn what_only_waits_has_not_failed() {
    let spec = json!({"databaseName": "main", "backupStorageName": "s3"});
    let (plane, path) = world("everestbackups", "Backup", &spec);
    let creating = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "main", "namespace": "shop"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}});
    let main = format!("{EVEREST}/databaseclusters/main");
    plane.put(&main, creating);
    plane.state(&main, "initializing");
    reconcile_once::<Backups>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Synced"), "True/ReconcileSuccess");
    assert_eq!(says(&plane, &path, "Ready"), "False/Creating");
    let why = message(&plane, &path, "Ready");
    assert!(why.contains("database shop/main to be ready"), "{why}");

    let (plane, path) = database(json!({})).await;
    plane.change(
        &path,
        &json!({"spec": {"forProvider": {"engine": {"replicas": 5}}}}),
    );
    plane.state(&external(), "restoring");
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Synced"), "True/ReconcileSuccess");
    assert_eq!(says(&plane, &path, "UpToDate"), "False/UpdateRequested");
    let why = message(&plane, &path, "UpToDate");
    assert!(why.contains("no longer restoring"), "{why}");
    assert_eq!(says(&plane, &path, "Ready"), "False/Unavailable");
}

#[tokio::test(start_paused = true)]
async fn a_reconcile_that_is_asked_for_during_a_pause_is_handled_after_it() {
    let (plane, path) = database(json!({})).await;
    let annotations = |paused: Value| {
        json!({"metadata": {"annotations": {"crossplane.io/paused": paused,
            "crossplane.io/reconcile-requested-at": "now"}}})
    };
    plane.change(&path, &annotations(json!("true")));
    reconcile_once::<Databases>(&plane, &path).await;
    let handled = || plane.get(&path).unwrap()["status"]["lastHandledReconcileAt"].clone();
    assert_eq!(handled(), Value::Null);
    plane.change(&path, &annotations(Value::Null));
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(handled(), "now");
}
