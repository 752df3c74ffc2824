//! Changes of a managed resource have the same result whenever the process dies on the way.

use everest_core::restart::RESTARTED_FOR;
use serde_json::{Value, json};

use super::reconcile;
use crate::provider::kind::{BackupStorages, Backups, Databases, Restores};
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{
    EVEREST, MANAGED, RESTARTS, condition, process, rest, say, survives, world,
};

fn database(more: &Value) -> (ControlPlane, String) {
    let mut spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}});
    for (name, member) in more.as_object().unwrap() {
        spec[name] = member.clone();
    }
    world("everestdatabases", "Database", &spec)
}

/// That database.
fn external(plane: &ControlPlane) -> Option<Value> {
    plane.get(&format!("{EVEREST}/databaseclusters/orders"))
}

/// Its managed resource.
fn managed(plane: &ControlPlane) -> Option<Value> {
    plane.get(&format!("{MANAGED}/everestdatabases/orders"))
}

/// A database and a backup of it that are there already.
fn furnish(plane: &ControlPlane) {
    let database = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "main", "namespace": "shop"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}});
    let backup = json!({"apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseClusterBackup", "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"dbClusterName": "main", "backupStorageName": "s3"}});
    plane.put(&format!("{EVEREST}/databaseclusters/main"), database);
    plane.put(&format!("{EVEREST}/databaseclusterbackups/nightly"), backup);
}

#[tokio::test(start_paused = true)]
async fn a_database_is_made_once_whenever_the_process_dies() {
    let (_, path) = database(&json!({}));
    let plane = survives::<Databases>(|| database(&json!({"restartTrigger": "a"})), None).await;
    let external = format!("{EVEREST}/databaseclusters/orders");
    assert_eq!(plane.made(&external), 1);
    assert_eq!(condition(&plane, &path, "Ready")["status"], "True");
    // What was made with a trigger is not restarted for it.
    let annotations = &plane.get(&external).unwrap()["metadata"]["annotations"];
    assert!(annotations[RESTARTS].is_null(), "{annotations}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_exists_is_taken_over_and_not_made() {
    let external = format!("{EVEREST}/databaseclusters/main");
    let build = || {
        let (plane, path) = database(&json!({}));
        furnish(&plane);
        let name = json!({"crossplane.io/external-name": "main"});
        plane.change(&path, &json!({"metadata": {"annotations": name}}));
        say(
            &plane,
            &path,
            &json!({"engine": {"storage": {"size": "2Gi"}, "replicas": 1}}),
        );
        (plane, path)
    };
    let plane = survives::<Databases>(build, None).await;
    let held = plane.get(&external).unwrap();
    assert_eq!(held["spec"]["engine"]["storage"]["size"], "2Gi");
    assert_eq!(plane.made(&format!("{EVEREST}/databaseclusters/orders")), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_and_the_restart_asked_for_with_it_are_done_once_whenever_the_process_dies() {
    let turn = |plane: &ControlPlane, path: &str| {
        say(
            plane,
            path,
            &json!({"restartTrigger": "b", "engine": {"replicas": 5}}),
        );
    };
    let build = || database(&json!({"restartTrigger": "a"}));
    let plane = survives::<Databases>(build, Some(&turn)).await;
    let held = external(&plane).unwrap();
    assert_eq!(held["spec"]["engine"]["replicas"], 5);
    assert_eq!(held["metadata"]["annotations"][RESTARTS], "1");
}

#[tokio::test(start_paused = true)]
async fn a_paused_database_that_is_started_with_another_trigger_is_not_restarted_too() {
    let turn = |plane: &ControlPlane, path: &str| {
        say(
            plane,
            path,
            &json!({"restartTrigger": "b", "paused": false}),
        );
    };
    let build = || database(&json!({"restartTrigger": "a", "paused": true}));
    let plane = survives::<Databases>(build, Some(&turn)).await;
    let held = external(&plane).unwrap();
    assert_eq!(held["spec"]["paused"], false);
    assert!(
        held["metadata"]["annotations"][RESTARTS].is_null(),
        "{held:#}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_not_done_again_because_everest_has_lost_the_note_of_it() {
    let (plane, path) = database(&json!({"restartTrigger": "a"}));
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    let restarts = || external(&plane).unwrap()["metadata"]["annotations"][RESTARTS].clone();
    say(&plane, &path, &json!({"restartTrigger": "b"}));
    rest(&plane, &controller, &path).await;
    assert_eq!(restarts(), "1");
    let lost = json!({"metadata": {"annotations": {RESTARTED_FOR: null}}});
    plane.change(&format!("{EVEREST}/databaseclusters/orders"), &lost);
    rest(&plane, &controller, &path).await;
    assert_eq!(restarts(), "1");

    // Taken out and written again it is another one.
    for trigger in [json!(null), json!("b")] {
        say(&plane, &path, &json!({"restartTrigger": trigger}));
        rest(&plane, &controller, &path).await;
    }
    assert_eq!(restarts(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_database_goes_with_its_managed_resource_whenever_the_process_dies() {
    let turn = |plane: &ControlPlane, path: &str| plane.delete(path);
    let plane = survives::<Databases>(|| database(&json!({})), Some(&turn)).await;
    assert_eq!(external(&plane), None);
    assert_eq!(managed(&plane), None);
}

#[tokio::test(start_paused = true)]
async fn the_final_backup_is_taken_once_and_before_the_database_goes() {
    let turn = |plane: &ControlPlane, path: &str| plane.delete(path);
    let last = json!({"finalBackup": {"backupStorageName": "s3", "name": "last"}});
    let plane = survives::<Databases>(|| database(&last), Some(&turn)).await;
    let backup = format!("{EVEREST}/databaseclusterbackups/last");
    assert_eq!(plane.made(&backup), 1);
    let held = plane.get(&backup).unwrap();
    assert_eq!(held["spec"]["dbClusterName"], "orders");
    let kept = json!(["everest.percona.com/dbb-storage-protection"]);
    assert_eq!(held["metadata"]["finalizers"], kept);
    let order = plane.writes();
    let at = |write: &str| order.iter().position(|done| done == write).unwrap();
    let gone = format!("DELETE {EVEREST}/databaseclusters/orders");
    assert!(at(&format!("PATCH {backup}")) < at(&gone));
    assert_eq!(external(&plane), None);
}

#[tokio::test(start_paused = true)]
async fn a_database_stays_where_its_managed_resource_may_not_delete() {
    let turn = |plane: &ControlPlane, path: &str| {
        let policies = json!(["Observe", "Create", "Update", "LateInitialize"]);
        plane.change(path, &json!({"spec": {"managementPolicies": policies}}));
        plane.delete(path);
    };
    let plane = survives::<Databases>(|| database(&json!({})), Some(&turn)).await;
    assert!(external(&plane).is_some());
    assert_eq!(managed(&plane), None);
}

/// The definition of databases is being deleted since then.
fn withdraw(plane: &ControlPlane, since: &str) {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\
                everestdatabases.everest.m.openeverest.io";
    plane.change(path, &json!({"metadata": {"deletionTimestamp": since}}));
}

#[tokio::test(start_paused = true)]
async fn a_database_stays_when_its_managed_resource_goes_with_the_definition() {
    let turn = |plane: &ControlPlane, path: &str| {
        withdraw(plane, "2026-01-01T00:00:00Z");
        plane.delete(path);
    };
    let plane = survives::<Databases>(|| database(&json!({})), Some(&turn)).await;
    assert!(external(&plane).is_some());
    assert_eq!(managed(&plane), None);
}

#[tokio::test(start_paused = true)]
async fn a_database_stays_while_its_definition_may_not_be_read() {
    let (plane, path) = database(&json!({}));
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    plane.delete(&path);
    plane.forbid("customresourcedefinitions");
    for _ in 0..3 {
        let managed = serde_json::from_value(plane.get(&path).unwrap()).unwrap();
        reconcile(&managed, &controller).await;
    }
    let held = external(&plane).unwrap();
    assert!(held["metadata"]["deletionTimestamp"].is_null(), "{held:#}");
    let synced = condition(&plane, &path, "Synced");
    let message = synced["message"].as_str().unwrap();
    for part in [
        "may not get the CustomResourceDefinition everestdatabases.everest.m.openeverest.io",
        "remove Delete from spec.managementPolicies",
    ] {
        assert!(message.contains(part), "{message}");
    }

    // The way out: what deletes nothing does not ask about the definition.
    let policies = json!(["Observe", "Create", "Update"]);
    plane.change(&path, &json!({"spec": {"managementPolicies": policies}}));
    rest(&plane, &controller, &path).await;
    assert_eq!(managed(&plane), None);
    assert!(external(&plane).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_end_was_asked_for_before_goes_although_the_definition_does_too() {
    let turn = |plane: &ControlPlane, path: &str| {
        plane.delete(path);
        withdraw(plane, "2026-01-01T01:00:01Z");
    };
    let plane = survives::<Databases>(|| database(&json!({})), Some(&turn)).await;
    assert_eq!(external(&plane), None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_while_paused() {
    let turn = |plane: &ControlPlane, path: &str| {
        let paused = json!({"crossplane.io/paused": "true"});
        plane.change(path, &json!({"metadata": {"annotations": paused}}));
        say(plane, path, &json!({"engine": {"replicas": 5}}));
    };
    let plane = survives::<Databases>(|| database(&json!({})), Some(&turn)).await;
    let held = external(&plane).unwrap();
    assert_eq!(held["spec"]["engine"]["replicas"], 3);
}

fn backup() -> (ControlPlane, String) {
    let spec = json!({"databaseName": "main", "backupStorageName": "s3"});
    let (plane, path) = world("everestbackups", "Backup", &spec);
    furnish(&plane);
    (plane, path)
}

#[tokio::test(start_paused = true)]
async fn a_backup_is_taken_once_and_its_data_kept_whenever_the_process_dies() {
    let external = format!("{EVEREST}/databaseclusterbackups/orders");
    let plane = survives::<Backups>(backup, None).await;
    assert_eq!(plane.made(&external), 1);
    let turn = |plane: &ControlPlane, path: &str| plane.delete(path);
    let plane = survives::<Backups>(backup, Some(&turn)).await;
    assert_eq!(plane.get(&external), None);
}

fn restore() -> (ControlPlane, String) {
    let spec = json!({"databaseName": "main", "backupName": "nightly"});
    let (plane, path) = world("everestrestores", "Restore", &spec);
    furnish(&plane);
    (plane, path)
}

#[tokio::test(start_paused = true)]
async fn a_backup_goes_only_after_the_engines_own() {
    let (plane, path) = backup();
    let controller = process::<Backups>(&plane);
    rest(&plane, &controller, &path).await;
    let own = "/apis/pxc.percona.com/v1/namespaces/shop/perconaxtradbclusterbackups/orders";
    let owner = json!({"apiVersion": "everest.percona.com/v1alpha1", "uid": "x",
        "kind": "DatabaseClusterBackup", "name": "orders"});
    plane.put(
        own,
        json!({"apiVersion": "pxc.percona.com/v1", "kind": "PerconaXtraDBClusterBackup",
        "metadata": {"name": "orders", "namespace": "shop", "ownerReferences": [owner]}}),
    );
    plane.delete(&path);
    for _ in 0..3 {
        let managed = serde_json::from_value(plane.get(&path).unwrap()).unwrap();
        reconcile(&managed, &controller).await;
    }
    let external = format!("{EVEREST}/databaseclusterbackups/orders");
    assert_eq!(plane.get(&external), None);
    assert!(plane.get(&path).is_some(), "gone before the engine's own");
    plane.delete(own);
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.get(&path), None);
}

#[tokio::test(start_paused = true)]
async fn a_restore_runs_once_whenever_the_process_dies() {
    let external = format!("{EVEREST}/databaseclusterrestores/orders");
    let plane = survives::<Restores>(restore, None).await;
    assert_eq!(plane.made(&external), 1);
    // Its object may go; it is not run again.
    plane.delete(&external);
    let path = format!("{MANAGED}/everestrestores/orders");
    rest(&plane, &process::<Restores>(&plane), &path).await;
    assert_eq!(plane.made(&external), 1);
    assert_eq!(condition(&plane, &path, "Ready")["status"], "True");
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_was_only_seen_to_run_is_not_run_again_when_its_object_goes() {
    let (plane, path) = restore();
    plane.change(
        &path,
        &json!({"status": {"atProvider": {"state": "Restoring"}}}),
    );
    rest(&plane, &process::<Restores>(&plane), &path).await;
    let external = format!("{EVEREST}/databaseclusterrestores/orders");
    assert_eq!(plane.made(&external), 0);
    assert_eq!(condition(&plane, &path, "Ready")["status"], "False");
}

fn storage() -> (ControlPlane, String) {
    let spec =
        json!({"type": "s3", "bucket": "mine", "region": "r", "secretRef": {"name": "keys"}});
    world("everestbackupstorages", "BackupStorage", &spec)
}

#[tokio::test(start_paused = true)]
async fn a_storage_and_its_credentials_come_and_go_whenever_the_process_dies() {
    let plane = survives::<BackupStorages>(storage, None).await;
    assert_eq!(plane.made(&format!("{EVEREST}/backupstorages/orders")), 1);
    let turn = |plane: &ControlPlane, path: &str| plane.delete(path);
    let plane = survives::<BackupStorages>(storage, Some(&turn)).await;
    assert_eq!(plane.get(&format!("{EVEREST}/backupstorages/orders")), None);
    assert_eq!(plane.get("/api/v1/namespaces/shop/secrets/orders"), None);
}
