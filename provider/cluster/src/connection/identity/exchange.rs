//! Requests to the token servers of clouds.

use std::time::Duration;

use everest_core::clean;
use everest_schemas::Sensitive;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Environment, MintError, Token};
use crate::connection::{proxy, shown, transport};
use crate::error::chain;

/// Longest time for one exchange. Whoever needs the token waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest answer that is read.
const LONGEST: usize = 64 * 1024;

/// The most characters of a server's answer that are repeated.
const REPEATED: usize = 500;

/// Everything but the characters that never need an escape (RFC 3986).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Escapes a text for a URL or a form.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The body of a form.
pub(super) fn form(members: &[(&str, &str)]) -> Vec<u8> {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    members.join("&").into_bytes()
}

/// A request that sends a form and wants JSON.
pub(super) fn post(url: &Uri, members: &[(&str, &str)]) -> http::Result<Request<Vec<u8>>> {
    Request::post(url)
        .header(http::header::ACCEPT, "application/json")
        .header(
            http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        )
        .body(form(members))
}

/// Checks the URL of a token server: it is encrypted, or on this machine.
pub(super) fn server(url: &str) -> Result<Uri, String> {
    let uri: Uri = url
        .parse()
        .map_err(|_| format!("{url:?} is not a URL like https://login.example.com"))?;
    let user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) if !user => Ok(uri),
        (Some("http"), Some(host)) if !user && proxy::is_loopback(host) => Ok(uri),
        _ => Err(format!(
            "{:?} is not a URL like https://login.example.com",
            shown(&uri)
        )),
    }
}

/// A token as OAuth 2.0 grants it.
#[derive(Deserialize)]
pub(super) struct Granted {
    access_token: Sensitive<String>,
    expires_in: Option<u64>,
}

impl From<Granted> for Token {
    fn from(granted: Granted) -> Self {
        Token {
            value: granted.access_token.into_inner().into(),
            lifetime: granted.expires_in.map(Duration::from_secs),
        }
    }
}

/// Which exchange it is, for messages.
pub(super) struct Exchange<'a> {
    /// What to do if the server refuses.
    pub(super) remedy: &'a str,
    /// What is sent and must not be repeated.
    pub(super) secrets: &'a [&'a str],
    pub(super) environment: &'a Environment,
}

impl Exchange<'_> {
    /// Sends a request, and reads the answer if it is a good one.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        request: http::Result<Request<Vec<u8>>>,
    ) -> Result<T, MintError> {
        let refused = |cause: String| MintError {
            cause,
            remedy: self.remedy.to_owned(),
        };
        let request =
            request.map_err(|error| refused(format!("the request is not valid: {error}")))?;
        let server = shown(request.uri());
        let sent = tokio::time::timeout(PATIENCE, self.sent(request)).await;
        let unanswered = |cause: String| MintError {
            cause: format!("{server} does not answer: {cause}"),
            remedy: "Check that the provider's pod can reach it".to_owned(),
        };
        let (status, body) = sent
            .map_err(|_| unanswered(format!("no answer within {} s", PATIENCE.as_secs())))?
            .map_err(unanswered)?;
        if status != StatusCode::OK {
            let said = serde_json::from_slice(&body).ok();
            let said = said.and_then(|answer| self.said(&answer));
            let said = said.map(|said| format!(": {said}")).unwrap_or_default();
            return Err(refused(format!("{server} answers {status}{said}")));
        }
        // The parser would repeat what it cannot read, which may be a token.
        serde_json::from_slice(&body)
            .map_err(|_| refused(format!("{server} answers with something else than a token")))
    }

    async fn sent(&self, request: Request<Vec<u8>>) -> Result<(StatusCode, Vec<u8>), String> {
        let (mut parts, body) = request.into_parts();
        let mut config = kube::Config::new(parts.uri.clone());
        config.default_retry = false;
        config.connect_timeout = Some(PATIENCE);
        if let Some(path) = parts.uri.path_and_query().cloned() {
            let mut base = parts.uri.into_parts();
            base.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
            config.cluster_url = Uri::from_parts(base).map_err(|error| error.to_string())?;
            parts.uri = Uri::from(path);
        }
        // What a cloud serves unencrypted is beside the pod, and no proxy can reach it.
        if config.cluster_url.scheme_str() == Some("https") {
            let environment = &|name: &str| (self.environment)(name);
            config.proxy_url = proxy::from_environment(&config.cluster_url, environment)
                .map_err(|error| error.to_string())?;
        }
        let client = transport::client(config).map_err(|error| error.to_string())?;
        let request = Request::from_parts(parts, Body::from(body));
        let response = client.send(request).await.map_err(|error| match &error {
            kube::Error::Service(source) => chain(source.as_ref()),
            other => chain(other),
        })?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(|error| chain(error.as_ref()))?;
        Ok((status, body.to_bytes().to_vec()))
    }

    /// What a server says in a refusal, in the members that OAuth 2.0 and AWS have for that.
    fn said(&self, answer: &Value) -> Option<String> {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str);
        let said = [
            ("/error", "/error_description"),
            ("/Error/Code", "/Error/Message"),
            ("/code", "/message"),
        ]
        .into_iter()
        .find_map(|(code, message)| match (text(code), text(message)) {
            (Some(code), Some(message)) => Some(format!("{code}: {message}")),
            (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
            (None, None) => None,
        })?;
        let hidden = self
            .secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(said, |said, secret| said.replace(secret, "(hidden)"));
        Some(clean(hidden.lines().next().unwrap_or_default(), REPEATED))
    }
}
