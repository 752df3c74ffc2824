//! What is asked of the cluster for a policy of versions.

use std::time::Duration;

use everest_core::api::ALLOWED_BEFORE;
use everest_schemas::models::EngineVersionPolicyModel;
use serde_json::{Value, json};
use test_apiserver::ApiServer;
use tokio_util::sync::CancellationToken;

use super::{create, delete, dry_run, update};
use crate::{Catalog, Change, Cluster, ClusterError, Creation, Unacknowledged, Wait};

const ENGINE: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/databaseengines/percona-xtradb-cluster-operator";

fn policy(versions: &[&str]) -> EngineVersionPolicyModel {
    serde_json::from_value(json!({"namespace": "prod", "engine": "pxc",
        "allowedVersions": versions}))
    .unwrap()
}

fn engine(allowed: &[&str]) -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
        "metadata": {"name": "percona-xtradb-cluster-operator", "namespace": "prod"},
        "spec": {"type": "pxc", "allowedVersions": allowed}})
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(60), CancellationToken::new())
}

async fn created(
    cluster: &Cluster,
    policy: &EngineVersionPolicyModel,
) -> Creation<EngineVersionPolicyModel> {
    create(cluster, policy, &Unacknowledged::default(), &wait()).await
}

fn allowed(server: &ApiServer) -> Value {
    server.get(ENGINE).unwrap()["spec"]["allowedVersions"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_policy_restores_on_its_removal_what_was_before_its_creation() {
    let server = ApiServer::new().with_everest();
    server.put(engine(&["1"]));
    let cluster = Cluster::new(server.process().client(), Catalog::default());
    let Creation::Created(made) = created(&cluster, &policy(&["2"])).await else {
        panic!("not created");
    };
    assert_eq!(made.previous_versions, policy(&["1"]).allowed_versions);
    assert_eq!(allowed(&server), json!(["2"]));
    let changed = update(&cluster, &made, &policy(&["3"]), &wait()).await;
    let Change::Done(changed) = changed else {
        panic!("{changed:?}");
    };
    assert_eq!(changed.previous_versions, policy(&["1"]).allowed_versions);
    delete(&cluster, &changed, &wait()).await.unwrap();
    let left = server.get(ENGINE).unwrap();
    assert_eq!(left["spec"]["allowedVersions"], json!(["1"]));
    assert_eq!(left["metadata"]["annotations"][ALLOWED_BEFORE], Value::Null);
    assert_eq!(left["spec"]["type"], "pxc");
    delete(&cluster, &changed, &wait()).await.unwrap();
    assert_eq!(allowed(&server), json!(["1"]), "once");
}

#[tokio::test(start_paused = true)]
async fn without_a_list_from_before_every_version_is_allowed_again() {
    let server = ApiServer::new().with_everest();
    let mut object = engine(&[]);
    object["spec"]
        .as_object_mut()
        .unwrap()
        .remove("allowedVersions");
    server.put(object);
    let cluster = Cluster::new(server.process().client(), Catalog::default());
    let made = created(&cluster, &policy(&["2"])).await;
    assert!(matches!(made, Creation::Created(_)), "{made:?}");
    delete(&cluster, &policy(&["2"]), &wait()).await.unwrap();
    assert_eq!(allowed(&server), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_second_policy_is_refused_and_a_killed_creation_goes_on() {
    let server = ApiServer::new().with_everest();
    server.put(engine(&[]));
    let cluster = Cluster::new(server.process().client(), Catalog::default());
    for _ in 0..2 {
        let made = created(&cluster, &policy(&["2"])).await;
        assert!(matches!(made, Creation::Created(_)), "{made:?}");
    }
    let other = policy(&["3"]);
    let Creation::NotCreated(error) = created(&cluster, &other).await else {
        panic!("created");
    };
    assert!(matches!(error, ClusterError::Blocked { .. }), "{error}");
    let error = dry_run(&cluster, None, &other).await.unwrap_err();
    assert!(error.to_string().contains("another policy"), "{error}");
    assert_eq!(allowed(&server), json!(["2"]));
}

#[tokio::test(start_paused = true)]
async fn the_engine_is_waited_for_and_never_made() {
    let server = ApiServer::new().with_everest();
    let process = server.process();
    let cluster = Cluster::new(process.client(), Catalog::default());
    let Creation::NotCreated(error) = created(&cluster, &policy(&["2"])).await else {
        panic!("created");
    };
    assert!(matches!(error, ClusterError::TimedOut { .. }), "{error}");
    assert!(process.writes().is_empty());
    assert!(dry_run(&cluster, None, &policy(&["2"])).await.is_ok());
}
