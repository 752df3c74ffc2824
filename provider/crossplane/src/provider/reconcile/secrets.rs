//! The Secret of a storage follows the Secret that the managed resource names.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::provider::context::Context;
use crate::provider::controllers::controller;
use crate::provider::kind::BackupStorages;
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
    assert_eq!(concerned.name, "orders");
    rest(&plane, &controller, &path).await;
    assert_eq!(key(&plane), "aWQ=");
}
