//! The record of what one call has made in a namespace.

use std::collections::BTreeMap;

use everest_schemas::Engine;
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Map, Value, json};

use crate::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};

/// The objects that a call has created so far, so that it can be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// True if the call made the Namespace.
    pub(super) namespace: bool,
    /// The labels and annotations that it set on an existing Namespace.
    pub(super) keys: Option<Keys>,
    /// True if the call made Everest's OperatorGroup.
    pub(super) operator_group: bool,
    /// The engines whose Subscriptions the call made.
    pub(super) subscriptions: Vec<Engine>,
    /// The existing Subscriptions whose channel the call changed.
    pub(super) channels: Vec<Channel>,
}

/// A Subscription whose channel was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Channel {
    pub(super) engine: Engine,
    pub(super) before: Option<String>,
    pub(super) now: String,
}

/// A write that counts as made once the server has answered.
#[derive(Clone, Debug)]
pub(super) enum Begun {
    Namespace,
    Keys(Keys),
    OperatorGroup,
    Subscription(Engine),
    Channel(Channel),
}

impl Made {
    /// Returns true if nothing was made.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn note(&mut self, begun: Begun) {
        match begun {
            Begun::Namespace => self.namespace = true,
            Begun::Keys(keys) => self.keys = Some(keys),
            Begun::OperatorGroup => self.operator_group = true,
            Begun::Subscription(engine) => self.subscriptions.push(engine),
            Begun::Channel(channel) => self.channels.push(channel),
        }
    }

    /// Returns true if Everest did not manage the namespace before the call.
    pub(super) fn turned_everest_on(&self) -> bool {
        let before = self.keys.as_ref().map(|keys| &keys.labels);
        before
            .and_then(|labels| labels.get(MANAGED_BY_LABEL))
            .is_some_and(|value| value.before.as_deref() != Some(MANAGED_BY))
    }
}

/// The labels and annotations that a call sets on a Namespace, each with its former value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    labels: BTreeMap<String, Held>,
    annotations: BTreeMap<String, Held>,
}

/// The value of a label or an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    before: Option<String>,
    now: String,
}

impl Keys {
    /// The keys that applying `body` to `before` sets.
    pub(super) fn set_by(body: &Value, before: &Namespace) -> Self {
        let keys = |member: &str, live: Option<&BTreeMap<String, String>>| {
            let set = body["metadata"][member].as_object();
            set.into_iter()
                .flatten()
                .filter_map(|(key, value)| {
                    let now = value.as_str()?.to_owned();
                    let before = live.and_then(|live| live.get(key)).cloned();
                    Some((key.clone(), Held { before, now }))
                })
                .collect()
        };
        Keys {
            labels: keys("labels", before.metadata.labels.as_ref()),
            annotations: keys("annotations", before.metadata.annotations.as_ref()),
        }
    }

    /// The body that restores the former values; `None` if nothing differs. Only keys that differ
    /// are written, so that a key with its former value is never absent, not even for a moment.
    pub(super) fn put_back(&self, live: &Namespace) -> Option<Value> {
        let labels = former(&self.labels, live.metadata.labels.as_ref());
        let annotations = former(&self.annotations, live.metadata.annotations.as_ref());
        (!labels.is_empty() || !annotations.is_empty()).then(|| {
            json!({"metadata": {
                "resourceVersion": live.metadata.resource_version,
                "labels": labels,
                "annotations": annotations,
            }})
        })
    }
}

/// The former values of the keys that still hold what was set; null for a key that was absent.
fn former(
    keys: &BTreeMap<String, Held>,
    live: Option<&BTreeMap<String, String>>,
) -> Map<String, Value> {
    keys.iter()
        .filter(|(key, value)| {
            let live = live.and_then(|live| live.get(*key));
            live == Some(&value.now) && value.before.as_ref() != Some(&value.now)
        })
        .map(|(key, value)| (key.clone(), json!(value.before)))
        .collect()
}
