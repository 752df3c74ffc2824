//! The conditions when something fails or waits.

use std::sync::Arc;
use std::time::Duration;

use crossplane_managed::events::Events;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::reconcile;
use crate::provider::PROVIDER;
use crate::provider::context::Context;
use crate::provider::controllers::controller;
use crate::provider::kind::{BackupStorages, Backups, Databases, Kind};
use crate::provider::rights;
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

#[tokio::test(start_paused = true)]
async fn members_that_are_taken_out_go_from_the_database_and_what_lasts_is_named() {
    let more = json!({"engine": {"config": "[mysqld]\nmax_connections = 7\n"},
        "proxy": {"expose": {"type": "ClusterIP"}}, "backup": {"schedules": [
            {"name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "s3"}]}});
    let (plane, path) = database(more).await;
    let held = plane.get(&external()).unwrap();
    assert_eq!(held["spec"]["proxy"]["expose"]["type"], "ClusterIP");
    assert_eq!(held["spec"]["backup"]["schedules"][0]["name"], "nightly");
    // Without LateInitialize, nobody writes a version in its place.
    plane.change(
        &path,
        &json!({"spec": {"managementPolicies": ["Observe", "Create", "Update", "Delete"],
            "forProvider": {"engine": {"config": null, "version": null},
                "proxy": {"expose": null}, "backup": null}}}),
    );
    rest(&plane, &process::<Databases>(&plane), &path).await;
    let held = plane.get(&external()).unwrap();
    assert_eq!(held.pointer("/spec/engine/config"), None);
    assert_eq!(held.pointer("/spec/proxy/expose/type"), None);
    assert_eq!(held.pointer("/spec/backup/schedules"), None);
    assert_eq!(held["spec"]["engine"]["version"], "8.0.36-28.1");
    assert_eq!(says(&plane, &path, "UpToDate"), "True/ObserveMatched");
    let why = message(&plane, &path, "UpToDate");
    assert!(
        why.contains("spec.forProvider.engine.version is no longer set and stays 8.0.36-28.1"),
        "{why}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_member_that_differs_is_named_with_both_values() {
    let (plane, path) = database(json!({})).await;
    plane.change(
        &path,
        &json!({"spec": {"managementPolicies": ["Observe"],
            "forProvider": {"engine": {"replicas": 5}}}}),
    );
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "UpToDate"), "False/UpdateRestricted");
    assert_eq!(
        message(&plane, &path, "UpToDate"),
        "spec.forProvider.engine.replicas: 3 in the cluster, 5 here"
    );
}

fn credentials(plane: &ControlPlane) {
    plane.put(
        "/api/v1/namespaces/shop/secrets/everest-secrets-orders",
        json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "everest-secrets-orders", "namespace": "shop"},
            "data": {"root": "cGFzc3dvcmQ="}}),
    );
}

const CONNECTION: &str = "/api/v1/namespaces/shop/secrets/connection";

async fn connecting() -> (ControlPlane, String) {
    let (plane, path) = database(json!({})).await;
    plane.change(
        &path,
        &json!({"spec": {"writeConnectionSecretToRef": {"name": "connection"}}}),
    );
    (plane, path)
}

#[tokio::test(start_paused = true)]
async fn a_database_is_ready_once_its_connection_secret_is_there() {
    let (plane, path) = connecting().await;
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "False/Unavailable");
    let why = message(&plane, &path, "Ready");
    assert!(why.contains("Secret shop/everest-secrets-orders"), "{why}");
    assert_eq!(says(&plane, &path, "Synced"), "True/ReconcileSuccess");

    credentials(&plane);
    rest(&plane, &process::<Databases>(&plane), &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "True/Available");
    assert!(plane.get(CONNECTION).is_some());
    // One that was written stays good while its database has no address.
    plane.delete("/api/v1/namespaces/shop/secrets/everest-secrets-orders");
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "True/Available");
}

/// The reasons of the events of two reconciles.
async fn told<K: Kind>(plane: &ControlPlane, path: &str) -> Vec<String> {
    let mut context = Context::apart(plane.client(), plane.target(rights::in_target));
    let (events, writing) = Events::new(&PROVIDER, plane.client(), CancellationToken::new());
    context.runtime.events = events;
    tokio::spawn(writing);
    let controller = controller::<K>(Arc::new(context)).0;
    for _ in 0..2 {
        let managed = serde_json::from_value(plane.get(path).unwrap()).unwrap();
        reconcile(&managed, &controller).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let all = plane.all();
    let events = all.iter().filter(|(path, _)| path.contains("/events/"));
    let reason = |event: &Value| event["reason"].as_str().unwrap_or_default().to_owned();
    events.map(|(_, event)| reason(event)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_connection_secret_of_others_is_told_as_an_event() {
    let (plane, path) = connecting().await;
    credentials(&plane);
    plane.put(
        CONNECTION,
        json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "connection", "namespace": "shop"}, "data": {}}),
    );
    let reasons = told::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "False/Unavailable");
    assert_eq!(says(&plane, &path, "Synced"), "False/ReconcileError");
    assert!(
        reasons.contains(&"CannotPublishConnectionDetails".to_owned()),
        "{reasons:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn policies_that_mean_nothing_leave_nothing_known() {
    let (plane, path) = database(json!({})).await;
    plane.change(&path, &json!({"spec": {"managementPolicies": ["Create"]}}));
    let reasons = told::<Databases>(&plane, &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "Unknown/ReconcileError");
    assert_eq!(says(&plane, &path, "UpToDate"), "Unknown/ReconcileError");
    assert_eq!(says(&plane, &path, "Synced"), "False/ReconcileError");
    assert!(
        reasons.contains(&"CannotUseInvalidManagementPolicy".to_owned()),
        "{reasons:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_or_refused_before_a_creation_is_told_as_that() {
    let spec = json!({"type": "s3", "bucket": "backups", "region": "eu-central-1",
        "endpointURL": "https://s3.example.com"});
    let (plane, path) = world("everestbackupstorages", "BackupStorage", &spec);
    plane.change(
        &path,
        &json!({"spec": {"forProvider": {"secretRef": {"name": "nowhere"}}}}),
    );
    let reasons = told::<BackupStorages>(&plane, &path).await;
    assert!(
        reasons.contains(&"CannotResolveResourceReferences".to_owned()),
        "{reasons:?}"
    );

    let spec = json!({"engine": {"type": "pxc", "replicas": 2, "storage": {"size": "25Gi"}}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let reasons = told::<Databases>(&plane, &path).await;
    assert!(
        reasons.contains(&"CannotCreateExternalResource".to_owned()),
        "{reasons:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_absent_or_deleted_elsewhere_is_not_up_to_date() {
    let (plane, path) = database(json!({})).await;
    plane.change(&path, &json!({"spec": {"managementPolicies": ["Observe"]}}));
    plane.delete(&external());
    reconcile_once::<Databases>(&plane, &path).await;
    assert_eq!(plane.get(&external()), None);
    assert_eq!(says(&plane, &path, "Ready"), "False/Unavailable");
    assert_eq!(says(&plane, &path, "UpToDate"), "False/UpdateRestricted");
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_storage_is_not_there_yet_waits_for_it() {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "backup": {"schedules": [
            {"name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "later"}]}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let reasons = told::<Databases>(&plane, &path).await;
    assert_eq!(plane.get(&external()), None);
    assert_eq!(says(&plane, &path, "Synced"), "True/ReconcileSuccess");
    assert_eq!(says(&plane, &path, "Ready"), "False/Creating");
    assert_eq!(says(&plane, &path, "UpToDate"), "False/UpdateRequested");
    let why = message(&plane, &path, "Ready");
    assert!(why.contains("later"), "{why}");
    assert_eq!(reasons, ["PendingExternalResource"]);

    plane.put(
        &format!("{EVEREST}/backupstorages/later"),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
            "metadata": {"name": "later", "namespace": "shop"}, "spec": {"type": "s3",
                "bucket": "later", "region": "r", "credentialsSecretName": "s3"}}),
    );
    rest(&plane, &process::<Databases>(&plane), &path).await;
    assert_eq!(says(&plane, &path, "Ready"), "True/Available");
}
