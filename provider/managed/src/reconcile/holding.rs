//! The managed resource that holds an external object: the oldest of this control plane, and of
//! several control planes the one that claimed it last.

use kube::Resource;
use serde_json::{Map, json};

use super::{Client, Object, Reconciler};
use crate::claim::{self, Claim, Record, Standing};
use crate::decision::Situation;
use crate::events::{EventType, Reason};
use crate::external::{Claimed, Connector, External, Observation};
use crate::failure::Failure;
use crate::metadata;
use crate::policies::Policies;

/// Another managed resource, to which the external object belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// An older one of this control plane: its namespace and name.
    Older(String),
    /// One of another control plane.
    Elsewhere(Claim),
}

impl<C: Connector> Reconciler<'_, C> {
    /// The other managed resource that holds the observed external object. Who only observes needs
    /// not know.
    pub(super) fn observed_holder(
        &self,
        client: &Client<C>,
        object: &Object<C>,
        situation: &Situation,
        policies: Policies,
    ) -> Option<Holder> {
        let external = client.holding(object)?;
        if !policies.write() {
            return None;
        }
        if situation.is_ours || situation.creation_open {
            let uid = external.uid.clone().unwrap_or_default();
            self.controller.watches.relations.holds(self.key, uid);
        }
        if let Some(older) = self.older_holder(&external) {
            return Some(Holder::Older(older));
        }
        let outranks = |claim: &Claim| self.is_of_this_control_plane(claim);
        let (marks, managed, claim) = (self.marks(), self.managed.meta(), external.claim);
        let other = match situation.deleting {
            true => claim::other(marks, managed, claim, outranks),
            false => match claim::standing(marks, managed, claim, outranks) {
                Standing::GivesWay(claim) => Some(claim),
                Standing::Holds | Standing::MayClaim => None,
            },
        };
        other.map(Holder::Elsewhere)
    }

    /// Returns true if the managed resource has created this external object, or has taken it over.
    pub(super) fn is_ours(&self, client: &Client<C>, object: &Object<C>) -> bool {
        let (marks, managed) = (self.marks(), self.managed.meta());
        let external = client.holding(object);
        let is_another = |external| claim::is_another(marks, managed, &external);
        marks.is_ours(managed) && !external.is_some_and(is_another)
    }

    /// Notes in the situation that the external object is another one than was created or taken
    /// over.
    pub(super) fn tell_apart(
        &self,
        client: &Client<C>,
        observation: &Observation<Object<C>>,
        situation: &mut Situation,
    ) {
        match observation {
            Observation::Absent => {}
            Observation::Left(object)
            | Observation::Going(object)
            | Observation::Present(object) => situation.is_ours = self.is_ours(client, object),
        }
    }

    /// Claims the external object, unless it is claimed already, cannot have a claim, or is not
    /// ours.
    pub(super) async fn claim(
        &mut self,
        client: &mut Client<C>,
        policies: Policies,
        object: Object<C>,
    ) -> Result<Object<C>, Failure> {
        let Some(external) = client.holding(&object).filter(|_| policies.write()) else {
            return Ok(object);
        };
        let (marks, managed) = (self.marks(), self.managed.meta());
        let outranks = |claim: &Claim| self.is_of_this_control_plane(claim);
        if !marks.is_ours(managed)
            || claim::standing(marks, managed, external.claim.clone(), outranks)
                != Standing::MayClaim
        {
            return Ok(object);
        }
        let claim = Claim::of(managed);
        let poll = self.poll();
        let object = if external.claim.as_ref() == Some(&claim) {
            object
        } else {
            let field = [self.marks().held_by.clone()].into();
            if self.state.claims.wait(None, &field, poll).is_some() {
                return Ok(object);
            }
            let claimed = client.claim(&mut self.request(), object, &claim).await?;
            self.state.claims.made(field);
            match claimed {
                Claimed::Made(object) => object,
                Claimed::Refused(object) => return Ok(object),
            }
        };
        self.record(&Record::Claimed).await?;
        Ok(object)
    }

    /// Records that another managed resource holds the external object. Returns the error for the
    /// user.
    pub(super) async fn is_held_by(&mut self, holder: Holder) -> Failure {
        let claim = match holder {
            Holder::Older(older) => return Failure::Duplicate(older),
            Holder::Elsewhere(claim) => claim,
        };
        match self.record(&Record::GivesWay(claim.clone())).await {
            Ok(()) => Failure::HeldElsewhere {
                shown: self.shown(),
                holder: claim.holder,
                uid: claim.uid,
                record: self.marks().held_by.clone(),
            },
            Err(failure) => failure,
        }
    }

    /// Releases the managed resource, whose external object belongs to another one.
    pub(super) async fn leave_to(&mut self, holder: Holder) -> Result<(), Failure> {
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
    async fn record(&mut self, record: &Record) -> Result<(), Failure> {
        let metadata = self.managed.meta();
        let (key, text) = (self.marks().held_by.clone(), record.text(metadata));
        if metadata::annotation(metadata, &key) == Some(text.as_str()) {
            return Ok(());
        }
        let annotations = Map::from_iter([(key, json!(text))]);
        self.patch(annotations, None).await
    }
}
