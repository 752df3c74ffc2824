//! Several writers with different wishes for one external object: one of them holds it, and nobody
//! writes in a loop.

use std::sync::Arc;
use std::time::Duration;

use crossplane_managed::cached_resource::CachedResource;
use everest_core::api::HELD_BY;
use everest_schemas::managed::Database;
use kube::api::ApiResource;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::reconcile;
use crate::provider::controllers::{Clusters, Controller};
use crate::provider::kind::Databases;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{EVEREST, MANAGED, condition, process, rest, say, world};

/// The record of a claim on a managed resource.
const RECORD: &str = "everest.m.openeverest.io/external-held-by";

const CONFIGS: &str = "/apis/everest.m.openeverest.io/v1alpha1/clusterproviderconfigs";

fn external_path() -> String {
    format!("{EVEREST}/databaseclusters/orders")
}

fn managed_path(name: &str) -> String {
    format!("{MANAGED}/everestdatabases/{name}")
}

fn wish(replicas: u32) -> Value {
    json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": replicas,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}})
}

/// A database that the managed resource `orders` has made with 3 replicas, and a younger one,
/// `mine`, that is to take it over with 5 and uses another config of the same cluster.
async fn rivals() -> (ControlPlane, String, String) {
    let (plane, path) = world("everestdatabases", "Database", &wish(3));
    let old = json!({"metadata": {"uid": "managed", "creationTimestamp": "2026-01-01T00:00:00Z"}});
    plane.change(&path, &old);
    rest(&plane, &process::<Databases>(&plane), &path).await;
    let mut config = plane.get(&format!("{CONFIGS}/default")).unwrap();
    config["metadata"] = json!({"name": "b"});
    plane.put(&format!("{CONFIGS}/b"), config);
    let mine = managed_path("mine");
    let younger = json!({"apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": "Database",
        "metadata": {"name": "mine", "namespace": "shop",
            "annotations": {"crossplane.io/external-name": "orders"}},
        "spec": {"forProvider": wish(5),
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "b"}}});
    plane.put(&mine, younger);
    let young = json!({"metadata": {"uid": "mine", "creationTimestamp": "2026-01-02T00:00:00Z"}});
    plane.change(&mine, &young);
    (plane, path, mine)
}

/// A look, once the watch shows what has happened.
async fn look(plane: &ControlPlane, controller: &Controller<Databases>, path: &str) {
    tokio::time::sleep(Duration::from_millis(1)).await;
    let managed = plane.get(path).unwrap();
    reconcile(&serde_json::from_value(managed).unwrap(), controller).await;
}

/// The controller's watch shows the managed resources as they are.
fn watch(plane: &ControlPlane, writer: &mut Writer<CachedResource>) {
    for (path, object) in plane.all() {
        if path.contains("/everestdatabases/") {
            let object = serde_json::from_value(object).unwrap();
            let cached = CachedResource::of::<Clusters<Databases>>(object).unwrap();
            writer.apply_watcher_event(&Event::Apply(cached));
        }
    }
}

fn external(plane: &ControlPlane) -> Value {
    plane.get(&external_path()).unwrap()
}

fn replicas(plane: &ControlPlane) -> Value {
    external(plane)["spec"]["engine"]["replicas"].clone()
}

/// The UID of the managed resource that holds the database.
fn holder(plane: &ControlPlane) -> String {
    let claim = external(plane)["metadata"]["annotations"][HELD_BY].clone();
    let claim = claim.as_str().unwrap_or_default();
    claim.split(' ').next().unwrap_or_default().to_owned()
}

/// The number of writes to the database so far.
fn writes(plane: &ControlPlane) -> usize {
    let path = external_path();
    let is_of = |write: &&String| write.ends_with(&path);
    plane.writes().iter().filter(is_of).count()
}

fn synced(plane: &ControlPlane, path: &str) -> (String, String) {
    let said = condition(plane, path, "Synced");
    let text = |part: &str| said[part].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

#[tokio::test(start_paused = true)]
async fn of_two_control_planes_the_last_to_take_a_database_over_holds_it_and_the_other_says_so() {
    let (plane, old, new) = rivals().await;
    // Two processes that do not see each other's managed resources.
    let (theirs, ours) = (process::<Databases>(&plane), process::<Databases>(&plane));
    assert_eq!(holder(&plane), "managed");
    rest(&plane, &ours, &new).await;
    assert_eq!(
        (replicas(&plane), holder(&plane)),
        (json!(5), "mine".into())
    );

    let before = writes(&plane);
    for _ in 0..20 {
        look(&plane, &theirs, &old).await;
        look(&plane, &ours, &new).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(writes(&plane), before);
    let (status, message) = synced(&plane, &old);
    assert_eq!(status, "False");
    assert!(message.contains("shop/mine with the UID mine"), "{message}");
    assert_eq!(synced(&plane, &new).0, "True");

    // The way back that the message names.
    assert!(message.contains(RECORD), "{message}");
    plane.change(&old, &json!({"metadata": {"annotations": {RECORD: null}}}));
    rest(&plane, &theirs, &old).await;
    assert_eq!(
        (replicas(&plane), holder(&plane)),
        (json!(3), "managed".into())
    );
    look(&plane, &ours, &new).await;
    assert!(synced(&plane, &new).1.contains("shop/orders"));

    // Who gives way lets go of the database.
    plane.delete(&new);
    rest(&plane, &ours, &new).await;
    assert_eq!(plane.get(&new), None);
    assert_eq!(holder(&plane), "managed");
}

#[tokio::test(start_paused = true)]
async fn a_lost_claim_is_made_again_by_the_holder_and_by_nobody_else() {
    let (plane, old, new) = rivals().await;
    let (theirs, ours) = (process::<Databases>(&plane), process::<Databases>(&plane));
    rest(&plane, &ours, &new).await;
    look(&plane, &theirs, &old).await;
    plane.change(
        &external_path(),
        &json!({"metadata": {"annotations": {HELD_BY: null}}}),
    );
    let before = writes(&plane);
    look(&plane, &theirs, &old).await;
    assert_eq!(writes(&plane), before);
    assert!(synced(&plane, &old).1.contains("shop/mine"));
    look(&plane, &ours, &new).await;
    assert_eq!(
        (holder(&plane), writes(&plane)),
        ("mine".into(), before + 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_managed_resource_that_was_restored_elsewhere_holds_its_database() {
    let (plane, old, _) = rivals().await;
    plane.change(&old, &json!({"metadata": {"uid": "restored"}}));
    rest(&plane, &process::<Databases>(&plane), &old).await;
    assert_eq!(holder(&plane), "restored");
    assert_eq!(synced(&plane, &old).0, "True");

    // One that goes before it has claimed the database leaves it to who holds it.
    plane.change(&old, &json!({"metadata": {"uid": "copy"}}));
    plane.delete(&old);
    rest(&plane, &process::<Databases>(&plane), &old).await;
    assert_eq!(plane.get(&old), None);
    assert_eq!(holder(&plane), "restored");
}

#[tokio::test(start_paused = true)]
async fn who_only_observes_claims_nothing() {
    let (plane, _, new) = rivals().await;
    plane.change(&new, &json!({"spec": {"managementPolicies": ["Observe"]}}));
    let before = writes(&plane);
    rest(&plane, &process::<Databases>(&plane), &new).await;
    assert_eq!((holder(&plane), writes(&plane)), ("managed".into(), before));
    assert_eq!(synced(&plane, &new).0, "True");
}

#[tokio::test(start_paused = true)]
async fn of_two_configs_of_one_cluster_the_older_managed_resource_holds_the_database() {
    let (plane, old, new) = rivals().await;
    let controller = process::<Databases>(&plane);
    let mut writer = Writer::new(Arc::new(ApiResource::erase::<Database>(&())));
    assert!(controller.resources.set(writer.as_reader()).is_ok());
    watch(&plane, &mut writer);
    let before = writes(&plane);
    for _ in 0..10 {
        look(&plane, &controller, &new).await;
        look(&plane, &controller, &old).await;
        watch(&plane, &mut writer);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!((writes(&plane), holder(&plane)), (before, "managed".into()));
    let (status, message) = synced(&plane, &new);
    assert_eq!(status, "False");
    assert!(message.contains("shop/orders"), "{message}");

    // Without the claim the object that was observed decides.
    plane.change(
        &external_path(),
        &json!({"metadata": {"annotations": {HELD_BY: null}}}),
    );
    look(&plane, &controller, &new).await;
    assert_eq!(replicas(&plane), 3);
    plane.delete(&new);
    rest(&plane, &controller, &new).await;
    assert_eq!(plane.get(&new), None);
    assert_eq!(replicas(&plane), 3);
}

/// Reconciles every second for a minute while someone else changes the replicas to 5 after each
/// write. Returns the number of writes to the database.
async fn fight(plane: &ControlPlane, path: &str, controller: &Controller<Databases>) -> usize {
    let before = writes(plane);
    for _ in 0..60 {
        if replicas(plane) != 5 {
            plane.change(
                &external_path(),
                &json!({"spec": {"engine": {"replicas": 5}}}),
            );
        }
        look(plane, controller, path).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    writes(plane) - before
}

#[tokio::test(start_paused = true)]
async fn what_someone_changes_back_each_time_is_written_ever_later_and_told() {
    let (plane, path, _) = rivals().await;
    let controller = process::<Databases>(&plane);
    look(&plane, &controller, &path).await;
    let made = fight(&plane, &path, &controller).await;
    assert!((2..=6).contains(&made), "{made}");
    let said = condition(&plane, &path, "UpToDate");
    let message = said["message"].as_str().unwrap_or_default();
    assert_eq!(said["reason"], "UpdateRequested", "{said}");
    assert!(message.contains("changes"), "{said}");

    // What the user says now does not wait.
    say(
        &plane,
        &path,
        &json!({"engine": {"resources": {"cpu": "2"}}}),
    );
    look(&plane, &controller, &path).await;
    assert_eq!(replicas(&plane), 3);
}

#[tokio::test(start_paused = true)]
async fn who_takes_the_claim_away_each_time_is_answered_ever_later() {
    let (plane, path, _) = rivals().await;
    let controller = process::<Databases>(&plane);
    let before = writes(&plane);
    for _ in 0..60 {
        plane.change(
            &external_path(),
            &json!({"metadata": {"annotations": {HELD_BY: null}}}),
        );
        look(&plane, &controller, &path).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let made = writes(&plane) - before;
    assert!((2..=6).contains(&made), "{made}");
}
