use std::time::Duration;

use everest_schemas::Field;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::api_server;

const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod";
const SECRET: &str = "/api/v1/namespaces/prod/secrets/first-load";

fn model() -> DataImportJobModel {
    serde_json::from_value(json!({"namespace": "prod", "databaseName": "orders",
        "name": "first-load", "dataImporterName": "dump", "accessKeyId": "id",
        "secretAccessKey": "key", "source": {"path": "d", "s3": {"bucket": "b", "region": "r",
            "endpointURL": "https://s3.example.com"}}}))
    .unwrap()
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

fn database(status: &str) -> (String, Value) {
    (
        format!("{EVEREST}/databaseclusters/orders"),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
            "metadata": {"name": "orders", "namespace": "prod"}, "status": {"status": status},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}}),
    )
}

fn ends_in(state: &'static str) -> impl Fn(&mut api_server::Objects, &str, &str) {
    move |objects, method, path| {
        if method == "PATCH" && path.contains("/dataimportjobs/") {
            objects.get_mut(path).unwrap()["status"] =
                json!({"state": state, "message": "because"});
        }
    }
}

async fn made(cluster: &Cluster) -> Creation<DataImportJobModel> {
    let made = Unacknowledged::default();
    create(cluster, &model(), &model(), &made, &wait()).await
}

#[tokio::test(start_paused = true)]
async fn an_import_that_succeeds_is_created_with_its_secret() {
    let (cluster, _, objects) = api_server::store([database("ready")].into(), ends_in("Succeeded"));
    let Creation::Created(created) = made(&cluster).await else {
        panic!("not created")
    };
    assert_eq!(created.state.known_str(), Some("Succeeded"));
    assert_eq!(created.secret_name.known_str(), Some("first-load"));
    let objects = objects.lock().unwrap();
    assert_eq!(objects[SECRET]["data"]["AWS_ACCESS_KEY_ID"], "aWQ=");
}

#[tokio::test(start_paused = true)]
async fn an_import_that_fails_has_failed_and_says_why() {
    let (cluster, _, _) = api_server::store([database("ready")].into(), ends_in("Failed"));
    let created = made(&cluster).await;
    let Creation::Failed { error, .. } = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("because"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_for_a_database_that_is_not_there() {
    let (cluster, _, objects) = api_server::store([].into(), ends_in("Succeeded"));
    let created = made(&cluster).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("does not exist"), "{error}");
    assert!(!objects.lock().unwrap().contains_key(SECRET));
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_recorded_and_what_is_gone_stays_as_it_was() {
    let (cluster, log, _) = api_server::store([].into(), |_, _, _| {});
    let prior = DataImportJobModel {
        state: "Succeeded".into(),
        ..model()
    };
    let planned = DataImportJobModel {
        access_key_id: Field::Null,
        secret_access_key: Field::Null,
        ..prior.clone()
    };
    let changed = update(&cluster, &prior, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(done) if done == planned));
    assert!(log.lock().unwrap().is_empty(), "no request is needed");

    let prior = DataImportJobModel {
        state: "Running".into(),
        ..model()
    };
    let planned = DataImportJobModel {
        state: Field::Unknown,
        ..prior.clone()
    };
    let changed = update(&cluster, &prior, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(done) if done == prior));
}
