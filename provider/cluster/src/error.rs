//! Errors of operations on a cluster, typed so that a front end can say what to do.

mod detail;
mod parse;

use std::time::Duration;

use everest_core::clean;
use everest_core::path::FieldPath;
use everest_core::rights::Right;

use crate::connection::identity::MintError;
use crate::connection::{NoAnswer, PluginError};
pub use detail::{FieldCause, FieldConflict, LastSeen, Object};

/// The most characters of a server's message that are repeated.
const LONGEST: usize = 4000;

/// The beginning of the message about an answer that breaks off or cannot be read.
pub(crate) const UNREADABLE: &str = "the answer cannot be read";

/// The beginning of the cause if the server did not answer in time.
pub(crate) const UNANSWERED: &str = "no answer within";

/// A failed operation on a cluster. [`std::fmt::Display`] is a message for a person: what
/// happened, where, why, and what to do next; it never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The API server does not answer: refused, timed out, unknown host, untrusted certificate.
    #[error(
        "the Kubernetes API server {server} does not respond: {cause}. Check that the cluster runs \
         and that the provider's connection settings are correct"
    )]
    Unreachable {
        /// URL of the API server.
        server: String,
        /// Why, from the transport.
        cause: String,
    },
    /// The server does not accept the credentials.
    #[error("the cluster does not accept the credentials: {message}")]
    Unauthorized {
        /// The server's message.
        message: String,
    },
    /// The credential plugin failed, so the cluster was not asked.
    #[error(
        "there are no credentials for the cluster: {message}. Run the command of the plugin by \
         hand: it says why, or asks you to log in"
    )]
    NoCredentials {
        /// The plugin and its failure.
        message: String,
    },
    /// No token was minted for the cluster.
    #[error("no token for the cluster was minted: {cause}")]
    NoToken {
        /// The server or file that was asked, what it said, and what to do.
        cause: String,
    },
    /// RBAC denies a verb on a resource.
    #[error(
        "missing permission: the provider's user may not {verb} {resource}{}. Grant that verb by \
         a Role or ClusterRole. The server says: {message}",
        namespace.as_ref().map(|n| format!(" in namespace {n}")).unwrap_or_default()
    )]
    Forbidden {
        /// Verb, such as `patch`.
        verb: String,
        /// Resource with its group, such as `databaseclusters.everest.percona.com`.
        resource: String,
        /// Namespace, if the request was in one.
        namespace: Option<String>,
        /// The server's message.
        message: String,
    },
    /// The cluster does not serve a kind that Everest or OLM brings.
    #[error(
        "the cluster does not serve {resource}: {}",
        if resource.ends_with(".operators.coreos.com") {
            "OLM, which Everest v1 installs engine operators with, is missing. Install Everest \
             with its OLM first"
        } else {
            "OpenEverest v1 is not installed. Install it first (helm repo \
             https://openeverest.github.io/helm-charts/, chart openeverest/openeverest), or \
             point the provider at the cluster that has it"
        }
    )]
    NotEverest {
        /// The missing resource with its group.
        resource: String,
    },
    /// The cluster runs Everest v1, but a release that has no such kind yet.
    #[error("{message}")]
    OlderEverest {
        /// The kind, the release that has it, the version in the cluster, and what to do.
        message: String,
    },
    /// The cluster runs Everest v2, which has other kinds.
    #[error(
        "the cluster runs OpenEverest v2 (core.openeverest.io); this provider supports only v1 \
         (everest.percona.com/v1alpha1), and there is no upgrade path between them. Point the \
         provider at a v1 cluster"
    )]
    EverestV2,
    /// The cluster runs both lines of Everest.
    #[error(
        "the cluster runs OpenEverest v2 (core.openeverest.io) beside v1 \
         (everest.percona.com/v1alpha1), and the two must not share a cluster. Remove v2, or point \
         the provider at a cluster with v1 alone"
    )]
    EverestV2Beside,
    /// An admission webhook cannot be called, so every write of the kind fails.
    #[error(
        "{object} could not be written: the API server cannot reach the admission webhook \
         {webhook}. {}. The server says: {message}",
        served_by(webhook)
    )]
    WebhookDown {
        /// The object to be written.
        object: Box<Object>,
        /// Name of the webhook.
        webhook: String,
        /// The server's message.
        message: String,
    },
    /// The server refused the content: an admission webhook, the schema, a quota.
    #[error("{object} was refused: {message}")]
    Refused {
        /// The object to be written.
        object: Box<Object>,
        /// The reason, in full.
        message: String,
        /// The fields to blame, as far as the server names them.
        causes: Vec<FieldCause>,
    },
    /// Another manager owns fields that were to be changed.
    #[error(
        "{object}: {}. Nothing was written{}. Set the value in the configuration, remove it from \
         the configuration, or {}",
        conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        if *forcible { ", because the plan did not show that value. Plan again to see it: an apply \
            overwrites values that its plan shows" } else { "" },
        if *forcible { "set force_conflicts = true to overwrite values that a plan does not show" } else { "make the other manager stop setting it" }
    )]
    Conflict {
        /// The object to be written.
        object: Box<Object>,
        /// The fields, their owners and both values.
        conflicts: Vec<FieldConflict>,
        /// True if the resource has an attribute that forces the overwrite.
        forcible: bool,
    },
    /// The object to create exists and is not ours.
    #[error(
        "{object} already exists and was not created by this apply. {}",
        remedy
    )]
    AlreadyExists {
        /// The object.
        object: Box<Object>,
        /// What to do: import the object, or take it over.
        remedy: String,
    },
    /// An object that is needed does not exist.
    #[error("{object} does not exist")]
    NotFound {
        /// The object.
        object: Box<Object>,
    },
    /// The object that a change was planned for is gone: a server-side apply would create a new,
    /// empty one under its name.
    #[error(
        "{object} was deleted{} after the change was planned. Nothing was written. Plan again: the \
         new plan shows the current state",
        if *replaced { " and created again by someone else" } else { "" }
    )]
    Superseded {
        /// The object.
        object: Box<Object>,
        /// True if another object has its name now.
        replaced: bool,
    },
    /// The object is used by others, so it is not deleted.
    #[error("{object} is in use and is not deleted: used by {}. {remedy}", users.join(", "))]
    InUse {
        /// The object.
        object: Box<Object>,
        /// The users, each as kind and name.
        users: Vec<String>,
        /// What to do.
        remedy: String,
    },
    /// A condition of Everest or OLM forbids the step; nothing was written for it.
    #[error("{object}: {message}")]
    Blocked {
        /// The object it is about.
        object: Box<Object>,
        /// The reason, and what to do.
        message: String,
        /// The attribute at fault, as a path of the model, if there is one.
        attribute: Option<FieldPath>,
    },
    /// The deadline passed before the object was as wanted. The work in the cluster goes on.
    #[error("{what} after {}.\n{last}", seconds(waited))]
    TimedOut {
        /// The object and what it did not become.
        what: String,
        /// The duration of the wait.
        waited: Duration,
        /// The last observation.
        last: Box<LastSeen>,
    },
    /// The wait was interrupted. The work in the cluster goes on.
    #[error("{what}: interrupted after {}.\n{last}", seconds(waited))]
    Cancelled {
        /// The object and what it did not become.
        what: String,
        /// The duration of the wait.
        waited: Duration,
        /// The last observation.
        last: Box<LastSeen>,
    },
    /// The object ended in failure.
    #[error("{what}: {reason}.\n{last}")]
    Failed {
        /// The object and what it did not become.
        what: String,
        /// The reason of the failure.
        reason: String,
        /// The last observation.
        last: Box<LastSeen>,
    },
    /// Any other answer of the server.
    #[error("{object}: {verb} failed{}: {message}", if *code == 0 { String::new() } else { format!(" with HTTP {code}") })]
    Api {
        /// The attempted verb, such as `patch`.
        verb: &'static str,
        /// The object of the request.
        object: Box<Object>,
        /// HTTP status; 0 if the answer could not be read.
        code: u16,
        /// The server's message.
        message: String,
    },
}

fn boxed(object: &Object) -> Box<Object> {
    Box::new(object.clone())
}

/// The program behind an admission webhook, and what to do if it does not answer. The names of
/// Everest's own webhooks end with its domain.
///
/// Source: openeverest-operator `config/webhook/manifests.yaml`.
fn served_by(webhook: &str) -> &'static str {
    if webhook.ends_with(".everest.percona.com") {
        "It is served by the Deployment everest-operator in namespace everest-system: check that it \
         runs, then try again"
    } else {
        "It is not one of Everest's webhooks. Find the program that serves it (kubectl get \
         validatingwebhookconfigurations,mutatingwebhookconfigurations), check that it runs, then \
         try again"
    }
}

fn seconds(duration: &Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

impl ClusterError {
    /// Reads a client error. `verb` and `object` say what was attempted.
    pub fn from_kube(error: kube::Error, verb: &'static str, object: &Object) -> Self {
        match error {
            kube::Error::Api(status) => parse::status(&status, verb, object),
            kube::Error::Service(source) => transport(source.as_ref(), object, verb),
            kube::Error::Auth(error) => Self::Unauthorized {
                message: credentials(&error),
            },
            kube::Error::HyperError(error) => Self::Unreachable {
                server: "(address unknown)".to_owned(),
                cause: chain(&error),
            },
            other => Self::Api {
                verb,
                object: boxed(object),
                code: 0,
                message: match &other {
                    kube::Error::SerdeError(error) => parse::unreadable(error),
                    kube::Error::FromUtf8(_) => format!("{UNREADABLE}: it is no text"),
                    other => clean(&other.to_string(), LONGEST),
                },
            },
        }
    }

    /// The attribute to blame, as a path of the model, if one is.
    pub fn attribute(&self) -> Option<FieldPath> {
        match self {
            Self::Blocked { attribute, .. } => attribute.clone(),
            Self::Refused { causes, .. } => causes.iter().find_map(FieldCause::path),
            Self::Conflict { conflicts, .. } => {
                conflicts.iter().find_map(|conflict| conflict.path.clone())
            }
            _ => None,
        }
    }

    /// Returns true if the same request is likely to succeed soon.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::WebhookDown { .. } => true,
            Self::Unreachable { cause, .. } => !parse::is_lasting(cause),
            Self::Api { code, .. } => matches!(code, 408 | 409 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Returns true if a webhook refused a write because it did not find another object.
    pub(crate) fn misses_an_object(&self) -> bool {
        match self {
            Self::Refused { message, .. } => message.to_ascii_lowercase().contains("not found"),
            _ => false,
        }
    }

    /// Returns true if a write with this error may have been done nevertheless: its answer is
    /// missing or cannot be read.
    pub fn leaves_it_open(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Api { code, .. } => matches!(code, 0 | 408 | 500..),
            _ => false,
        }
    }

    /// Returns true if the server accepted a request and did not answer it in time or in full.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::Unreachable { cause, .. } => cause.starts_with(UNANSWERED),
            Self::Api { code, message, .. } => *code == 0 && message.starts_with(UNREADABLE),
            _ => false,
        }
    }

    /// Returns true if nothing listens at the server's address: the server restarts, or it was
    /// never there.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Unreachable { cause, .. } if cause.contains("refused"))
    }

    /// Returns true if the remaining pages of a list have expired.
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Api { code: 410, .. })
    }

    /// Returns true if a wait goes on in spite of this error.
    pub fn passes(&self) -> bool {
        self.is_transient()
            || self.is_expired()
            || self.is_unanswered()
            || matches!(
                self,
                Self::Unreachable { .. } | Self::NoCredentials { .. } | Self::NoToken { .. }
            )
    }

    /// The right that is missing, if RBAC denied the request.
    pub fn missing_right(&self) -> Option<Right> {
        match self {
            Self::Forbidden {
                verb,
                resource,
                namespace,
                ..
            } => Some(Right {
                verb: verb.clone(),
                resource: resource.clone(),
                namespace: namespace.clone(),
            }),
            _ => None,
        }
    }

    /// Returns true if RBAC denied the request.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
    }

    /// Returns true if the server did not accept the credentials, or RBAC denied the request.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Forbidden { .. })
    }

    /// Returns true if the cluster does not have the kind asked for.
    pub fn is_not_served(&self) -> bool {
        matches!(
            self,
            Self::NotEverest { .. } | Self::OlderEverest { .. } | Self::EverestV2
        )
    }

    /// Returns true if the object asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

impl From<&PluginError> for ClusterError {
    fn from(failed: &PluginError) -> Self {
        Self::NoCredentials {
            message: clean(&failed.to_string(), LONGEST),
        }
    }
}

fn transport(
    source: &(dyn std::error::Error + Send + Sync + 'static),
    object: &Object,
    verb: &'static str,
) -> ClusterError {
    let mut error: Option<&(dyn std::error::Error + 'static)> = Some(source);
    let mut server = "(address unknown)".to_owned();
    let mut first = source as &(dyn std::error::Error + 'static);
    while let Some(current) = error {
        if let Some(answer) = current.downcast_ref::<NoAnswer>() {
            server = answer.server.clone();
            first = answer.source.as_ref();
        }
        if let Some(plugin) = current.downcast_ref::<PluginError>() {
            return plugin.into();
        }
        if let Some(mint) = current.downcast_ref::<MintError>() {
            return ClusterError::NoToken {
                cause: clean(&mint.to_string(), LONGEST),
            };
        }
        if let Some(auth) = current.downcast_ref::<kube::client::AuthError>() {
            return ClusterError::Unauthorized {
                message: credentials(auth),
            };
        }
        if let Some(kube::Error::Api(status)) = current.downcast_ref::<kube::Error>() {
            return parse::status(status, verb, object);
        }
        error = current.source();
    }
    ClusterError::Unreachable {
        server,
        cause: advised(chain(first)),
    }
}

/// A TLS error about a certificate, with advice.
fn advised(cause: String) -> String {
    let advice = if cause.contains("CaUsedAsEndEntity") {
        "the server presents the certificate of an authority, and it is not the trusted one. As \
         certificate authority (cluster_ca_certificate, certificate-authority-data), give this \
         certificate, or give the server a certificate that an authority has signed"
    } else if cause.contains("UnknownIssuer") {
        "no trusted certificate has signed the server's certificate. As certificate authority \
         (cluster_ca_certificate, certificate-authority-data), give the certificate of the issuer, \
         or that of the server itself. Without one, this machine's trust store decides, or the \
         public authorities if it has none"
    } else {
        return cause;
    };
    format!("{cause}: {advice}")
}

/// The failure of a token file or of a kubeconfig's legacy auth-provider. A command's output is
/// omitted, because it may contain a credential.
fn credentials(error: &kube::client::AuthError) -> String {
    match error {
        kube::client::AuthError::AuthExecRun { cmd, out } => {
            let command = cmd.split_whitespace().next().unwrap_or_default();
            format!(
                "the command {command} of the kubeconfig's auth-provider failed ({})",
                out.status
            )
        }
        other => other.to_string(),
    }
}

/// An error and its causes in one line, without the repetitions that nesting brings.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut current = Some(error);
    while let Some(error) = current {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        current = error.source();
    }
    clean(&parts.join(": "), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_told_with_what_was_last_seen() {
        let last = LastSeen {
            waiting_for: "status is initializing".into(),
            status: Some("initializing".into()),
            events: vec!["12:00 Warning FailedScheduling: no nodes".into()],
            ..LastSeen::default()
        };
        let error = ClusterError::TimedOut {
            what: "DatabaseCluster prod/orders did not become ready".into(),
            waited: Duration::from_secs(3600),
            last: Box::new(last),
        };
        let text = error.to_string();
        assert!(
            text.starts_with("DatabaseCluster prod/orders did not become ready after 60 min 0 s."),
            "{text}"
        );
        assert!(
            text.contains("Event: 12:00 Warning FailedScheduling: no nodes"),
            "{text}"
        );
    }
}
