//! The deletion of external objects that others use or that someone else deletes.

use serde_json::{Value, json};

use super::reconcile;
use crate::provider::controllers::Controller;
use crate::provider::kind::{BackupStorages, Databases, Kind};
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{EVEREST, MANAGED, condition, process, rest, world};

const SHOP: &str = "/api/v1/namespaces/shop";

/// A managed storage `orders` that works.
async fn storage() -> (ControlPlane, String, Controller<BackupStorages>) {
    let spec =
        json!({"type": "s3", "bucket": "mine", "region": "r", "secretRef": {"name": "keys"}});
    let (plane, path) = world("everestbackupstorages", "BackupStorage", &spec);
    let controller = process(&plane);
    rest(&plane, &controller, &path).await;
    (plane, path, controller)
}

/// Its object.
fn external() -> String {
    format!("{EVEREST}/backupstorages/orders")
}

/// A database that is backed up into it.
fn user() -> String {
    format!("{EVEREST}/databaseclusters/main")
}

fn use_storage(plane: &ControlPlane) {
    let schedule = json!({"name": "nightly", "enabled": true, "schedule": "0 2 * * *",
        "backupStorageName": "orders"});
    let database = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "main", "namespace": "shop"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "backup": {"schedules": [schedule]}}});
    plane.put(&user(), database);
    // Everest marks it.
    let mark = json!(["everest.percona.com/in-use-protection"]);
    plane.change(
        &external(),
        &json!({"metadata": {"finalizers": mark}, "status": {"inUse": true}}),
    );
}

/// Looks at a managed resource a few times, as far as it is there.
async fn reconcile_repeatedly<K: Kind>(
    plane: &ControlPlane,
    controller: &Controller<K>,
    path: &str,
) {
    for _ in 0..4 {
        if let Some(managed) = plane.get(path) {
            reconcile(&serde_json::from_value(managed).unwrap(), controller).await;
        }
    }
}

fn is_deleted(plane: &ControlPlane, path: &str) -> bool {
    !plane.get(path).unwrap()["metadata"]["deletionTimestamp"].is_null()
}

/// The reason and the message of a condition.
fn said(plane: &ControlPlane, path: &str, type_: &str) -> (String, String) {
    let found = condition(plane, path, type_);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&found["reason"]), text(&found["message"]))
}

#[tokio::test(start_paused = true)]
async fn a_storage_in_use_is_not_deleted_and_its_users_are_named() {
    let (plane, path, controller) = storage().await;
    use_storage(&plane);
    plane.delete(&path);
    reconcile_repeatedly(&plane, &controller, &path).await;
    assert!(!is_deleted(&plane, &external()));
    assert!(
        plane
            .get("/api/v1/namespaces/shop/secrets/orders")
            .is_some()
    );
    let (reason, message) = said(&plane, &path, "Ready");
    assert_eq!(reason, "Deleting");
    for part in ["in use by database main", "remove Delete from"] {
        assert!(message.contains(part), "{message}");
    }

    plane.delete(&user());
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.get(&external()), None);
    assert_eq!(plane.get(&path), None);
}

#[tokio::test(start_paused = true)]
async fn a_storage_and_a_database_that_is_backed_up_into_it_at_the_end_go_together() {
    let (plane, path, storages) = storage().await;
    let orders = format!("{MANAGED}/everestdatabases/main");
    plane.put(
        &orders,
        json!({"apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": "Database",
            "metadata": {"name": "main", "namespace": "shop"},
            "spec": {"forProvider": {
                "engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
                    "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
                "proxy": {"type": "haproxy"},
                "finalBackup": {"backupStorageName": "orders", "name": "last"}}}}),
    );
    let databases = process::<Databases>(&plane);
    rest(&plane, &databases, &orders).await;

    plane.delete(&path);
    plane.delete(&orders);
    reconcile_repeatedly(&plane, &storages, &path).await;
    assert!(!is_deleted(&plane, &external()));
    let (_, message) = said(&plane, &path, "Ready");
    let named = "the final backup of the managed resource Database shop/main";
    assert!(message.contains(named), "{message}");

    rest(&plane, &databases, &orders).await;
    assert_eq!(plane.get(&orders), None);
    let last = format!("{EVEREST}/databaseclusterbackups/last");
    assert_eq!(plane.made(&last), 1);
    reconcile_repeatedly(&plane, &storages, &path).await;
    assert!(!is_deleted(&plane, &external()), "a backup is still in it");
    // The garbage collector takes it after its database.
    plane.delete(&last);
    rest(&plane, &storages, &path).await;
    assert_eq!(plane.get(&external()), None);
    assert_eq!(plane.get(&path), None);
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_somebody_deletes_while_in_use_is_made_again_once_nothing_uses_it() {
    let (plane, path, controller) = storage().await;
    use_storage(&plane);
    plane.delete(&external());
    reconcile_repeatedly(&plane, &controller, &path).await;
    let (_, message) = said(&plane, &path, "Ready");
    assert!(message.contains("Used by database main"), "{message}");
    assert!(is_deleted(&plane, &external()));

    plane.delete(&user());
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.made(&external()), 2);
    assert!(!is_deleted(&plane, &external()));
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_somebody_deleted_while_in_use_goes_with_its_managed_resource() {
    let (plane, path, controller) = storage().await;
    use_storage(&plane);
    plane.delete(&external());
    plane.delete(&path);
    reconcile_repeatedly(&plane, &controller, &path).await;
    assert!(plane.get(&path).is_some());
    plane.delete(&user());
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.get(&external()), None);
    assert_eq!(plane.get(&path), None);
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_is_only_observed_is_not_written_to_although_somebody_deletes_it() {
    let (plane, path, controller) = storage().await;
    use_storage(&plane);
    plane.change(&path, &json!({"spec": {"managementPolicies": ["Observe"]}}));
    plane.delete(&external());
    plane.delete(&user());
    reconcile_repeatedly(&plane, &controller, &path).await;
    assert!(is_deleted(&plane, &external()));
}

#[tokio::test(start_paused = true)]
async fn a_final_backup_that_no_namespace_takes_any_more_holds_nothing_and_says_what_to_do() {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"},
        "finalBackup": {"backupStorageName": "s3", "name": "last"}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    plane.change(SHOP, &json!({"metadata": {"finalizers": ["kubernetes"]}}));
    plane.delete(&path);
    plane.delete(SHOP);
    reconcile_repeatedly(&plane, &controller, &path).await;
    let (reason, message) = said(&plane, &path, "Ready");
    assert_eq!(reason, "Deleting");
    for part in [
        "can no longer be taken: the namespace shop is being deleted",
        "remove spec.forProvider.finalBackup",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let database = format!("{EVEREST}/databaseclusters/orders");
    assert!(!is_deleted(&plane, &database));

    // The namespace takes the database along.
    plane.delete(&database);
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.get(&path), None);
}

#[tokio::test(start_paused = true)]
async fn a_storage_is_not_made_again_before_the_secret_of_the_old_one_is_gone() {
    let (plane, path, controller) = storage().await;
    let secret = "/api/v1/namespaces/shop/secrets/orders";
    let owner = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
        "name": "orders", "uid": "old", "controller": true});
    plane.change(secret, &json!({"metadata": {"ownerReferences": [owner]}}));
    plane.delete(&external());
    reconcile_repeatedly(&plane, &controller, &path).await;
    assert_eq!(plane.get(&external()), None);
    let (_, message) = said(&plane, &path, "Ready");
    assert!(
        message.contains("Secret shop/orders of the previous storage"),
        "{message}"
    );

    plane.delete(secret);
    rest(&plane, &controller, &path).await;
    assert!(plane.get(&external()).is_some());
    assert!(plane.get(secret).is_some());
}
