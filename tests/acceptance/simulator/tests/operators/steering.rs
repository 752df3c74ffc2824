//! The keys that say how long things take.

use std::time::Duration;

use everest_simulator::{Engine, Pace};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::stage::{Stage, database};

/// How long it takes until an object is as wanted, to half a second.
async fn takes(
    stage: &Stage,
    plural: &str,
    name: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Duration {
    let began = Instant::now();
    stage.until(plural, name, wanted).await;
    began.elapsed()
}

fn about(took: Duration, seconds: u64) -> bool {
    let least = Duration::from_secs(seconds);
    took >= least && took < least + Duration::from_secs(8)
}

#[tokio::test(start_paused = true)]
async fn a_database_takes_three_phases_and_as_long_as_it_initializes() {
    let ready = |d: &Value| d["status"]["status"] == "ready";
    for (settings, seconds) in [
        (json!({}), 10 + 180),
        (json!({"phase-delay": "20s"}), 20 + 20),
        (
            json!({"phase-delay": "20s", "ready-delay": "15m"}),
            20 + 900,
        ),
        (json!({"ready-delay": "30s"}), 10 + 30),
    ] {
        let stage = Stage::new().await;
        stage.steer(settings.clone()).await;
        stage
            .create("databaseclusters", "orders", database(Engine::Pxc))
            .await;
        let took = takes(&stage, "databaseclusters", "orders", ready).await;
        assert!(about(took, seconds), "{settings}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn backups_and_restores_run_as_long_as_their_keys_say() {
    let stage = Stage::new().await;
    stage
        .steer(json!({"b1.backup-delay": "20m", "r1.restore-delay": "30m"}))
        .await;
    stage.storage("s3").await;
    stage.ready(Engine::Pxc, "orders").await;
    let succeeded = |object: &Value| object["status"]["state"] == "Succeeded";
    let spec = json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"}});
    stage.create("databaseclusterbackups", "b1", spec).await;
    let took = takes(&stage, "databaseclusterbackups", "b1", succeeded).await;
    // The engine has to learn of the storage first; the next try comes after ten seconds.
    assert!(about(took, 1_200 + 20), "{took:?}");
    let spec = json!({"spec": {"dbClusterName": "orders",
        "dataSource": {"dbClusterBackupName": "b1"}}});
    stage.create("databaseclusterrestores", "r1", spec).await;
    let took = takes(&stage, "databaseclusterrestores", "r1", succeeded).await;
    assert!(about(took, 1_800 + 20), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn mongodb_must_have_been_ready_for_a_while_before_a_restore() {
    for (settings, seconds) in [(json!({}), 30), (json!({"docs.restore-grace": "10m"}), 600)] {
        let stage = Stage::new().await;
        stage.steer(settings.clone()).await;
        stage.storage("s3").await;
        stage.ready(Engine::Psmdb, "docs").await;
        let source = json!({"backupSource": {"path": "s3://b/p", "backupStorageName": "s3"}});
        let spec = json!({"spec": {"dbClusterName": "docs", "dataSource": source}});
        stage.create("databaseclusterrestores", "r1", spec).await;
        let began = |restore: &Value| restore["metadata"].is_object();
        let took = takes(&stage, "perconaservermongodbrestores", "r1", began).await;
        assert!(took <= Duration::from_secs(seconds + 10), "{took:?}");
        assert!(
            took + Duration::from_secs(10) >= Duration::from_secs(seconds),
            "{took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_quick_pace_a_life_takes_seconds() {
    let stage = Stage::at(Pace::quick()).await;
    let began = Instant::now();
    stage.ready(Engine::Psmdb, "docs").await;
    stage.delete("databaseclusters", "docs").await;
    stage
        .until("databaseclusters", "docs", Value::is_null)
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}
