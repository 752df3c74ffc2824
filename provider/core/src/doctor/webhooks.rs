//! Everest's admission webhooks, which everest-operator serves.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use super::{Answer, Check, Parts};
use crate::text::Text;

/// A configuration of Everest's webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Configuration {
    /// The webhooks that refuse objects.
    Validating,
    /// The webhooks that fill objects in.
    Mutating,
}

impl Configuration {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Validating, Self::Mutating];

    /// The name of the object.
    ///
    /// Source: charts `everest/templates/everest-operator/webhook.yaml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validating => "everest-operator-validating-webhook-configuration",
            Self::Mutating => "everest-operator-mutating-webhook-configuration",
        }
    }

    const fn subject(self) -> &'static str {
        match self {
            Self::Validating => "validating webhooks",
            Self::Mutating => "mutating webhooks",
        }
    }
}

/// A Service that webhooks are called at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The webhooks of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// The number of webhooks.
    pub count: usize,
    /// The Services that they are called at.
    pub services: BTreeSet<Service>,
    /// The URLs of those that are called at no Service.
    pub urls: BTreeSet<String>,
}

impl Hooks {
    /// The webhooks that refuse objects.
    pub fn validating(configuration: &ValidatingWebhookConfiguration) -> Self {
        let hooks = configuration.webhooks.iter().flatten();
        Self::called_at(hooks.map(|hook| &hook.client_config))
    }

    /// The webhooks that fill objects in.
    pub fn mutating(configuration: &MutatingWebhookConfiguration) -> Self {
        let hooks = configuration.webhooks.iter().flatten();
        Self::called_at(hooks.map(|hook| &hook.client_config))
    }

    fn called_at<'a>(clients: impl Iterator<Item = &'a WebhookClientConfig>) -> Self {
        let mut hooks = Self::default();
        for client in clients {
            hooks.count += 1;
            match (&client.service, &client.url) {
                (Some(service), _) => {
                    hooks.services.insert(Service {
                        namespace: service.namespace.clone(),
                        name: service.name.clone(),
                    });
                }
                (None, Some(url)) => {
                    hooks.urls.insert(server_of(url));
                }
                (None, None) => {}
            }
        }
        hooks
    }
}

/// Scheme, host and port of a URL.
fn server_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let server = rest.split('/').next().unwrap_or(rest);
    format!("{scheme}://{server}")
}

/// The number of ready endpoints in the slices of a Service.
pub fn ready_endpoints(slices: &[EndpointSlice]) -> usize {
    let endpoints = slices
        .iter()
        .flat_map(|slice| slice.endpoints.iter().flatten());
    endpoints
        .filter(|endpoint| {
            let conditions = endpoint.conditions.as_ref();
            // Source: discovery.k8s.io/v1, EndpointConditions: null is to be read as true.
            conditions.is_none_or(|conditions| conditions.ready != Some(false))
        })
        .count()
}

/// The checks of both configurations.
pub(super) fn check(parts: &Parts) -> Vec<Check> {
    let known = parts.webhooks.iter();
    known
        .map(|(configuration, answer)| check_one(*configuration, answer, parts))
        .collect()
}

fn check_one(configuration: Configuration, answer: &Answer<Hooks>, parts: &Parts) -> Check {
    let (id, subject) = ("webhooks", Text::from(configuration.subject()));
    if let Some(unread) = answer.unread(id, &subject, "if they are configured") {
        return unread;
    }
    let Some(hooks) = answer.found() else {
        return Check::warning(
            id,
            subject,
            format!("there is no configuration {}", configuration.name()),
            "Upgrade the chart openeverest/openeverest. Without it, other programs can write \
             objects that break the rules of Everest; this provider checks them itself.",
        );
    };
    for service in &hooks.services {
        let name = format!("{}/{}", service.namespace, service.name);
        let Some(answer) = parts.endpoints.get(service) else {
            continue;
        };
        if let Some(unread) = answer.unread(id, &subject, "if their Service is reachable") {
            return unread;
        }
        if answer.found().is_none_or(|ready| *ready == 0) {
            return Check::failed(
                id,
                subject,
                format!("configured, but their Service {name} has no ready endpoint"),
                format!(
                    "Run kubectl -n {} get pods. Until the webhooks respond, Kubernetes refuses \
                     every write of the kinds that they check.",
                    service.namespace
                ),
            );
        }
    }
    let count = hooks.count;
    let places = hooks.services.iter();
    let places = places.map(|service| format!("Service {}/{}", service.namespace, service.name));
    let places: Vec<_> = places.chain(hooks.urls.iter().cloned()).collect();
    let found = format!("{count} configured, served by {}", places.join(", "));
    Check::ok(id, subject, found)
}
