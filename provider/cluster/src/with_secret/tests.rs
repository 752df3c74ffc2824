use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use everest_core::v1::credentials::{Credentials, SecretState};
use everest_schemas::models::MonitoringConfigModel;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{secret_state, update};
use crate::testing::api_server;
use crate::{Change, Wait};

const CONFIG: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/monitoringconfigs/pmm";

fn key(text: &str) -> Credentials {
    Credentials(vec![text.to_owned().into()])
}

/// A cluster with a monitoring configuration, whose server takes keys while the flag is set.
fn monitored() -> (crate::Cluster, Arc<AtomicBool>) {
    let config = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "MonitoringConfig",
        "metadata": {"name": "pmm", "namespace": "prod", "uid": "u"},
        "spec": {"type": "pmm", "pmm": {"url": "https://pmm.test", "image": ""},
            "credentialsSecretName": "pmm"}});
    let objects = [(CONFIG.to_owned(), config)].into();
    let (cluster, _, held) = api_server::store(objects, |_, _, _| {});
    let server = held.server();
    server.put(json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "everest"},
        "webhooks": [{"name": "vmonitoringconfig-v1alpha1.everest.percona.com",
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://everest-operator.test/validate"},
            "rules": [{"apiGroups": ["everest.percona.com"], "apiVersions": ["*"],
                "operations": ["UPDATE"], "resources": ["monitoringconfigs"]}]}]}));
    let takes = Arc::new(AtomicBool::new(true));
    let taken = takes.clone();
    server.serve_webhooks("everest-operator.test", move |_, review: Value| {
        let allowed = taken.load(Ordering::Relaxed);
        async move {
            let uid = &review["request"]["uid"];
            json!({"response": {"uid": uid, "allowed": allowed, "status": {"code": 403,
                "reason": "Forbidden", "message": "authorization failed"}}})
        }
    });
    (cluster, takes)
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_server_did_not_take_is_not_as_written_until_one_is_taken() {
    let (cluster, takes) = monitored();
    let model: MonitoringConfigModel = serde_json::from_value(json!({"namespace": "prod",
        "name": "pmm", "spec": {"type": "pmm", "pmm": {"url": "https://pmm.test"}}}))
    .unwrap();
    let wait = Wait::new(Duration::from_secs(60), CancellationToken::new());
    let state = async || secret_state(&cluster, &model).await.unwrap();

    takes.store(false, Ordering::Relaxed);
    let changed = update(&cluster, &model, &model, Some(&key("bad")), &wait).await;
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    assert!(
        error.to_string().contains("authorization failed"),
        "{error}"
    );
    assert_eq!(state().await, SecretState::Untried);

    takes.store(true, Ordering::Relaxed);
    let changed = update(&cluster, &model, &model, Some(&key("old")), &wait).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert_eq!(state().await, SecretState::AsWritten);
}
