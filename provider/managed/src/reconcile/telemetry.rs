//! Reports of a reconcile: events, metrics and the change log.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::Resource;

use super::Reconciler;
use crate::changelog::{Entry, Operation};
use crate::conditions::{READY, SYNCED};
use crate::events::{EventType, Reason};
use crate::external::Connector;
use crate::failure::Failure;
use crate::metrics::{ResourceKey, Verb};
use crate::resource::ManagedResource;

/// The key of a managed resource in metrics.
pub fn measured<M: ManagedResource>(key: &(String, String)) -> ResourceKey {
    ResourceKey {
        gvk: format!("{}, Kind={}", M::api_version(&()), M::kind(&())),
        namespace: key.0.clone(),
        name: key.1.clone(),
    }
}

impl<C: Connector> Reconciler<'_, C> {
    /// The key of this managed resource in metrics.
    pub(super) fn measured(&self) -> ResourceKey {
        measured::<C::Managed>(self.key)
    }

    /// Reports a write to the external object, or its failure.
    pub(super) fn wrote(&self, verb: Verb, failure: Option<&Failure>) {
        let context = &self.controller.context;
        let (operation, reason, done) = match verb {
            Verb::Create => (
                Operation::Create,
                Reason::CreatedExternalResource,
                "created",
            ),
            Verb::Update => (
                Operation::Update,
                Reason::UpdatedExternalResource,
                "changed",
            ),
            Verb::Delete => (
                Operation::Delete,
                Reason::DeletedExternalResource,
                "asked to be deleted",
            ),
        };
        context.changelogs.record(Entry {
            timestamp: Timestamp::now(),
            api_version: C::Managed::api_version(&()).into_owned(),
            kind: C::Managed::kind(&()).into_owned(),
            name: self.key.1.clone(),
            external_name: self.name.clone(),
            operation,
            snapshot: C::manifest(&self.managed),
            error: failure.map(ToString::to_string),
            details: BTreeMap::new(),
        });
        if failure.is_none() {
            context.metrics.written(&self.measured(), verb);
            let message = format!("{} was {done}", self.shown());
            self.event(EventType::Normal, reason, &message);
        }
    }

    /// Reports a pause, once.
    pub(super) fn report_pause(&self) {
        let status = C::status(&self.managed);
        let said = status.condition(SYNCED);
        if said.is_none_or(|synced| synced.reason != "ReconcilePaused") {
            self.event(
                EventType::Normal,
                Reason::ReconciliationPaused,
                "nothing is done while the resource is paused",
            );
        }
    }

    /// Reports a failed reconcile.
    pub(super) fn report_error(&self, failure: &Failure) {
        let reason = failure.reason(self.missing);
        let type_ = match failure {
            Failure::Held(_) => EventType::Normal,
            _ => EventType::Warning,
        };
        let (namespace, name) = self.key;
        let kind = C::Managed::kind(&());
        tracing::info!(%kind, namespace, name, %failure, "not reconciled");
        self.event(type_, reason, &failure.to_string());
    }

    /// Publishes an event.
    pub(super) fn event(&self, type_: EventType, reason: Reason, message: &str) {
        let about = self.managed.object_ref(&());
        let events = &self.controller.context.events;
        events.publish_named(&about, Some(&self.name), type_, reason, message);
    }

    /// Measures the present status.
    pub(super) fn measure(&self) {
        let metrics = &self.controller.context.metrics;
        let key = self.measured();
        let status = C::status(&self.managed);
        metrics.state(&key, status.is(READY), status.is(SYNCED));
        if let Some(created) = &self.managed.meta().creation_timestamp {
            let now = Timestamp::now();
            metrics.first_reconciled(&key, created.0, now);
            if status.is(READY) {
                metrics.first_ready(&key, created.0, now);
            }
        }
    }

    /// Measures the end of the managed resource.
    pub(super) fn measure_end(&self) {
        let metrics = &self.controller.context.metrics;
        let key = self.measured();
        match &self.managed.meta().deletion_timestamp {
            Some(asked) => metrics.deleted(&key, asked.0, Timestamp::now()),
            None => metrics.forget(&key),
        }
    }
}
