//! Writes to the managed resource itself: status, annotations and finalizer.

use everest_schemas::managed::Managed;
use jiff::Timestamp;
use kube::Api;
use kube::api::Patch;
use serde_json::{Map, Value, json};

use super::outcome::{self, CONFLICT, NOT_READY, Outcome};
use super::{Next, Reconciler};
use crate::provider::conditions::{ConditionUpdate, Report, Subject, status};
use crate::provider::config::patch_params;
use crate::provider::decision::Situation;
use crate::provider::error::ReconcileError;
use crate::provider::events::{EventType, Reason};
use crate::provider::kind::{self, Kind};
use crate::provider::managed;
use crate::provider::metadata;
use crate::provider::policies::Policies;

impl<K: Kind> Reconciler<'_, K> {
    /// Writes the result of a reconcile.
    pub(super) async fn finish(&mut self, outcome: Outcome) -> Next {
        let failed = outcome
            .report
            .synced
            .as_ref()
            .is_some_and(|synced| synced.reason == "ReconcileError");
        if !failed {
            self.state.succeeded();
        }
        match self.write_status(&outcome.report).await {
            Ok(()) => {
                self.measure();
                outcome.next
            }
            Err(failure) if failure.is_gone() => {
                self.gone = true;
                Next::Never
            }
            Err(failure) => {
                if !failure.is_conflict() {
                    tracing::warn!(%failure, "a status was not written");
                }
                Next::After(CONFLICT)
            }
        }
    }

    /// Writes the failure of a reconcile.
    pub(super) async fn fail(&mut self, failure: ReconcileError) -> Next {
        if failure.is_gone() {
            self.gone = true;
            return Next::Never;
        }
        if failure.is_conflict() {
            return Next::After(CONFLICT);
        }
        self.report_error(&failure);
        let is_deleting = self.managed.metadata.deletion_timestamp.is_some();
        let report = outcome::failed(&failure, is_deleting, self.missing);
        let next = self.after(&failure);
        self.finish(Outcome { report, next }).await
    }

    /// Writes the state of an external object that could not be changed, and the reason.
    ///
    /// # Errors
    /// The failure, if the state of the object is not known.
    pub(super) async fn unchanged(
        &mut self,
        failure: ReconcileError,
    ) -> Result<Outcome, ReconcileError> {
        if failure.is_gone() || failure.is_conflict() {
            return Err(failure);
        }
        let Ok(mut outcome) = self.settled(ConditionUpdate::update_requested()).await else {
            return Err(failure);
        };
        self.report_error(&failure);
        let report = outcome::failed(&failure, false, false);
        outcome.report.synced = report.synced;
        outcome.report.up_to_date = report.up_to_date;
        outcome.next = self.after(&failure);
        Ok(outcome)
    }

    /// The pause after a failure.
    fn after(&mut self, failure: &ReconcileError) -> Next {
        match failure {
            ReconcileError::Held(_) => Next::After(NOT_READY),
            _ => Next::Again(self.state.failed()),
        }
    }

    /// Writes the status, if it has changed.
    async fn write_status(&mut self, report: &Report) -> Result<(), ReconcileError> {
        let before = managed::status(&self.managed);
        // What was asked for during a pause is done after it.
        let paused = ConditionUpdate::paused();
        let is_paused = report
            .synced
            .as_ref()
            .is_some_and(|synced| synced.reason == paused.reason);
        let requested = metadata::annotation(&self.managed.metadata, metadata::RECONCILE_REQUESTED);
        let requested = requested.filter(|_| !is_paused);
        let subject = Subject {
            generation: self.managed.metadata.generation,
            requested,
            now: Timestamp::now(),
        };
        let after = status(&before, report, subject);
        if after == before {
            return Ok(());
        }
        let mut new = json!({
            "conditions": after.conditions,
            "observedGeneration": after.observed_generation,
            "lastHandledReconcileAt": after.last_handled_reconcile_at,
        });
        let mut at_provider = Value::Object(after.at_provider.clone());
        for gone in before.at_provider.keys() {
            if at_provider.get(gone).is_none() {
                at_provider[gone] = Value::Null;
            }
        }
        new["atProvider"] = at_provider;
        let body = json!({
            "metadata": {"resourceVersion": self.managed.metadata.resource_version},
            "status": new,
        });
        self.managed = self
            .api()
            .patch_status(&self.key.1, &patch_params(), &Patch::Merge(&body))
            .await
            .map_err(ReconcileError::control("writing the status"))?;
        if let Some(requested) = &after.last_handled_reconcile_at
            && before.last_handled_reconcile_at.as_ref() != Some(requested)
        {
            let message = format!("handled the requested reconcile {requested:?}");
            self.event(EventType::Normal, Reason::ReconcileRequestHandled, &message);
        }
        Ok(())
    }

    /// Writes annotations and our finalizer.
    pub(super) async fn patch(
        &mut self,
        annotations: Map<String, Value>,
        held: Option<bool>,
    ) -> Result<(), ReconcileError> {
        let body = self
            .marks()
            .patch(&self.managed.metadata, annotations, held);
        self.managed = self
            .api()
            .patch(&self.key.1, &patch_params(), &Patch::Merge(&body))
            .await
            .map_err(ReconcileError::control("writing the managed resource"))?;
        Ok(())
    }

    /// Copies data to the managed resource that its external object may lose.
    pub(super) async fn remember(&mut self, external: &K::External) -> Result<(), ReconcileError> {
        let Some(config) = &self.config else {
            return Ok(());
        };
        let Some((key, value)) = K::remembered(config, external) else {
            return Ok(());
        };
        if metadata::annotation(&self.managed.metadata, key) == value.as_deref() {
            return Ok(());
        }
        let annotations = Map::from_iter([(key.to_owned(), json!(value))]);
        self.patch(annotations, None).await
    }

    /// Writes our finalizer and the external name.
    pub(super) async fn prepare(&mut self) -> Result<(), ReconcileError> {
        let name = kind::default_name::<K>(&self.managed.metadata);
        let annotations = self.marks().prepared(&self.managed.metadata, &name);
        self.patch(annotations, Some(true)).await
    }

    /// Records that an external object which existed is ours from now on, unless it is only
    /// observed, and claims it.
    pub(super) async fn take_over(&mut self, situation: &Situation) -> Result<(), ReconcileError> {
        let writes = situation.policies.as_ref().is_ok_and(Policies::write);
        if writes && !self.marks().is_ours(&self.managed.metadata) {
            let taken_over = self.marks().taken_over(Timestamp::now());
            self.patch(taken_over, None).await?;
        }
        self.claim(situation).await
    }

    /// Removes our finalizer.
    pub(super) async fn let_go(&mut self) -> Result<(), ReconcileError> {
        self.patch(Map::new(), Some(false)).await?;
        self.measure_end();
        Ok(())
    }

    pub(super) fn api(&self) -> Api<Managed<K::Model>> {
        Api::namespaced(self.controller.context.control.clone(), &self.key.0)
    }
}
