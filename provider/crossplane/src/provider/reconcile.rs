//! One reconcile of a managed resource: the steps that [`decide`] names, done one after another.
//!
//! Observations are in `observe`, writes to the external object in `external`, writes to the
//! managed resource in `patch`, and the result of the reconcile in `outcome`.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod crashes;
mod damping;
mod definition_deleted;
mod duplicates;
#[cfg(test)]
mod endings;
mod external;
#[cfg(test)]
mod following;
mod holding;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod missing_rights;
#[cfg(test)]
mod names;
#[cfg(test)]
mod namespaces;
#[cfg(test)]
mod needed_rights;
mod observe;
mod outcome;
mod patch;
#[cfg(test)]
mod raised;
#[cfg(test)]
mod rivals;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stories;
mod telemetry;
#[cfg(test)]
mod turns;
mod validate;

use std::sync::Arc;
use std::time::Duration;

use everest_core::finding::Finding;
use everest_core::v1::convergence;
use everest_schemas::managed::{Managed, ManagedModel};
use kube::ResourceExt;

use super::conditions::ConditionUpdate;
use super::config::TargetError;
use super::controllers::Controller;
use super::decision::{External, Situation, Step, decide};
use super::error::ReconcileError;
use super::events::{EventType, Reason};
use super::kind::{Difference, Kind};
use super::managed;
use super::metadata::{self, Marks};
use super::policies::Policies;
use super::reconcile_state::{ReconcileState, ResourceKey};
use super::views::Views;
use holding::Holder;
use outcome::Outcome;

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
struct Reconciler<'a, K: Kind> {
    controller: &'a Controller<K>,
    key: &'a ResourceKey,
    managed: Managed<K::Model>,
    config: Option<K::Model>,
    namespace: String,
    name: String,
    views: Option<Arc<Views<K>>>,
    external: Option<Arc<K::External>>,
    difference: Option<Difference>,
    /// Members that are no longer set and stay as they are.
    kept: Vec<convergence::Difference>,
    /// The other managed resource that holds the external object.
    holder: Option<Holder>,
    /// The values that someone else has raised and that are kept.
    raised: Vec<Finding>,
    /// The reason why its cluster can never be reached again.
    cut_off: Option<TargetError>,
    state: &'a mut ReconcileState,
    /// The managed resource is no longer there.
    gone: bool,
    /// The external object does not exist and should be created.
    missing: bool,
}

pub use telemetry::measured;

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
pub async fn reconcile<K: Kind>(managed: &Managed<K::Model>, controller: &Controller<K>) -> Next {
    match tokio::time::timeout(LONGEST, Box::pin(reconcile_once(managed, controller))).await {
        Ok(next) => next,
        Err(_) => {
            tracing::warn!(
                kind = K::Model::KIND,
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

async fn reconcile_once<K: Kind>(managed: &Managed<K::Model>, controller: &Controller<K>) -> Next {
    let key = (managed.namespace().unwrap_or_default(), managed.name_any());
    let mut state = controller.states.take(&key);
    let mut reconciler = Reconciler {
        controller,
        key: &key,
        managed: managed.clone(),
        config: None,
        namespace: String::new(),
        name: metadata::external_name(&managed.metadata).to_owned(),
        views: None,
        external: None,
        difference: None,
        kept: Vec::new(),
        holder: None,
        raised: Vec::new(),
        cut_off: None,
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
    let released = reconciler.managed.metadata.deletion_timestamp.is_some()
        && !controller
            .context
            .marks
            .is_held(&reconciler.managed.metadata);
    if reconciler.gone || released {
        controller.forget(&key);
        return Next::Never;
    }
    controller.states.put(&key, state);
    next
}

impl<K: Kind> Reconciler<'_, K> {
    /// Does steps until one of them ends the reconcile. `None` once the managed resource is
    /// released.
    async fn run(&mut self) -> Result<Option<Outcome>, ReconcileError> {
        let mut situation = self.situation();
        if situation.deleting && situation.held {
            situation.definition_deleted = self.is_definition_deleted().await?;
        }
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
                    self.report_pause();
                    return Ok(Some(outcome::paused()));
                }
                Step::RefusePolicies(error) => {
                    let reason = Reason::CannotUseInvalidManagementPolicy;
                    self.event(EventType::Warning, reason, &error.to_string());
                    return Ok(Some(outcome::refused(&error)));
                }
                Step::Release => {
                    if !self.is_released_for_good(&mut situation).await? {
                        continue;
                    }
                    if let Some(waiting) = self.clean_up().await? {
                        return Ok(Some(outcome::deleting(waiting)));
                    }
                    self.let_go().await?;
                    return Ok(None);
                }
                Step::Abandon => {
                    self.abandon().await?;
                    return Ok(None);
                }
                Step::RefuseForeign => {
                    return Err(ReconcileError::Foreign {
                        shown: self.shown(),
                        name: self.name.clone(),
                    });
                }
                Step::LeaveForeign => {
                    self.leave_foreign().await?;
                    return Ok(None);
                }
                Step::GiveWay => {
                    if let Some(holder) = self.holder.take() {
                        return Err(self.is_held_by(holder).await);
                    }
                    return Ok(None);
                }
                Step::LeaveToHolder => {
                    if let Some(holder) = self.holder.take() {
                        self.leave_to(holder).await?;
                    }
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
                    situation.takes_over = self.marks().takes_over(&self.managed.metadata);
                }
                Step::Observe => match self.holder() {
                    // The object is the other's, and stays.
                    Some(_) if situation.deleting => {
                        self.let_go().await?;
                        return Ok(None);
                    }
                    Some(holder) => return Err(ReconcileError::Duplicate(holder)),
                    None => self.observe(&mut situation).await?,
                },
                Step::Create => {
                    self.create().await?;
                    situation.external = External::Present {
                        matches: true,
                        decided: false,
                    };
                    situation.creation_open = false;
                    situation.is_ours = true;
                }
                Step::RecordCreation => {
                    self.record_creation().await?;
                    situation.creation_open = false;
                    situation.is_ours = true;
                }
                Step::LateInitialize => {
                    self.late_initialize().await?;
                    situation.external = External::Present {
                        matches: self.difference.is_none(),
                        decided: false,
                    };
                }
                Step::Update => {
                    if let Some(waiting) = Box::pin(self.wait_for_others()).await? {
                        return Ok(Some(waiting));
                    }
                    return match self.update().await {
                        Ok(up_to_date) => {
                            self.take_over(&situation).await?;
                            self.settled(up_to_date).await.map(Some)
                        }
                        Err(failure) => Box::pin(self.unchanged(failure)).await.map(Some),
                    };
                }
                Step::LeaveDifferent => {
                    self.take_over(&situation).await?;
                    return self
                        .settled(ConditionUpdate::update_restricted())
                        .await
                        .map(Some);
                }
                Step::Settle => {
                    self.take_over(&situation).await?;
                    self.controller.context.metrics.unchanged(&self.measured());
                    return self.settled(ConditionUpdate::matched()).await.map(Some);
                }
                Step::ReportAbsent => return Ok(Some(self.absent())),
                Step::ReportDone => return Ok(Some(self.done())),
                Step::ReportGoing => {
                    // Only what is to be made anew is worth a write.
                    let makes = situation.policies.as_ref().is_ok_and(|may| may.create);
                    let going = match makes {
                        true => Box::pin(self.attend()).await?,
                        false => self.going(),
                    };
                    return Ok(Some(outcome::deleted_elsewhere(&going, makes)));
                }
                Step::Delete => match self.delete().await {
                    Ok(()) => situation.external = External::Going,
                    Err(ReconcileError::Held(why)) => return Ok(Some(outcome::deleting(why))),
                    Err(failure) => return Err(failure),
                },
                Step::AwaitDeletion => {
                    return Ok(Some(outcome::deleting(Box::pin(self.attend()).await?)));
                }
            }
        }
    }

    /// The marks of this provider.
    fn marks(&self) -> &Marks {
        &self.controller.context.marks
    }

    fn situation(&self) -> Situation {
        let metadata = &self.managed.metadata;
        let held = self.marks().is_held(metadata);
        let named = metadata::annotation(metadata, metadata::EXTERNAL_NAME).is_some();
        Situation {
            deleting: metadata.deletion_timestamp.is_some(),
            definition_deleted: false,
            paused: metadata::is_paused(metadata),
            policies: Policies::of(&managed::spec(&self.managed).management_policies),
            prepared: held && named,
            held,
            held_by_others: self.marks().is_held_by_others(metadata),
            creation_open: metadata::is_creation_open(metadata),
            takes_over: self.marks().takes_over(metadata),
            is_ours: self.marks().is_ours(metadata),
            gives_way: false,
            done_once: false,
            cut_off: false,
            external: External::Unseen,
        }
    }
}
