//! What goes wrong with backups and restores.

use everest_simulator::Engine;
use serde_json::{Value, json};

use crate::film::{Film, values};
use crate::stage::{Stage, database, engine_plurals};

/// A database called `source` with a backup `b1` on the storage `s3`.
pub async fn backed_up(stage: &Stage, engine: Engine) {
    stage.storage("s3").await;
    stage.ready(engine, "source").await;
    let spec = json!({"spec": {"dbClusterName": "source", "backupStorageName": "s3"}});
    stage.create("databaseclusterbackups", "b1", spec).await;
    stage
        .until("databaseclusterbackups", "b1", |b| {
            b["status"]["state"] == "Succeeded"
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_fails_says_why_unless_it_is_postgresqls() {
    for engine in Engine::ALL {
        let stage = Stage::new().await;
        backed_up(&stage, engine).await;
        stage
            .steer(json!({"r1.restore-fails": "the data are torn"}))
            .await;
        let spec = json!({"spec": {"dbClusterName": "source",
            "dataSource": {"dbClusterBackupName": "b1"}}});
        stage.create("databaseclusterrestores", "r1", spec).await;
        let failed = |restore: &Value| restore["status"]["state"] == "Failed";
        let failed = stage.until("databaseclusterrestores", "r1", failed).await;
        let why = match engine {
            Engine::Postgresql => Value::Null,
            _ => "the data are torn".into(),
        };
        assert_eq!(failed["status"]["message"], why, "{engine:?}");
        assert!(failed["status"]["completed"].is_null());
        stage.until_ready("source").await;
        stage.pass(30).await;
        let after = stage.get("databaseclusterrestores", "r1");
        assert_eq!(after["status"]["inUse"], false, "{after:#}");
        assert!(after["metadata"]["finalizers"].is_null());
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_whose_restore_fails_is_cleared_and_the_database_is_ready() {
    for engine in [Engine::Pxc, Engine::Psmdb] {
        let stage = Stage::new().await;
        backed_up(&stage, engine).await;
        stage
            .steer(json!({"copy.restore-fails": "the data are torn"}))
            .await;
        let mut copy = database(engine);
        copy["spec"]["dataSource"] = json!({"dbClusterBackupName": "b1"});
        stage.create("databaseclusters", "copy", copy).await;
        let cleared = |d: &Value| d["metadata"].is_object() && d["spec"]["dataSource"].is_null();
        stage.until("databaseclusters", "copy", cleared).await;
        stage.until_ready("copy").await;
        let restore = stage.get("databaseclusterrestores", "copy");
        assert_eq!(restore["status"]["state"], "Failed", "{engine:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_is_ready_before_the_restore_of_its_source_begins() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Psmdb).await;
    let film = Film::of(&stage, &["databaseclusters"]);
    let mut copy = database(Engine::Psmdb);
    copy["spec"]["dataSource"] = json!({"dbClusterBackupName": "b1"});
    stage.create("databaseclusters", "copy", copy).await;
    let cleared = |d: &Value| d["metadata"].is_object() && d["spec"]["dataSource"].is_null();
    stage.until("databaseclusters", "copy", cleared).await;
    let states = values(&film.versions("DatabaseCluster", "copy"), "/status/status");
    assert_eq!(
        states,
        [
            "",
            "creating",
            "initializing",
            "ready",
            "restoring",
            "ready"
        ]
    );
    // By the path, because a backup of another database has no name in this one.
    let restore = stage.get("databaseclusterrestores", "copy");
    assert!(restore["spec"]["dataSource"]["backupSource"]["path"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_restore_of_an_engine_that_somebody_deletes_runs_again() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Pxc).await;
    let spec = json!({"spec": {"dbClusterName": "source",
        "dataSource": {"dbClusterBackupName": "b1"}}});
    stage.create("databaseclusterrestores", "r1", spec).await;
    let succeeded = |restore: &Value| restore["status"]["state"] == "Succeeded";
    stage
        .until("databaseclusterrestores", "r1", succeeded)
        .await;
    stage.pass(30).await;
    let [_, _, restores] = engine_plurals(Engine::Pxc);
    let first = stage.get(restores, "r1")["metadata"]["uid"].clone();
    stage.delete(restores, "r1").await;
    let again = |made: &Value| made["metadata"].is_object() && made["metadata"]["uid"] != first;
    stage.until(restores, "r1", again).await;
    let restoring = |d: &Value| d["status"]["status"] == "restoring";
    stage.until("databaseclusters", "source", restoring).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_another_restore_says_nothing_of_a_new_one() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Pxc).await;
    stage.server.put(json!({
        "apiVersion": "pxc.percona.com/v1", "kind": "PerconaXtraDBClusterRestore",
        "metadata": {"name": "r1", "namespace": "everest"},
        "spec": {"pxcCluster": "source"}, "status": {"state": "Failed"},
    }));
    let spec = json!({"spec": {"dbClusterName": "source",
        "dataSource": {"dbClusterBackupName": "b1"}}});
    stage.create("databaseclusterrestores", "r1", spec).await;
    stage.pass(60).await;
    let [_, _, restores] = engine_plurals(Engine::Pxc);
    assert!(stage.get("databaseclusterrestores", "r1")["status"]["state"].is_null());
    stage.delete(restores, "r1").await;
    let succeeded = |restore: &Value| restore["status"]["state"] == "Succeeded";
    stage
        .until("databaseclusterrestores", "r1", succeeded)
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_loss_of_an_engines_backup_deletes_the_backup() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Postgresql).await;
    let [_, backups, _] = engine_plurals(Engine::Postgresql);
    stage.delete(backups, "b1").await;
    stage
        .until("databaseclusterbackups", "b1", Value::is_null)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_is_being_deleted_forgets_where_its_data_lie() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Psmdb).await;
    let before = stage.get("databaseclusterbackups", "b1");
    assert!(before["status"]["destination"].is_string());
    stage.steer(json!({"b1.hold": "deleting"})).await;
    stage.delete("databaseclusterbackups", "b1").await;
    let deleting = |b: &Value| b["status"]["state"] == "Deleting";
    let deleting = stage.until("databaseclusterbackups", "b1", deleting).await;
    assert!(deleting["status"]["destination"].is_null());
    assert!(deleting["status"]["completed"].is_null());
    stage.steer(json!({"b1.hold": null})).await;
    stage
        .until("databaseclusterbackups", "b1", Value::is_null)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_mongodb_backup_goes_only_while_its_database_runs() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Psmdb).await;
    let paused = |paused: bool| json!({"spec": {"paused": paused}});
    stage
        .patch("databaseclusters", "source", paused(true))
        .await;
    let stopped = |d: &Value| d["status"]["status"] == "paused";
    stage.until("databaseclusters", "source", stopped).await;
    stage.delete("databaseclusterbackups", "b1").await;
    stage.pass(600).await;
    assert!(stage.get("databaseclusterbackups", "b1")["metadata"].is_object());
    stage
        .patch("databaseclusters", "source", paused(false))
        .await;
    stage
        .until("databaseclusterbackups", "b1", Value::is_null)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_pxc_backup_may_have_gaps_after_it() {
    let stage = Stage::new().await;
    stage.steer(json!({"b1.gaps": "yes"})).await;
    backed_up(&stage, Engine::Pxc).await;
    let backup = stage.get("databaseclusterbackups", "b1");
    assert_eq!(backup["status"]["gaps"], true);
}

/// Restores the database `source` from a path in the storage `s3`.
async fn restore_from(stage: &Stage, name: &str, path: &str) {
    let source = json!({"backupSource": {"path": path, "backupStorageName": "s3"}});
    let spec = json!({"spec": {"dbClusterName": "source", "dataSource": source}});
    stage.create("databaseclusterrestores", name, spec).await;
}

/// A restore once it is in a state.
async fn restore_is(stage: &Stage, name: &str, state: &str) -> Value {
    let is = |restore: &Value| restore["status"]["state"] == state;
    stage.until("databaseclusterrestores", name, is).await
}

#[tokio::test(start_paused = true)]
async fn the_path_of_a_mongodb_backup_is_its_whole_destination() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Psmdb).await;
    let backup = stage.get("databaseclusterbackups", "b1");
    let whole = backup["status"]["destination"].as_str().unwrap();
    restore_from(&stage, "whole", whole).await;
    restore_is(&stage, "whole", "Succeeded").await;
    stage.until_ready("source").await;
    restore_from(&stage, "within", whole.strip_prefix("s3://s3/").unwrap()).await;
    let failed = restore_is(&stage, "within", "Failed").await;
    assert_eq!(
        failed["status"]["message"],
        "backupSource destination should use s3 protocol format"
    );
    stage.until_ready("source").await;
    restore_from(&stage, "short", "source/full").await;
    stage.pass(600).await;
    let short = stage.get("databaseclusterrestores", "short");
    assert!(short["status"]["state"].is_null(), "{short:#}");
}

#[tokio::test(start_paused = true)]
async fn the_path_of_a_mysql_backup_follows_the_bucket() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Pxc).await;
    restore_from(&stage, "within", "source/1/full").await;
    restore_is(&stage, "within", "Succeeded").await;
    let [_, _, restores] = engine_plurals(Engine::Pxc);
    let made = stage.get(restores, "within");
    let destination = &made["spec"]["backupSource"]["destination"];
    assert_eq!(*destination, "s3://s3/source/1/full");
    stage.until_ready("source").await;
    restore_from(&stage, "whole", "s3://s3/source/1/full").await;
    let failed = restore_is(&stage, "whole", "Failed").await;
    assert_eq!(failed["status"]["message"], "backup not found");
}

#[tokio::test(start_paused = true)]
async fn a_mysql_restore_to_a_time_without_a_log_never_begins_and_never_fails() {
    let by_name = json!({"dbClusterBackupName": "b1"});
    let by_path = json!({"backupSource": {"path": "source/1/full", "backupStorageName": "s3"}});
    for mut source in [by_name, by_path] {
        let stage = Stage::new().await;
        backed_up(&stage, Engine::Pxc).await;
        source["pitr"] = json!({"date": "2026-01-01T00:00:00Z"});
        let spec = json!({"spec": {"dbClusterName": "source", "dataSource": source}});
        stage.create("databaseclusterrestores", "r1", spec).await;
        stage.pass(3_600).await;
        let restore = stage.get("databaseclusterrestores", "r1");
        assert!(restore["status"]["state"].is_null(), "{restore:#}");
        let database = stage.get("databaseclusters", "source");
        assert_eq!(database["status"]["status"], "restoring");
    }
}

#[tokio::test(start_paused = true)]
async fn postgresql_restores_in_place_only_what_is_in_its_own_repository() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Postgresql).await;
    stage.ready(Engine::Postgresql, "other").await;
    let of = |database: &str| {
        json!({"spec": {"dbClusterName": database,
            "dataSource": {"dbClusterBackupName": "b1"}}})
    };
    stage
        .create("databaseclusterrestores", "theirs", of("other"))
        .await;
    restore_is(&stage, "theirs", "Failed").await;
    stage
        .create("databaseclusterrestores", "own", of("source"))
        .await;
    restore_is(&stage, "own", "Succeeded").await;
}

#[tokio::test(start_paused = true)]
async fn mongodb_restores_in_place_by_name_only_backups_of_its_own() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Psmdb).await;
    stage.ready(Engine::Psmdb, "other").await;
    let restore = json!({"spec": {"dbClusterName": "other",
        "dataSource": {"dbClusterBackupName": "b1"}}});
    stage
        .create("databaseclusterrestores", "theirs", restore.clone())
        .await;
    restore_is(&stage, "theirs", "Failed").await;
    stage.until_ready("other").await;
    // With a storage of its own, it never gets to the one of the backup.
    stage.storage("minio").await;
    let spec = json!({"spec": {"dbClusterName": "other", "backupStorageName": "minio"}});
    stage.create("databaseclusterbackups", "b2", spec).await;
    let succeeded = |backup: &Value| backup["status"]["state"] == "Succeeded";
    stage.until("databaseclusterbackups", "b2", succeeded).await;
    stage
        .create("databaseclusterrestores", "waits", restore)
        .await;
    stage.pass(3_600).await;
    let waits = stage.get("databaseclusterrestores", "waits");
    assert!(waits["status"]["state"].is_null(), "{waits:#}");
}

#[tokio::test(start_paused = true)]
async fn a_new_postgresql_database_finds_no_backup_by_its_path() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Postgresql).await;
    let backup = stage.get("databaseclusterbackups", "b1");
    let destination = &backup["status"]["destination"];
    let mut copy = database(Engine::Postgresql);
    copy["spec"]["dataSource"] =
        json!({"backupSource": {"path": destination, "backupStorageName": "s3"}});
    stage.create("databaseclusters", "copy", copy).await;
    stage.pass(3_600).await;
    let copy = stage.get("databaseclusters", "copy");
    assert_ne!(copy["status"]["status"], "ready", "{copy:#}");
    assert!(copy["spec"]["dataSource"].is_object());
}
