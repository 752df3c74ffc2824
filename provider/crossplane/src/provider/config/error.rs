//! Errors that keep a managed resource's cluster from being used.

use std::fmt;

use crossplane_managed::provider_config::ProviderConfigKind;
use everest_cluster::{ClusterError, ConnectError};

use super::TargetKey;
use super::grants::Usage;

/// What a config takes from a Secret, variable or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its kubeconfig.
    Kubeconfig,
    /// The credentials of its identity.
    Identity,
}

impl Wanted {
    /// The field of a config that says where it is.
    pub(super) fn field(self) -> &'static str {
        match self {
            Wanted::Kubeconfig => "spec.credentials",
            Wanted::Identity => "spec.identity",
        }
    }
}

/// A phrase for it.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wanted::Kubeconfig => "its kubeconfig",
            Wanted::Identity => "the credentials of its identity",
        })
    }
}

/// The reason why there is no target. [`std::fmt::Display`] is a message for users: what, where,
/// why, and what to do; it never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no such config.
    #[error(
        "{key} does not exist. Create it, or set spec.providerConfigRef to a config that exists"
    )]
    ConfigMissing {
        /// The config.
        key: TargetKey,
    },
    /// The config's Secret does not exist.
    #[error(
        "{key} takes {wanted} from Secret {secret}, which does not exist. Create it, or \
         correct {}.secretRef", wanted.field()
    )]
    SecretMissing {
        /// The config.
        key: TargetKey,
        /// What was to be in it.
        wanted: Wanted,
        /// Namespace and name of the Secret.
        secret: String,
    },
    /// The config or its Secret is gone, and cannot be created again because the namespace is being
    /// deleted.
    #[error(
        "{key}: {missing}, and it cannot be created again, because the namespace is being deleted: \
         the provider can no longer reach its cluster"
    )]
    GoneWithNamespace {
        /// The config.
        key: TargetKey,
        /// A phrase for the missing object: the config or its Secret.
        missing: String,
    },
    /// The variable or file that the config names does not exist.
    #[error(
        "{key} takes {wanted} from {place}, which cannot be read: {cause}. Set it where \
         the provider runs (a DeploymentRuntimeConfig), or correct {}", wanted.field()
    )]
    PlaceMissing {
        /// The config.
        key: TargetKey,
        /// What was to be in it.
        wanted: Wanted,
        /// The variable or the file.
        place: String,
        /// The reason why it cannot be read.
        cause: String,
    },
    /// The content of the Secret, variable or file is not a kubeconfig with a cluster, or not the
    /// credentials of an identity.
    #[error("{key}: {place} cannot be used: {cause}")]
    SecretMalformed {
        /// The config.
        key: TargetKey,
        /// Where the content was.
        place: String,
        /// The fault and what to do, without any value of the kubeconfig.
        cause: String,
    },
    /// The config needs something that is not permitted.
    #[error("{key}: {cause}")]
    NotPermitted {
        /// The config.
        key: TargetKey,
        /// The forbidden setting, the reason, and what to do.
        cause: String,
    },
    /// No grant of the config covers what the managed resource uses.
    #[error(
        "{key} grants managed resources of the namespace {from} no access to {usage}, so nothing is \
         read or written there. {remedy}", remedy = granting(key, from, usage)
    )]
    NotGranted {
        /// The config.
        key: TargetKey,
        /// The managed resource's namespace.
        from: String,
        /// What it uses.
        usage: Usage,
    },
    /// The cluster does not answer.
    #[error(
        "{key}: the API server {server} does not respond: {cause}. Check that the cluster runs and \
         that the kubeconfig is correct; the provider keeps trying"
    )]
    Unreachable {
        /// The config.
        key: TargetKey,
        /// URL of the API server.
        server: String,
        /// Why, from the transport.
        cause: String,
    },
    /// The cluster does not accept the credentials (HTTP 401): wrong, expired or revoked.
    #[error(
        "{key}: the cluster does not accept the credentials, which may have expired: {cause}. \
         Renew them at the source that the config names; no restart is needed"
    )]
    Unauthorized {
        /// The config.
        key: TargetKey,
        /// The server's message.
        cause: String,
    },
    /// No token was minted from the config's identity.
    #[error(
        "{key}: no token for its cluster was minted from spec.identity: {cause}. The provider keeps \
         trying"
    )]
    NoToken {
        /// The config.
        key: TargetKey,
        /// The server or file that was asked, what it said, and what to do.
        cause: String,
    },
    /// The cluster does not serve Everest's kinds.
    #[error(
        "{key}: OpenEverest v1 is not installed in the cluster. Install it (helm repo \
         https://openeverest.github.io/helm-charts/, chart openeverest/openeverest), or let the \
         config name the cluster that has it"
    )]
    EverestMissing {
        /// The config.
        key: TargetKey,
    },
    /// The cluster serves the kinds of Everest v2.
    #[error(
        "{key}: the cluster runs OpenEverest v2 (core.openeverest.io); this provider supports only \
         v1 (everest.percona.com/v1alpha1), and there is no upgrade path between them. Let the \
         config name a v1 cluster"
    )]
    EverestV2 {
        /// The config.
        key: TargetKey,
    },
    /// The control plane's own API failed while the config was read.
    #[error("{key} cannot be read: {cause}")]
    ControlPlane {
        /// The config.
        key: TargetKey,
        /// The object that could not be read, and the reason.
        cause: String,
    },
    /// The cluster answered with something else.
    #[error("{key}: {cause}")]
    Other {
        /// The config.
        key: TargetKey,
        /// The error.
        cause: String,
    },
}

impl TargetError {
    /// One CamelCase word for the reason of a condition.
    pub fn reason(&self) -> &'static str {
        match self {
            TargetError::ConfigMissing { .. } => "ConfigMissing",
            TargetError::SecretMissing { .. } => "SecretMissing",
            TargetError::GoneWithNamespace { .. } => "GoneWithNamespace",
            TargetError::PlaceMissing { .. } => "CredentialsMissing",
            TargetError::SecretMalformed { .. } => "CredentialsMalformed",
            TargetError::NotPermitted { .. } => "NotPermitted",
            TargetError::NotGranted { .. } => "NotGranted",
            TargetError::Unreachable { .. } => "Unreachable",
            TargetError::Unauthorized { .. } => "Unauthorized",
            TargetError::NoToken { .. } => "NoToken",
            TargetError::EverestMissing { .. } => "EverestMissing",
            TargetError::EverestV2 { .. } => "EverestV2",
            TargetError::ControlPlane { .. } => "ControlPlane",
            TargetError::Other { .. } => "Unavailable",
        }
    }

    /// Returns true if a managed resource that is being deleted is not to wait for its cluster:
    /// the target can never work again, or is closed to the managed resource.
    pub fn is_for_good(&self) -> bool {
        matches!(
            self,
            TargetError::GoneWithNamespace { .. } | TargetError::NotGranted { .. }
        )
    }

    /// The same error in a namespace that is being deleted, where a missing object can never be
    /// created again.
    pub(super) fn for_good(self) -> Self {
        match self {
            TargetError::ConfigMissing { key } => TargetError::GoneWithNamespace {
                key,
                missing: "it does not exist".to_owned(),
            },
            TargetError::SecretMissing { key, secret, .. } => TargetError::GoneWithNamespace {
                key,
                missing: format!("its Secret {secret} does not exist"),
            },
            other => other,
        }
    }

    /// Converts the error of a first request to the cluster.
    pub(super) fn of_cluster(key: &TargetKey, error: ClusterError) -> Self {
        let key = key.clone();
        match error {
            ClusterError::Unreachable { server, cause } => {
                TargetError::Unreachable { key, server, cause }
            }
            ClusterError::Unauthorized { message } | ClusterError::NoCredentials { message } => {
                TargetError::Unauthorized {
                    key,
                    cause: message,
                }
            }
            ClusterError::NoToken { cause } => TargetError::NoToken { key, cause },
            ClusterError::NotEverest { .. } => TargetError::EverestMissing { key },
            ClusterError::EverestV2 => TargetError::EverestV2 { key },
            other => TargetError::Other {
                key,
                cause: other.to_string(),
            },
        }
    }

    /// Converts the error of a kubeconfig from which no client can be made. `place` is where it was
    /// found.
    pub(super) fn of_kubeconfig(key: &TargetKey, place: &str, error: ConnectError) -> Self {
        let cause = match error {
            ConnectError::NotTrusted { what } => {
                let command = what.contains("exec") || what.contains("auth-provider");
                let (does, instead) = if command {
                    (
                        "run a command",
                        match key.kind {
                            ProviderConfigKind::ProviderConfig => {
                                "Put a token or a client certificate into it: only the \
                                 kubeconfigs of a ClusterProviderConfig may run commands"
                                    .to_owned()
                            }
                            ProviderConfigKind::ClusterProviderConfig => format!(
                                "Put a token or a client certificate into it. Or take it from a \
                                 file of the provider's container (spec.credentials.source: \
                                 Filesystem), and start the provider with \
                                 --allow-exec-credentials={}",
                                key.name
                            ),
                        },
                    )
                } else {
                    (
                        "read a file",
                        "Use the inline fields instead (certificate-authority-data, \
                         client-certificate-data, client-key-data, token)"
                            .to_owned(),
                    )
                };
                return TargetError::NotPermitted {
                    key: key.clone(),
                    cause: format!(
                        "the kubeconfig in {place} contains {what}, which would {does} in the \
                         provider's container. {instead}"
                    ),
                };
            }
            ConnectError::NotAKubeconfig => {
                "it is not a kubeconfig in YAML. Use the output of `kubectl config view --raw \
                 --minify --flatten`"
                    .to_owned()
            }
            ConnectError::NotInKubeconfig {
                what,
                name,
                available,
                ..
            } => format!(
                "the kubeconfig has no {what} {name:?}; it has {}. Correct spec.context or the \
                 kubeconfig",
                listed(&available)
            ),
            ConnectError::NoContext { available } => format!(
                "the kubeconfig has no current context; set spec.context to one of its contexts: \
                 {}",
                listed(&available)
            ),
            ConnectError::Invalid { cause, .. } => cause,
            other => other.to_string(),
        };
        TargetError::SecretMalformed {
            key: key.clone(),
            place: place.to_owned(),
            cause,
        }
    }
}

/// How to let managed resources of a namespace use something.
fn granting(key: &TargetKey, from: &str, usage: &Usage) -> String {
    let what = match usage {
        Usage::Objects(name) => format!("to: [{name}]"),
        Usage::Namespace(name) => format!("to: [{name}], databaseNamespaces: true"),
        Usage::ClusterScoped(kind) => format!("clusterKinds: [{}]", kind.as_str()),
    };
    let source = match key.namespace {
        Some(_) => String::new(),
        None => format!("from: {{namespaces: [{from}]}}, "),
    };
    format!(
        "Whoever may change {key} can add to spec.grants: {{{source}{what}}}. Without a \
         grant, managed resources of {from} may use objects in the namespace {from} only"
    )
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
