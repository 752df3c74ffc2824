//! Updates that someone else undoes each time.

use std::time::Duration;

use kube::Resource;

use super::outcome::Outcome;
use super::{Change, Client, Next, Object, Reconciler, Seen};
use crate::conditions::ConditionUpdate;
use crate::external::{Connector, Difference, External};
use crate::failure::Failure;
use crate::metadata;
use crate::repeats::Wait;

impl<C: Connector> Reconciler<'_, C> {
    /// The result if the update has to wait, because the same was made just now.
    pub(super) async fn wait_for_others(
        &mut self,
        client: &mut Client<C>,
        seen: &Seen<Object<C>>,
        difference: &Difference<Change<C>>,
    ) -> Result<Option<Outcome>, Failure> {
        let (generation, longest) = (self.managed.meta().generation, self.poll());
        let updates = &mut self.state.updates;
        let Some(wait) = updates.wait(generation, &difference.fields, longest) else {
            return Ok(None);
        };
        let why = match updates.told.clone() {
            Some(told) => told,
            None => self.undone_by(client, wait).await?,
        };
        self.state.updates.told = Some(why.clone());
        let requested = ConditionUpdate::update_requested().because(why);
        let told = Some(&*difference.told);
        let mut outcome = Box::pin(self.settled(client, seen, told, requested)).await?;
        outcome.next = match outcome.next {
            Next::After(next) => Next::After(next.min(wait.left)),
            Next::Usual => Next::After(wait.left),
            next => next,
        };
        Ok(Some(outcome))
    }

    /// The interval of reconciles without an event.
    pub(super) fn poll(&self) -> Duration {
        let options = &self.controller.context.options;
        metadata::poll_interval(self.managed.meta(), options.poll)
    }

    /// A sentence about who undoes the updates.
    async fn undone_by(&mut self, client: &mut Client<C>, wait: Wait) -> Result<String, Failure> {
        let who = match client.undone_by(&mut self.request()).await? {
            Some(who) => who,
            None => format!(
                "someone else than this {} changes {} back",
                C::Managed::kind(&()),
                self.shown()
            ),
        };
        Ok(format!(
            "{who} each time this managed resource changes it: {} updates of the same fields were \
             made. The next one waits {} s, and the pause doubles each time. Let one of the two \
             decide: take the fields out of spec.forProvider, or stop the other writer",
            wait.updates,
            wait.pause.as_secs()
        ))
    }
}
