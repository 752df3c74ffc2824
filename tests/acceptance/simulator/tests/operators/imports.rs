//! Data imports.

use everest_simulator::Engine;
use serde_json::{Value, json};

use crate::film::{Film, values};
use crate::stage::{Stage, database};

async fn importing(stage: &Stage) {
    stage.server.put(json!({
        "apiVersion": "everest.percona.com/v1alpha1", "kind": "DataImporter",
        "metadata": {"name": "dumps"},
        "spec": {"displayName": "Dumps", "description": "", "supportedEngines": ["pxc"],
            "permissions": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
            "jobSpec": {"image": "none"}},
    }));
    stage.secret("keys").await;
    let mut imported = database(Engine::Pxc);
    imported["spec"]["dataSource"] = json!({"dataImport": {"dataImporterName": "dumps",
        "source": {"path": "/dump", "s3": {"bucket": "b", "region": "r",
            "endpointURL": "https://s3.test", "credentialsSecretName": "keys"}}}});
    stage.create("databaseclusters", "orders", imported).await;
}

#[tokio::test(start_paused = true)]
async fn a_database_is_ready_then_importing_then_ready() {
    let stage = Stage::new().await;
    let film = Film::of(&stage, &["databaseclusters", "dataimportjobs"]);
    importing(&stage).await;
    let done = |job: &Value| job["status"]["state"] == "Succeeded";
    let job = stage
        .until("dataimportjobs", "data-import-orders", done)
        .await;
    assert_eq!(
        job["metadata"]["finalizers"],
        json!(["everest.percona.com/rbac-cleanup"])
    );
    stage.until_ready("orders").await;
    let now = stage.get("databaseclusters", "orders");
    assert_eq!(now["status"]["dataImportJobName"], "data-import-orders");
    assert!(now["spec"]["dataSource"].is_object());
    assert_eq!(
        values(
            &film.versions("DatabaseCluster", "orders"),
            "/status/status"
        ),
        [
            "",
            "creating",
            "initializing",
            "ready",
            "importing",
            "ready"
        ]
    );
    assert_eq!(
        values(
            &film.versions("DataImportJob", "data-import-orders"),
            "/status/state"
        ),
        ["", "Pending", "Running", "Succeeded"]
    );
    stage.delete("databaseclusters", "orders").await;
    stage
        .until("databaseclusters", "orders", Value::is_null)
        .await;
    assert!(stage.get("dataimportjobs", "data-import-orders").is_null());
    assert!(stage.get("secrets", "keys").is_null());
}

#[tokio::test(start_paused = true)]
async fn an_import_that_fails_is_an_error_for_good() {
    let stage = Stage::new().await;
    stage
        .steer(json!({"orders.import-fails": "the dump is torn"}))
        .await;
    importing(&stage).await;
    let failed = |d: &Value| d["status"]["status"] == "error";
    let failed = stage.until("databaseclusters", "orders", failed).await;
    assert_eq!(failed["status"]["message"], "Data import job failed");
    assert_eq!(failed["status"]["conditions"][0]["type"], "ImportFailed");
    stage.steer(json!({"orders.import-fails": null})).await;
    stage.pass(900).await;
    assert_eq!(
        stage.get("databaseclusters", "orders")["status"]["status"],
        "error"
    );
}

#[tokio::test(start_paused = true)]
async fn an_import_that_cannot_begin_leaves_its_database_importing() {
    let stage = Stage::new().await;
    stage
        .steer(json!({"orders.import-error": "no rights"}))
        .await;
    importing(&stage).await;
    let stuck = |job: &Value| job["status"]["state"] == "Error";
    let job = stage
        .until("dataimportjobs", "data-import-orders", stuck)
        .await;
    assert_eq!(job["status"]["message"], "no rights");
    stage.pass(900).await;
    assert_eq!(
        stage.get("databaseclusters", "orders")["status"]["status"],
        "importing"
    );
    stage.steer(json!({"orders.import-error": null})).await;
    stage.until_ready("orders").await;
}
