//! Identities of Google, for GKE.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, Uri};
use jiff::Timestamp;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::exchange::{self, Exchange, Granted, escaped};
use super::{Environment, Given, Members, MintError, Token};

/// What the tokens are for: all of Google Cloud, because GKE has no narrower one, and the e-mail
/// address, which role bindings name.
const SCOPES: [&str; 2] = [
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
];

/// Where tokens come from.
const TOKENS: &str = "https://oauth2.googleapis.com/token";

/// The domain that received credentials are sent to.
const DOMAIN: &str = ".googleapis.com";

/// The variable with the path of the pod's own credentials, if they are not those of its node.
const DEFAULT: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// How long an assertion is valid, in seconds: the longest that Google accepts.
const ASSERTED: i64 = 3600;

const REMEDY: &str = "Check in IAM that the service account and its key exist and are enabled";

/// Credentials of Google.
pub(super) enum Credentials {
    /// Those of the pod.
    OfThePod,
    /// The key of a service account.
    Key(Box<Key>),
    /// The sign-in of a user.
    User(User),
    /// A token, which someone else renews.
    Token(SecretString),
}

pub(super) struct Key {
    email: String,
    id: Option<String>,
    pair: RsaKeyPair,
    server: Uri,
}

pub(super) struct User {
    id: String,
    secret: SecretString,
    refresh: SecretString,
    server: Uri,
}

impl Credentials {
    /// Reads credentials.
    pub(super) fn new(given: &Given) -> Result<Self, String> {
        match given {
            Given::OfThePod => Ok(Credentials::OfThePod),
            Given::Local(text) => Credentials::parse(text, false),
            Given::Received(text) => Credentials::parse(text, true),
        }
    }

    fn parse(text: &SecretString, received: bool) -> Result<Self, String> {
        let trimmed = text.expose_secret().trim();
        if !trimmed.starts_with(['{', '[', '"']) {
            return match trimmed.is_empty() || trimmed.contains(char::is_whitespace) {
                true => Err("it is neither a JSON object nor an access token".to_owned()),
                false => Ok(Credentials::Token(trimmed.to_owned().into())),
            };
        }
        let members = Members::parse(text)?;
        let server = token_server(members.get("token_uri"), received);
        match members.get("type") {
            Some("service_account") => Ok(Credentials::Key(Box::new(Key {
                email: members.required("client_email")?.to_owned(),
                id: members.get("private_key_id").map(str::to_owned),
                pair: key_pair(members.required("private_key")?)?,
                server: server?,
            }))),
            Some("authorized_user") => Ok(Credentials::User(User {
                id: members.required("client_id")?.to_owned(),
                secret: members.required("client_secret")?.to_owned().into(),
                refresh: members.required("refresh_token")?.to_owned().into(),
                server: server?,
            })),
            other => Err(format!(
                "credentials of the type {:?} are not supported, only service_account and \
                 authorized_user",
                other.unwrap_or_default()
            )),
        }
    }

    /// Mints a token.
    pub(super) async fn mint(&self, environment: &Environment) -> Result<Token, MintError> {
        match self {
            Credentials::OfThePod => match environment(DEFAULT).filter(|path| !path.is_empty()) {
                Some(path) => of_file(&path).await?.exchange(environment).await,
                None => of_metadata(environment).await,
            },
            given => given.exchange(environment).await,
        }
    }

    async fn exchange(&self, environment: &Environment) -> Result<Token, MintError> {
        match self {
            Credentials::OfThePod => of_metadata(environment).await,
            Credentials::Token(token) => Ok(Token {
                value: token.clone(),
                lifetime: None,
            }),
            Credentials::Key(key) => {
                let assertion = key.assertion(Timestamp::now())?;
                let request = exchange::post(
                    &key.server,
                    &[
                        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                        ("assertion", &assertion),
                    ],
                );
                let exchange = Exchange {
                    remedy: REMEDY,
                    secrets: &[&assertion],
                    environment,
                };
                Ok(exchange.send::<Granted>(request).await?.into())
            }
            Credentials::User(user) => {
                let (secret, refresh) = (user.secret.expose_secret(), user.refresh.expose_secret());
                let request = exchange::post(
                    &user.server,
                    &[
                        ("grant_type", "refresh_token"),
                        ("client_id", &user.id),
                        ("client_secret", secret),
                        ("refresh_token", refresh),
                    ],
                );
                let exchange = Exchange {
                    remedy: "Let the user sign in again, and renew the credentials",
                    secrets: &[secret, refresh],
                    environment,
                };
                Ok(exchange.send::<Granted>(request).await?.into())
            }
        }
    }
}

/// The server that a token is asked of.
fn token_server(given: Option<&str>, received: bool) -> Result<Uri, String> {
    let server = exchange::server(given.unwrap_or(TOKENS))
        .map_err(|cause| format!("its \"token_uri\" {cause}"))?;
    let of_google = server.scheme_str() == Some("https")
        && server.host().is_some_and(|host| host.ends_with(DOMAIN));
    if received && !of_google {
        return Err(format!(
            "its \"token_uri\" is not a server of Google's, such as {TOKENS}: credentials in a \
             Secret are sent nowhere else"
        ));
    }
    Ok(server)
}

fn key_pair(pem: &str) -> Result<RsaKeyPair, String> {
    let wrong = "its \"private_key\" is not an RSA key in PEM (PKCS #8)";
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong)?;
    Ok(RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| wrong)?)
}

impl Key {
    /// What proves at `now` that the key is there: a JSON Web Token.
    fn assertion(&self, now: Timestamp) -> Result<String, MintError> {
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": self.id });
        let now = now.as_second();
        let claims = json!({
            "iss": self.email,
            "scope": SCOPES.join(" "),
            "aud": self.server.to_string(),
            "iat": now,
            "exp": now + ASSERTED,
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(head), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| MintError {
                cause: "the key of the service account cannot sign".to_owned(),
                remedy: "Create another key".to_owned(),
            })?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

async fn of_file(path: &str) -> Result<Credentials, MintError> {
    let wrong = |cause: String| MintError {
        cause: format!("the file {path}, which {DEFAULT} names: {cause}"),
        remedy: "Correct it in the provider's container".to_owned(),
    };
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    Credentials::parse(&text.into(), false).map_err(wrong)
}

/// Asks the metadata server for a token of the pod's service account.
async fn of_metadata(environment: &Environment) -> Result<Token, MintError> {
    let host = environment("GCE_METADATA_HOST").filter(|host| !host.is_empty());
    let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
    let scopes = escaped(&SCOPES.join(","));
    let url = format!(
        "http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={scopes}"
    );
    let request = Request::get(url)
        .header("metadata-flavor", "Google")
        .body(Vec::new());
    let exchange = Exchange {
        remedy: "Check that the provider's ServiceAccount is bound to a Google service account \
                 (Workload Identity), or set GOOGLE_APPLICATION_CREDENTIALS",
        secrets: &[],
        environment,
    };
    Ok(exchange.send::<Granted>(request).await?.into())
}

#[cfg(test)]
mod tests;
