use std::time::Duration;

use everest_schemas::Field;
use everest_schemas::models::PodSchedulingPolicyModel;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::api_server;

const POLICY: &str = "/apis/everest.percona.com/v1alpha1/podschedulingpolicies/spread";
const DATABASE: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/databaseclusters/orders";

fn policy(affinity: Value) -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "PodSchedulingPolicy",
        "metadata": {"name": "spread", "uid": "u"},
        "spec": {"engineType": "pxc", "affinityConfig": {"pxc": {"engine": affinity}}}})
}

fn model(affinity: Value) -> PodSchedulingPolicyModel {
    let policy = policy(affinity);
    serde_json::from_value(json!({"name": "spread", "spec": policy["spec"]})).unwrap()
}

fn database(policy: &str) -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "prod", "uid": "d"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "podSchedulingPolicyName": policy}})
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(60), CancellationToken::new())
}

fn apart() -> Value {
    json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        [{"topologyKey": "kubernetes.io/hostname"}]}})
}

#[tokio::test(start_paused = true)]
async fn an_object_is_made_changed_and_removed_without_a_namespace() {
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (before, after) = (model(json!({})), model(apart()));
    let made = Unacknowledged::default();
    let created = create(&cluster, &before, &made, &wait()).await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    assert_eq!(created.read_only, Field::Known(false));
    let changed = update(&cluster, &before, &after, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert_eq!(
        objects.lock().unwrap()[POLICY]["spec"]["affinityConfig"]["pxc"]["engine"],
        apart()
    );
    delete(&cluster, &after, &wait()).await.unwrap();
    assert!(!objects.lock().unwrap().contains_key(POLICY));
    assert_eq!(
        api_server::writes(&seen),
        [
            format!("PATCH {POLICY}"),
            format!("PATCH {POLICY}"),
            format!("DELETE {POLICY}")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_that_a_database_of_any_namespace_uses_is_kept() {
    let objects = [
        (POLICY.to_owned(), policy(json!({}))),
        (DATABASE.to_owned(), database("spread")),
    ];
    let (cluster, seen, _) = api_server::store(objects.into(), |_, _, _| {});
    let kept = delete(&cluster, &model(json!({})), &wait()).await;
    let error = kept.unwrap_err().to_string();
    assert!(error.contains("database prod/orders"), "{error}");
    assert!(api_server::writes(&seen).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_exists_is_not_taken_over() {
    let objects = [(POLICY.to_owned(), policy(json!({})))];
    let (cluster, _, kept) = api_server::store(objects.into(), |_, _, _| {});
    let before = kept.lock().unwrap().clone();
    let made = Unacknowledged::default();
    let created = create(&cluster, &model(apart()), &made, &wait()).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("id \"spread\""), "{error}");
    assert_eq!(*kept.lock().unwrap(), before);
}
