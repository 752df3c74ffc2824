//! Looks that are asked for, and those that end at another managed resource's object.

use serde_json::json;

use crate::{
    process::Provider,
    resources::{EVEREST, database, is, message, resource, stage},
    scene::{MANAGED, Scene, condition},
};

#[tokio::test]
async fn a_look_that_is_asked_for_is_had_and_answered() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("mr-asked").await;
    scene.apply_default_config().await;
    let mut observed = resource("Database", "orders", json!({}));
    observed["spec"]["managementPolicies"] = json!(["Observe"]);
    scene.apply(&observed).await;
    // A look without a word from a watch is ten minutes away.
    scene
        .until(MANAGED, "Database", "orders", "looked at", |database| {
            condition(database, "Synced")["reason"] == "ReconcileError"
        })
        .await;
    for asked in ["first", "second"] {
        let annotation = json!({ "crossplane.io/reconcile-requested-at": asked });
        let patch = json!({ "metadata": { "annotations": annotation } });
        scene.patch(MANAGED, "Database", "orders", &patch).await;
        scene
            .until(MANAGED, "Database", "orders", "answered", |database| {
                database["status"]["lastHandledReconcileAt"] == asked
            })
            .await;
        let told = format!("ReconcileRequestHandled: handled the requested reconcile \"{asked}\"");
        scene.until_told("orders", &told).await;
    }
    scene.delete(MANAGED, "Database", "orders").await;
    scene.end().await;
}

#[tokio::test]
async fn the_younger_of_two_that_name_one_database_is_refused_and_goes_without_it() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-rivals").await;
    scene.apply(&database("orders")).await;
    scene.ready("Database", "orders").await;
    let mut rival = database("rival");
    rival["metadata"]["annotations"] = json!({ "crossplane.io/external-name": "orders" });
    rival["spec"]["forProvider"]["engine"]["storage"]["size"] = json!("50Gi");
    scene.apply(&rival).await;
    let first = format!("managed resource {}/orders", scene.namespace);
    let refused = scene
        .until(MANAGED, "Database", "rival", "refused", |database| {
            is(database, "Synced", "False")
        })
        .await;
    let said = message(&refused, "Synced");
    assert!(said.contains(&first), "{said}");
    scene
        .until_told("rival", "CannotObserveExternalResource")
        .await;
    scene.delete(MANAGED, "Database", "rival").await;
    scene.until_gone(MANAGED, "Database", "rival").await;
    let held = scene.get(EVEREST, "DatabaseCluster", "orders").await;
    let held = held.unwrap();
    assert!(held["metadata"]["deletionTimestamp"].is_null(), "{held:#}");
    assert_eq!(held["spec"]["engine"]["storage"]["size"], "25Gi");
    let works = scene.get(MANAGED, "Database", "orders").await.unwrap();
    assert!(is(&works, "Ready", "True"), "{works:#}");
    scene.clear().await;
}
