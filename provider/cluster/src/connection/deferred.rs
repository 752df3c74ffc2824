//! A client whose credentials come from a plugin: the plugin runs on the first request.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use kube::config::{AuthInfo, ExecConfig};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tower::BoxError;

use super::{PluginError, transport};

/// Credentials are renewed when their remaining lifetime is below this.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_secs(60);

/// Credentials that the plugin gave a shorter time ago are used whatever their expiry date says: a
/// plugin may give cached ones that end soon, and clocks differ.
const FRESH: Duration = Duration::from_secs(10);

/// Longest run of a plugin: it may ask an identity provider, or open the login page of one.
const PLUGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// The time for which a failed run of the plugin is the answer to all requests: a run may ask a
/// person, and requests come by the dozen.
const FAILED_FOR: Duration = Duration::from_secs(10);

/// A client with the credentials it was made with, and when they expire.
struct Current {
    client: kube::Client,
    expires: Option<Timestamp>,
    given: Instant,
    /// The number of clients before it.
    number: u64,
}

/// The last failed run of the plugin.
struct Failure {
    error: PluginError,
    at: Instant,
}

/// The credentials in use; `None` before the first request, and after the server has refused them.
#[derive(Default)]
struct Held {
    current: Option<Current>,
    failure: Option<Failure>,
    renewed: u64,
}

/// The credentials of a client that a plugin gives.
#[derive(Clone)]
pub(crate) struct Credentials {
    config: Arc<kube::Config>,
    held: Arc<Mutex<Held>>,
}

/// A client that runs the plugin of `config` at its first request, again when the credentials
/// expire, and again after the server has refused them: a token without an expiry date may expire
/// during a long apply. The refused request is then sent once more, so that callers do not notice.
pub(super) fn client(config: kube::Config) -> (kube::Client, Credentials) {
    let namespace = config.default_namespace.clone();
    let credentials = Credentials {
        config: Arc::new(config),
        held: Arc::default(),
    };
    let used = credentials.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let credentials = used.clone();
        async move {
            let (parts, body) = request.into_parts();
            // Kept for the second time; what is sent to an API server is small.
            let body = body.collect_bytes().await?;
            let again = || Request::from_parts(parts.clone(), Body::from(body.clone()));
            let (client, number) = credentials.usable().await?;
            let response = client.send(again()).await.map_err(unwrap)?;
            if response.status() != StatusCode::UNAUTHORIZED {
                return Ok::<_, BoxError>(response);
            }
            credentials.drop_refused(number).await;
            let (client, _) = credentials.usable().await?;
            client.send(again()).await.map_err(unwrap)
        }
    });
    (kube::Client::new(service, namespace), credentials)
}

impl Credentials {
    /// Returns once a request would find credentials that have not expired. Other faults than the
    /// plugin's are left to the request.
    ///
    /// # Errors
    /// The failure of the plugin.
    pub(crate) async fn ready(&self) -> Result<(), PluginError> {
        match self.usable().await {
            Ok(_) => Ok(()),
            Err(error) => match error.downcast::<PluginError>() {
                Ok(failed) => Err(*failed),
                Err(_) => Ok(()),
            },
        }
    }

    /// A client whose credentials have not expired, and the number of these credentials.
    async fn usable(&self) -> Result<(kube::Client, u64), BoxError> {
        let mut held = Arc::clone(&self.held).lock_owned().await;
        if let Some(current) = held.current.as_ref().filter(|current| !expiring(current)) {
            return Ok((current.client.clone(), current.number));
        }
        if let Some(failure) = &held.failure
            && failure.at.elapsed() < FAILED_FOR
        {
            return Err(failure.error.clone().into());
        }
        let config = (*self.config).clone();
        // A task of its own: the end of the request must not end a login that a person is about to
        // complete. Other requests wait for the same run.
        let renewal = tokio::spawn(async move {
            held.renewed += 1;
            let number = held.renewed;
            match renew(config, number).await {
                Ok(current) => {
                    held.failure = None;
                    let client = held.current.insert(current).client.clone();
                    Ok((client, number))
                }
                Err(error) => {
                    held.failure = error.downcast_ref::<PluginError>().map(|error| Failure {
                        error: error.clone(),
                        at: Instant::now(),
                    });
                    Err(error)
                }
            }
        });
        renewal.await?
    }

    /// Drops credentials that the server has refused, unless another request has had them renewed
    /// by now.
    async fn drop_refused(&self, number: u64) {
        let mut held = self.held.lock().await;
        if held
            .current
            .as_ref()
            .is_some_and(|now| now.number == number)
        {
            held.current = None;
        }
    }
}

fn expiring(current: &Current) -> bool {
    let ends = |expires: Timestamp| Timestamp::now() + RENEW_BEFORE > expires;
    current.given.elapsed() >= FRESH && current.expires.is_some_and(ends)
}

/// Unwraps the error of the inner client, so that the outer client wraps it only once.
pub(super) fn unwrap(error: kube::Error) -> BoxError {
    match error {
        kube::Error::Service(inner) => inner,
        other => Box::new(other),
    }
}

async fn renew(mut config: kube::Config, number: u64) -> Result<Current, BoxError> {
    let mut expires = None;
    // kube would run the plugin three times for one client: for the token, for the
    // certificate, and for the expiry date.
    if let Some(exec) = config.auth_info.exec.take() {
        let credential = run(&exec).await?;
        expires = credential.expiration_timestamp;
        config.auth_info = AuthInfo {
            token: credential.token.map(SecretString::from),
            client_certificate_data: credential
                .client_certificate_data
                .map(|pem| STANDARD.encode(pem)),
            client_key_data: credential
                .client_key_data
                .map(|pem| SecretString::from(STANDARD.encode(pem))),
            ..config.auth_info
        };
    }
    // A legacy auth-provider of a kubeconfig may run a command here.
    let client = tokio::task::spawn_blocking(move || transport::client(config)).await??;
    Ok(Current {
        client,
        expires,
        given: Instant::now(),
        number,
    })
}

#[derive(Deserialize)]
struct ExecCredential {
    status: Option<Credential>,
}

/// The output of a plugin. It has no `Debug`: all of it is secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

/// Runs a plugin once. Its output is never repeated in an error.
async fn run(exec: &ExecConfig) -> Result<Credential, PluginError> {
    let command = exec.command.clone().unwrap_or_default();
    let failed = |reason: String| PluginError {
        command: command.clone(),
        reason,
    };
    let info = json!({
        "apiVersion": exec.api_version, "kind": "ExecCredential",
        "spec": {"interactive": false, "cluster": exec.cluster},
    });
    let variables = exec
        .env
        .iter()
        .flatten()
        .filter_map(|variable: &HashMap<String, String>| {
            Some((variable.get("name")?, variable.get("value")?))
        });
    // Standard output is the plugin protocol's between Terraform and this process, and
    // standard input its host's: the command gets neither.
    let child = tokio::process::Command::new(&command)
        .args(exec.args.iter().flatten())
        .envs(variables)
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PLUGIN_TIMEOUT, child)
        .await
        .map_err(|_| {
            failed(format!(
                "it did not end within {} s",
                PLUGIN_TIMEOUT.as_secs()
            ))
        })?
        .map_err(|error| match &exec.install_hint {
            Some(hint) => failed(format!("it cannot be run: {error}. {hint}")),
            None => failed(format!("it cannot be run: {error}")),
        })?;
    if !output.status.success() {
        return Err(failed(format!("it failed ({})", output.status)));
    }
    let credential: ExecCredential = serde_json::from_slice(&output.stdout)
        .map_err(|_| failed("it did not print an ExecCredential".to_owned()))?;
    credential
        .status
        .ok_or_else(|| failed("its ExecCredential has no status".to_owned()))
}
