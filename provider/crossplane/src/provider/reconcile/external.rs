//! The steps of a reconcile that write to the external object.

use std::collections::BTreeSet;

use everest_core::Operation;
use everest_core::rules::awaited;
use everest_schemas::managed::{ManagedModel, members};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;
use kube::api::Patch;
use serde_json::{Map, Value, json};

use super::Reconciler;
use crate::provider::conditions::ConditionUpdate;
use crate::provider::config::patch_params;
use crate::provider::decision::{External, Situation};
use crate::provider::error::{ReconcileError, sentence};
use crate::provider::events::{EventType, Reason};
use crate::provider::kind::{self, Difference, Ending, Kind};
use crate::provider::metadata;
use crate::provider::metrics::Verb;

impl<K: Kind> Reconciler<'_, K> {
    /// Creates the external object, if no rule refuses it. The begin is recorded before, the end
    /// after.
    pub(super) async fn create(&mut self) -> Result<(), ReconcileError> {
        // The watch may be behind: what is there already is not made again.
        if let Some(scene) = self.scene()
            && let Some(found) = scene.requests().get(scene.name).await?
        {
            self.external = Some(std::sync::Arc::new(found));
            return Err(ReconcileError::Held(format!(
                "{} was just created",
                self.shown()
            )));
        }
        self.missing = true;
        self.validate(Operation::Create).await?;
        if let Some(mut scene) = self.scene()
            && let Some(missing) = K::awaited(&mut scene).await?
        {
            return Err(ReconcileError::Held(missing));
        }
        if !metadata::is_creation_open(&self.managed.metadata) {
            self.patch(metadata::begun(Timestamp::now()), None).await?;
        }
        let Some(mut scene) = self.scene() else {
            return Ok(());
        };
        let created = match K::create(&mut scene).await {
            Ok(created) => created,
            Err(failure) => {
                let conflict = failure.is_conflict();
                // If an object may have been created, it is found and counts as ours. If it was
                // not, one that is found was created by others.
                let open = failure.leaves_it_open();
                let waits = matches!(failure, ReconcileError::Held(_));
                let failure = match conflict || waits {
                    true => failure,
                    false => ReconcileError::Create(Box::new(failure)),
                };
                if !conflict && !waits {
                    self.wrote(Verb::Create, Some(&failure));
                }
                if !open {
                    self.patch(metadata::ended(Timestamp::now(), false), None)
                        .await?;
                }
                return Err(failure);
            }
        };
        self.missing = false;
        self.state.created(created.meta().generation);
        self.wrote(Verb::Create, None);
        self.external = Some(created);
        self.record_creation().await
    }

    /// Records that a creation is done.
    pub(super) async fn record_creation(&mut self) -> Result<(), ReconcileError> {
        if let (Some(external), Some(mut scene)) = (self.external.clone(), self.scene()) {
            let noted = K::note_creation(&mut scene, &external).await?;
            self.external = Some(noted);
        }
        self.patch(metadata::ended(Timestamp::now(), true), None)
            .await
    }

    /// Changes the external object to what is wanted, if no rule refuses it and Everest accepts
    /// changes. Returns whether it is as wanted then.
    pub(super) async fn update(&mut self) -> Result<ConditionUpdate, ReconcileError> {
        let requested = ConditionUpdate::update_requested();
        let fields = self.differing();
        let (Some(external), Some(difference)) = (self.external.clone(), self.difference.clone())
        else {
            return Ok(requested);
        };
        if let Some(why) = K::busy(&external) {
            return Err(ReconcileError::Held(why));
        }
        self.validate(Operation::Update).await?;
        let Some(mut scene) = self.scene() else {
            return Ok(requested);
        };
        let updated = match K::update(&mut scene, &external, &difference).await {
            Ok(updated) => updated,
            Err(failure) if failure.is_conflict() => return Err(failure),
            Err(failure) => {
                let failure = ReconcileError::Update(Box::new(failure));
                self.wrote(Verb::Update, Some(&failure));
                return Err(failure);
            }
        };
        self.controller.context.metrics.drifted(&self.measured());
        self.wrote(Verb::Update, None);
        // A lifecycle that only waits writes nothing.
        let is_of_secret = matches!(difference, Difference::Secret { .. });
        if is_of_secret || updated.meta().resource_version != external.meta().resource_version {
            self.state.updates.made(fields);
        }
        if updated.meta().generation != external.meta().generation {
            self.state.changed(updated.meta().generation);
        }
        self.external = Some(updated);
        // A Secret has what was written to it, an object may not.
        Ok(match is_of_secret {
            true => ConditionUpdate::matched(),
            false => requested,
        })
    }

    /// Requests the deletion of the external object.
    pub(super) async fn delete(&mut self) -> Result<(), ReconcileError> {
        let Some(external) = self.external.clone() else {
            return Ok(());
        };
        let Some(mut scene) = self.scene() else {
            return Ok(());
        };
        match K::delete(&mut scene, &external).await {
            Err(failure @ ReconcileError::Held(_)) => Err(failure),
            Err(failure) if failure.is_conflict() => Err(failure),
            Err(failure) => {
                let failure = ReconcileError::Delete(Box::new(failure));
                self.wrote(Verb::Delete, Some(&failure));
                Err(failure)
            }
            Ok(()) => {
                self.wrote(Verb::Delete, None);
                Ok(())
            }
        }
    }

    /// Does the work without which the external object, which is being deleted, cannot go. Returns
    /// what is waited for.
    pub(super) async fn attend(&mut self) -> Result<String, ReconcileError> {
        let ending = match (self.external.clone(), self.scene()) {
            (Some(external), Some(mut scene)) => K::ending(&mut scene, &external).await?,
            _ => Ending::Goes,
        };
        let why = match ending {
            Ending::Goes => return Ok(self.going()),
            Ending::Waits(why) => why,
            Ending::Released(done) => {
                let reason = Reason::DeletedExternalResource;
                self.event(EventType::Warning, reason, &done);
                done
            }
        };
        Ok(format!("{} is being deleted: {why}", self.shown()))
    }

    /// Removes remaining objects.
    pub(super) async fn clean_up(&mut self) -> Result<Option<String>, ReconcileError> {
        match self.scene() {
            Some(mut scene) => K::clean_up(&mut scene).await,
            None => Ok(None),
        }
    }

    /// Releases the managed resource, and says that an external object of its name stays.
    pub(super) async fn leave_foreign(&mut self) -> Result<(), ReconcileError> {
        let message = format!(
            "{} is left as it is: this managed resource neither created it nor took it over",
            self.shown()
        );
        let reason = Reason::CannotDeleteExternalResource;
        self.event(EventType::Warning, reason, &message);
        self.let_go().await
    }

    /// Releases the managed resource although its external object may exist, and publishes an event
    /// that can still be read once the namespace is gone.
    pub(super) async fn abandon(&mut self) -> Result<(), ReconcileError> {
        // One that cannot be read is let go as well, by the name that it has.
        let _ = self.placed();
        let (namespace, name) = self.key;
        let why = self.cut_off.take().map(|error| error.to_string());
        let message = format!(
            "{} {namespace}/{name} is released without deleting {}, which may still exist in its \
             cluster: delete it there. {}",
            K::Model::KIND,
            self.shown(),
            why.unwrap_or_default()
        );
        self.let_go().await?;
        tracing::warn!(kind = K::Model::KIND, namespace, name, message);
        let about = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Namespace".to_owned()),
            name: Some(namespace.clone()),
            ..ObjectReference::default()
        };
        let reason = Reason::CannotDeleteExternalResource;
        let events = &self.controller.context.events;
        events.publish_named(
            &about,
            Some(&self.name),
            EventType::Warning,
            reason,
            &message,
        );
        Ok(())
    }

    /// Checks that the external object is really gone before the managed resource goes: the watch
    /// may not have shown a new object yet. Without the policy `Delete` there is no check.
    pub(super) async fn is_released_for_good(
        &mut self,
        situation: &mut Situation,
    ) -> Result<bool, ReconcileError> {
        if situation.external != External::Absent {
            return Ok(true);
        }
        let Some(scene) = self.scene() else {
            return Ok(true);
        };
        let Some(found) = scene.requests().get(scene.name).await? else {
            return Ok(true);
        };
        if self.is_left(&found) {
            return Ok(true);
        }
        situation.external = if found.meta().deletion_timestamp.is_some() {
            External::Going
        } else {
            External::Present {
                matches: true,
                decided: false,
            }
        };
        self.external = Some(std::sync::Arc::new(found));
        Ok(false)
    }

    /// The members that the server has chosen and the spec leaves open.
    pub(super) fn decided(&mut self, external: &K::External) -> Map<String, Value> {
        let mut decided = Value::Object(Map::new());
        let Some(scene) = self.scene() else {
            return Map::new();
        };
        // What is left to whoever has raised it is not open.
        let written = scene.managed.spec.for_provider.model.as_ref();
        let written = written.ok().and_then(|model| members(model).ok());
        let said = Value::Object(written.unwrap_or_default());
        let held = Value::Object(members(&scene.observed(external)).unwrap_or_default());
        for path in K::DECIDED {
            let pointer = format!("/{}", path.replace('.', "/"));
            let open = said.pointer(&pointer).is_none_or(Value::is_null);
            if let Some(value) = held
                .pointer(&pointer)
                .filter(|value| open && !value.is_null())
            {
                put(&mut decided, path, value);
            }
        }
        decided.as_object().cloned().unwrap_or_default()
    }

    /// Writes these members into the spec.
    pub(super) async fn late_initialize(&mut self) -> Result<(), ReconcileError> {
        let Some(external) = self.external.clone() else {
            return Ok(());
        };
        let decided = self.decided(&external);
        let body = json!({
            "metadata": {"resourceVersion": self.managed.metadata.resource_version},
            "spec": {"forProvider": decided},
        });
        self.managed = self
            .api()
            .patch(&self.key.1, &patch_params(), &Patch::Merge(&body))
            .await
            .map_err(ReconcileError::control(
                "writing the server's defaults into the spec",
            ))?;
        Ok(())
    }

    /// Checks the rules for the planned change.
    async fn validate(&mut self, operation: Operation) -> Result<(), ReconcileError> {
        let prior = match (operation, self.external.clone(), self.scene()) {
            (Operation::Update, Some(external), Some(scene)) => {
                Some(K::seen(&scene, &external).await?)
            }
            _ => None,
        };
        let Some(config) = self.config.clone() else {
            return Ok(());
        };
        let planned = match (&prior, &self.difference) {
            (Some(prior), Some(difference)) => kind::planned::<K>(&config, prior, difference)?,
            _ => config.clone(),
        };
        let findings = self.findings(&config, &planned, prior.as_ref()).await?;
        let awaited: Option<BTreeSet<_>> = findings.iter().map(awaited).collect();
        if let Some(views) = &self.views {
            let awaited = awaited.clone().unwrap_or_default();
            views
                .prerequisites
                .waits(self.key, &self.namespace, &awaited);
        }
        if findings.is_empty() {
            return Ok(());
        }
        if awaited.is_some() {
            let missing: Vec<_> = findings.iter().map(sentence).collect();
            return Err(ReconcileError::Held(format!(
                "waiting: {}",
                missing.join("; ")
            )));
        }
        Err(ReconcileError::Refused(findings))
    }
}

fn put(object: &mut Value, path: &str, value: &Value) {
    let mut place = object;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value.clone();
}
