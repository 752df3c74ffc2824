//! Writes to the managed resource itself: status, annotations and finalizer.

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource};
use serde_json::{Map, Value, json};

use super::outcome::{self, CONFLICT, NOT_READY, Outcome};
use super::{Change, Client, Next, Object, Reconciler, Seen, merge_patch};
use crate::conditions::{ConditionUpdate, Report, Subject, status};
use crate::events::{EventType, Reason};
use crate::external::{Connector, Difference, External};
use crate::failure::Failure;
use crate::metadata;
use crate::policies::Policies;

impl<C: Connector> Reconciler<'_, C> {
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
    pub(super) async fn fail(&mut self, failure: Failure) -> Next {
        if failure.is_gone() {
            self.gone = true;
            return Next::Never;
        }
        if failure.is_conflict() {
            return Next::After(CONFLICT);
        }
        self.report_error(&failure);
        let is_deleting = self.managed.meta().deletion_timestamp.is_some();
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
        client: &mut Client<C>,
        seen: &Seen<Object<C>>,
        difference: &Difference<Change<C>>,
        failure: Failure,
    ) -> Result<Outcome, Failure> {
        if failure.is_gone() || failure.is_conflict() {
            return Err(failure);
        }
        let told = Some(&*difference.told);
        let requested = ConditionUpdate::update_requested();
        let Ok(mut outcome) = self.settled(client, seen, told, requested).await else {
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
    fn after(&mut self, failure: &Failure) -> Next {
        match failure {
            Failure::Held(_) => Next::After(NOT_READY),
            _ => Next::Again(self.state.failed()),
        }
    }

    /// Writes the status, if it has changed.
    async fn write_status(&mut self, report: &Report) -> Result<(), Failure> {
        let before = C::status(&self.managed);
        // What was asked for during a pause is done after it.
        let paused = ConditionUpdate::paused();
        let is_paused = report
            .synced
            .as_ref()
            .is_some_and(|synced| synced.reason == paused.reason);
        let requested = metadata::annotation(self.managed.meta(), metadata::RECONCILE_REQUESTED);
        let requested = requested.filter(|_| !is_paused);
        let subject = Subject {
            generation: self.managed.meta().generation,
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
        let [was, is] = [&before, &after].map(|status| json!(status.at_provider));
        new["atProvider"] = merge_patch::replacing(&was, &is);
        let body = json!({
            "metadata": {"resourceVersion": self.managed.meta().resource_version},
            "status": new,
        });
        self.managed = self
            .api()
            .patch_status(&self.key.1, &self.patch_params(), &Patch::Merge(&body))
            .await
            .map_err(Failure::control("writing the status"))?;
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
    ) -> Result<(), Failure> {
        let body = self.marks().patch(self.managed.meta(), annotations, held);
        self.managed = self
            .api()
            .patch(&self.key.1, &self.patch_params(), &Patch::Merge(&body))
            .await
            .map_err(Failure::control("writing the managed resource"))?;
        Ok(())
    }

    /// Copies data to the managed resource that its external object may lose.
    pub(super) async fn remember(
        &mut self,
        client: &Client<C>,
        object: &Object<C>,
    ) -> Result<(), Failure> {
        let Some((key, value)) = client.remembered(object) else {
            return Ok(());
        };
        if metadata::annotation(self.managed.meta(), key) == value.as_deref() {
            return Ok(());
        }
        let annotations = Map::from_iter([(key.to_owned(), json!(value))]);
        self.patch(annotations, None).await
    }

    /// Writes our finalizer and the external name.
    pub(super) async fn prepare(&mut self) -> Result<(), Failure> {
        let name = C::default_name(&self.managed);
        let annotations = self.marks().prepared(self.managed.meta(), &name);
        self.patch(annotations, Some(true)).await
    }

    /// Refuses to take over an external object that is another one than the spec describes.
    pub(super) async fn refuse_another(
        &mut self,
        client: &mut Client<C>,
        policies: Policies,
        object: &Object<C>,
        difference: &Difference<Change<C>>,
    ) -> Result<(), Failure> {
        if !policies.write() || self.is_ours(client, object) {
            return Ok(());
        }
        let change = &difference.change;
        client
            .may_take_over(&mut self.request(), object, change)
            .await
    }

    /// Records that an external object which existed is ours from now on, unless it is only
    /// observed, and which object it is, and claims it.
    pub(super) async fn take_over(
        &mut self,
        client: &mut Client<C>,
        policies: Policies,
        object: Object<C>,
    ) -> Result<Object<C>, Failure> {
        if policies.write() {
            let uid = client.holding(&object).and_then(|external| external.uid);
            let (marks, uid) = (self.marks(), uid.as_deref());
            let recorded = metadata::annotation(self.managed.meta(), &marks.external_uid);
            let annotations = match self.is_ours(client, &object) {
                false => marks.taken_over(Timestamp::now(), uid),
                true if recorded == uid => Map::new(),
                true => marks.identified(uid),
            };
            if !annotations.is_empty() {
                self.patch(annotations, None).await?;
            }
        }
        self.claim(client, policies, object).await
    }

    /// Removes our finalizer.
    pub(super) async fn let_go(&mut self) -> Result<(), Failure> {
        self.patch(Map::new(), Some(false)).await?;
        self.measure_end();
        Ok(())
    }

    pub(super) fn api(&self) -> Api<C::Managed> {
        Api::namespaced(self.control(), &self.key.0)
    }

    /// The parameters of this provider's patches.
    pub(super) fn patch_params(&self) -> PatchParams {
        PatchParams {
            field_manager: Some(self.controller.context.provider.name.to_owned()),
            ..PatchParams::default()
        }
    }
}
