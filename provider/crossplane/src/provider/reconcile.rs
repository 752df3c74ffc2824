//! One look at a managed resource: the steps that [`decide`] names, done one after another.

mod acts;
mod claims;
#[cfg(test)]
mod crashes;
mod judged;
mod told;

use std::sync::Arc;
use std::time::Duration;

use everest_core::readiness::Readiness;
use everest_core::v1::Mapped;
use everest_schemas::managed::{API_VERSION, Managed, ManagedModel, members};
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Map, Value, json};

use super::config::FIELD_MANAGER;
use super::controllers::Controller;
use super::decision::{External, Situation, Step, decide};
use super::events::{EventType, Reason};
use super::failure::Failure;
use super::kind::{Kind, Scene};
use super::memory::{Memory, Related, ResourceKey};
use super::metadata;
use super::policies::Policies;
use super::published;
use super::report::{READY, Report, SYNCED, Says, Subject, status};
use super::usage::UserOfConfig;
use super::views::Views;

/// How soon what is not ready is looked at again although nothing changed: some judgements
/// depend on time.
const NOT_READY: Duration = Duration::from_secs(5);
/// How soon a deletion that goes on is looked at again although nothing changed.
const DELETING: Duration = Duration::from_secs(5);
/// How soon is looked again after somebody else wrote first.
const CONFLICT: Duration = Duration::from_millis(200);

/// When to look again although nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Never.
    Never,
    /// After this time.
    After(Duration),
    /// After this time, since this look failed.
    Again(Duration),
    /// After the usual time.
    Usual,
}

/// What a look came to.
struct Outcome {
    report: Report,
    next: Next,
}

/// A look under way.
struct Look<'a, K: Kind> {
    controller: &'a Controller<K>,
    key: &'a ResourceKey,
    managed: Managed<K::Model>,
    config: Option<K::Model>,
    namespace: String,
    name: String,
    views: Option<Arc<Views<K>>>,
    external: Option<Arc<K::External>>,
    change: Option<Value>,
    memory: &'a mut Memory,
    /// The managed resource is no longer there.
    gone: bool,
}

pub use told::measured;

/// Looks at a managed resource, does what is to be done, and says in its status what it came
/// to. Returns when to look again.
pub async fn reconcile<K: Kind>(managed: &Managed<K::Model>, controller: &Controller<K>) -> Next {
    let key = (managed.namespace().unwrap_or_default(), managed.name_any());
    let mut memory = controller.memories.take(&key);
    let mut look = Look {
        controller,
        key: &key,
        managed: managed.clone(),
        config: None,
        namespace: String::new(),
        name: metadata::external_name(&managed.metadata).to_owned(),
        views: None,
        external: None,
        change: None,
        memory: &mut memory,
        gone: false,
    };
    let next = match look.run().await {
        Ok(Some(outcome)) => look.finish(outcome).await,
        Ok(None) => {
            controller.forget(&key);
            return Next::Never;
        }
        Err(failure) => look.fail(failure).await,
    };
    let released = look.managed.metadata.deletion_timestamp.is_some()
        && !metadata::is_held(&look.managed.metadata);
    if look.gone || released {
        controller.forget(&key);
        return Next::Never;
    }
    controller.memories.put(&key, memory);
    next
}

impl<K: Kind> Look<'_, K> {
    /// Does the steps, until one of them says when to look again. None once the managed
    /// resource is let go.
    async fn run(&mut self) -> Result<Option<Outcome>, Failure> {
        let mut situation = self.situation();
        loop {
            let step = decide(&situation);
            tracing::debug!(
                kind = K::Model::KIND,
                namespace = self.key.0,
                name = self.key.1,
                ?step
            );
            match step {
                Step::Pause => {
                    let said = self.managed.status.condition(SYNCED);
                    if said.is_none_or(|synced| synced.reason != "ReconcilePaused") {
                        self.event(
                            EventType::Normal,
                            Reason::ReconciliationPaused,
                            "nothing is done while the resource is paused",
                        );
                    }
                    return Ok(Some(paused()));
                }
                Step::RefusePolicies(error) => {
                    return Ok(Some(Outcome {
                        report: Report {
                            synced: Some(Says::failed().because(error.to_string())),
                            ..Report::default()
                        },
                        next: Next::Never,
                    }));
                }
                Step::Release => {
                    if !self.is_released_for_good(&mut situation).await? {
                        continue;
                    }
                    if let Some(waiting) = self.clean_up().await? {
                        return Ok(Some(deleting(waiting)));
                    }
                    self.patch(Map::new(), Some(false)).await?;
                    self.measure_end();
                    return Ok(None);
                }
                Step::Nothing => return Ok(None),
                Step::AwaitOthers => {
                    return Ok(Some(deleting(
                        "the finalizers of others are waited for before the external object is \
                         deleted"
                            .to_owned(),
                    )));
                }
                Step::Prepare => {
                    let name = json!(self.name);
                    let annotations = Map::from_iter([(metadata::EXTERNAL_NAME.to_owned(), name)]);
                    self.patch(annotations, Some(true)).await?;
                    situation.prepared = true;
                    situation.held = true;
                }
                Step::Observe => {
                    if let Some(holder) = self.holder() {
                        if situation.deleting {
                            // The object is the other's, and stays.
                            self.patch(Map::new(), Some(false)).await?;
                            self.measure_end();
                            return Ok(None);
                        }
                        return Err(Failure::Claimed(holder));
                    }
                    self.connect(situation.deleting).await?;
                    self.look().await?;
                    situation.external = self.seen(situation.deleting).await?;
                    situation.done_once = self.is_done();
                }
                Step::Create => {
                    self.create().await?;
                    situation.external = External::Present {
                        matches: true,
                        decided: false,
                    };
                    situation.creation_open = false;
                }
                Step::RecordCreation => {
                    self.record_creation().await?;
                    situation.creation_open = false;
                }
                Step::LateInitialize => {
                    self.late_initialize().await?;
                    situation.external = External::Present {
                        matches: self.change.is_none(),
                        decided: false,
                    };
                }
                Step::Update => {
                    self.update().await?;
                    return self.settled(Says::update_requested()).await.map(Some);
                }
                Step::LeaveDifferent => {
                    return self.settled(Says::update_restricted()).await.map(Some);
                }
                Step::Settle => {
                    self.controller.context.metrics.unchanged(&self.measured());
                    return self.settled(Says::matched()).await.map(Some);
                }
                Step::ReportAbsent => {
                    return Ok(Some(Outcome {
                        report: Report {
                            ready: Some(Says::unavailable()),
                            synced: Some(Says::failed().because(format!(
                                "observe failed: {} does not exist, and \
                                 spec.managementPolicies do not let it be created",
                                self.shown()
                            ))),
                            ..Report::default()
                        },
                        next: Next::Usual,
                    }));
                }
                Step::ReportDone => return Ok(Some(self.done())),
                Step::ReportGoing => {
                    return Ok(Some(Outcome {
                        report: Report {
                            ready: Some(Says::unavailable().because(self.going())),
                            synced: Some(Says::failed().because(format!(
                                "observe failed: {}, not by this resource. It is looked at again \
                                 once it is gone",
                                self.going()
                            ))),
                            ..Report::default()
                        },
                        next: Next::After(DELETING),
                    }));
                }
                Step::Delete => match self.delete().await {
                    Ok(()) => situation.external = External::Going,
                    Err(Failure::Held(why)) => return Ok(Some(deleting(why))),
                    Err(failure) => return Err(failure),
                },
                Step::AwaitDeletion => return Ok(Some(deleting(self.going()))),
            }
        }
    }

    fn situation(&self) -> Situation {
        let metadata = &self.managed.metadata;
        let held = metadata::is_held(metadata);
        let named = metadata::annotation(metadata, metadata::EXTERNAL_NAME).is_some();
        Situation {
            deleting: metadata.deletion_timestamp.is_some(),
            paused: metadata::is_paused(metadata),
            policies: Policies::of(&self.managed.spec.management_policies),
            prepared: held && named,
            held,
            held_by_others: metadata::is_held_by_others(metadata),
            creation_open: metadata::is_creation_open(metadata),
            done_once: false,
            external: External::Unseen,
        }
    }

    /// Connects to the cluster. Who deletes notes no use: a namespace that is going takes none.
    async fn connect(&mut self, is_deleting: bool) -> Result<(), Failure> {
        let context = &self.controller.context;
        let reference = &self.managed.spec.provider_config_ref;
        if !is_deleting {
            let user = UserOfConfig {
                uid: self.managed.uid().unwrap_or_default(),
                namespace: self.key.0.clone(),
                name: self.key.1.clone(),
                api_version: API_VERSION.to_owned(),
                kind: K::Model::KIND.to_owned(),
            };
            context.usages.track(&user, reference).await?;
        }
        let target = context.targets.connect(&self.key.0, reference).await?;
        let mut config = match &self.managed.spec.for_provider.model {
            Ok(model) => model.clone(),
            Err(reason) => return Err(Failure::Unreadable(reason.clone())),
        };
        config.place(&self.key.0, &self.name);
        config.key().0.clone_into(&mut self.namespace);
        self.controller.memories.relate(
            Related::External(
                target.key.clone(),
                self.namespace.clone(),
                self.name.clone(),
            ),
            self.key,
        );
        if let Some(reference) = &self.managed.spec.for_provider.secret_ref {
            let secret = Related::Own(self.key.0.clone(), reference.name.clone());
            self.controller.memories.relate(secret, self.key);
        }
        self.config = Some(config);
        self.views = Some(self.controller.views(target));
        Ok(())
    }

    async fn look(&mut self) -> Result<(), Failure> {
        if let Some(views) = &self.views {
            self.external = views.external(&self.namespace, &self.name).await?;
        }
        Ok(())
    }

    /// What there is of the external object.
    async fn seen(&mut self, is_deleting: bool) -> Result<External, Failure> {
        let Some(external) = self.external.clone() else {
            return Ok(External::Absent);
        };
        if is_deleting && self.is_left(&external) {
            return Ok(External::Absent);
        }
        if kube::Resource::meta(&*external)
            .deletion_timestamp
            .is_some()
        {
            return Ok(External::Going);
        }
        if is_deleting {
            return Ok(External::Present {
                matches: true,
                decided: false,
            });
        }
        let change = match self.scene() {
            Some(scene) => K::change(&scene, &external).await?,
            None => None,
        };
        let matches = change.is_none();
        self.change = change;
        Ok(External::Present {
            matches,
            decided: !self.decided(&external).is_empty(),
        })
    }

    /// Whether an object that exists is no longer ours to delete.
    fn is_left(&self, external: &K::External) -> bool {
        self.config
            .as_ref()
            .is_some_and(|config| K::is_left(config, external, &self.key.0))
    }

    /// Whether the work was done once. An earlier object may have gone since.
    fn is_done(&self) -> bool {
        let state = self.managed.status.at_provider.get("state");
        let ended = matches!(state.and_then(Value::as_str), Some("Succeeded" | "Failed"));
        K::RUNS_ONCE && (ended || metadata::was_created(&self.managed.metadata))
    }

    fn scene(&mut self) -> Option<Scene<'_, K>> {
        Some(Scene {
            managed: &self.managed,
            key: self.key,
            config: self.config.as_ref()?,
            namespace: &self.namespace,
            name: &self.name,
            views: self.views.as_deref()?,
            control: &self.controller.context.control,
            own_secrets: self.controller.own_secrets.as_ref(),
            memory: self.memory,
        })
    }

    /// The external object as messages name it.
    fn shown(&self) -> String {
        let kind = <K::External as kube::Resource>::kind(&());
        match K::NAMESPACED {
            true => format!("{kind} {}/{}", self.namespace, self.name),
            false => format!("{kind} {}", self.name),
        }
    }

    /// That the external object is being deleted, and what holds it.
    fn going(&self) -> String {
        let held = self
            .memory
            .waiting
            .clone()
            .or_else(|| K::holders(self.external.as_deref()?));
        match held {
            Some(held) => format!("{} is being deleted: {held}", self.shown()),
            None => format!("{} is being deleted", self.shown()),
        }
    }

    /// What is said of an external object that exists.
    async fn settled(&mut self, up_to_date: Says) -> Result<Outcome, Failure> {
        let Some(external) = self.external.clone() else {
            return Ok(Outcome {
                report: Report::default(),
                next: Next::After(CONFLICT),
            });
        };
        let creating = self
            .managed
            .status
            .condition(READY)
            .is_none_or(|ready| ready.reason == "Creating");
        let mut at_provider = self.at_provider(&external).await?;
        let mut readiness = Readiness::Ready;
        let mut published = Ok(false);
        if let Some(mut scene) = self.scene() {
            readiness = K::readiness(&mut scene, &external).await;
            published = published::publish(&mut scene, &external).await;
        }
        if let Some(ready) = at_provider.get_mut("ready") {
            *ready = json!(readiness == Readiness::Ready);
        }
        let (ready, next) = match &readiness {
            Readiness::Ready => (Says::available(), Next::Usual),
            Readiness::Pending(missing) if creating => {
                (Says::creating().because(missing), Next::After(NOT_READY))
            }
            Readiness::Pending(missing) => {
                (Says::unavailable().because(missing), Next::After(NOT_READY))
            }
            Readiness::Failed(reason) => (Says::unavailable().because(reason), Next::Usual),
        };
        let synced = match published {
            Ok(_) => Says::synced(),
            Err(failure) if failure.is_conflict() => return Err(failure),
            Err(failure) => Says::failed().because(failure.to_string()),
        };
        let next = match synced.status {
            "True" => next,
            _ => Next::Again(self.memory.failed()),
        };
        Ok(Outcome {
            report: Report {
                ready: Some(ready),
                synced: Some(synced),
                up_to_date: Some(up_to_date),
                at_provider: Some(at_provider),
            },
            next,
        })
    }

    /// What only the server says of an external object.
    async fn at_provider(&mut self, external: &K::External) -> Result<Map<String, Value>, Failure> {
        let schema = &self.controller.at_provider;
        let Some(scene) = self.scene() else {
            return Ok(Map::new());
        };
        let seen = K::seen(&scene, external).await?;
        let observed = Value::Object(members(&seen).unwrap_or_default());
        Ok(match only(&observed, schema) {
            Value::Object(members) => members,
            _ => Map::new(),
        })
    }

    /// Something that ran once and whose object is gone.
    fn done(&self) -> Outcome {
        let at_provider = &self.managed.status.at_provider;
        let state = at_provider.get("state").and_then(Value::as_str);
        let ready = match state {
            Some("Succeeded") => Says::available(),
            other => Says::unavailable().because(format!(
                "{} is gone and was last seen {}. It is not run again: create another resource to \
                 do so",
                self.shown(),
                other.unwrap_or("before it began")
            )),
        };
        Outcome {
            report: Report {
                ready: Some(ready),
                synced: Some(Says::synced()),
                up_to_date: Some(Says::matched()),
                at_provider: None,
            },
            next: Next::Usual,
        }
    }

    /// Says what a look came to.
    async fn finish(&mut self, outcome: Outcome) -> Next {
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
    async fn fail(&mut self, failure: Failure) -> Next {
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
            .patch_status(&self.key.1, &params(), &Patch::Merge(&body))
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
    async fn patch(
        &mut self,
        annotations: Map<String, Value>,
        held: Option<bool>,
    ) -> Result<(), Failure> {
        let body = metadata::patch(&self.managed.metadata, annotations, held);
        self.managed = self
            .api()
            .patch(&self.key.1, &params(), &Patch::Merge(&body))
            .await
            .map_err(Failure::control("writing the managed resource"))?;
        Ok(())
    }

    fn api(&self) -> Api<Managed<K::Model>> {
        Api::namespaced(self.controller.context.control.clone(), &self.key.0)
    }
}

fn params() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn paused() -> Outcome {
    Outcome {
        report: Report {
            synced: Some(Says::paused().because(
                "the annotation crossplane.io/paused is \"true\", or spec.managementPolicies are \
                 empty: nothing is done",
            )),
            up_to_date: Some(Says::unknown_while_paused()),
            ..Report::default()
        },
        next: Next::Never,
    }
}

fn deleting(why: String) -> Outcome {
    Outcome {
        report: Report {
            ready: Some(Says::deleting().because(why)),
            synced: Some(Says::synced()),
            ..Report::default()
        },
        next: Next::After(DELETING),
    }
}

/// The members of a value that a schema has, without nulls.
fn only(value: &Value, schema: &Value) -> Value {
    let (Some(members), Some(properties)) = (value.as_object(), schema["properties"].as_object())
    else {
        return value.clone();
    };
    let kept = properties.iter().filter_map(|(name, schema)| {
        let member = members.get(name).filter(|member| !member.is_null())?;
        let inside = only(member, schema);
        let empty = inside.as_object().is_some_and(Map::is_empty);
        (!empty).then(|| (name.clone(), inside))
    });
    Value::Object(kept.collect())
}
