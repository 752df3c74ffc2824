//! A whole life of each engine's database, and each object on the way.

use everest_simulator::Engine;
use serde_json::json;

use crate::film::{Film, values};
use crate::recorded::{assert_passes_through, recorded};
use crate::stage::{Stage, database, engine_plurals};

const PHASES: [&str; 4] = [
    "1-databasecluster-new",
    "2-databasecluster-creating",
    "3-databasecluster-initializing",
    "4-databasecluster-ready",
];

fn of(engine: Engine, phases: &[&str]) -> Vec<String> {
    let name = engine.type_name();
    // PostgreSQL's version is known from the first status on.
    let seen = phases
        .iter()
        .filter(|phase| engine != Engine::Postgresql || **phase != PHASES[1]);
    seen.map(|phase| format!("{name}-{phase}")).collect()
}

/// Create, become ready, back up, restore, destroy, as in the recordings.
async fn life(engine: Engine) {
    let began = std::time::Instant::now();
    let stage = Stage::new().await;
    let virtually = tokio::time::Instant::now();
    let [clusters, backups, restores] = engine_plurals(engine);
    let film = Film::of(
        &stage,
        &[
            "databaseclusters",
            "databaseclusterbackups",
            "databaseclusterrestores",
            clusters,
            backups,
            restores,
        ],
    );
    let kind = engine.type_name();
    let (name, storage) = (format!("rig-{kind}"), format!("bs-{kind}"));
    let (backup, restore) = (format!("{name}-b1"), format!("{name}-r1"));
    stage.storage(&storage).await;

    stage.ready(engine, &name).await;
    let spec = json!({"spec": {"dbClusterName": name, "backupStorageName": storage}});
    stage.create("databaseclusterbackups", &backup, spec).await;
    let succeeded = |object: &serde_json::Value| object["status"]["state"] == "Succeeded";
    stage
        .until("databaseclusterbackups", &backup, succeeded)
        .await;
    let spec = json!({"spec": {"dbClusterName": name,
        "dataSource": {"dbClusterBackupName": backup}}});
    stage
        .create("databaseclusterrestores", &restore, spec)
        .await;
    stage
        .until("databaseclusterrestores", &restore, succeeded)
        .await;
    stage.until_ready(&name).await;
    stage.delete("databaseclusters", &name).await;
    stage
        .until("databaseclusters", &name, serde_json::Value::is_null)
        .await;
    println!(
        "a life of {kind}: {:?} virtually, {:?} really",
        virtually.elapsed(),
        began.elapsed()
    );

    let versions = film.versions("DatabaseCluster", &name);
    assert_passes_through(engine, &versions, &of(engine, &PHASES));
    assert_passes_through(
        engine,
        &versions,
        &of(
            engine,
            &["7-databasecluster-restoring", "9-databasecluster-deleting"],
        ),
    );
    assert_eq!(
        values(&versions, "/status/status"),
        [
            "",
            "creating",
            "initializing",
            "ready",
            "restoring",
            "ready",
            "deleting"
        ]
    );
    let versions = film.versions("DatabaseClusterBackup", &backup);
    assert_passes_through(
        engine,
        &versions,
        &of(
            engine,
            &["5-backup-new", "6-backup-running", "6-backup-succeeded"],
        ),
    );
    let versions = film.versions("DatabaseClusterRestore", &restore);
    assert_passes_through(
        engine,
        &versions,
        &of(
            engine,
            &["7-restore-new", "7-restore-running", "8-restore-succeeded"],
        ),
    );
    for (phase, object) in [
        ("1-engine-cr", &name),
        ("5-engine-cr-with-storage", &name),
        ("9-engine-cr-deleting", &name),
        ("5-engine-backup", &backup),
        ("7-engine-restore", &restore),
    ] {
        let recording = format!("{kind}-{phase}");
        let of_kind = recorded(&recording)["kind"].as_str().unwrap().to_owned();
        let versions = film.versions(&of_kind, object);
        assert_passes_through(engine, &versions, &[recording]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pxc_database_lives_as_recorded() {
    life(Engine::Pxc).await;
}

#[tokio::test(start_paused = true)]
async fn a_mongodb_database_lives_as_recorded() {
    life(Engine::Psmdb).await;
}

#[tokio::test(start_paused = true)]
async fn a_postgresql_database_lives_as_recorded() {
    life(Engine::Postgresql).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_version_is_an_upgrade_until_the_engine_runs_it() {
    let stage = Stage::new().await;
    let film = Film::of(&stage, &["databaseclusters"]);
    let mut older = database(Engine::Pxc);
    older["spec"]["engine"]["version"] = json!("8.0.41-32.1");
    stage.create("databaseclusters", "orders", older).await;
    stage.until_ready("orders").await;
    let newer = json!({"spec": {"engine": {"version": "8.0.42-33.1"}}});
    stage.patch("databaseclusters", "orders", newer).await;
    stage.pass(1).await;
    stage.until_ready("orders").await;
    let states = values(
        &film.versions("DatabaseCluster", "orders"),
        "/status/status",
    );
    assert_eq!(
        states,
        [
            "",
            "creating",
            "initializing",
            "ready",
            "upgrading",
            "ready"
        ]
    );
}
