//! The way to the external object, and what is found there.

use kube::{Resource, ResourceExt};

use super::{Client, Facts, Holder, Object, Reconciler, Seen};
use crate::decision::Situation;
use crate::external::{Connector, External, Observation};
use crate::failure::Failure;
use crate::policies::Policies;
use crate::usage::UserOfConfig;

impl<C: Connector> Reconciler<'_, C> {
    /// Connects to the system of the external object. A deletion notes no usage: a namespace that
    /// is being deleted accepts none.
    pub(super) async fn connect(&mut self, is_deleting: bool) -> Result<Client<C>, Failure> {
        let context = &self.controller.context;
        if !is_deleting && C::NOTES_USAGE {
            let user = UserOfConfig {
                uid: self.managed.uid().unwrap_or_default(),
                namespace: self.key.0.clone(),
                name: self.key.1.clone(),
                api_version: C::Managed::api_version(&()).into_owned(),
                kind: C::Managed::kind(&()).into_owned(),
            };
            let reference = &self.spec.provider_config_ref;
            context.usages.track(&user, reference).await?;
        }
        let connector = &self.controller.connector;
        connector.connect(&mut self.request()).await
    }

    /// Observes the external object, and compares it with what is wanted unless another managed
    /// resource holds it, which is returned then. The situation says whether it is the object that
    /// was created or taken over.
    pub(super) async fn observe(
        &mut self,
        client: &mut Client<C>,
        situation: &mut Situation,
        policies: Policies,
    ) -> Result<(Facts<C>, Option<Holder>), Failure> {
        let observation = client.observe(&mut self.request()).await?;
        self.tell_apart(client, &observation, situation);
        let holder = match &observation {
            Observation::Absent => None,
            Observation::Left(object)
            | Observation::Going(object)
            | Observation::Present(object) => {
                self.observed_holder(client, object, situation, policies)
            }
        };
        if situation.deleting || holder.is_some() {
            let facts = match (observation, &holder) {
                (Observation::Left(object), Some(_)) => {
                    Facts::<C>::as_wanted(Seen::uncompared(object))
                }
                (observation, _) => Self::uncompared(observation),
            };
            return Ok((facts, holder));
        }
        let Observation::Present(object) = observation else {
            return Ok((Self::uncompared(observation), None));
        };
        let compared = client.compare(&mut self.request(), &object).await?;
        let facts = Facts::<C>::Present {
            difference: compared.difference,
            decided: !compared.decided.is_empty(),
            seen: Seen {
                object,
                notes: compared.notes,
                decided: compared.decided,
            },
        };
        Ok((facts, None))
    }

    /// The facts about an external object that is not compared with what is wanted.
    fn uncompared(observation: Observation<Object<C>>) -> Facts<C> {
        match observation {
            Observation::Absent | Observation::Left(_) => Facts::<C>::Absent,
            Observation::Going(object) => Facts::<C>::Going(Seen::uncompared(object)),
            Observation::Present(object) => Facts::<C>::as_wanted(Seen::uncompared(object)),
        }
    }

    /// Looks again before the managed resource goes: a watch may not have shown a new object yet.
    /// `None` if the external object is really gone.
    pub(super) async fn found_again(
        &mut self,
        client: &mut Client<C>,
        situation: &mut Situation,
    ) -> Result<Option<Facts<C>>, Failure> {
        let observation = client.observe_again(&mut self.request()).await?;
        self.tell_apart(client, &observation, situation);
        Ok(match Self::uncompared(observation) {
            Facts::<C>::Absent => None,
            found => Some(found),
        })
    }

    /// The external object as messages name it.
    pub(super) fn shown(&self) -> String {
        C::shown(&self.managed, &self.name)
    }

    /// A sentence that the external object is being deleted, and what holds it.
    pub(super) fn going(&mut self, client: &Client<C>, object: &Object<C>) -> String {
        let shown = self.shown();
        match client.held_by(&self.request(), object) {
            Some(held) => format!("{shown} is being deleted: {held}"),
            None => format!("{shown} is being deleted"),
        }
    }
}
