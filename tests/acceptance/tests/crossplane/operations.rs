//! The provider as a process: its start, its end, its replicas, what it tells operators.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    process::Provider,
    scene::{MANAGED, Scene, condition, install},
};

const LEASE: &str = "everest-crossplane-provider";

fn holder(lease: &Value) -> &str {
    lease["spec"]["holderIdentity"].as_str().unwrap_or_default()
}

/// A replica that takes part in the election of the scene's namespace.
pub async fn replica(scene: &Scene, name: &str) -> Provider {
    Provider::begin(
        &["--leader-election"],
        &[("POD_NAMESPACE", &scene.namespace), ("POD_NAME", name)],
    )
    .await
}

pub async fn until_led_by(scene: &Scene, name: &str) {
    scene
        .until(
            "coordination.k8s.io/v1",
            "Lease",
            LEASE,
            &format!("{name} leads"),
            |lease| holder(lease).starts_with(name),
        )
        .await;
}

#[tokio::test]
async fn a_replica_that_waits_takes_over_from_one_that_ends_and_from_one_that_dies() {
    let _alone = Provider::alone().await;
    let scene = Scene::new("lease").await;
    let first = replica(&scene, "first").await;
    first.until_logged("this replica leads").await;
    let second = replica(&scene, "second").await;
    second.until_ready().await;
    let (in_order, log) = first.end().await;
    assert!(in_order, "{log}");
    assert!(log.contains("the lease is released"), "{log}");
    until_led_by(&scene, "second").await;

    let third = replica(&scene, "third").await;
    third.until_ready().await;
    second.kill();
    until_led_by(&scene, "third").await;
    drop(third);
    scene.end().await;
}

#[tokio::test]
async fn a_replica_that_loses_the_lease_ends() {
    let _alone = Provider::alone().await;
    let scene = Scene::new("lease-lost").await;
    let mut provider = replica(&scene, "first").await;
    // It knows of it later than the lease says so.
    provider.until_logged("this replica leads").await;
    scene
        .patch(
            "coordination.k8s.io/v1",
            "Lease",
            LEASE,
            &json!({ "spec": { "holderIdentity": "usurper" } }),
        )
        .await;
    assert!(!provider.exited().await, "{}", provider.log());
    assert!(
        provider.log().contains("the lease was lost"),
        "{}",
        provider.log()
    );
    scene.end().await;
}

#[tokio::test]
async fn the_provider_starts_before_its_kinds_are_there() {
    let _alone = Provider::alone().await;
    let scene = Scene::new("safe-start").await;
    scene.only_ours(MANAGED, "ProviderConfig").await;
    // While it runs it lets go of what is deleted with its definition.
    let before = Provider::start(&[], &[]).await;
    for plural in ["providerconfigs", "providerconfigusages"] {
        let name = format!("{plural}.everest.m.openeverest.io");
        let (group, kind) = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");
        scene.delete(group, kind, &name).await;
        scene.until_gone(group, kind, &name).await;
    }
    drop(before);
    let provider = Provider::start(&[], &[]).await;
    install(&scene.client).await;
    scene
        .apply(&json!({
            "apiVersion": MANAGED,
            "kind": "ProviderConfig",
            "metadata": { "name": "late" },
            "spec": { "credentials": {
                "source": "Secret",
                "secretRef": { "name": "none", "key": "kubeconfig" },
            }},
        }))
        .await;
    scene
        .until(
            MANAGED,
            "ProviderConfig",
            "late",
            "looked after",
            |config| condition(config, "Ready")["reason"] == "SecretMissing",
        )
        .await;
    let (in_order, log) = provider.end().await;
    assert!(in_order, "{log}");
    // Nobody is there any more who would take the finalizer off.
    scene
        .patch(
            MANAGED,
            "ProviderConfig",
            "late",
            &json!({ "metadata": { "finalizers": null } }),
        )
        .await;
    scene.end().await;
}

#[tokio::test]
async fn probes_and_metrics_answer_until_the_end() {
    let _alone = Provider::alone().await;
    let scene = Scene::new("metrics").await;
    let mut provider = Provider::start(&[], &[]).await;
    assert_eq!(provider.probe("/healthz").await, Some(200));
    assert_eq!(provider.probe("/elsewhere").await, Some(404));
    scene
        .apply(&json!({
            "apiVersion": MANAGED,
            "kind": "ProviderConfig",
            "metadata": { "name": "here" },
            "spec": { "credentials": {
                "source": "Secret",
                "secretRef": { "name": "none", "key": "kubeconfig" },
            }},
        }))
        .await;
    scene
        .until(
            MANAGED,
            "ProviderConfig",
            "here",
            "looked after",
            |config| condition(config, "Ready")["status"] == "False",
        )
        .await;
    // A look is counted once it is over, which is after it has said something.
    let counted =
        "controller_runtime_reconcile_total{controller=\"providerconfig\",result=\"success\"}";
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut metrics = provider.metrics().await;
    while !metrics.contains(counted) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(200)).await;
        metrics = provider.metrics().await;
    }
    for name in [counted, "# EOF"] {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
    scene.delete(MANAGED, "ProviderConfig", "here").await;
    scene.until_gone(MANAGED, "ProviderConfig", "here").await;
    provider.signal(Signal::TERM);
    assert!(provider.exited().await, "{}", provider.log());
    assert_eq!(provider.probe("/healthz").await, None);
    scene.end().await;
}

#[tokio::test]
async fn a_flag_that_there_is_not_is_refused() {
    let _alone = Provider::alone().await;
    let mut provider = Provider::begin(&["--poling=1m"], &[]).await;
    assert!(!provider.exited().await);
    assert!(provider.log().contains("--poling"), "{}", provider.log());
}
