//! The state of a cluster as the command `doctor` tells it: what the provider needs from a cluster, one
//! [`Check`] each. Pure functions of the [`Facts`].

mod catalog;
mod definitions;
mod everest;
mod operators;
pub mod rights;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;

use everest_schemas::everest::DatabaseEngine;
use everest_schemas::olm::{CatalogSource, Subscription};
use k8s_openapi::api::apps::v1::Deployment;

use crate::facts::{Lines, ServedKinds};
use crate::text::Text;

pub use everest::OPERATOR;
pub use webhooks::{Configuration, Hooks, Service, ready_endpoints};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing has to be done.
    Ok,
    /// Something does not work, or could not be seen, and need not be wanted.
    Warning,
    /// Something that the provider needs does not work.
    Failed,
}

impl Status {
    /// Its name in reports for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The name of the check, for programs.
    pub id: &'static str,
    /// The object of the check, in a few words.
    pub subject: Text,
    /// Its result.
    pub status: Status,
    /// The observation.
    pub found: Text,
    /// The next step; `None` if there is nothing to do.
    pub next: Option<Text>,
}

impl Check {
    fn ok(id: &'static str, subject: impl Into<Text>, found: impl Into<Text>) -> Self {
        Self {
            id,
            subject: subject.into(),
            status: Status::Ok,
            found: found.into(),
            next: None,
        }
    }

    fn warning(
        id: &'static str,
        subject: impl Into<Text>,
        found: impl Into<Text>,
        next: impl Into<Text>,
    ) -> Self {
        Self {
            status: Status::Warning,
            next: Some(next.into()),
            ..Self::ok(id, subject, found)
        }
    }

    fn failed(
        id: &'static str,
        subject: impl Into<Text>,
        found: impl Into<Text>,
        next: impl Into<Text>,
    ) -> Self {
        Self {
            status: Status::Failed,
            ..Self::warning(id, subject, found, next)
        }
    }
}

/// The answer of a cluster to one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    /// The requested objects.
    Found(T),
    /// The object does not exist.
    Absent,
    /// The cluster does not serve the kind.
    NotServed,
    /// The identity may not send the request; the text names the right, such as `get
    /// deployments.apps in namespace everest-system`.
    Forbidden(String),
    /// Any other error.
    Failed(String),
}

impl<T> Answer<T> {
    /// The requested objects, if they were found.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(found) => Some(found),
            _ => None,
        }
    }

    /// The check for an answer that says nothing about the objects; `None` for one that does.
    fn unread(&self, id: &'static str, subject: &Text, without: &str) -> Option<Check> {
        match self {
            Self::Found(_) | Self::Absent | Self::NotServed => None,
            Self::Forbidden(right) => Some(Check::warning(
                id,
                subject.clone(),
                format!("not checked: this identity may not {right}"),
                format!("Grant this right to see {without}."),
            )),
            Self::Failed(error) => Some(Check::failed(
                id,
                subject.clone(),
                format!("not checked: {error}"),
                String::from("Run the command again. If the error stays, correct its cause."),
            )),
        }
    }
}

/// The facts of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The version of Kubernetes.
    pub kubernetes: Answer<String>,
    /// The name of the identity that sends the requests.
    pub identity: Answer<String>,
    /// The lines of Everest.
    pub lines: Answer<Lines>,
    /// The parts of Everest; only in a cluster that runs Everest v1 and no Everest v2.
    pub everest: Option<Box<Parts>>,
}

/// The parts of Everest in a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// The Deployment of Everest's API server.
    pub server: Answer<Deployment>,
    /// The Deployment [`OPERATOR`].
    pub operator: Answer<Deployment>,
    /// The kinds that the cluster serves, by API version.
    pub definitions: BTreeMap<&'static str, Answer<Arc<ServedKinds>>>,
    /// Namespace and name of the catalog.
    pub catalog_name: (String, String),
    /// The catalog.
    pub catalog: Answer<CatalogSource>,
    /// The namespaces that the user asks about; empty: all that Everest manages.
    pub asked: Vec<String>,
    /// The namespaces that Everest manages.
    pub namespaces: Answer<Vec<String>>,
    /// The engines of these namespaces.
    pub engines: Answer<Vec<DatabaseEngine>>,
    /// The Subscriptions of these namespaces.
    pub subscriptions: Answer<Vec<Subscription>>,
    /// The configurations of Everest's admission webhooks.
    pub webhooks: BTreeMap<Configuration, Answer<Hooks>>,
    /// The number of ready endpoints of the Services of the webhooks.
    pub endpoints: BTreeMap<Service, Answer<usize>>,
    /// The rights that the identity lacks.
    pub missing: Answer<Vec<rights::Missing>>,
}

impl Parts {
    /// The namespaces to check: those asked for, or all that Everest manages.
    pub fn checked_namespaces(&self) -> &[String] {
        match self.namespaces.found() {
            Some(found) if self.asked.is_empty() => found,
            _ => &self.asked,
        }
    }
}

/// The checks of a cluster, in the order in which one depends on another.
pub fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = everest::cluster(facts);
    let Some(parts) = facts.everest.as_deref() else {
        return checks;
    };
    let version = everest::version(parts);
    checks.push(everest::line(parts, version.as_ref()));
    checks.push(definitions::check(&parts.definitions, version.as_ref()));
    checks.push(everest::operator(parts));
    checks.extend(webhooks::check(parts));
    checks.push(catalog::check(parts));
    checks.extend(operators::check(parts));
    checks.extend(rights::check(&parts.missing));
    checks
}

/// The check of a cluster that could not be asked anything, for the reason `why`.
pub fn unreached(why: String, next: impl Into<Text>) -> Check {
    Check::failed("cluster", "cluster", why, next)
}

#[cfg(test)]
mod tests;
