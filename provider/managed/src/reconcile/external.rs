//! The steps of a reconcile that write to the external object.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;
use kube::api::Patch;
use serde_json::{Map, Value, json};

use super::{Change, Client, Object, Reconciler};
use crate::conditions::ConditionUpdate;
use crate::events::{EventType, Reason};
use crate::external::{Connector, Difference, Ending, External, Observation, Planned};
use crate::failure::{BoxError, Failure};
use crate::metadata;
use crate::metrics::Verb;

impl<C: Connector> Reconciler<'_, C> {
    /// Creates the external object, if no rule refuses it. The begin is recorded before, the end
    /// after.
    pub(super) async fn create(&mut self, client: &mut Client<C>) -> Result<Object<C>, Failure> {
        // The watch may be behind: what is there already is not made again.
        match client.observe_again(&mut self.request()).await? {
            Observation::Absent => {}
            Observation::Left(_) | Observation::Going(_) | Observation::Present(_) => {
                return Err(Failure::Held(format!("{} was just created", self.shown())));
            }
        }
        self.missing = true;
        let creation = Planned::Creation;
        client.validate(&mut self.request(), creation).await?;
        if let Some(missing) = client.awaited(&mut self.request()).await? {
            return Err(Failure::Held(missing));
        }
        if !metadata::is_creation_open(self.managed.meta()) {
            self.patch(metadata::begun(Timestamp::now()), None).await?;
        }
        let created = match client.create(&mut self.request()).await {
            Ok(created) => created,
            Err(failure) => {
                let conflict = failure.is_conflict();
                // If an object may have been created, it is found and counts as ours. If it was
                // not, one that is found was created by others.
                let open = failure.leaves_it_open();
                let waits = matches!(failure, Failure::Held(_));
                let failure = match conflict || waits {
                    true => failure,
                    false => Failure::Create(Box::new(failure)),
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
        self.wrote(Verb::Create, None);
        self.record_creation(client, created).await
    }

    /// Records that a creation is done, and of which object.
    pub(super) async fn record_creation(
        &mut self,
        client: &mut Client<C>,
        object: Object<C>,
    ) -> Result<Object<C>, Failure> {
        let noted = client.note_creation(&mut self.request(), object).await?;
        let uid = client.holding(&noted).and_then(|external| external.uid);
        let mut annotations = self.marks().identified(uid.as_deref());
        annotations.extend(metadata::ended(Timestamp::now(), true));
        self.patch(annotations, None).await?;
        Ok(noted)
    }

    /// Changes the external object to what is wanted, if no rule refuses it and it accepts changes.
    /// Returns the object, and whether it is as wanted then.
    pub(super) async fn update(
        &mut self,
        client: &mut Client<C>,
        object: &Object<C>,
        difference: &Difference<Change<C>>,
    ) -> Result<(Object<C>, ConditionUpdate), Failure> {
        if let Some(why) = client.busy(object) {
            return Err(Failure::Held(why));
        }
        let change = &difference.change;
        let planned = Planned::Update(object, change);
        client.validate(&mut self.request(), planned).await?;
        let updated = match client.update(&mut self.request(), object, change).await {
            Ok(updated) => updated,
            Err(failure) if failure.is_conflict() => return Err(failure),
            Err(failure) => {
                let failure = Failure::Update(Box::new(failure));
                self.wrote(Verb::Update, Some(&failure));
                return Err(failure);
            }
        };
        self.controller.context.metrics.drifted(&self.measured());
        self.wrote(Verb::Update, None);
        if updated.has_written {
            self.state.updates.made(difference.fields.clone());
        }
        let up_to_date = match updated.is_settled {
            true => ConditionUpdate::matched(),
            false => ConditionUpdate::update_requested(),
        };
        Ok((updated.object, up_to_date))
    }

    /// Requests the deletion of the external object.
    pub(super) async fn delete(
        &mut self,
        client: &mut Client<C>,
        object: &Object<C>,
    ) -> Result<(), Failure> {
        match client.delete(&mut self.request(), object).await {
            Err(failure @ Failure::Held(_)) => Err(failure),
            Err(failure) if failure.is_conflict() => Err(failure),
            Err(failure) => {
                let failure = Failure::Delete(Box::new(failure));
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
    pub(super) async fn attend(
        &mut self,
        client: &mut Client<C>,
        object: &Object<C>,
    ) -> Result<String, Failure> {
        let why = match client.ending(&mut self.request(), object).await? {
            Ending::Goes => return Ok(self.going(client, object)),
            Ending::Waits(why) => why,
            Ending::Released(done) => {
                let reason = Reason::DeletedExternalResource;
                self.event(EventType::Warning, reason, &done);
                done
            }
        };
        Ok(format!("{} is being deleted: {why}", self.shown()))
    }

    /// The refusal of an external object of somebody else's.
    pub(super) fn foreign(&self) -> Failure {
        let (marks, shown) = (self.marks(), self.shown());
        match marks.is_ours(self.managed.meta()) {
            true => Failure::Replaced {
                shown,
                record: marks.external_uid.clone(),
            },
            false => Failure::Foreign {
                shown,
                name: self.name.clone(),
            },
        }
    }

    /// Releases the managed resource, and says that an external object of its name stays.
    pub(super) async fn leave_foreign(&mut self) -> Result<(), Failure> {
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
    pub(super) async fn abandon(&mut self, why: Option<&BoxError>) -> Result<(), Failure> {
        let (namespace, name) = self.key;
        let kind = C::Managed::kind(&());
        let message = format!(
            "{kind} {namespace}/{name} is released without deleting {}, which may still exist in \
             its cluster: delete it there. {}",
            self.shown(),
            why.map(ToString::to_string).unwrap_or_default()
        );
        self.let_go().await?;
        tracing::warn!(%kind, namespace, name, message);
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

    /// Writes the members that the server has chosen into the spec.
    pub(super) async fn late_initialize(
        &mut self,
        decided: &Map<String, Value>,
    ) -> Result<(), Failure> {
        let body = json!({
            "metadata": {"resourceVersion": self.managed.meta().resource_version},
            "spec": {"forProvider": decided},
        });
        self.managed = self
            .api()
            .patch(&self.key.1, &self.patch_params(), &Patch::Merge(&body))
            .await
            .map_err(Failure::control(
                "writing the server's defaults into the spec",
            ))?;
        Ok(())
    }
}
