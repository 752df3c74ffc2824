//! Where the right to the Secrets of a namespace is missing, the condition says so, and nothing else
//! is held up by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use test_apiserver::Asks;

use super::reconcile;
use crate::provider::controllers::Controller;
use crate::provider::kind::{BackupStorages, Databases, Kind};
use crate::provider::rights;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{
    EVEREST, condition, process, process_with, rest, say, world,
};

/// The shipped rights, those to Secrets only while they are granted.
fn may(granted: &Arc<AtomicBool>) -> impl Fn(&Asks<'_>) -> bool + Send + Sync + 'static {
    let granted = granted.clone();
    move |asks| {
        let is_granted = asks.resource != "secrets" || granted.load(Ordering::Relaxed);
        is_granted && rights::in_target(asks)
    }
}

async fn look<K: Kind>(plane: &ControlPlane, controller: &Controller<K>, path: &str) {
    let managed = serde_json::from_value(plane.get(path).unwrap()).unwrap();
    let begun = tokio::time::Instant::now();
    reconcile(&managed, controller).await;
    assert!(begun.elapsed().is_zero(), "it waits for nothing");
}

fn said(plane: &ControlPlane, path: &str, type_: &str) -> (String, String) {
    let found = condition(plane, path, type_);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&found["status"]), text(&found["message"]))
}

/// Fails unless the condition says which right is missing, where, and who has it.
fn names_the_right(message: &str, verb: &str) {
    for part in [
        &*format!("may not {verb} secrets in namespace shop"),
        "ClusterRole everest-crossplane-secrets",
        "examples/crossplane/rbac/secrets.yaml",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

/// A managed database with a connection Secret, before anything was done.
pub(super) fn database() -> (ControlPlane, String) {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy", "replicas": 3}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let to = json!({"spec": {"writeConnectionSecretToRef": {"name": "orders-login"}}});
    plane.change(&path, &to);
    let password = json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "everest-secrets-orders", "namespace": "shop"},
        "data": {"root": "cm9vdA=="}});
    plane.put(
        "/api/v1/namespaces/shop/secrets/everest-secrets-orders",
        password,
    );
    (plane, path)
}

#[tokio::test(start_paused = true)]
async fn a_database_is_made_without_the_right_to_its_secrets_and_is_connected_once_it_is_granted() {
    let (plane, path) = database();
    let login = "/api/v1/namespaces/shop/secrets/orders-login";

    let granted = Arc::new(AtomicBool::new(false));
    let controller = process_with::<Databases>(&plane, may(&granted));
    for _ in 0..4 {
        look(&plane, &controller, &path).await;
    }
    assert!(
        plane
            .get(&format!("{EVEREST}/databaseclusters/orders"))
            .is_some()
    );
    let (synced, message) = said(&plane, &path, "Synced");
    assert_eq!(synced, "False");
    names_the_right(&message, "get");
    assert_eq!(plane.get(login), None);

    granted.store(true, Ordering::Relaxed);
    rest(&plane, &controller, &path).await;
    assert_eq!(said(&plane, &path, "Synced").0, "True");
    assert!(plane.get(login).is_some());
}

/// A managed storage, before anything was done.
pub(super) fn storage() -> (ControlPlane, String) {
    let spec =
        json!({"type": "s3", "bucket": "mine", "region": "r", "secretRef": {"name": "keys"}});
    world("everestbackupstorages", "BackupStorage", &spec)
}

#[tokio::test(start_paused = true)]
async fn a_storage_is_not_made_without_the_right_to_its_secret() {
    let (plane, path) = storage();
    let granted = Arc::new(AtomicBool::new(false));
    let controller = process_with::<BackupStorages>(&plane, may(&granted));
    look(&plane, &controller, &path).await;
    let (synced, message) = said(&plane, &path, "Synced");
    assert_eq!(synced, "False");
    names_the_right(&message, "get");
    assert_eq!(said(&plane, &path, "Ready").0, "False");
    assert_eq!(plane.get(&format!("{EVEREST}/backupstorages/orders")), None);

    granted.store(true, Ordering::Relaxed);
    rest(&plane, &controller, &path).await;
    assert_eq!(said(&plane, &path, "Synced").0, "True");
}

#[tokio::test(start_paused = true)]
async fn a_storage_goes_with_its_namespace_although_the_right_to_its_secret_has_gone_with_it() {
    let (plane, path) = storage();
    let elsewhere = json!({"namespace": "team"});
    plane.put(
        "/api/v1/namespaces/team",
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team",
            "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
    );
    say(&plane, &path, &elsewhere);
    let controller = process::<BackupStorages>(&plane);
    rest(&plane, &controller, &path).await;
    assert_eq!(said(&plane, &path, "Ready").0, "True");

    plane.delete(&path);
    let there = "everest.percona.com/v1alpha1/namespaces/team/backupstorages/orders";
    plane.remove(&format!("/apis/{there}"));
    let granted = Arc::new(AtomicBool::new(false));
    let controller = process_with::<BackupStorages>(&plane, may(&granted));
    look(&plane, &controller, &path).await;
    let (_, message) = said(&plane, &path, "Synced");
    assert!(message.contains("secrets in namespace team"), "{message}");

    plane.remove("/api/v1/namespaces/team/secrets/orders");
    plane.remove("/api/v1/namespaces/team");
    look(&plane, &controller, &path).await;
    assert_eq!(plane.get(&path), None);
}
