//! Subscriptions, which tell OLM to install engine operators.

use std::collections::BTreeSet;

use everest_schemas::Engine;
use everest_schemas::olm::{PackageManifest, Subscription};
use serde_json::json;

use super::catalog;
use super::engines::WantedEngine;
use super::inhabitants::databases;
use super::made::{Begun, Channel};
use super::operators::RemoveOperators;
use crate::facts::Seen;
use crate::lifecycle::{Action, Agreed, ObjectRef, Observed, Query};
use crate::olm;
use crate::v1::namespace::{SubscriptionRequest, subscription};

/// The field manager that subscribes, and the catalog.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The field manager.
    pub manager: String,
    /// Name of the CatalogSource.
    pub catalog: String,
    /// Its namespace.
    pub catalog_namespace: String,
}

impl Subscriber {
    /// Returns true if a Subscription was made by this provider and has installed nothing.
    pub(super) fn has_in_vain(&self, found: &Subscription) -> bool {
        let mut entries = found.metadata.managed_fields.iter().flatten();
        let is_ours = entries.any(|entry| {
            entry.manager.as_deref() == Some(&self.manager)
                && entry.operation.as_deref() == Some("Apply")
        });
        is_ours && olm::subscription(found).installed_csv.is_none()
    }
}

/// Creates the Subscriptions to the operators of the wanted engines.
///
/// An existing Subscription is not changed, except for its channel if another one is requested. OLM
/// reads the first version only once: a Subscription of ours that waits for a version other than
/// the requested one, and that has installed nothing, is deleted and created again.
#[derive(Clone, Debug)]
pub(super) struct Subscribing {
    namespace: String,
    wanted: Vec<WantedEngine>,
    subscriber: Subscriber,
    /// The engines that are subscribed to.
    done: BTreeSet<Engine>,
    /// The removal of a Subscription that is created again.
    renewal: Option<RemoveOperators>,
}

impl Subscribing {
    pub(super) fn of(namespace: &str, wanted: Vec<WantedEngine>, subscriber: &Subscriber) -> Self {
        Self {
            namespace: namespace.to_owned(),
            wanted,
            subscriber: subscriber.clone(),
            done: BTreeSet::new(),
            renewal: None,
        }
    }

    /// The next action and what it makes; `None` once all engines are subscribed to.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn step(
        &mut self,
        observed: &Observed,
    ) -> Result<Option<(Action, Option<Begun>)>, Query> {
        if let Some(renewal) = &mut self.renewal {
            if let Some(action) = renewal.step(observed)? {
                return Ok(Some((action, None)));
            }
            self.renewal = None;
        }
        for wanted in &self.wanted {
            if self.done.contains(&wanted.engine) {
                continue;
            }
            let name = wanted.engine.operator();
            let Some(found) = observed.object::<Subscription>(&self.namespace, name)? else {
                if let Some(wait) = catalog::unready(observed, &self.subscriber)? {
                    return Ok(Some((wait, None)));
                }
                let action = self.made(observed, wanted)?;
                let begun = Begun::Subscription(wanted.engine);
                self.done.insert(wanted.engine);
                return Ok(Some((action, Some(begun))));
            };
            if self.is_stale(wanted, found) && !is_used(observed, &self.namespace, wanted.engine)? {
                let mut renewal =
                    RemoveOperators::unsubscribed(&self.namespace, vec![wanted.engine]);
                let action = renewal.step(observed)?;
                self.renewal = Some(renewal);
                if let Some(action) = action {
                    return Ok(Some((action, None)));
                }
            }
            let channel = wanted.channel.as_ref();
            if let Some(now) = channel.filter(|now| found.spec.channel.as_ref() != Some(*now)) {
                let object = ObjectRef::of::<Subscription>(&self.namespace, name);
                let action = Action::merge(&object, json!({"spec": {"channel": now}}));
                let begun = Begun::Channel(Channel {
                    engine: wanted.engine,
                    before: found.spec.channel.clone(),
                    now: now.clone(),
                });
                return Ok(Some((action, Some(begun))));
            }
            self.done.insert(wanted.engine);
        }
        Ok(None)
    }

    /// Returns true if a Subscription was created for a version other than the requested one: OLM
    /// would never install that.
    fn is_stale(&self, wanted: &WantedEngine, found: &Subscription) -> bool {
        let version = wanted.version.as_deref();
        let begins_with = version.map(|version| olm::csv_name(wanted.engine, version));
        self.subscriber.has_in_vain(found) && found.spec.starting_csv != begins_with
    }

    fn made(&self, observed: &Observed, wanted: &WantedEngine) -> Result<Action, Query> {
        let channel = self.channel(observed, wanted)?;
        let body = subscription(&SubscriptionRequest {
            namespace: &self.namespace,
            engine: wanted.engine,
            channel: &channel,
            catalog: &self.subscriber.catalog,
            catalog_namespace: &self.subscriber.catalog_namespace,
            version: wanted.version.as_deref(),
        });
        Ok(Action::apply(
            ObjectRef::of::<Subscription>(&self.namespace, wanted.engine.operator()),
            body,
            Agreed::Nothing,
        ))
    }

    /// The channel for an engine's operator: see [`olm::channel`] for the order. Sources that may
    /// not be read are skipped.
    fn channel(&self, observed: &Observed, wanted: &WantedEngine) -> Result<String, Query> {
        let engine = wanted.engine;
        let (mut package, mut existing) = (None, None);
        if wanted.channel.is_none() {
            package = self.package(observed, engine)?;
            if package.is_none() {
                existing = self.subscription_elsewhere(observed, engine)?;
            }
        }
        let asked = wanted.channel.as_deref();
        Ok(olm::channel(engine, asked, package, existing).0)
    }

    /// The catalog's package of an engine's operator, if PackageManifests are served.
    fn package<'a>(
        &self,
        observed: &'a Observed,
        engine: Engine,
    ) -> Result<Option<&'a PackageManifest>, Query> {
        let namespace = &self.subscriber.catalog_namespace;
        let found = observed.beside::<PackageManifest>(namespace, engine.operator())?;
        Ok(match found {
            Seen::Found(package) => Some(package).filter(|package| {
                let status = package.status.as_ref();
                status.is_some_and(|status| status.catalog_source == self.subscriber.catalog)
            }),
            Seen::Absent | Seen::Unread => None,
        })
    }

    /// A Subscription to the same package in another namespace: all namespaces of a cluster use one
    /// channel.
    fn subscription_elsewhere<'a>(
        &self,
        observed: &'a Observed,
        engine: Engine,
    ) -> Result<Option<&'a Subscription>, Query> {
        let everywhere = observed.all::<Subscription>("")?;
        let mut everywhere = everywhere.into_iter().flatten().map(|found| &**found);
        Ok(everywhere.find(|found| {
            found.spec.name == engine.operator() && found.spec.source == self.subscriber.catalog
        }))
    }
}

/// Returns true if the engine has databases, so that its operator must not be touched.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn is_used(observed: &Observed, namespace: &str, engine: Engine) -> Result<bool, Query> {
    Ok(!databases(observed, namespace, &[engine])?.is_empty())
}

/// The engines, other than the `listed` ones, that an earlier change subscribed to without
/// installing anything. One such Subscription keeps OLM from resolving any other of the namespace.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn left_behind(
    observed: &Observed,
    namespace: &str,
    listed: &[Engine],
    subscriber: &Subscriber,
) -> Result<Vec<Engine>, Query> {
    let subscriptions = observed.listed::<Subscription>(namespace)?;
    let mut left = Vec::new();
    for subscription in subscriptions {
        let name = subscription.metadata.name.as_deref().unwrap_or_default();
        if let Some(engine) = Engine::from_operator(name)
            && !listed.contains(&engine)
            && subscriber.has_in_vain(subscription)
            && !is_used(observed, namespace, engine)?
        {
            left.push(engine);
        }
    }
    Ok(left)
}
