use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use serde_json::{Value, json};
use test_apiserver::loopback::{Heard, Loopback, Said};

use super::*;
use crate::connection::{ConnectError, Trust, connect_as};
use crate::error::{ClusterError, Object};

fn environment(set: &[(&str, &str)]) -> Environment {
    let set: HashMap<String, String> = set
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Arc::new(move |name| set.get(name).cloned())
}

/// A token server that answers the same, whatever it is asked.
async fn cloud(status: u16, said: Value) -> Loopback {
    let status = StatusCode::from_u16(status).unwrap();
    Loopback::start(move |_| (status, said.clone()))
        .await
        .unwrap()
}

/// A token server whose tokens are `t1`, `t2` and so on, each for an hour, until it is closed.
async fn minting(open: Arc<Mutex<bool>>) -> Loopback {
    let minted = Mutex::new(0);
    Loopback::start(move |_| {
        if !*open.lock().unwrap() {
            return (StatusCode::SERVICE_UNAVAILABLE, json!({}));
        }
        let mut minted = minted.lock().unwrap();
        *minted += 1;
        let token = format!("t{minted}");
        (
            StatusCode::OK,
            json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}),
        )
    })
    .await
    .unwrap()
}

fn bearer(heard: &Heard) -> &str {
    let header = heard.headers().get("authorization");
    let header = header.map_or("", |header| header.to_str().unwrap());
    header.strip_prefix("Bearer ").unwrap_or_default()
}

fn config_map() -> Said {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    (StatusCode::OK, object)
}

fn unauthorized() -> Said {
    let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 401,
        "reason": "Unauthorized", "message": "Unauthorized"});
    (StatusCode::UNAUTHORIZED, status)
}

/// An API server that accepts some tokens only.
async fn api_server(accepted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Loopback {
    Loopback::start(move |heard| match accepted(bearer(heard)) {
        true => config_map(),
        false => unauthorized(),
    })
    .await
    .unwrap()
}

fn kubeconfig(cluster: &str, user: &str) -> String {
    format!(
        "current-context: one\n\
         clusters: [{{ name: eu, cluster: {{ {cluster} }} }}]\n\
         users: [{{ name: u, user: {{ {user} }} }}]\n\
         contexts: [{{ name: one, context: {{ cluster: eu, user: u }} }}]\n"
    )
}

fn client(
    server: &str,
    user: &str,
    identity: Result<Identity, String>,
) -> Result<kube::Client, ConnectError> {
    let text = kubeconfig(&format!("server: '{server}'"), user);
    connect_as(&text, None, Trust::default(), identity.unwrap())
}

/// A client of the server, and of an identity of the pod at Google.
fn of_google(server: &Loopback, google: &Loopback) -> kube::Client {
    let environment = environment(&[("GCE_METADATA_HOST", google.host())]);
    let identity = Identity::new(
        IdentityType::GoogleApplicationCredentials,
        &Given::OfThePod,
        environment,
    );
    client(&server.url, "", identity).unwrap()
}

async fn ask(client: &kube::Client) -> Result<(), ClusterError> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "n");
    let object = Object {
        kind: "ConfigMap".to_owned(),
        resource: "configmaps".to_owned(),
        namespace: Some("n".to_owned()),
        name: "a".to_owned(),
    };
    let answer = api.get("a").await;
    answer
        .map(|_| ())
        .map_err(|error| ClusterError::from_kube(error, "get", &object))
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

#[tokio::test]
async fn the_token_of_eks_is_signed_by_the_role_of_the_pod() {
    let keys = json!({"AccessKeyId": "ASIAPOD", "SecretAccessKey": "hush", "SessionToken": "session",
        "Expiration": 4.0e9});
    let irsa = cloud(
        200,
        json!({"AssumeRoleWithWebIdentityResponse": {
            "AssumeRoleWithWebIdentityResult": {"Credentials": keys}}}),
    )
    .await;
    let agent = cloud(
        200,
        json!({"AccessKeyId": "ASIAPOD", "SecretAccessKey": "hush", "Token": "session",
            "Expiration": "2100-01-01T00:00:00Z"}),
    )
    .await;
    let token = file("of-the-service-account\n");
    let region = ("AWS_REGION", "eu-central-1");
    let surroundings = [
        environment(&[
            region,
            ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", path(&token)),
            ("AWS_ENDPOINT_URL_STS", &irsa.url),
        ]),
        environment(&[
            region,
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &agent.url),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path(&token)),
        ]),
        environment(&[
            region,
            ("AWS_ACCESS_KEY_ID", "ASIAPOD"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
        ]),
    ];
    for environment in surroundings {
        let server = api_server(|token| {
            let Some(encoded) = token.strip_prefix("k8s-aws-v1.") else {
                return false;
            };
            let url = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap();
            url.starts_with("https://sts.eu-central-1.amazonaws.com/?")
                && url.contains("X-Amz-Credential=ASIAPOD%2F")
        })
        .await;
        let identity = Identity::new(
            IdentityType::AWSWebIdentityCredentials,
            &Given::OfThePod,
            environment,
        );
        ask(&client(&server.url, "", identity).unwrap())
            .await
            .unwrap();
    }
    let asked = irsa.heard().remove(0);
    assert!(
        asked
            .body()
            .contains("WebIdentityToken=of-the-service-account"),
        "{}",
        asked.body()
    );
    assert_eq!(
        agent.heard()[0].headers()["authorization"],
        "of-the-service-account"
    );
}

#[tokio::test]
async fn the_token_of_gke_is_that_of_the_metadata_server() {
    let google = minting(Arc::new(Mutex::new(true))).await;
    let server = api_server(|token| token == "t1").await;
    ask(&of_google(&server, &google)).await.unwrap();
    let asked = google.heard().remove(0);
    assert_eq!(asked.headers()["metadata-flavor"], "Google");
    let path = asked.uri().to_string();
    assert!(
        path.starts_with("/computeMetadata/v1/instance/service-accounts/default/token?scopes="),
        "{path}"
    );
}

#[tokio::test]
async fn the_token_of_aks_is_for_the_server_that_the_kubeconfig_names() {
    let entra = minting(Arc::new(Mutex::new(true))).await;
    let federated = file("of-the-service-account");
    let surroundings = environment(&[
        ("AZURE_AUTHORITY_HOST", &entra.url),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_FEDERATED_TOKEN_FILE", path(&federated)),
    ]);
    let given = json!({"tenantId": "tenant", "clientId": "client", "clientSecret": "hush"});
    let given = Given::Received(given.to_string().into());
    let exec = "exec: { command: kubelogin, args: [get-token, --server-id, aks-one] }";
    for (type_, given, user, proof) in [
        (
            IdentityType::AzureServicePrincipalCredentials,
            &given,
            exec,
            "client_secret=hush",
        ),
        (
            IdentityType::AzureWorkloadIdentityCredentials,
            &Given::OfThePod,
            "",
            "client_assertion=of-the-service-account",
        ),
    ] {
        let server = api_server(|token| token.starts_with('t')).await;
        let identity = Identity::new(type_, given, surroundings.clone());
        ask(&client(&server.url, user, identity).unwrap())
            .await
            .unwrap();
        let asked = entra.heard().remove(0);
        assert_eq!(asked.uri(), "/tenant/oauth2/v2.0/token");
        let scope = match user {
            "" => "scope=6dae42f8-4368-4678-94ff-3960e28e3630%2F.default",
            _ => "scope=aks-one%2F.default",
        };
        let body = asked.body();
        assert!(body.contains(proof) && body.contains(scope), "{body}");
    }
}

#[tokio::test]
async fn a_token_takes_the_place_of_all_that_the_kubeconfigs_user_has_but_whom_it_impersonates() {
    let google = minting(Arc::new(Mutex::new(true))).await;
    let server = api_server(|token| token == "t1").await;
    for user in [
        "token: theirs, as: someone",
        "exec: { command: /bin/false }, as: someone",
        "tokenFile: /etc/hostname, as: someone",
        "username: a, password: b, as: someone",
    ] {
        let environment = environment(&[("GCE_METADATA_HOST", google.host())]);
        let identity = Identity::new(
            IdentityType::GoogleApplicationCredentials,
            &Given::OfThePod,
            environment,
        );
        let client = client(&server.url, user, identity).unwrap();
        // Each client mints its own; only the first is accepted.
        let _ = ask(&client).await;
        for heard in server.heard() {
            assert!(bearer(&heard).starts_with('t'), "{user}");
            assert_eq!(heard.headers()["impersonate-user"], "someone", "{user}");
            assert_eq!(heard.headers().get_all("authorization").iter().count(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_ends() {
    let google = minting(Arc::new(Mutex::new(true))).await;
    let server = api_server(|_| true).await;
    let client = of_google(&server, &google);
    for _ in 0..3 {
        ask(&client).await.unwrap();
    }
    assert_eq!(google.heard().len(), 1);
    tokio::time::advance(Duration::from_secs(3530)).await;
    ask(&client).await.unwrap();
    assert_eq!(google.heard().len(), 0);
    server.heard();
    tokio::time::advance(Duration::from_secs(20)).await;
    ask(&client).await.unwrap();
    assert_eq!(bearer(&server.heard()[0]), "t2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_renewed_is_used_as_long_as_it_lasts_and_asked_for_ever_less() {
    let open = Arc::new(Mutex::new(true));
    let google = minting(open.clone()).await;
    let server = api_server(|_| true).await;
    let client = of_google(&server, &google);
    ask(&client).await.unwrap();
    *open.lock().unwrap() = false;
    tokio::time::advance(Duration::from_secs(3545)).await;
    ask(&client).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    let error = ask(&client).await.unwrap_err();
    assert!(matches!(error, ClusterError::NoToken { .. }), "{error}");
    assert!(error.passes(), "a wait goes on");
    google.heard();
    for _ in 0..600 {
        ask(&client).await.unwrap_err();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let asked = google.heard().len();
    assert!((9..=16).contains(&asked), "{asked} attempts in ten minutes");
    *open.lock().unwrap() = true;
    tokio::time::advance(Duration::from_secs(61)).await;
    ask(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_replaced_unless_it_is_new() {
    let google = minting(Arc::new(Mutex::new(true))).await;
    let server = api_server(|token| token == "t2").await;
    let client = of_google(&server, &google);
    let error = ask(&client).await.unwrap_err();
    assert!(
        matches!(error, ClusterError::Unauthorized { .. }),
        "{error}"
    );
    ask(&client).await.unwrap_err();
    assert_eq!(google.heard().len(), 1);
    tokio::time::advance(Duration::from_secs(61)).await;
    ask(&client).await.unwrap();
    assert_eq!(google.heard().len(), 1);
}

#[tokio::test]
async fn a_refusal_of_the_cloud_is_told_without_secrets() {
    let token = file("of-the-service-account");
    let entra = cloud(
        401,
        json!({"error": "invalid_client",
            "error_description": "AADSTS7000215: Invalid client secret hush.\r\nTrace ID: 1"}),
    )
    .await;
    let sts = cloud(
        403,
        json!({"Error": {"Code": "AccessDenied",
            "Message": "Not authorized: of-the-service-account", "Type": "Sender"}}),
    )
    .await;
    let metadata = cloud(404, json!("of-the-service-account")).await;
    let redirecting = cloud(302, json!({"location": format!("{}/token", sts.url)})).await;
    let principal = json!({"tenantId": "t", "clientId": "c", "clientSecret": "hush"});
    let rows = [
        (
            IdentityType::AzureServicePrincipalCredentials,
            Given::Received(principal.to_string().into()),
            environment(&[("AZURE_AUTHORITY_HOST", &entra.url)]),
            "401 Unauthorized: invalid_client: AADSTS7000215: Invalid client secret (hidden).. \
             Check tenantId",
        ),
        (
            IdentityType::AWSWebIdentityCredentials,
            Given::OfThePod,
            environment(&[
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
                ("AWS_WEB_IDENTITY_TOKEN_FILE", path(&token)),
                ("AWS_ENDPOINT_URL_STS", &sts.url),
            ]),
            "403 Forbidden: AccessDenied: Not authorized: (hidden). Let the role \
             arn:aws:iam::1:role/r trust",
        ),
        (
            IdentityType::GoogleApplicationCredentials,
            Given::OfThePod,
            environment(&[("GCE_METADATA_HOST", metadata.host())]),
            "answers 404 Not Found. Check that the provider's ServiceAccount is bound",
        ),
        (
            IdentityType::GoogleApplicationCredentials,
            Given::OfThePod,
            environment(&[("GCE_METADATA_HOST", redirecting.host())]),
            "answers 302 Found. Check",
        ),
        (
            IdentityType::GoogleApplicationCredentials,
            Given::OfThePod,
            environment(&[("GCE_METADATA_HOST", "127.0.0.1:9")]),
            "http://127.0.0.1:9/computeMetadata/v1/instance/service-accounts/default/token does \
             not answer",
        ),
        (
            IdentityType::AWSWebIdentityCredentials,
            Given::OfThePod,
            environment(&[("AWS_REGION", "eu-central-1")]),
            "the provider's pod has no identity in AWS",
        ),
    ];
    let server = api_server(|_| true).await;
    for (type_, given, environment, expected) in rows {
        let identity = Identity::new(type_, &given, environment);
        let client = client(&server.url, "", identity).unwrap();
        let error = ask(&client).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        let secret = error.contains("hush") || error.contains("of-the-service-account");
        assert!(!secret, "{error}");
    }
    assert_eq!(server.heard().len(), 0, "nothing is sent without a token");
    assert_eq!(sts.heard().len(), 1, "no redirect is followed");
}

#[tokio::test]
async fn a_token_goes_to_no_other_server() {
    let google = minting(Arc::new(Mutex::new(true))).await;
    let elsewhere = api_server(|_| true).await;
    let target = format!("{}/api/v1/namespaces/n/configmaps/a", elsewhere.url);
    let server = Loopback::start(move |_| (StatusCode::FOUND, json!({"location": target})))
        .await
        .unwrap();
    // The client takes the redirect itself for an answer.
    let _ = ask(&of_google(&server, &google)).await;
    assert_eq!(server.heard().len(), 1);
    assert_eq!(elsewhere.heard().len(), 0);
}

#[tokio::test]
async fn a_server_whose_certificate_is_not_checked_gets_no_token() {
    for cluster in [
        "server: 'http://eks.example.com'",
        "server: 'https://eks.example.com', insecure-skip-tls-verify: true",
    ] {
        let identity = Identity::new(
            IdentityType::AWSWebIdentityCredentials,
            &Given::OfThePod,
            environment(&[]),
        );
        let text = kubeconfig(cluster, "");
        let error = connect_as(&text, None, Trust::default(), identity.unwrap());
        let error = error.err().unwrap().to_string();
        assert!(error.contains("gets no token"), "{error}");
    }
}
