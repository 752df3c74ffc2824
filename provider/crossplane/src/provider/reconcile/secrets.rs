//! The Secrets beside external objects follow the Secrets that the managed resources name.

use std::sync::Arc;

use everest_core::api::SECRET_VERSION;
use serde_json::{Value, json};

use crate::provider::context::Context;
use crate::provider::controllers::controller;
use crate::provider::kind::{BackupStorages, Databases, MonitoringConfigs};
use crate::provider::rights;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{condition, rest, world};

const SECRETS: &str = "/api/v1/namespaces/shop/secrets";

fn storage() -> (ControlPlane, String) {
    let spec = json!({"type": "s3", "bucket": "mine", "region": "r",
        "secretRef": {"name": "keys"}});
    let (plane, path) = world("everestbackupstorages", "BackupStorage", &spec);
    (plane, path)
}

fn key(plane: &ControlPlane) -> Value {
    let secret = plane.get(&format!("{SECRETS}/orders"));
    secret.unwrap_or_default()["data"]["AWS_ACCESS_KEY_ID"].clone()
}

#[tokio::test(start_paused = true)]
async fn keys_that_were_rotated_are_written_and_the_storage_is_as_wanted_at_once() {
    let (plane, path) = storage();
    let (controller, _) = controller::<BackupStorages>(Arc::new(Context::apart(
        plane.client(),
        plane.target(rights::in_target),
    )));
    rest(&plane, &controller, &path).await;
    assert_eq!(key(&plane), "aWQ=");

    plane.change(
        &format!("{SECRETS}/keys"),
        &json!({"data": {"AWS_ACCESS_KEY_ID": "bmV3"}}),
    );
    let managed = serde_json::from_value(plane.get(&path).unwrap()).unwrap();
    super::reconcile(&managed, &controller).await;
    assert_eq!(key(&plane), "bmV3");
    let said = condition(&plane, &path, "UpToDate");
    assert_eq!(said["status"], "True", "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_rotated_api_key_is_tried_by_a_change_of_the_configuration() {
    let spec = json!({"type": "pmm", "pmm": {"url": "https://pmm.test"},
        "secretRef": {"name": "keys"}});
    let (plane, path) = world("everestmonitoringconfigs", "MonitoringConfig", &spec);
    let give = |key: &str| {
        plane.change(
            &format!("{SECRETS}/keys"),
            &json!({"data": {"apiKey": key}}),
        );
    };
    let (controller, _) = controller::<MonitoringConfigs>(Arc::new(Context::apart(
        plane.client(),
        plane.target(rights::in_target),
    )));
    give("b2xk");
    rest(&plane, &controller, &path).await;
    let config = "/apis/everest.percona.com/v1alpha1/namespaces/shop/monitoringconfigs/orders";
    let version = |path: &str| {
        let object = plane.get(path).unwrap_or_default();
        object["metadata"]["annotations"][SECRET_VERSION].clone()
    };
    assert_eq!(version(config), Value::Null, "it was tried at the creation");

    give("bmV3");
    rest(&plane, &controller, &path).await;
    assert!(version(config).is_string());
    assert_eq!(version(config), version(&format!("{SECRETS}/orders")));
    assert_eq!(condition(&plane, &path, "UpToDate")["status"], "True");

    let writes = plane.writes().len();
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.writes().len(), writes, "nothing is left to do");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_somebody_deletes_is_noticed_and_written_again() {
    let (plane, path) = storage();
    let (controller, mut queued) = controller::<BackupStorages>(Arc::new(Context::apart(
        plane.client(),
        plane.target(rights::in_target),
    )));
    rest(&plane, &controller, &path).await;
    while queued.try_recv().is_ok() {}

    plane.delete(&format!("{SECRETS}/orders"));
    let concerned = queued.recv().await.unwrap();
    assert_eq!(concerned.1, "orders");
    rest(&plane, &controller, &path).await;
    assert_eq!(key(&plane), "aWQ=");
}

fn database() -> (ControlPlane, String) {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy", "replicas": 3}, "usersSecretRef": {"name": "passwords"}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    plane.put(
        &format!("{SECRETS}/passwords"),
        json!({"apiVersion": "v1", "kind": "Secret", "data": {"root": "YQ=="},
            "metadata": {"name": "passwords", "namespace": "shop"}}),
    );
    (plane, path)
}

/// The passwords of the database's users.
fn passwords(plane: &ControlPlane) -> Value {
    let secret = plane.get(&format!("{SECRETS}/everest-secrets-orders"));
    secret.unwrap_or_default()["data"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_database_starts_with_its_passwords_and_follows_them_and_keeps_the_other_keys() {
    let (plane, path) = database();
    let (controller, _) = controller::<Databases>(Arc::new(Context::apart(
        plane.client(),
        plane.target(rights::in_target),
    )));
    rest(&plane, &controller, &path).await;
    assert_eq!(passwords(&plane)["root"], "YQ==");
    let written = plane
        .get(&format!("{SECRETS}/everest-secrets-orders"))
        .unwrap();
    assert_eq!(written["metadata"]["labels"]["clusterName"], "orders");

    // The operator adds the other users.
    plane.change(
        &format!("{SECRETS}/everest-secrets-orders"),
        &json!({"data": {"monitor": "Yg=="}}),
    );
    plane.change(
        &format!("{SECRETS}/passwords"),
        &json!({"data": {"root": "bmV3"}}),
    );
    rest(&plane, &controller, &path).await;
    assert_eq!(
        passwords(&plane),
        json!({"root": "bmV3", "monitor": "Yg=="})
    );
    assert_eq!(condition(&plane, &path, "UpToDate")["status"], "True");

    // A key that is taken out stays as it is.
    plane.change(
        &format!("{SECRETS}/passwords"),
        &json!({"data": {"root": null, "monitor": "Yw=="}}),
    );
    rest(&plane, &controller, &path).await;
    assert_eq!(
        passwords(&plane),
        json!({"root": "bmV3", "monitor": "Yw=="})
    );

    let writes = plane.writes().len();
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.writes().len(), writes, "nothing is left to do");
}

#[tokio::test(start_paused = true)]
async fn passwords_that_the_engine_refuses_are_not_written() {
    let (plane, path) = database();
    plane.change(
        &format!("{SECRETS}/passwords"),
        &json!({"data": {"root": "bydu"}}),
    );
    let (controller, _) = controller::<Databases>(Arc::new(Context::apart(
        plane.client(),
        plane.target(rights::in_target),
    )));
    let managed = serde_json::from_value(plane.get(&path).unwrap()).unwrap();
    super::reconcile(&managed, &controller).await;
    let said = condition(&plane, &path, "Synced");
    let message = said["message"].as_str().unwrap();
    assert!(
        message.contains("spec.forProvider.usersSecretRef"),
        "{message}"
    );
    assert!(
        message.contains("The value of root contains a quote"),
        "{message}"
    );
    assert_eq!(passwords(&plane), Value::Null);
}
