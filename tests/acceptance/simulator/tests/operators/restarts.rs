//! The operators may end at any moment, and what they remember with them.

use everest_simulator::Engine;
use serde_json::{Value, json};
use test_apiserver::{At, Fault, Trouble, When};

use crate::stage::{Stage, database};

#[tokio::test(start_paused = true)]
async fn a_creation_goes_on_wherever_the_operators_were_interrupted() {
    for engine in Engine::ALL {
        for moment in [0, 1, 5, 30, 195] {
            let mut stage = Stage::new().await;
            stage
                .create("databaseclusters", "orders", database(engine))
                .await;
            stage.pass(moment).await;
            stage.simulator.stop().await;
            stage.pass(40).await;
            stage.simulator.go_on().await;
            stage.until_ready("orders").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_goes_on_after_a_death_at_any_write() {
    let mut deaths = 0;
    for nth in 1.. {
        let mut stage = Stage::new().await;
        let operators = stage.server.process();
        stage.replace_operators(operators.client()).await;
        operators.inject(Fault::new(At::Write(nth), When::After, Trouble::Kill));
        stage
            .create("databaseclusters", "orders", database(Engine::Pxc))
            .await;
        stage.pass(400).await;
        if !operators.death().is_cancelled() {
            break;
        }
        deaths += 1;
        let client = stage.server.client();
        stage.replace_operators(client).await;
        stage.until_ready("orders").await;
        let secret = stage.get("secrets", "everest-secrets-orders");
        assert!(secret["data"]["root"].is_string(), "after write {nth}");
    }
    assert!(deaths > 8, "{deaths} writes");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_nobody_saw_is_carried_out_after_a_restart() {
    for engine in Engine::ALL {
        let mut stage = Stage::new().await;
        stage.ready(engine, "orders").await;
        let change = json!({"spec": {"engine": {"replicas": 3}, "proxy": {"replicas": 2}}});
        stage.patch("databaseclusters", "orders", change).await;
        stage.pass(1).await;
        stage.simulator.restart().await;
        let grown = |d: &Value| {
            d["status"]["status"] == "ready" && d["status"]["ready"].as_i64() >= Some(3)
        };
        stage.until("databaseclusters", "orders", grown).await;
    }
}

#[tokio::test(start_paused = true)]
async fn backups_restores_and_deletions_survive_restarts() {
    for engine in Engine::ALL {
        let mut stage = Stage::new().await;
        stage.storage("s3").await;
        stage.ready(engine, "orders").await;
        let spec = json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"}});
        stage.create("databaseclusterbackups", "b1", spec).await;
        stage.pass(15).await;
        stage.simulator.restart().await;
        let succeeded = |object: &Value| object["status"]["state"] == "Succeeded";
        stage.until("databaseclusterbackups", "b1", succeeded).await;
        let spec = json!({"spec": {"dbClusterName": "orders",
            "dataSource": {"dbClusterBackupName": "b1"}}});
        stage.create("databaseclusterrestores", "r1", spec).await;
        stage.pass(15).await;
        stage.simulator.restart().await;
        stage
            .until("databaseclusterrestores", "r1", succeeded)
            .await;
        stage.delete("databaseclusters", "orders").await;
        stage.pass(2).await;
        stage.simulator.restart().await;
        stage
            .until("databaseclusters", "orders", Value::is_null)
            .await;
        assert!(stage.get("databaseclusterbackups", "b1").is_null());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_admits_anything_while_the_operators_are_down() {
    let mut stage = Stage::new().await;
    stage.simulator.stop().await;
    let refused = stage
        .try_create("databaseclusters", "orders", database(Engine::Pxc))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("failed calling webhook"),
        "{refused}"
    );
    stage.simulator.go_on().await;
    stage
        .create("databaseclusters", "orders", database(Engine::Pxc))
        .await;
}
