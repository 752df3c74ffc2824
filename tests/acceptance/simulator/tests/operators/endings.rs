//! How databases end, and what keeps them from it.

use everest_simulator::Engine;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::backups::backed_up;
use crate::stage::{NAMESPACE, Stage};

const HOURS: u64 = 2 * 3_600;

#[tokio::test(start_paused = true)]
async fn a_background_deletion_of_a_database_with_a_backup_never_ends() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Pxc).await;
    let background = DeleteParams::background();
    stage
        .api("databaseclusters")
        .delete("source", &background)
        .await
        .unwrap();
    stage.pass(HOURS).await;
    assert_eq!(
        stage.get("databaseclusters", "source")["status"]["status"],
        "deleting"
    );
    assert!(stage.get("databaseclusterbackups", "b1")["metadata"]["deletionTimestamp"].is_null());

    // The backup's own deletion lets it go.
    stage.delete("databaseclusterbackups", "b1").await;
    stage
        .until("databaseclusters", "source", Value::is_null)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_engine_is_not_recorded_can_neither_be_changed_nor_go() {
    let stage = Stage::new().await;
    stage.ready(Engine::Psmdb, "docs").await;
    stage
        .delete("databaseengines", Engine::Psmdb.operator())
        .await;
    stage.delete("databaseclusters", "docs").await;
    stage.pass(HOURS).await;
    let held = stage.get("databaseclusters", "docs");
    assert_eq!(
        held["status"]["status"], "ready",
        "nobody says that it goes"
    );
    let released = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let refused = stage
        .api("databaseclusters")
        .patch("docs", &Default::default(), &released)
        .await;
    assert!(refused.is_err(), "the webhook asks for the record");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_without_its_label_is_left_alone() {
    let stage = Stage::new().await;
    stage.ready(Engine::Pxc, "orders").await;
    let path = format!("/api/v1/namespaces/{NAMESPACE}");
    let label = |value: Value| {
        move |namespace: &mut Value| {
            namespace["metadata"]["labels"]["app.kubernetes.io/managed-by"] = value;
        }
    };
    stage.server.change(&path, label("nobody".into()));
    stage.pass(5).await;
    stage.delete("databaseclusters", "orders").await;
    stage.pass(HOURS).await;
    assert_eq!(
        stage.get("databaseclusters", "orders")["status"]["status"],
        "ready"
    );
    stage.server.change(&path, label("everest".into()));
    stage.pass(5).await;
    let touched = json!({"metadata": {"labels": {"touched": "yes"}}});
    stage.patch("databaseclusters", "orders", touched).await;
    stage
        .until("databaseclusters", "orders", Value::is_null)
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_lock_is_taken_off_after_ten_minutes_unless_it_is_no_time() {
    let stage = Stage::new().await;
    let lock = |value: &str| json!({"metadata": {"annotations": {"everest.percona.com/upgrade-lock": value}}});
    let engine = Engine::Pxc.operator();
    let locked = || stage.get("databaseengines", engine)["metadata"]["annotations"].clone();
    let now = stage.server.now().to_string();
    stage.patch("databaseengines", engine, lock(&now)).await;
    stage.pass(590).await;
    assert!(locked().is_object());
    stage.pass(15).await;
    assert!(locked()["everest.percona.com/upgrade-lock"].is_null());

    stage.patch("databaseengines", engine, lock("soon")).await;
    stage.pass(HOURS).await;
    assert_eq!(locked()["everest.percona.com/upgrade-lock"], "soon");
}
