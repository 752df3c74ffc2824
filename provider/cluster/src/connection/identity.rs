//! Identities of clouds, and the tokens for API servers that are minted from them.
//!
//! Each exchange is one or two documented requests. They go through the same client as requests to
//! API servers: with the same trust in certificates and the same proxies, and no redirect is
//! followed.

mod aws;
mod azure;
mod exchange;
mod google;
mod presigned;

use std::sync::Arc;
use std::time::Duration;

use everest_schemas::managed::IdentityType;
use kube::config::ExecConfig;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::kubeconfig::Selected;

/// Looks up an environment variable.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The environment of this process.
pub fn of_this_process() -> Environment {
    Arc::new(|name| std::env::var(name).ok())
}

/// Where the credentials of an identity come from. What may be in them depends on who may write
/// there.
pub enum Given {
    /// From the cloud that this process runs in.
    OfThePod,
    /// From a variable or file that the administrator of this process has put there. They may name
    /// files, and any server.
    Local(SecretString),
    /// From someone who has no other rights here: they are sent to the servers of their cloud only,
    /// and name no file.
    Received(SecretString),
}

/// An identity that tokens are minted from.
pub struct Identity {
    source: Source,
    environment: Environment,
}

enum Source {
    Aws,
    Google(google::Credentials),
    Azure(azure::Application),
}

/// An identity of a cluster: it mints the tokens for its API server.
pub(super) struct Minter {
    identity: Identity,
    cluster: ClusterNames,
}

/// What a kubeconfig says of a cluster that some tokens are for.
struct ClusterNames {
    /// The name of the cluster in the kubeconfig.
    name: String,
    /// The application in Entra ID that stands for the API server, if the kubeconfig names it.
    server_id: Option<String>,
}

/// A bearer token.
pub(super) struct Token {
    pub(super) value: SecretString,
    /// How long it may be used; `None` if that is not known.
    pub(super) lifetime: Option<Duration>,
}

/// The reason why no token was minted; never a secret. It may work later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}. {remedy}")]
pub struct MintError {
    /// Which server or file it was, and what it said.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl Identity {
    /// An identity with its credentials. Sends nothing and reads no file.
    ///
    /// # Errors
    /// A phrase for what is wrong with the credentials, without any value of theirs.
    pub fn new(
        type_: IdentityType,
        given: &Given,
        environment: Environment,
    ) -> Result<Self, String> {
        let source = match type_ {
            IdentityType::AWSWebIdentityCredentials => Source::Aws,
            IdentityType::GoogleApplicationCredentials => {
                Source::Google(google::Credentials::new(given)?)
            }
            IdentityType::AzureServicePrincipalCredentials => {
                Source::Azure(azure::Application::with_secret(given, &environment)?)
            }
            IdentityType::AzureWorkloadIdentityCredentials => {
                Source::Azure(azure::Application::federated(given, &environment)?)
            }
        };
        Ok(Identity {
            source,
            environment,
        })
    }

    /// The identity for the selected cluster of a kubeconfig.
    pub(super) fn of_cluster(self, selected: &Selected) -> Minter {
        Minter {
            identity: self,
            cluster: ClusterNames {
                name: selected.cluster_name.clone(),
                server_id: selected.user.exec.as_ref().and_then(server_id),
            },
        }
    }
}

impl Minter {
    /// Mints a token.
    pub(super) async fn mint(&self) -> Result<Token, MintError> {
        let environment = &self.identity.environment;
        match &self.identity.source {
            Source::Aws => aws::mint(&self.cluster.name, environment).await,
            Source::Google(credentials) => credentials.mint(environment).await,
            Source::Azure(application) => {
                let server_id = self.cluster.server_id.as_deref();
                application.mint(server_id, environment).await
            }
        }
    }
}

/// The value of `--server-id` in the arguments of kubelogin, which kubeconfigs of AKS name.
fn server_id(exec: &ExecConfig) -> Option<String> {
    const FLAG: &str = "--server-id";
    let mut args = exec.args.iter().flatten();
    while let Some(arg) = args.next() {
        if arg == FLAG {
            return args.next().cloned();
        }
        if let Some(value) = arg
            .strip_prefix(FLAG)
            .and_then(|rest| rest.strip_prefix('='))
        {
            return Some(value.to_owned());
        }
    }
    None
}

/// A JSON object of strings. Errors name members and repeat no value.
struct Members(Value);

impl Members {
    fn parse(text: &SecretString) -> Result<Self, String> {
        match serde_json::from_str(text.expose_secret()) {
            Ok(value @ Value::Object(_)) => Ok(Members(value)),
            _ => Err("it is not a JSON object".to_owned()),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0[name].as_str().filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, String> {
        self.get(name)
            .ok_or_else(|| format!("the JSON object has no text {name:?}"))
    }
}

#[cfg(test)]
mod tests;
