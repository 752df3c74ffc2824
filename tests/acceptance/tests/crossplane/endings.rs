//! How things end: with their namespace, without a way to their cluster, under another replica.

use serde_json::json;

use crate::{
    config::{config, is_held, own_kubeconfig, secret},
    operations::{replica, until_led_by},
    process::Provider,
    resources::{EVEREST, database, message, resource, stage},
    scene::{MANAGED, Scene, condition},
};

const HOLD: &str = "everest.openeverest.io/hold";

/// A team's namespace with its own credentials and a database that is in the namespace of `home`.
async fn team(name: &str, home: &Scene) -> Scene {
    let team = Scene::new(name).await;
    team.apply(&secret("credentials", &own_kubeconfig())).await;
    team.apply(&config("here", "credentials")).await;
    let mut wanted = database("orders");
    wanted["spec"]["providerConfigRef"] = json!({ "kind": "ProviderConfig", "name": "here" });
    wanted["spec"]["forProvider"]["namespace"] = json!(home.namespace);
    team.apply(&wanted).await;
    team.ready("Database", "orders").await;
    team.until("v1", "Secret", "credentials", "held", is_held)
        .await;
    team
}

/// Puts a finalizer on the DatabaseCluster `orders`, or takes it off.
async fn hold(scene: &Scene, held: bool) {
    scene
        .rewrite(EVEREST, "DatabaseCluster", "orders", |found| {
            let metadata = &found["metadata"];
            let mut all = metadata["finalizers"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            all.retain(|finalizer| finalizer != HOLD);
            if held {
                all.push(HOLD.into());
            }
            let version = &metadata["resourceVersion"];
            json!({ "metadata": { "finalizers": all, "resourceVersion": version } })
        })
        .await;
}

/// Asks for the deletion of a namespace in which nobody acts, and returns when it has come to the
/// credentials.
async fn condemn(team: &Scene) {
    team.delete("v1", "Namespace", &team.namespace).await;
    team.until("v1", "Secret", "credentials", "deleted", |secret| {
        !secret["metadata"]["deletionTimestamp"].is_null()
    })
    .await;
    team.until(MANAGED, "Database", "orders", "deleted", |database| {
        !database["metadata"]["deletionTimestamp"].is_null()
    })
    .await;
}

#[tokio::test]
async fn a_process_that_begins_while_a_namespace_ends_still_deletes_what_is_in_its_clusters() {
    let _alone = Provider::alone().await;
    let first = Provider::start(&[], &[]).await;
    let home = stage("ends-home").await;
    let team = team("ends-team", &home).await;
    first.kill();
    condemn(&team).await;
    let _second = Provider::start(&[], &[]).await;
    team.until_gone("v1", "Namespace", &team.namespace).await;
    assert!(
        home.get(EVEREST, "DatabaseCluster", "orders")
            .await
            .is_none()
    );
    home.clear().await;
}

#[tokio::test]
async fn a_namespace_whose_credentials_are_gone_goes_and_an_event_tells_what_it_leaves() {
    let _alone = Provider::alone().await;
    let first = Provider::start(&[], &[]).await;
    let home = stage("lost-home").await;
    let team = team("lost-team", &home).await;
    first.kill();
    condemn(&team).await;
    let free = json!({ "metadata": { "finalizers": null } });
    team.patch("v1", "Secret", "credentials", &free).await;
    team.until_gone("v1", "Secret", "credentials").await;
    let _second = Provider::start(&[], &[]).await;
    team.until_gone("v1", "Namespace", &team.namespace).await;
    let left = home.get(EVEREST, "DatabaseCluster", "orders").await;
    assert!(left.unwrap()["metadata"]["deletionTimestamp"].is_null());
    let everywhere = Scene {
        client: team.client.clone(),
        namespace: "default".to_owned(),
    };
    let reason = "CannotDeleteExternalResource";
    everywhere.until_told(&team.namespace, reason).await;
    let told = everywhere.events(&team.namespace).await.join("\n");
    for named in [
        format!("Database {}/orders", team.namespace),
        format!("DatabaseCluster {}/orders", home.namespace),
    ] {
        assert!(told.contains(&named), "{told}");
    }
    home.clear().await;
}

#[tokio::test]
async fn a_replica_that_takes_over_finishes_a_deletion_that_another_began() {
    let _alone = Provider::alone().await;
    let election = Scene::new("ends-lease").await;
    let first = replica(&election, "first").await;
    until_led_by(&election, "first").await;
    let second = replica(&election, "second").await;
    second.until_ready().await;
    let scene = stage("ends-replica").await;
    scene.apply(&database("orders")).await;
    scene.ready("Database", "orders").await;

    hold(&scene, true).await;
    scene.delete(MANAGED, "Database", "orders").await;
    scene
        .until(MANAGED, "Database", "orders", "held", |database| {
            condition(database, "Ready")["reason"] == "Deleting"
                && message(database, "Ready").contains(HOLD)
        })
        .await;
    let (in_order, log) = first.end().await;
    assert!(in_order, "{log}");
    until_led_by(&election, "second").await;
    hold(&scene, false).await;
    scene.until_gone(MANAGED, "Database", "orders").await;
    assert!(
        scene
            .get(EVEREST, "DatabaseCluster", "orders")
            .await
            .is_none()
    );
    scene.clear().await;
    election.end().await;
}

#[tokio::test]
async fn a_namespace_that_a_managed_resource_made_goes_with_it() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("mr-namespace").await;
    scene.apply_default_config().await;
    let name = format!("{}-made", scene.namespace);
    let engines = json!({ "engines": { "postgresql": {} } });
    scene
        .apply(&resource("DatabaseNamespace", &name, engines))
        .await;
    scene.ready("DatabaseNamespace", &name).await;
    let made = scene.get("v1", "Namespace", &name).await.unwrap();
    let label = &made["metadata"]["labels"]["app.kubernetes.io/managed-by"];
    assert_eq!(label, "everest", "{made:#}");
    scene.delete(MANAGED, "DatabaseNamespace", &name).await;
    scene.until_gone(MANAGED, "DatabaseNamespace", &name).await;
    assert!(scene.get("v1", "Namespace", &name).await.is_none());
    scene.end().await;
}
