//! The managed resource that holds an external object: the oldest of this control plane, and of
//! several control planes the one that claimed it last.

use std::sync::Arc;

use everest_cluster::ClusterError;
use everest_core::api::HELD_BY;
use kube::Resource;
use serde_json::{Map, json};

use super::Reconciler;
use crate::provider::claim::{self, Claim, Record, Standing};
use crate::provider::decision::Situation;
use crate::provider::error::ReconcileError;
use crate::provider::events::{EventType, Reason};
use crate::provider::kind::{Kind, at_version};
use crate::provider::metadata;
use crate::provider::policies::Policies;

/// Another managed resource, to which the external object belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// An older one of this control plane: its namespace and name.
    Older(String),
    /// One of another control plane.
    Elsewhere(Claim),
}

/// Returns true if another object has the name now.
fn is_superseded(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Superseded { .. })
}

impl<K: Kind> Reconciler<'_, K> {
    /// The other managed resource that holds the observed external object. Who only observes needs
    /// not know.
    pub(super) fn observed_holder(&self, situation: &Situation) -> Option<Holder> {
        let external = self.external.as_ref()?.meta();
        if !situation.policies.as_ref().is_ok_and(Policies::write) {
            return None;
        }
        if situation.is_ours || situation.creation_open {
            let uid = external.uid.clone().unwrap_or_default();
            self.controller.states.holds(self.key, uid);
        }
        if let Some(older) = self.older_holder(external) {
            return Some(Holder::Older(older));
        }
        let outranks = |claim: &Claim| self.is_of_this_control_plane(claim);
        let managed = &self.managed.metadata;
        let other = match situation.deleting {
            true => claim::other(managed, external, outranks),
            false => match claim::standing(managed, external, outranks) {
                Standing::GivesWay(claim) => Some(claim),
                Standing::Holds | Standing::MayClaim => None,
            },
        };
        other.map(Holder::Elsewhere)
    }

    /// Claims the external object, unless it is claimed already or is not ours.
    pub(super) async fn claim(&mut self, situation: &Situation) -> Result<(), ReconcileError> {
        let writes = situation.policies.as_ref().is_ok_and(Policies::write);
        let Some(external) = self.external.clone().filter(|_| writes) else {
            return Ok(());
        };
        let managed = &self.managed.metadata;
        let outranks = |claim: &Claim| self.is_of_this_control_plane(claim);
        if !self.marks().is_ours(managed)
            || claim::standing(managed, external.meta(), outranks) != Standing::MayClaim
        {
            return Ok(());
        }
        let claim = Claim::of(managed);
        let poll = self.poll();
        if Claim::on(external.meta()).as_ref() != Some(&claim) {
            let field = [HELD_BY.to_owned()].into();
            if self.state.claims.wait(None, &field, poll).is_some() {
                return Ok(());
            }
            let Some(scene) = self.scene() else {
                return Ok(());
            };
            let claimant = scene.cluster().clone().with_field_manager(claim::CLAIMANT);
            let body = at_version(claim::body(&claim), &*external);
            let claimed = claimant
                .requests::<K::External>(scene.namespace)
                .merge(scene.name, &body)
                .await;
            match claimed {
                Ok(claimed) => {
                    self.state.claims.made(field);
                    self.external = Some(Arc::new(claimed));
                }
                // Nothing was written, and the next reconcile follows at once.
                Err(error) if error.passes() || is_superseded(&error) => return Err(error.into()),
                // Everest refuses each update of some objects until something is mended, and a role
                // may allow none. Both are said where there is something to update.
                Err(error) => {
                    self.state.claims.made(field);
                    tracing::debug!(%error, holder = claim.holder, "nothing is claimed");
                    return Ok(());
                }
            }
        }
        self.record(&Record::Claimed).await
    }

    /// Records that another managed resource holds the external object. Returns the error for the
    /// user.
    pub(super) async fn is_held_by(&mut self, holder: Holder) -> ReconcileError {
        let claim = match holder {
            Holder::Older(older) => return ReconcileError::Duplicate(older),
            Holder::Elsewhere(claim) => claim,
        };
        match self.record(&Record::GivesWay(claim.clone())).await {
            Ok(()) => ReconcileError::HeldElsewhere {
                shown: self.shown(),
                holder: claim.holder,
                uid: claim.uid,
            },
            Err(failure) => failure,
        }
    }

    /// Releases the managed resource, whose external object belongs to another one.
    pub(super) async fn leave_to(&mut self, holder: Holder) -> Result<(), ReconcileError> {
        if let Holder::Elsewhere(claim) = holder {
            let message = format!(
                "{} is left as it is: it belongs to the managed resource {} with the UID {}, of \
                 another control plane",
                self.shown(),
                claim.holder,
                claim.uid
            );
            let reason = Reason::CannotDeleteExternalResource;
            self.event(EventType::Warning, reason, &message);
        }
        self.let_go().await
    }

    /// Writes the record on the managed resource.
    async fn record(&mut self, record: &Record) -> Result<(), ReconcileError> {
        let text = record.text(&self.managed.metadata);
        if metadata::annotation(&self.managed.metadata, claim::RECORD) == Some(text.as_str()) {
            return Ok(());
        }
        let annotations = Map::from_iter([(claim::RECORD.to_owned(), json!(text))]);
        self.patch(annotations, None).await
    }
}
