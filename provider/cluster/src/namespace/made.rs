//! What one call has made in a namespace, and its inverse.

use std::collections::BTreeMap;

use everest_core::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};
use everest_schemas::Engine;
use everest_schemas::olm::Subscription;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::{inhabitants, removal};
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::{Cluster, delete};

/// How often labels are put back while others write to the Namespace.
const TRIES: usize = 5;

/// What a call has made so far, for rolling it back.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// The Namespace, with all that is in it.
    pub(super) namespace: bool,
    /// The labels and annotations of a Namespace that was there before.
    pub(super) keys: Option<Keys>,
    /// Everest's OperatorGroup.
    pub(super) operator_group: bool,
    /// Subscriptions that were not there before.
    pub(super) subscriptions: Vec<Engine>,
    /// Subscriptions that were there before, in another channel.
    pub(super) channels: Vec<Channel>,
}

/// A Subscription that was taken to another channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) engine: Engine,
    pub(super) before: Option<String>,
    pub(super) now: String,
}

impl Made {
    /// Whether nothing was written yet.
    pub(super) fn is_nothing(&self) -> bool {
        !self.namespace
            && self.keys.is_none()
            && !self.operator_group
            && self.subscriptions.is_empty()
            && self.channels.is_empty()
    }

    /// Undoes what was made, and no more: what was there before the call is as it was, and what
    /// somebody else has changed since stays.
    ///
    /// # Errors
    /// `Blocked`, with nothing undone, where somebody uses what was made: a namespace or an
    /// operator that has databases would take them down, and Everest would let go of them.
    pub(super) async fn roll_back(
        &self,
        cluster: &Cluster,
        name: &str,
        clock: &Clock,
    ) -> Result<(), ClusterError> {
        self.refuse_used(cluster, name).await?;
        let namespaces = cluster.global::<Namespace>();
        if self.namespace {
            removal::remove_operators(cluster, name, &Engine::ALL, clock).await?;
            removal::remove_group(cluster, name, clock).await?;
            return delete::delete(&namespaces, name, clock).await;
        }
        removal::unsubscribe(cluster, name, &self.subscriptions, clock).await?;
        let subscriptions = cluster.objects::<Subscription>(name);
        for channel in &self.channels {
            channel.put_back(&subscriptions).await?;
        }
        if self.operator_group {
            removal::remove_group(cluster, name, clock).await?;
        }
        match &self.keys {
            Some(keys) => keys.put_back(&namespaces, name).await,
            None => Ok(()),
        }
    }

    /// Refuses while somebody uses what was made: everything of Everest's in a Namespace, all
    /// databases where Everest was turned on, else those of the operators.
    async fn refuse_used(&self, cluster: &Cluster, name: &str) -> Result<(), ClusterError> {
        let turned_on = self.keys.as_ref().is_some_and(Keys::turn_everest_on);
        let mut users = if self.namespace || turned_on {
            inhabitants::databases(cluster, name, &Engine::ALL).await?
        } else {
            inhabitants::databases(cluster, name, &self.subscriptions).await?
        };
        if self.namespace {
            users.extend(inhabitants::others(cluster, name).await?);
        }
        if users.is_empty() {
            return Ok(());
        }
        Err(ClusterError::Blocked {
            object: cluster.global::<Namespace>().named(name),
            message: format!(
                "what was made is not undone, because there is {} in it by now",
                inhabitants::names(&users)
            ),
            attribute: None,
        })
    }
}

impl Channel {
    async fn put_back(&self, subscriptions: &Objects<Subscription>) -> Result<(), ClusterError> {
        let name = self.engine.operator();
        let live = subscriptions.get(name).await?;
        if live.is_some_and(|live| live.spec.channel.as_ref() == Some(&self.now)) {
            let body = json!({"spec": {"channel": self.before}});
            subscriptions.patch_merge(name, &body).await?;
        }
        Ok(())
    }
}

/// The labels and annotations that a call sets on a Namespace, each with its value before.
#[derive(Debug)]
pub(super) struct Keys {
    labels: BTreeMap<String, Held>,
    annotations: BTreeMap<String, Held>,
}

/// The value of a label or an annotation.
#[derive(Debug)]
struct Held {
    before: Option<String>,
    now: String,
}

impl Keys {
    /// The keys that applying `body` to `before` sets.
    pub(super) fn set_by(body: &Value, before: &Namespace) -> Self {
        let keys = |member: &str, live: &BTreeMap<String, String>| {
            let set = body["metadata"][member].as_object();
            set.into_iter()
                .flatten()
                .filter_map(|(key, value)| {
                    let now = value.as_str()?.to_owned();
                    let before = live.get(key).cloned();
                    Some((key.clone(), Held { before, now }))
                })
                .collect()
        };
        Keys {
            labels: keys("labels", before.labels()),
            annotations: keys("annotations", before.annotations()),
        }
    }

    /// Whether Everest did not manage the namespace before.
    fn turn_everest_on(&self) -> bool {
        self.labels
            .get(MANAGED_BY_LABEL)
            .is_some_and(|value| value.before.as_deref() != Some(MANAGED_BY))
    }

    /// Only what differs is written: a key that has its former value is never away for a moment.
    async fn put_back(
        &self,
        namespaces: &Objects<Namespace>,
        name: &str,
    ) -> Result<(), ClusterError> {
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            let Some(live) = namespaces.get(name).await? else {
                return Ok(());
            };
            let labels = former(&self.labels, live.labels());
            let annotations = former(&self.annotations, live.annotations());
            if labels.is_empty() && annotations.is_empty() {
                return Ok(());
            }
            let body = json!({"metadata": {
                "resourceVersion": live.metadata.resource_version,
                "labels": labels,
                "annotations": annotations,
            }});
            match namespaces.patch_merge_once(name, &body).await {
                Err(ClusterError::Api { code: 409, .. }) if tries_left > 0 => {}
                done => return done.map(|_| ()),
            }
        }
    }
}

/// The former values, null for none, of the keys that hold what was set.
fn former(keys: &BTreeMap<String, Held>, live: &BTreeMap<String, String>) -> Map<String, Value> {
    keys.iter()
        .filter(|(key, value)| {
            live.get(*key) == Some(&value.now) && value.before.as_ref() != Some(&value.now)
        })
        .map(|(key, value)| (key.clone(), json!(value.before)))
        .collect()
}
