//! Admission webhooks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use test_apiserver::{ApiServer, WebhookFault};

use crate::client::{api, create, merge, server, widget};

/// A server with a webhook for widgets that paints them blue and refuses those of size 13.
fn hooked(policy: &str) -> ApiServer {
    let server = server();
    for (kind, path) in [
        ("MutatingWebhookConfiguration", "mutate"),
        ("ValidatingWebhookConfiguration", "validate"),
    ] {
        server.put(
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
            "metadata": {"name": "hooks"}, "webhooks": [{
                "name": format!("{path}.example.com"), "failurePolicy": policy,
                "clientConfig": {"url": format!("https://127.0.0.1:9443/{path}")},
                "objectSelector": {"matchExpressions":
                    [{"key": "skip", "operator": "NotIn", "values": ["true"]}]},
                "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"], "resources": ["widgets"]}]}]}),
        );
    }
    server.serve_webhooks("127.0.0.1:9443", async |path, review: Value| {
        let request = &review["request"];
        let mut response = json!({"uid": request["uid"], "allowed": true});
        if path == "/mutate" {
            let patch = json!([{"op": "add", "path": "/spec/color", "value": "blue"}]);
            response["patch"] = json!(STANDARD.encode(patch.to_string()));
        } else if request["object"]["spec"]["size"] == 13 {
            response = json!({"allowed": false, "status": {"code": 403, "reason": "Forbidden",
                "message": "13 is unlucky"}});
        }
        json!({"response": response})
    });
    server
}

#[tokio::test(start_paused = true)]
async fn webhooks_change_and_refuse_what_is_written() {
    let api = api(hooked("Fail").client());
    let made = create(&api, widget("w", json!({"size": 1}))).await.unwrap();
    assert_eq!(made["spec"]["color"], "blue");
    let refused = merge(&api, "w", json!({"spec": {"size": 13}}))
        .await
        .unwrap_err();
    assert_eq!((refused.code, refused.reason.as_str()), (403, "Forbidden"));
    assert_eq!(
        refused.message,
        "admission webhook \"validate.example.com\" denied the request: 13 is unlucky"
    );
    let mut skipped = widget("v", json!({"size": 13}));
    skipped["metadata"]["labels"] = json!({"skip": "true"});
    assert_eq!(create(&api, skipped).await.unwrap()["spec"]["color"], "red");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_is_down_or_slow_fails_the_write_unless_it_may_be_ignored() {
    let server = hooked("Fail");
    let widgets = api(server.client());
    server.fault_webhooks(Some(WebhookFault::Down));
    let refused = create(&widgets, widget("w", json!({}))).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (500, "InternalError")
    );
    assert_eq!(
        refused.message,
        "Internal error occurred: failed calling webhook \"mutate.example.com\": failed to call \
         webhook: Post \"https://127.0.0.1:9443/mutate?timeout=10s\": dial tcp 127.0.0.1:9443: \
         connect: connection refused"
    );
    server.fault_webhooks(Some(WebhookFault::Slow(Duration::from_secs(30))));
    let refused = create(&widgets, widget("w", json!({}))).await.unwrap_err();
    assert!(
        refused
            .message
            .ends_with("?timeout=10s\": context deadline exceeded")
    );
    server.fault_webhooks(None);
    create(&widgets, widget("w", json!({}))).await.unwrap();

    let server = hooked("Ignore");
    server.fault_webhooks(Some(WebhookFault::Down));
    create(&api(server.client()), widget("w", json!({})))
        .await
        .unwrap();
}
