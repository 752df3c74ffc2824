//! One reconcile of a managed resource: the steps that [`decide`] and [`decide_observed`] name, done
//! one after another.
//!
//! The way to the external object is in `observe`, writes to it in `external`, writes to the
//! managed resource in `patch`, and the result of the reconcile in `outcome`.

mod damping;
mod definition_deleted;
mod duplicates;
mod external;
mod holding;
mod merge_patch;
mod observe;
mod outcome;
mod patch;
mod telemetry;

use std::time::Duration;

use kube::{Resource, ResourceExt};
use serde_json::{Map, Value};

use crate::conditions::ConditionUpdate;
use crate::controllers::Controller;
use crate::decision::{self, Act, Situation, Step, decide, decide_observed};
use crate::events::{EventType, Reason};
use crate::external::{Connector, Difference, External, Request};
use crate::failure::{BoxError, Failure};
use crate::metadata::{self, Marks};
use crate::policies::Policies;
use crate::reconcile_state::ReconcileState;
use crate::relations::ResourceKey;
use crate::resource::ResourceSpec;
use holding::Holder;
use outcome::Outcome;
pub use telemetry::measured;

/// The time of the next reconcile if no event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Never.
    Never,
    /// After this time.
    After(Duration),
    /// After this time, since this reconcile failed.
    Again(Duration),
    /// After the usual time.
    Usual,
}

/// One reconcile of a managed resource.
pub(crate) struct Reconciler<'a, C: Connector> {
    pub(crate) controller: &'a Controller<C>,
    pub(crate) key: &'a ResourceKey,
    pub(crate) managed: C::Managed,
    pub(crate) spec: ResourceSpec,
    /// Name of the external object.
    name: String,
    pub(crate) state: &'a mut ReconcileState<C::Memory>,
    /// The managed resource is no longer there.
    gone: bool,
    /// The external object does not exist and should be created.
    missing: bool,
}

/// The connected system of a kind, and its external object.
type Client<C> = <C as Connector>::External;
type Object<C> = <Client<C> as External>::Object;
type Change<C> = <Client<C> as External>::Change;

/// An external object that exists, as it was observed.
struct Seen<O> {
    object: O,
    /// Sentences for users about what is left as it is.
    notes: Vec<String>,
    /// The members that the server has chosen and the spec leaves open.
    decided: Map<String, Value>,
}

impl<O> Seen<O> {
    /// An object that was not compared with what is wanted.
    fn uncompared(object: O) -> Self {
        Seen {
            object,
            notes: Vec::new(),
            decided: Map::new(),
        }
    }

    /// The object, and what was observed beside it.
    fn split(self) -> (O, Seen<()>) {
        let seen = Seen {
            object: (),
            notes: self.notes,
            decided: self.decided,
        };
        (self.object, seen)
    }
}

impl Seen<()> {
    /// The same of an object.
    fn with<O>(self, object: O) -> Seen<O> {
        Seen {
            object,
            notes: self.notes,
            decided: self.decided,
        }
    }
}

/// The facts about an external object.
type Facts<C> = decision::External<Seen<Object<C>>, Difference<Change<C>>>;

impl<O, D> decision::External<Seen<O>, D> {
    /// An object that exists and counts as wanted.
    fn as_wanted(seen: Seen<O>) -> Self {
        decision::External::Present {
            seen,
            difference: None,
            decided: false,
        }
    }
}

/// Longest time of a reconcile: two requests to the external object's cluster that end by their own
/// timeout. (crossplane-runtime allows one minute.)
const LONGEST: Duration = Duration::from_secs(120);
/// The pause after a reconcile that took too long.
const OVERDUE: Duration = Duration::from_secs(30);

/// Reconciles a managed resource and writes the result to its status. Returns the time of the next
/// reconcile.
///
/// A reconcile that takes too long is dropped, as if the process had died in it: the next one goes
/// on from what it finds. This is the only timeout for requests to the control plane.
pub async fn reconcile<C: Connector>(managed: &C::Managed, controller: &Controller<C>) -> Next {
    match tokio::time::timeout(LONGEST, Box::pin(reconcile_once(managed, controller))).await {
        Ok(next) => next,
        Err(_) => {
            tracing::warn!(
                kind = %C::Managed::kind(&()),
                namespace = managed.namespace().unwrap_or_default(),
                name = managed.name_any(),
                "the reconcile has taken {} s, because the control plane or the cluster of the \
                 external object does not respond. It is cancelled and starts again",
                LONGEST.as_secs(),
            );
            Next::Again(OVERDUE)
        }
    }
}

async fn reconcile_once<C: Connector>(managed: &C::Managed, controller: &Controller<C>) -> Next {
    let key = metadata::key(managed.meta());
    let mut state = controller.states.take(&key);
    let mut reconciler = Reconciler {
        controller,
        key: &key,
        managed: managed.clone(),
        spec: C::spec(managed),
        name: metadata::external_name(managed.meta()).to_owned(),
        state: &mut state,
        gone: false,
        missing: false,
    };
    let next = match Box::pin(reconciler.run()).await {
        Ok(Some(outcome)) => reconciler.finish(outcome).await,
        Ok(None) => {
            controller.forget(&key);
            return Next::Never;
        }
        Err(failure) => reconciler.fail(failure).await,
    };
    let metadata = reconciler.managed.meta();
    let released =
        metadata.deletion_timestamp.is_some() && !controller.context.marks.is_held(metadata);
    if reconciler.gone || released {
        controller.forget(&key);
        return Next::Never;
    }
    controller.states.put(&key, state);
    next
}

impl<C: Connector> Reconciler<'_, C> {
    /// Does steps until one of them ends the reconcile. `None` once the managed resource is
    /// released.
    async fn run(&mut self) -> Result<Option<Outcome>, Failure> {
        let mut situation = self.situation();
        if situation.may_delete() {
            situation.definition_deleted = self.is_definition_deleted().await?;
        }
        let mut cut_off: Option<BoxError> = None;
        loop {
            let step = decide(&situation);
            self.log(step.name());
            match step {
                Step::Pause => {
                    self.report_pause();
                    return Ok(Some(outcome::paused()));
                }
                Step::RefusePolicies(error) => {
                    let reason = Reason::CannotUseInvalidManagementPolicy;
                    self.event(EventType::Warning, reason, &error.to_string());
                    return Ok(Some(outcome::refused(&error)));
                }
                Step::Release => {
                    self.let_go().await?;
                    return Ok(None);
                }
                Step::Abandon => {
                    self.abandon(cut_off.as_ref()).await?;
                    return Ok(None);
                }
                Step::Nothing => return Ok(None),
                Step::AwaitOthers => {
                    return Ok(Some(outcome::deleting(
                        "the finalizers of others are waited for before the external object is \
                         deleted"
                            .to_owned(),
                    )));
                }
                Step::Prepare => {
                    self.prepare().await?;
                    situation.prepared = true;
                    situation.held = true;
                    situation.takes_over = self.marks().takes_over(self.managed.meta());
                }
                Step::Observe(policies) => {
                    match self.holder() {
                        // The object is the other's, and stays.
                        Some(_) if situation.deleting => {
                            self.let_go().await?;
                            return Ok(None);
                        }
                        Some(holder) => return Err(Failure::Duplicate(holder)),
                        None => {}
                    }
                    match self.connect(situation.deleting).await {
                        Err(Failure::Connect {
                            source,
                            for_good: true,
                        }) if situation.deleting => {
                            cut_off = Some(source);
                            situation.cut_off = true;
                        }
                        client => {
                            let client = client?;
                            return Box::pin(self.run_connected(client, situation, policies)).await;
                        }
                    }
                }
            }
        }
    }

    /// Goes on with a connected system.
    async fn run_connected(
        &mut self,
        mut client: Client<C>,
        mut situation: Situation,
        policies: Policies,
    ) -> Result<Option<Outcome>, Failure> {
        let client = &mut client;
        situation.takes_over |= client.takes_over();
        let (mut facts, mut holder) = self.observe(client, &mut situation, policies).await?;
        let ran = client.ran(&self.request());
        situation.done_once = ran.is_some();
        loop {
            let act = decide_observed(&situation, policies, facts, holder.take());
            self.log(act.name());
            facts = match act {
                Act::Release => match self.found_again(client, &mut situation).await? {
                    Some(found) => found,
                    None => {
                        if let Some(waiting) = client.clean_up(&mut self.request()).await? {
                            return Ok(Some(outcome::deleting(waiting)));
                        }
                        self.let_go().await?;
                        return Ok(None);
                    }
                },
                Act::RefuseForeign => return Err(self.foreign()),
                Act::LeaveForeign => {
                    self.leave_foreign().await?;
                    return Ok(None);
                }
                Act::GiveWay(holder) => return Err(self.is_held_by(holder).await),
                Act::LeaveToHolder(holder) => {
                    self.leave_to(holder).await?;
                    return Ok(None);
                }
                Act::Create => {
                    let created = self.create(client).await?;
                    situation.creation_open = false;
                    situation.is_ours = true;
                    Facts::<C>::as_wanted(Seen::uncompared(created))
                }
                Act::RecordCreation(seen, difference) => {
                    let decided = !seen.decided.is_empty();
                    let (object, seen) = seen.split();
                    let object = self.record_creation(client, object).await?;
                    situation.creation_open = false;
                    situation.is_ours = true;
                    Facts::<C>::Present {
                        seen: seen.with(object),
                        difference,
                        decided,
                    }
                }
                Act::LateInitialize(seen, difference) => {
                    self.late_initialize(&seen.decided).await?;
                    Facts::<C>::Present {
                        seen,
                        difference,
                        decided: false,
                    }
                }
                Act::Update(seen, difference) => {
                    let waiting = self.wait_for_others(client, &seen, &difference);
                    if let Some(waiting) = Box::pin(waiting).await? {
                        return Ok(Some(waiting));
                    }
                    return match self.update(client, &seen.object, &difference).await {
                        Ok((object, up_to_date)) => {
                            self.refuse_another(client, policies, &object, &difference)
                                .await?;
                            let object = self.take_over(client, policies, object).await?;
                            let (_, seen) = seen.split();
                            let seen = seen.with(object);
                            let told = Some(&*difference.told);
                            self.settled(client, &seen, told, up_to_date)
                                .await
                                .map(Some)
                        }
                        Err(failure) => {
                            let unchanged = self.unchanged(client, &seen, &difference, failure);
                            Box::pin(unchanged).await.map(Some)
                        }
                    };
                }
                Act::LeaveDifferent(seen, difference) => {
                    let refused = self.refuse_another(client, policies, &seen.object, &difference);
                    if let Err(failure) = refused.await {
                        let unchanged = self.unchanged(client, &seen, &difference, failure);
                        return Box::pin(unchanged).await.map(Some);
                    }
                    let (object, seen) = seen.split();
                    let object = self.take_over(client, policies, object).await?;
                    let told = Some(&*difference.told);
                    let (seen, restricted) =
                        (seen.with(object), ConditionUpdate::update_restricted());
                    let settled = self.settled(client, &seen, told, restricted);
                    return settled.await.map(Some);
                }
                Act::Settle(seen) => {
                    let (object, seen) = seen.split();
                    let object = self.take_over(client, policies, object).await?;
                    self.controller.context.metrics.unchanged(&self.measured());
                    let (seen, matched) = (seen.with(object), ConditionUpdate::matched());
                    let settled = self.settled(client, &seen, None, matched);
                    return settled.await.map(Some);
                }
                Act::ReportAbsent => return Ok(Some(self.absent())),
                Act::ReportDone => {
                    return Ok(Some(self.done(ran.as_ref())));
                }
                Act::ReportGoing(seen) => {
                    // Only what is to be made anew is worth a write.
                    let makes = policies.create;
                    let going = match makes {
                        true => Box::pin(self.attend(client, &seen.object)).await?,
                        false => self.going(client, &seen.object),
                    };
                    return Ok(Some(outcome::deleted_elsewhere(&going, makes)));
                }
                Act::Delete(seen) => match self.delete(client, &seen.object).await {
                    Ok(()) => Facts::<C>::Going(seen),
                    Err(Failure::Held(why)) => return Ok(Some(outcome::deleting(why))),
                    Err(failure) => return Err(failure),
                },
                Act::AwaitDeletion(seen) => {
                    let waiting = Box::pin(self.attend(client, &seen.object)).await?;
                    return Ok(Some(outcome::deleting(waiting)));
                }
            }
        }
    }

    fn log(&self, step: &str) {
        tracing::debug!(
            kind = %C::Managed::kind(&()),
            namespace = self.key.0,
            name = self.key.1,
            step
        );
    }

    /// The marks of this provider.
    fn marks(&self) -> &Marks {
        &self.controller.context.marks
    }

    /// The control plane.
    pub(crate) fn control(&self) -> kube::Client {
        self.controller.context.control.clone()
    }

    /// What the kind needs to know of the managed resource.
    pub(crate) fn request(&mut self) -> Request<'_, C::Managed, C::Memory> {
        Request {
            managed: &self.managed,
            key: self.key,
            name: &self.name,
            memory: &mut self.state.memory,
            control: &self.controller.context.control,
            watches: &self.controller.watches,
        }
    }

    fn situation(&self) -> Situation {
        let metadata = self.managed.meta();
        let marks = self.marks();
        let held = marks.is_held(metadata);
        let named = metadata::annotation(metadata, metadata::EXTERNAL_NAME).is_some();
        Situation {
            deleting: metadata.deletion_timestamp.is_some(),
            definition_deleted: false,
            paused: metadata::is_paused(metadata),
            policies: Policies::of(&self.spec.management_policies),
            prepared: held && named,
            held,
            held_by_others: marks.is_held_by_others(metadata),
            creation_open: metadata::is_creation_open(metadata),
            takes_over: marks.takes_over(metadata),
            is_ours: marks.is_ours(metadata),
            done_once: false,
            cut_off: false,
        }
    }
}
