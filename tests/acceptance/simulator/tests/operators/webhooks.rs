//! Webhooks that are down, slow, or ask somebody who is.

use std::time::Duration;

use everest_simulator::Engine;
use serde_json::json;
use tokio::time::Instant;

use crate::stage::{Stage, database};

#[tokio::test(start_paused = true)]
async fn webhooks_that_are_down_refuse_every_write_and_deletion() {
    let stage = Stage::new().await;
    stage.ready(Engine::Pxc, "orders").await;
    stage.steer(json!({"webhook": "down"})).await;
    stage.pass(5).await;
    for name in ["more", "other"] {
        let refused = stage
            .try_create("databaseclusters", name, database(Engine::Pxc))
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("failed calling webhook"),
            "{refused}"
        );
    }
    stage.steer(json!({"webhook": null})).await;
    stage.pass(5).await;
    stage.ready(Engine::Pxc, "more").await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_webhook_delays_a_write_up_to_ten_seconds() {
    let stage = Stage::new().await;
    for (delay, admitted) in [("8s", true), ("12s", false)] {
        stage.steer(json!({"webhook-delay": delay})).await;
        stage.pass(5).await;
        let began = Instant::now();
        let name = format!("slow-{delay}");
        let created = stage
            .try_create("databaseclusters", &name, database(Engine::Pxc))
            .await;
        assert_eq!(created.is_ok(), admitted, "{created:?}");
        assert!(began.elapsed() >= Duration::from_secs(8));
    }
}

#[tokio::test(start_paused = true)]
async fn a_monitoring_config_is_refused_when_its_pmm_is_down_or_against_it() {
    let stage = Stage::new().await;
    stage
        .create("secrets", "pmm", json!({"stringData": {"apiKey": "k"}}))
        .await;
    let config = json!({"spec": {"type": "pmm", "credentialsSecretName": "pmm",
        "pmm": {"url": "https://pmm.test", "image": "pmm"}}});
    for (answer, said) in [
        ("down", "connection refused"),
        ("unauthorized", "authorization failed"),
        ("licence expired", "licence expired"),
    ] {
        stage.steer(json!({"pmm": answer})).await;
        stage.pass(5).await;
        let refused = stage
            .try_create("monitoringconfigs", "pmm", config.clone())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
    stage.steer(json!({"pmm": null})).await;
    stage.pass(5).await;
    stage.create("monitoringconfigs", "pmm", config).await;
}
