//! The role of this pod in AWS, for EKS.

use std::time::Duration;

use everest_schemas::Sensitive;
use http::{Request, Uri};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::exchange::{self, Exchange};
use super::presigned::{self, Keys};
use super::{Environment, MintError, Token};
use crate::connection::proxy;

/// How long a token is used. EKS accepts it for 15 minutes from its signing.
const USED: Duration = Duration::from_secs(14 * 60);

/// The agents beside a pod that credentials may be asked of without encryption: those of EKS and
/// of ECS.
const AGENTS: [&str; 3] = ["169.254.170.23", "[fd00:ec2::23]", "169.254.170.2"];

/// The name of this provider's sessions in AWS, if the environment has none.
const SESSION: &str = "everest-crossplane";

/// Keys, and when they end.
struct Session {
    keys: Keys,
    expires: Option<Timestamp>,
}

/// Mints a token for the EKS cluster with this name or ARN.
pub(super) async fn mint(cluster: &str, environment: &Environment) -> Result<Token, MintError> {
    let region = region(cluster, environment)?;
    let session = session(&region, environment).await?;
    let host = format!("sts.{region}.{}", suffix(&region));
    let now = Timestamp::now();
    // A token is worth no more than the keys that have signed it.
    let left = session.expires.map(|expires| {
        let left = expires.duration_since(now);
        Duration::try_from(left).unwrap_or_default()
    });
    Ok(Token {
        value: presigned::token(&session.keys, &region, &host, name(cluster), now),
        lifetime: Some(left.map_or(USED, |left| left.min(USED))),
    })
}

/// The name of a cluster that may be given by its ARN.
fn name(cluster: &str) -> &str {
    let of_arn = arn(cluster).and_then(|parts| parts.last()?.strip_prefix("cluster/"));
    of_arn.unwrap_or(cluster)
}

/// The parts of an ARN.
fn arn(cluster: &str) -> Option<[&str; 6]> {
    let parts: Vec<&str> = cluster.splitn(6, ':').collect();
    let parts: [&str; 6] = parts.try_into().ok()?;
    (parts[0] == "arn" && parts[2] == "eks").then_some(parts)
}

/// The region whose STS is asked: that of the pod, which EKS accepts for clusters of all regions.
fn region(cluster: &str, environment: &Environment) -> Result<String, MintError> {
    let set = |name: &str| environment(name).filter(|region| !region.is_empty());
    let of_arn = || arn(cluster).map(|parts| parts[3].to_owned());
    let region = set("AWS_REGION")
        .or_else(|| set("AWS_DEFAULT_REGION"))
        .or_else(of_arn)
        .unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if region.is_empty() || !region.chars().all(plain) {
        return Err(MintError {
            cause: "AWS_REGION is not the name of a region".to_owned(),
            remedy: "Set it in the provider's container (EKS does, with the identity of the pod)"
                .to_owned(),
        });
    }
    Ok(region)
}

/// The domain of AWS that a region is in.
fn suffix(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// Keys of the pod's role: those in its environment, those for its web identity (IRSA), or those of
/// the agent beside it (EKS Pod Identity).
async fn session(region: &str, environment: &Environment) -> Result<Session, MintError> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    if let (Some(id), Some(secret)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
        let session = set("AWS_SESSION_TOKEN").map(SecretString::from);
        let secret = secret.into();
        return Ok(Session {
            keys: Keys {
                id,
                secret,
                session,
            },
            expires: None,
        });
    }
    if let (Some(role), Some(file)) = (set("AWS_ROLE_ARN"), set("AWS_WEB_IDENTITY_TOKEN_FILE")) {
        return of_web_identity(region, &role, &file, environment).await;
    }
    if let Some(url) = set("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        return of_agent(&url, environment).await;
    }
    Err(MintError {
        cause: "the provider's pod has no identity in AWS: neither AWS_ROLE_ARN with \
                AWS_WEB_IDENTITY_TOKEN_FILE, nor AWS_CONTAINER_CREDENTIALS_FULL_URI, nor \
                AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY is set"
            .to_owned(),
        remedy: "Give its ServiceAccount a role of IAM (IRSA or EKS Pod Identity) and start the \
                 pod anew"
            .to_owned(),
    })
}

/// A file that the kubelet writes for the pod.
async fn token_file(variable: &str, path: &str) -> Result<SecretString, MintError> {
    let read = tokio::fs::read_to_string(path).await;
    let text = read.map_err(|error| MintError {
        cause: format!("the file {path}, which {variable} names, cannot be read: {error}"),
        remedy: "Mount it into the provider's container".to_owned(),
    })?;
    Ok(text.trim().to_owned().into())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    assume_role_with_web_identity_response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    assume_role_with_web_identity_result: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: Sensitive<String>,
    /// Agents call it `Token`.
    #[serde(alias = "Token")]
    session_token: Sensitive<String>,
    expiration: Expiration,
}

/// STS writes seconds, agents write a date.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expiration {
    Seconds(f64),
    Date(Timestamp),
}

impl From<Credentials> for Session {
    fn from(given: Credentials) -> Self {
        let expires = match given.expiration {
            // Rounded to whole seconds.
            #[allow(clippy::cast_possible_truncation)]
            Expiration::Seconds(seconds) => Timestamp::from_second(seconds as i64).ok(),
            Expiration::Date(date) => Some(date),
        };
        Session {
            keys: Keys {
                id: given.access_key_id,
                secret: given.secret_access_key.into_inner().into(),
                session: Some(given.session_token.into_inner().into()),
            },
            expires,
        }
    }
}

async fn of_web_identity(
    region: &str,
    role: &str,
    file: &str,
    environment: &Environment,
) -> Result<Session, MintError> {
    let remedy = format!(
        "Let the role {role} trust the provider's ServiceAccount (its trust policy names the \
         cluster's OIDC provider, and system:serviceaccount:NAMESPACE:NAME)"
    );
    let token = token_file("AWS_WEB_IDENTITY_TOKEN_FILE", file).await?;
    let server = environment("AWS_ENDPOINT_URL_STS")
        .unwrap_or_else(|| format!("https://sts.{region}.{}", suffix(region)));
    let server = exchange::server(&server).map_err(|cause| MintError {
        cause: format!("AWS_ENDPOINT_URL_STS: {cause}"),
        remedy: "Correct it in the provider's container".to_owned(),
    })?;
    let name = environment("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| SESSION.to_owned());
    let request = exchange::post(
        &server,
        &[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", &name),
            ("WebIdentityToken", token.expose_secret()),
        ],
    );
    let exchange = Exchange {
        remedy: &remedy,
        secrets: &[token.expose_secret()],
        environment,
    };
    let answer: Answer = exchange.send(request).await?;
    let result = answer
        .assume_role_with_web_identity_response
        .assume_role_with_web_identity_result;
    Ok(result.credentials.into())
}

async fn of_agent(url: &str, environment: &Environment) -> Result<Session, MintError> {
    const VARIABLE: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    let server: Uri = url
        .parse()
        .ok()
        .filter(|uri: &Uri| match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(host)) => AGENTS.contains(&host) || proxy::is_loopback(host),
            _ => false,
        })
        .ok_or_else(|| MintError {
            cause: format!("{VARIABLE} is not the address of an agent for credentials"),
            remedy: "Correct it in the provider's container".to_owned(),
        })?;
    let token = match environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => token_file("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file).await?,
        None => environment("AWS_CONTAINER_AUTHORIZATION_TOKEN")
            .unwrap_or_default()
            .into(),
    };
    let request = Request::get(&server)
        .header(http::header::AUTHORIZATION, token.expose_secret())
        .body(Vec::new());
    let exchange = Exchange {
        remedy: "Check that the provider's ServiceAccount has a Pod Identity association, and \
                 that the agent eks-pod-identity-agent runs",
        secrets: &[token.expose_secret()],
        environment,
    };
    let credentials: Credentials = exchange.send(request).await?;
    Ok(credentials.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_named_by_its_name_or_its_arn() {
        for (given, expected) in [
            ("eu", "eu"),
            ("arn:aws:eks:us-west-2:123456789012:cluster/eu", "eu"),
            ("arn:aws-cn:eks:cn-north-1:123456789012:cluster/eu", "eu"),
            (
                "arn:aws:iam::123456789012:role/eu",
                "arn:aws:iam::123456789012:role/eu",
            ),
        ] {
            assert_eq!(name(given), expected);
        }
    }

    #[test]
    fn the_region_is_the_pods_or_else_the_clusters() {
        let with = |value: Option<&'static str>| -> Environment {
            std::sync::Arc::new(move |name| {
                value.filter(|_| name == "AWS_REGION").map(str::to_owned)
            })
        };
        let arn = "arn:aws:eks:us-west-2:123456789012:cluster/eu";
        assert_eq!(region(arn, &with(Some("eu-west-1"))).unwrap(), "eu-west-1");
        assert_eq!(region(arn, &with(None)).unwrap(), "us-west-2");
        for wrong in [None, Some("evil.example.com/#")] {
            let error = region("eu", &with(wrong)).unwrap_err();
            assert!(error.to_string().contains("AWS_REGION"), "{error}");
        }
    }
}
