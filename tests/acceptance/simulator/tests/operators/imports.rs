//! Data imports.

use everest_simulator::Engine;
use serde_json::{Value, json};

use crate::film::{Film, values};
use crate::stage::{Stage, database};

const PAUSED: &str = "everest.percona.com/reconcile-paused";

async fn importing(stage: &Stage) {
    import_with(
        stage,
        json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
    )
    .await;
}

/// The same with an importer that pauses Everest, as those of Everest's chart for PXC and PostgreSQL
/// do.
async fn importing_paused(stage: &Stage) {
    let databases = json!({"apiGroups": ["everest.percona.com"], "resources": ["databaseclusters"],
        "verbs": ["get", "update"]});
    import_with(stage, databases).await;
}

async fn import_with(stage: &Stage, permission: Value) {
    stage.server.put(json!({
        "apiVersion": "everest.percona.com/v1alpha1", "kind": "DataImporter",
        "metadata": {"name": "dumps"},
        "spec": {"displayName": "Dumps", "description": "", "supportedEngines": ["pxc"],
            "permissions": [permission], "jobSpec": {"image": "none"}},
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
async fn everest_leaves_a_database_alone_while_an_importer_has_paused_it() {
    let stage = Stage::new().await;
    let film = Film::of(&stage, &["databaseclusters"]);
    stage.steer(json!({"orders.hold": "import:Running"})).await;
    importing_paused(&stage).await;
    let paused = |d: &Value| d["metadata"]["annotations"][PAUSED] == "true";
    let before = stage.until("databaseclusters", "orders", paused).await;
    assert_eq!(before["status"]["status"], "importing");
    let change = json!({"spec": {"engine": {"resources": {"cpu": "2"}}}});
    stage.patch("databaseclusters", "orders", change).await;
    stage.pass(900).await;
    let meanwhile = stage.get("databaseclusters", "orders");
    assert_eq!(meanwhile["status"], before["status"]);
    stage.steer(json!({"orders.hold": null})).await;
    stage.until_ready("orders").await;
    let versions = film.versions("DatabaseCluster", "orders");
    let pointer = "/metadata/annotations/everest.percona.com~1reconcile-paused";
    assert_eq!(values(&versions, pointer), ["", "true", ""]);
    let carried = |engine: &Value| engine["spec"]["pxc"]["resources"]["limits"]["cpu"] == "2";
    stage
        .until("perconaxtradbclusters", "orders", carried)
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_importer_that_fails_ends_its_pause_and_one_that_is_killed_does_not() {
    for (fault, is_left, state) in [
        ("import-fails", false, "error"),
        ("import-killed", true, "importing"),
    ] {
        let stage = Stage::new().await;
        let key = format!("orders.{fault}");
        stage.steer(json!({ key: "the dump is torn" })).await;
        importing_paused(&stage).await;
        let failed = |job: &Value| job["status"]["state"] == "Failed";
        let job = stage
            .until("dataimportjobs", "data-import-orders", failed)
            .await;
        assert_eq!(job["status"]["message"], "the dump is torn");
        stage.pass(900).await;
        let now = stage.get("databaseclusters", "orders");
        let left = now["metadata"]["annotations"][PAUSED] == "true";
        assert_eq!(left, is_left, "{fault}");
        assert_eq!(now["status"]["status"], state, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repaired_import_leaves_the_condition_of_the_failed_one() {
    let stage = Stage::new().await;
    let fault = |why: Value| json!({ "orders.import-fails": why });
    stage.steer(fault(json!("the dump is torn"))).await;
    importing(&stage).await;
    let failed = |d: &Value| d["status"]["status"] == "error";
    stage.until("databaseclusters", "orders", failed).await;
    stage.steer(fault(Value::Null)).await;
    // The database is ready without the job, so Everest makes it again. The keys belong to the job
    // and go with it.
    stage.delete("dataimportjobs", "data-import-orders").await;
    stage.until("secrets", "keys", Value::is_null).await;
    stage.secret("keys").await;
    let done = |job: &Value| job["status"]["state"] == "Succeeded";
    stage
        .until("dataimportjobs", "data-import-orders", done)
        .await;
    stage.until_ready("orders").await;
    let now = stage.get("databaseclusters", "orders");
    assert_eq!(now["status"]["conditions"][0]["type"], "ImportFailed");
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

#[tokio::test(start_paused = true)]
async fn a_job_of_a_user_has_no_owner_and_takes_only_a_secret_that_nobody_owns() {
    let stage = Stage::new().await;
    stage
        .create("databaseclusters", "orders", database(Engine::Pxc))
        .await;
    stage.until_ready("orders").await;
    stage.server.put(json!({
        "apiVersion": "everest.percona.com/v1alpha1", "kind": "DataImporter",
        "metadata": {"name": "dumps"},
        "spec": {"supportedEngines": ["pxc"], "jobSpec": {"image": "none"}},
    }));
    stage.secret("keys").await;
    let job = json!({"spec": {"targetClusterName": "orders", "dataImporterName": "dumps",
        "source": {"path": "/dump", "s3": {"bucket": "b", "region": "r",
            "endpointURL": "https://s3.test", "credentialsSecretName": "keys"}}}});
    stage.create("dataimportjobs", "first", job.clone()).await;
    let done = |job: &Value| job["status"]["state"] == "Succeeded";
    let first = stage.until("dataimportjobs", "first", done).await;
    assert!(first["metadata"]["ownerReferences"].is_null());
    let keys = stage.get("secrets", "keys");
    assert_eq!(keys["metadata"]["ownerReferences"][0]["name"], "first");

    stage.create("dataimportjobs", "second", job).await;
    let stuck = |job: &Value| job["status"]["state"] == "Error";
    let second = stage.until("dataimportjobs", "second", stuck).await;
    let why = second["status"]["message"].as_str().unwrap();
    assert!(why.contains("is already owned by another"), "{why}");

    stage.delete("dataimportjobs", "first").await;
    stage.until("secrets", "keys", Value::is_null).await;
    let stuck = |job: &Value| {
        let why = job["status"]["message"].as_str().unwrap_or_default();
        why.contains("not found")
    };
    stage.until("dataimportjobs", "second", stuck).await;
}
