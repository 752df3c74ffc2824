//! Reports of a reconcile: events, metrics and the change log.

use std::collections::BTreeMap;

use everest_schemas::managed::{API_VERSION, ManagedModel, members};
use jiff::Timestamp;
use kube::Resource;
use serde_json::{Value, json};

use super::Reconciler;
use crate::provider::changelog::{Entry, Operation};
use crate::provider::conditions::{READY, SYNCED};
use crate::provider::error::ReconcileError;
use crate::provider::events::{EventType, Reason};
use crate::provider::kind::Kind;
use crate::provider::metrics::{ResourceKey, Verb};

/// The key of a managed resource in metrics.
pub fn measured<K: Kind>(key: &(String, String)) -> ResourceKey {
    ResourceKey {
        gvk: format!("{API_VERSION}, Kind={}", K::Model::KIND),
        namespace: key.0.clone(),
        name: key.1.clone(),
    }
}

impl<K: Kind> Reconciler<'_, K> {
    /// The key of this managed resource in metrics.
    pub(super) fn measured(&self) -> ResourceKey {
        measured::<K>(self.key)
    }

    /// Reports a write to the external object, or its failure.
    pub(super) fn wrote(&self, verb: Verb, failure: Option<&ReconcileError>) {
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
            api_version: API_VERSION.to_owned(),
            kind: K::Model::KIND.to_owned(),
            name: self.key.1.clone(),
            external_name: self.name.clone(),
            operation,
            snapshot: self.snapshot(),
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
        let said = self.managed.status.condition(SYNCED);
        if said.is_none_or(|synced| synced.reason != "ReconcilePaused") {
            self.event(
                EventType::Normal,
                Reason::ReconciliationPaused,
                "nothing is done while the resource is paused",
            );
        }
    }

    /// Reports a failed reconcile.
    pub(super) fn report_error(&self, failure: &ReconcileError) {
        let reason = match failure {
            ReconcileError::Target(_) | ReconcileError::Usage(_) => Reason::CannotConnectToProvider,
            ReconcileError::Create(_) => Reason::CannotCreateExternalResource,
            ReconcileError::Refused(_) if self.missing => Reason::CannotCreateExternalResource,
            ReconcileError::Update(_) | ReconcileError::Refused(_) => {
                Reason::CannotUpdateExternalResource
            }
            ReconcileError::Delete(_) => Reason::CannotDeleteExternalResource,
            ReconcileError::Control { .. } => Reason::CannotUpdateManagedResource,
            ReconcileError::Held(_) => Reason::PendingExternalResource,
            ReconcileError::Cluster(_)
            | ReconcileError::Duplicate(_)
            | ReconcileError::HeldElsewhere { .. }
            | ReconcileError::Foreign { .. }
            | ReconcileError::Unreadable(_) => Reason::CannotObserveExternalResource,
            ReconcileError::Secret(_) => Reason::CannotResolveResourceReferences,
        };
        let type_ = match failure {
            ReconcileError::Held(_) => EventType::Normal,
            _ => EventType::Warning,
        };
        let (namespace, name) = self.key;
        tracing::info!(kind = K::Model::KIND, namespace, name, %failure, "not reconciled");
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
        let is = |type_: &str| {
            let condition = self.managed.status.condition(type_);
            condition.is_some_and(|condition| condition.status == "True")
        };
        metrics.state(&key, is(READY), is(SYNCED));
        if let Some(created) = &self.managed.metadata.creation_timestamp {
            let now = Timestamp::now();
            metrics.first_reconciled(&key, created.0, now);
            if is(READY) {
                metrics.first_ready(&key, created.0, now);
            }
        }
    }

    /// Measures the end of the managed resource.
    pub(super) fn measure_end(&self) {
        let metrics = &self.controller.context.metrics;
        let key = self.measured();
        match &self.managed.metadata.deletion_timestamp {
            Some(asked) => metrics.deleted(&key, asked.0, Timestamp::now()),
            None => metrics.forget(&key),
        }
    }

    /// The managed resource before a change: it refers to Secrets and holds none.
    fn snapshot(&self) -> Value {
        let spec = &self.managed.spec;
        let for_provider = spec.for_provider.model.as_ref().ok();
        json!({
            "apiVersion": API_VERSION,
            "kind": K::Model::KIND,
            "metadata": self.managed.metadata,
            "spec": {
                "forProvider": for_provider.and_then(|model| members(model).ok()),
                "managementPolicies": spec.management_policies,
                "providerConfigRef": spec.provider_config_ref,
                "writeConnectionSecretToRef": spec.write_connection_secret_to_ref,
            },
            "status": self.managed.status,
        })
    }
}
