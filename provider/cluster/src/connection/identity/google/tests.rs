use std::sync::{Arc, LazyLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::Value;
use test_apiserver::loopback::Loopback;

use super::*;

static PAIR: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

fn pem() -> String {
    let der: Pkcs8V1Der<'_> = PAIR.as_der().unwrap();
    let body = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

fn key(token_uri: &str) -> SecretString {
    json!({"type": "service_account", "client_email": "everest@p.iam.gserviceaccount.com",
        "private_key_id": "k1", "private_key": pem(), "token_uri": token_uri})
    .to_string()
    .into()
}

fn refusal(given: &Given) -> String {
    Credentials::new(given).err().unwrap_or_default()
}

#[tokio::test]
async fn the_key_of_a_service_account_signs_what_google_gives_a_token_for() {
    let google = Loopback::start(|_| {
        (
            StatusCode::OK,
            json!({"access_token": "minted", "expires_in": 3599}),
        )
    })
    .await
    .unwrap();
    let token_uri = format!("{}/token", google.url);
    let credentials = Credentials::new(&Given::Local(key(&token_uri))).unwrap();
    let none: Environment = Arc::new(|_| None);
    let token = credentials.mint(&none).await.unwrap();
    assert_eq!(token.value.expose_secret(), "minted");
    assert_eq!(token.lifetime.unwrap().as_secs(), 3599);

    let asked = google.heard().remove(0);
    let assertion = asked.body().split_once("assertion=").unwrap().1;
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PAIR.public_key().as_ref())
        .verify(signed.as_bytes(), &signature)
        .unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(
        read(head),
        json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
    );
    let claims = read(claims);
    assert_eq!(claims["iss"], "everest@p.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], token_uri);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
}

#[test]
fn received_credentials_are_sent_to_google_only() {
    for (server, is_fine) in [
        ("https://oauth2.googleapis.com/token", true),
        ("https://evil.example.com/token", false),
        ("https://oauth2.googleapis.com.example.com/token", false),
        ("http://oauth2.googleapis.com/token", false),
        ("http://169.254.169.254/token", false),
        ("http://127.0.0.1/token", false),
    ] {
        let said = refusal(&Given::Received(key(server)));
        assert_eq!(said.is_empty(), is_fine, "{server}: {said}");
    }
    assert_eq!(refusal(&Given::Local(key("https://own.example.com"))), "");
}

#[test]
fn credentials_that_read_files_or_run_commands_are_refused() {
    for source in [
        json!({"file": "/var/run/secrets/kubernetes.io/serviceaccount/token"}),
        json!({"url": "http://169.254.169.254/"}),
        json!({"executable": {"command": "/bin/true"}}),
    ] {
        let text = json!({"type": "external_account", "credential_source": source,
            "token_url": "https://sts.googleapis.com/v1/token"})
        .to_string();
        let said = refusal(&Given::Received(text.into()));
        assert!(said.contains("external_account"), "{said}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_a_token_that_someone_else_renews() {
    let credentials = Credentials::new(&Given::Received("ya29.token\n".to_owned().into())).unwrap();
    let none: Environment = Arc::new(|_| None);
    let token = credentials.mint(&none).await.unwrap();
    assert_eq!(token.value.expose_secret(), "ya29.token");
    assert_eq!(token.lifetime, None);
    for wrong in ["", "two words", "{\"type\": \"hush", "[]"] {
        let said = refusal(&Given::Received(wrong.to_owned().into()));
        assert!(
            !said.is_empty() && !said.contains("hush"),
            "{wrong}: {said}"
        );
    }
}

#[test]
fn a_key_that_is_none_is_not_repeated() {
    let text = json!({"type": "service_account", "client_email": "e", "private_key": "hush"});
    let said = refusal(&Given::Received(text.to_string().into()));
    assert!(
        said.contains("private_key") && !said.contains("hush"),
        "{said}"
    );
}
