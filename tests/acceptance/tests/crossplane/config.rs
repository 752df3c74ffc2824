//! ProviderConfigs: which cluster, whether it works, who uses it, when it goes.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    process::{Provider, kubeconfig},
    scene::{MANAGED, Scene, condition},
};

const KIND: &str = "ProviderConfig";

pub fn secret(name: &str, kubeconfig: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": name },
        "data": { "kubeconfig": BASE64_STANDARD.encode(kubeconfig) },
    })
}

pub fn config(name: &str, secret: &str) -> Value {
    json!({
        "apiVersion": MANAGED,
        "kind": KIND,
        "metadata": { "name": name },
        "spec": { "credentials": {
            "source": "Secret",
            "secretRef": { "name": secret, "key": "kubeconfig" },
        }, "grants": [{ "to": ["*"] }] },
    })
}

pub fn own_kubeconfig() -> String {
    std::fs::read_to_string(kubeconfig()).unwrap()
}

/// Whether a Secret is kept by a config that is used.
pub fn is_held(secret: &Value) -> bool {
    secret["metadata"]["finalizers"] == json!(["everest.m.openeverest.io/in-use"])
}

/// A managed resource that uses a config and changes nothing.
fn observing(name: &str, config: &str) -> Value {
    json!({
        "apiVersion": MANAGED,
        "kind": "Database",
        "metadata": { "name": name },
        "spec": {
            "managementPolicies": ["Observe"],
            "providerConfigRef": { "kind": KIND, "name": config },
            "forProvider": {},
        },
    })
}

fn ready(status: &'static str, reason: &'static str) -> impl Fn(&Value) -> bool {
    move |config| {
        let ready = condition(config, "Ready");
        ready["status"] == status && ready["reason"] == reason
    }
}

#[tokio::test]
async fn a_config_says_what_is_missing_until_its_cluster_works() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("config-ready").await;
    scene.apply(&config("here", "credentials")).await;
    scene
        .until(
            MANAGED,
            KIND,
            "here",
            "no Secret",
            ready("False", "SecretMissing"),
        )
        .await;
    scene
        .apply(&secret("credentials", "{ not: [a, kubeconfig"))
        .await;
    scene
        .until(
            MANAGED,
            KIND,
            "here",
            "no kubeconfig",
            ready("False", "CredentialsMalformed"),
        )
        .await;
    let elsewhere = own_kubeconfig().replace("https://127.0.0.1:", "https://127.0.0.1:1");
    scene.apply(&secret("credentials", &elsewhere)).await;
    scene
        .until(MANAGED, KIND, "here", "no answer", |config| {
            condition(config, "Ready")["status"] == "False"
                && condition(config, "Ready")["reason"] != "CredentialsMalformed"
        })
        .await;
    scene.apply(&secret("credentials", &own_kubeconfig())).await;
    scene
        .until(MANAGED, KIND, "here", "ready", ready("True", "Available"))
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_namespaced_config_reaches_for_nothing_outside_of_its_namespace() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("config-bounds").await;
    let mut other = config("other", "credentials");
    other["spec"]["credentials"]["secretRef"]["namespace"] = json!("kube-system");
    scene.apply(&other).await;
    scene
        .until(
            MANAGED,
            KIND,
            "other",
            "not permitted",
            ready("False", "NotPermitted"),
        )
        .await;
    for credentials in [
        json!({ "source": "InjectedIdentity" }),
        json!({ "source": "Filesystem", "fs": { "path": "/etc/kubeconfig" } }),
        json!({ "source": "Environment", "env": { "name": "HOME" } }),
        json!({ "source": "Secret" }),
        json!({ "source": "Secret", "secretRef": { "name": "a", "key": "b" }, "env": { "name": "HOME" } }),
    ] {
        let mut refused = config("refused", "credentials");
        refused["spec"]["credentials"] = credentials.clone();
        assert!(scene.try_apply(&refused).await.is_err(), "{credentials}");
    }
    let mut accepted = config("identity", "credentials");
    let reference = json!({ "name": "a", "key": "b" });
    accepted["spec"]["identity"] = json!({ "type": "GoogleApplicationCredentials",
        "source": "Secret", "secretRef": reference });
    scene.try_apply(&accepted).await.unwrap();
    for identity in [
        json!({ "type": "AWSWebIdentityCredentials", "source": "InjectedIdentity" }),
        json!({ "type": "GoogleApplicationCredentials", "source": "InjectedIdentity" }),
        json!({ "type": "AzureWorkloadIdentityCredentials", "source": "InjectedIdentity" }),
        json!({ "type": "AzureWorkloadIdentityCredentials", "source": "Secret", "secretRef": reference }),
        json!({ "type": "GoogleApplicationCredentials", "source": "Environment", "env": { "name": "HOME" } }),
        json!({ "type": "GoogleApplicationCredentials", "source": "Secret" }),
        json!({ "type": "UpboundTokens", "source": "Secret", "secretRef": reference }),
    ] {
        let mut refused = config("refused", "credentials");
        refused["spec"]["identity"] = identity.clone();
        assert!(scene.try_apply(&refused).await.is_err(), "{identity}");
    }
    scene.end().await;
}

#[tokio::test]
async fn a_config_stays_while_it_is_used_and_goes_with_its_last_user() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("config-used").await;
    scene.apply(&secret("credentials", &own_kubeconfig())).await;
    scene.apply(&config("here", "credentials")).await;
    scene
        .until(MANAGED, KIND, "here", "ready", ready("True", "Available"))
        .await;
    let owner = scene
        .apply(&json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "owner" },
        }))
        .await;
    scene
        .apply(&json!({
            "apiVersion": MANAGED,
            "kind": "ProviderConfigUsage",
            "metadata": {
                "name": owner["metadata"]["uid"],
                "ownerReferences": [{
                    "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
                    "uid": owner["metadata"]["uid"], "controller": true,
                }],
            },
            "providerConfigRef": { "kind": KIND, "name": "here" },
            "resourceRef": { "apiVersion": "v1", "kind": "ConfigMap", "name": "owner" },
        }))
        .await;
    scene
        .until(MANAGED, KIND, "here", "a user", |config| {
            config["status"]["users"] == 1
        })
        .await;
    scene.delete(MANAGED, KIND, "here").await;
    scene
        .until(MANAGED, KIND, "here", "in use", |config| {
            condition(config, "Terminating")["reason"] == "InUse"
        })
        .await;
    scene.until_told("here", "UsageAccounting").await;
    scene.delete("v1", "ConfigMap", "owner").await;
    scene.until_gone(MANAGED, KIND, "here").await;
    scene.end().await;
}

/// Crossplane's own role lets a provider delete no usage.
#[tokio::test]
async fn a_usage_that_nobody_owns_does_not_hold_its_config() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("config-restored").await;
    scene
        .apply(&json!({
            "apiVersion": MANAGED,
            "kind": "ProviderConfigUsage",
            "metadata": { "name": "left-over" },
            "providerConfigRef": { "kind": KIND, "name": "here" },
            "resourceRef": { "apiVersion": MANAGED, "kind": "Database", "name": "gone" },
        }))
        .await;
    scene.apply(&secret("credentials", &own_kubeconfig())).await;
    scene.apply(&config("here", "credentials")).await;
    scene
        .until(MANAGED, KIND, "here", "its finalizer", |config| {
            config["metadata"]["finalizers"] == json!(["in-use.crossplane.io"])
        })
        .await;
    scene.delete(MANAGED, KIND, "here").await;
    scene.until_gone(MANAGED, KIND, "here").await;
    scene.end().await;
}

#[tokio::test]
async fn a_secret_in_use_can_be_deleted_and_made_again() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("config-replaced").await;
    scene.apply(&secret("credentials", &own_kubeconfig())).await;
    scene.apply(&config("here", "credentials")).await;
    scene.apply(&observing("orders", "here")).await;
    scene
        .until("v1", "Secret", "credentials", "held", is_held)
        .await;
    scene.delete("v1", "Secret", "credentials").await;
    scene.until_gone("v1", "Secret", "credentials").await;
    scene
        .until(
            MANAGED,
            KIND,
            "here",
            "no Secret",
            ready("False", "SecretMissing"),
        )
        .await;
    scene.apply(&secret("credentials", &own_kubeconfig())).await;
    scene
        .until(MANAGED, KIND, "here", "ready", ready("True", "Available"))
        .await;
    scene
        .until("v1", "Secret", "credentials", "held again", is_held)
        .await;
    scene.delete(MANAGED, "Database", "orders").await;
    scene
        .until("v1", "Secret", "credentials", "let go", |secret| {
            secret["metadata"]["finalizers"].is_null()
        })
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_config_does_not_hold_its_namespace() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("config-leaves").await;
    scene.apply(&secret("credentials", &own_kubeconfig())).await;
    scene.apply(&config("here", "credentials")).await;
    scene
        .until(MANAGED, KIND, "here", "its finalizer", |config| {
            config["metadata"]["finalizers"] == json!(["in-use.crossplane.io"])
        })
        .await;
    scene.end().await;
}
