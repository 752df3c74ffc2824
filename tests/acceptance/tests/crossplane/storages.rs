//! The end of backup storages that are in use.

use serde_json::{Value, json};

use crate::{
    process::Provider,
    resources::{EVEREST, database, message, stage, storage},
    scene::{MANAGED, Scene, condition},
};

/// A namespace with a storage that works.
async fn bucket(name: &str) -> Scene {
    let scene = stage(name).await;
    scene.apply(&storage(&scene, "s3")).await;
    scene.ready("BackupStorage", "s3").await;
    scene
}

/// A database that is backed up into it every night.
fn backed_up() -> Value {
    let mut wanted = database("orders");
    wanted["spec"]["forProvider"]["backup"] = json!({ "schedules": [{
        "name": "nightly", "enabled": true, "schedule": "0 2 * * *", "backupStorageName": "s3",
    }]});
    wanted
}

/// Returns when Everest has marked the storage as used.
async fn until_used(scene: &Scene) {
    scene
        .until(EVEREST, "BackupStorage", "s3", "in use", |storage| {
            storage["status"]["inUse"] == true
                && storage["metadata"]["finalizers"]
                    .to_string()
                    .contains("in-use")
        })
        .await;
}

/// Returns when the managed storage waits for `user`, and says so.
async fn until_held_by(scene: &Scene, user: &str) {
    scene
        .until(MANAGED, "BackupStorage", "s3", "held", |storage| {
            condition(storage, "Ready")["reason"] == "Deleting"
                && message(storage, "Ready").contains(user)
        })
        .await;
}

#[tokio::test]
async fn a_storage_in_use_keeps_its_credentials_and_goes_with_its_last_user() {
    let _provider = Provider::shared().await;
    let scene = bucket("st-used").await;
    scene.apply(&backed_up()).await;
    scene.ready("Database", "orders").await;
    until_used(&scene).await;

    scene.delete(MANAGED, "BackupStorage", "s3").await;
    until_held_by(&scene, "in use by database orders").await;
    for (group, kind) in [(EVEREST, "BackupStorage"), ("v1", "Secret")] {
        let kept = scene.get(group, kind, "s3").await.unwrap();
        assert!(kept["metadata"]["deletionTimestamp"].is_null(), "{kept:#}");
    }

    scene.delete(MANAGED, "Database", "orders").await;
    scene.until_gone(MANAGED, "BackupStorage", "s3").await;
    assert!(scene.get(EVEREST, "BackupStorage", "s3").await.is_none());
    scene.until_gone("v1", "Secret", "s3").await;
    scene.clear().await;
}

#[tokio::test]
async fn a_storage_and_a_database_with_a_final_backup_in_it_can_be_deleted_at_once() {
    let _provider = Provider::shared().await;
    let scene = bucket("st-last").await;
    let mut wanted = backed_up();
    wanted["spec"]["forProvider"]["finalBackup"] =
        json!({ "backupStorageName": "s3", "name": "last" });
    scene.apply(&wanted).await;
    scene.ready("Database", "orders").await;
    scene.delete(MANAGED, "BackupStorage", "s3").await;
    scene.delete(MANAGED, "Database", "orders").await;
    scene
        .until(
            EVEREST,
            "DatabaseClusterBackup",
            "last",
            "begun",
            |backup| backup["spec"]["dbClusterName"] == "orders",
        )
        .await;
    scene.until_gone(MANAGED, "Database", "orders").await;
    scene.until_gone(MANAGED, "BackupStorage", "s3").await;
    scene.clear().await;
}

#[tokio::test]
async fn a_storage_that_somebody_deleted_while_in_use_is_made_again_once_nothing_uses_it() {
    let _provider = Provider::shared().await;
    let scene = bucket("st-lost").await;
    scene.apply(&backed_up()).await;
    scene.ready("Database", "orders").await;
    until_used(&scene).await;
    let before = scene.get(EVEREST, "BackupStorage", "s3").await.unwrap();

    scene.delete(EVEREST, "BackupStorage", "s3").await;
    scene
        .until(MANAGED, "BackupStorage", "s3", "used", |storage| {
            message(storage, "Ready").contains("Used by database orders")
        })
        .await;
    scene.delete(MANAGED, "Database", "orders").await;
    let another = |storage: &Value| storage["metadata"]["uid"] != before["metadata"]["uid"];
    scene
        .until(EVEREST, "BackupStorage", "s3", "made again", another)
        .await;
    scene.until_told("s3", "DeletedExternalResource").await;
    scene.ready("BackupStorage", "s3").await;
    let keys = scene.get("v1", "Secret", "s3").await.unwrap();
    assert!(keys["metadata"]["deletionTimestamp"].is_null(), "{keys:#}");
    scene.clear().await;
}
