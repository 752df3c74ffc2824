//! What is written to the managed resource itself: its status, annotations and finalizer.

use everest_schemas::managed::{Managed, ManagedModel};
use jiff::Timestamp;
use kube::Api;
use kube::api::Patch;
use serde_json::{Map, Value, json};

use super::outcome::{CONFLICT, NOT_READY, Outcome};
use super::{Look, Next};
use crate::provider::config::patch_params;
use crate::provider::events::{EventType, Reason};
use crate::provider::failure::Failure;
use crate::provider::kind::Kind;
use crate::provider::metadata;
use crate::provider::report::{Report, Says, Subject, status};

/// What is left to do where the cluster or the way there does not come back.
const WAY_OUT: &str = "To let the managed resource go and leave its external object where it is, \
    take Delete out of spec.managementPolicies (write Observe, Create, Update)";

impl<K: Kind> Look<'_, K> {
    /// Says what a look came to.
    pub(super) async fn finish(&mut self, outcome: Outcome) -> Next {
        let failed = outcome
            .report
            .synced
            .as_ref()
            .is_some_and(|synced| synced.reason == "ReconcileError");
        if !failed {
            self.memory.succeeded();
        }
        match self.say(&outcome.report).await {
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

    /// Says why a look failed.
    pub(super) async fn fail(&mut self, failure: Failure) -> Next {
        if failure.is_gone() {
            self.gone = true;
            return Next::Never;
        }
        if failure.is_conflict() {
            return Next::After(CONFLICT);
        }
        let (namespace, name) = self.key;
        tracing::info!(kind = K::Model::KIND, namespace, name, %failure, "not reconciled");
        self.complain(&failure);
        let mut report = Report {
            synced: Some(Says::failed().because(failure.to_string())),
            ..Report::default()
        };
        match &failure {
            Failure::Refused(_) => report.up_to_date = Some(Says::update_failed()),
            Failure::Held(_) => report.up_to_date = Some(Says::update_requested()),
            Failure::Target(_) => {
                // What cannot be looked at is not known to be ready.
                report.ready = Some(Says::unavailable().because("its cluster cannot be asked"));
                if self.managed.metadata.deletion_timestamp.is_some() {
                    let why = format!("{failure}. {WAY_OUT}");
                    report.synced = Some(Says::failed().because(why));
                }
            }
            _ => {}
        }
        let next = match failure {
            Failure::Held(_) => Next::After(NOT_READY),
            _ => Next::Again(self.memory.failed()),
        };
        self.finish(Outcome { report, next }).await
    }

    /// Writes the status, if there is anything new to say.
    async fn say(&mut self, report: &Report) -> Result<(), Failure> {
        let before = self.managed.status.clone();
        let requested = metadata::annotation(&self.managed.metadata, metadata::RECONCILE_REQUESTED);
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
            .map_err(Failure::control("writing the status"))?;
        if let Some(requested) = &after.last_handled_reconcile_at
            && before.last_handled_reconcile_at.as_ref() != Some(requested)
        {
            let message = format!("the look asked for by {requested:?} was had");
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
        let body = metadata::patch(&self.managed.metadata, annotations, held);
        self.managed = self
            .api()
            .patch(&self.key.1, &patch_params(), &Patch::Merge(&body))
            .await
            .map_err(Failure::control("writing the managed resource"))?;
        Ok(())
    }

    /// Puts our finalizer and the external name on.
    pub(super) async fn prepare(&mut self) -> Result<(), Failure> {
        let name = json!(self.name);
        let annotations = Map::from_iter([(metadata::EXTERNAL_NAME.to_owned(), name)]);
        self.patch(annotations, Some(true)).await
    }

    /// Takes our finalizer off.
    pub(super) async fn let_go(&mut self) -> Result<(), Failure> {
        self.patch(Map::new(), Some(false)).await?;
        self.measure_end();
        Ok(())
    }

    pub(super) fn api(&self) -> Api<Managed<K::Model>> {
        Api::namespaced(self.controller.context.control.clone(), &self.key.0)
    }
}
