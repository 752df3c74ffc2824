//! A client whose token is minted at its first request, and again before it ends.

use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, StatusCode};
use kube::client::Body;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tower::BoxError;

use super::identity::{MintError, Minter};
use super::transport::BuildError;
use super::{deferred, transport};

/// A token is renewed when its remaining lifetime is below this.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// A token that the server refuses is replaced only if it is older: a new one would be refused too.
const DOUBTED: Duration = Duration::from_secs(60);

/// The time before the second attempt to mint a token. It doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A client that sends `minter`'s tokens to the server of `config`, which has no other credentials.
/// A request that is refused as not authenticated is sent once more with a new token.
///
/// The token is a header of requests to that server alone: their address is set beneath, and no
/// redirect is followed.
pub(super) fn client(config: kube::Config, minter: Minter) -> Result<kube::Client, BuildError> {
    let namespace = config.default_namespace.clone();
    let client = transport::client(config)?;
    let tokens = Arc::new(Tokens {
        minter,
        held: Mutex::default(),
    });
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, tokens) = (client.clone(), tokens.clone());
        async move {
            let (parts, body) = request.into_parts();
            // Kept for the second time; what is sent to an API server is small.
            let body = body.collect_bytes().await?;
            let with = |token: &HeaderValue| {
                let mut request = Request::from_parts(parts.clone(), Body::from(body.clone()));
                request.headers_mut().insert(AUTHORIZATION, token.clone());
                request
            };
            let token = tokens.usable().await?;
            let response = client.send(with(&token)).await.map_err(deferred::unwrap)?;
            if response.status() != StatusCode::UNAUTHORIZED || !tokens.doubt(&token).await {
                return Ok::<_, BoxError>(response);
            }
            let token = tokens.usable().await?;
            client.send(with(&token)).await.map_err(deferred::unwrap)
        }
    });
    Ok(kube::Client::new(service, namespace))
}

struct Tokens {
    minter: Minter,
    held: Mutex<Held>,
}

/// The token in use, and the last failure to renew it.
#[derive(Default)]
struct Held {
    current: Option<Current>,
    failure: Option<Failure>,
}

struct Current {
    header: HeaderValue,
    minted: Instant,
    ends: Option<Instant>,
}

struct Failure {
    error: MintError,
    pause: Duration,
    again: Instant,
}

impl Current {
    /// Whether the token may still be used after `more`.
    fn lasts(&self, more: Duration) -> bool {
        self.ends.is_none_or(|ends| Instant::now() + more < ends)
    }
}

impl Tokens {
    /// The token to use now, as a header. While it cannot be renewed, the old one is used as long
    /// as it lasts; the attempts get rarer.
    async fn usable(&self) -> Result<HeaderValue, MintError> {
        let mut held = self.held.lock().await;
        let old = held.current.as_ref();
        if let Some(current) = old.filter(|current| current.lasts(RENEW_BEFORE)) {
            return Ok(current.header.clone());
        }
        let old = old.filter(|current| current.lasts(Duration::ZERO));
        let old = old.map(|current| current.header.clone());
        if let Some(failure) = held.failure.as_ref()
            && Instant::now() < failure.again
        {
            return old.ok_or_else(|| failure.error.clone());
        }
        match self.mint().await {
            Ok(current) => {
                let header = current.header.clone();
                *held = Held {
                    current: Some(current),
                    failure: None,
                };
                Ok(header)
            }
            Err(error) => {
                let pause = held.failure.as_ref().map_or(FIRST_PAUSE, |failure| {
                    (failure.pause * 2).min(LONGEST_PAUSE)
                });
                held.failure = Some(Failure {
                    error: error.clone(),
                    pause,
                    again: Instant::now() + pause,
                });
                if old.is_some() {
                    tracing::warn!(%error, "a token is not renewed; the old one still holds");
                }
                old.ok_or(error)
            }
        }
    }

    async fn mint(&self) -> Result<Current, MintError> {
        let minted = Instant::now();
        let token = self.minter.mint().await?;
        let text = format!("Bearer {}", token.value.expose_secret());
        let mut header = HeaderValue::try_from(text).map_err(|_| MintError {
            cause: "the token has characters that no token has".to_owned(),
            remedy: "Renew the credentials of the identity".to_owned(),
        })?;
        header.set_sensitive(true);
        Ok(Current {
            header,
            minted,
            ends: token.lifetime.map(|lifetime| minted + lifetime),
        })
    }

    /// Drops a token that the server refuses; returns true if another one is worth a try.
    async fn doubt(&self, refused: &HeaderValue) -> bool {
        let mut held = self.held.lock().await;
        match &held.current {
            Some(current) if current.header != *refused => true,
            Some(current) if current.minted.elapsed() < DOUBTED => false,
            _ => {
                held.current = None;
                true
            }
        }
    }
}
