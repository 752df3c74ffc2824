//! One action at a time, for a controller that looks again instead of waiting.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use everest_core::facts::Seen;
use everest_core::lifecycle::{
    Action, Answer, Apply, Lifecycle, Merge, ObjectRef, Observed, Query, Requirement, Stopwatches,
};

use serde_json::json;
use tokio::time::Instant;

use super::source::{self, From};
use super::{emptied, names};
use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::NO_VERSION;

/// Actions that a lifecycle may take in one look, each a write.
const MOST: usize = 20;

/// How long things have been as they are, from one look to the next.
#[derive(Debug)]
pub struct Times {
    begun: Instant,
    stopwatches: Stopwatches,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            stopwatches: Stopwatches::default(),
        }
    }
}

/// The steps of one look at a lifecycle.
pub struct Stepper<'a> {
    cluster: &'a Cluster,
    times: &'a mut Times,
    written: Option<Arc<dyn Any + Send + Sync>>,
}

/// What a look at a lifecycle came to.
#[derive(Debug)]
pub enum Stepped<T> {
    /// Something is waited for.
    Waits(Waiting),
    /// The deletion of the subject was asked for.
    Deleting,
    /// The object ended in failure: why.
    Failed(String),
    /// Nothing is left to do.
    Done(T),
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Something that comes by itself.
    Comes(String),
    /// Something that somebody else has to do: what, and how.
    Required(String, String),
    /// The users of an object.
    Users(Vec<String>, String),
}

impl<'a> Stepper<'a> {
    /// The steps on a cluster, with what the caller knows of time.
    pub fn new(cluster: &'a Cluster, times: &'a mut Times) -> Self {
        Self {
            cluster,
            times,
            written: None,
        }
    }

    /// The next action by what there is now. What was `known` is not asked for.
    ///
    /// # Errors
    /// Whatever keeps the cluster from being looked at.
    pub async fn decide<L: Lifecycle + Send>(
        &mut self,
        lifecycle: &mut L,
        known: impl FnOnce(&mut Observed),
    ) -> Result<Action<L::Outcome>, ClusterError> {
        let Times { begun, stopwatches } = &mut *self.times;
        stopwatches.set(begun.elapsed());
        let mut observed = Observed::at(self.cluster.now());
        known(&mut observed);
        loop {
            match lifecycle.next(&observed, &mut self.times.stopwatches) {
                Ok(action) => return Ok(action),
                Err(query) => {
                    let answer = self.answer(&query).await?;
                    observed.note(query, answer);
                }
            }
        }
    }

    /// Looks at what `asks` needs to know. What was `known` is not asked for.
    ///
    /// # Errors
    /// Whatever keeps the cluster from being looked at.
    pub async fn observe(
        &self,
        known: impl FnOnce(&mut Observed),
        asks: impl Fn(&Observed) -> Result<(), Query>,
    ) -> Result<Observed, ClusterError> {
        let mut observed = Observed::at(self.cluster.now());
        known(&mut observed);
        while let Err(query) = asks(&observed) {
            let answer = self.answer(&query).await?;
            observed.note(query, answer);
        }
        Ok(observed)
    }

    async fn answer(&self, query: &Query) -> Result<Answer, ClusterError> {
        let of = |object: &ObjectRef| source::of(self.cluster, object.kind, &object.namespace);
        match query {
            Query::Object(object) => of(object).object(&object.name, From::Server).await,
            Query::Beside(object) | Query::Now(object) => {
                let found = of(object).object(&object.name, From::Server).await;
                source::beside(object.kind, found)
            }
            Query::Listed(kind, namespace) => {
                source::served(source::of(self.cluster, *kind, namespace).all(false).await)
            }
            Query::All(kind, namespace) => {
                source::allowed(source::of(self.cluster, *kind, namespace).all(false).await)
            }
        }
    }

    /// Does an action that writes; the object as the server has it then, where it says so.
    ///
    /// # Errors
    /// Whatever the server says.
    pub async fn write<T>(
        &self,
        action: &Action<T>,
    ) -> Result<Option<Arc<dyn Any + Send + Sync>>, ClusterError> {
        let of = |object: &ObjectRef| source::of(self.cluster, object.kind, &object.namespace);
        match action {
            Action::Create { object, body } => {
                let mut source = of(object);
                // What another has created meanwhile is not touched.
                let mut body = body.expose().clone();
                body["metadata"]["resourceVersion"] = json!(NO_VERSION);
                source.put(&object.name, &body).await?;
                Ok(source.written(&object.name))
            }
            Action::Apply(apply) => {
                let Apply { object, body, .. } = &**apply;
                let mut source = of(object);
                // What names the version that it was made from needs no second look.
                if body.expose().pointer("/metadata/resourceVersion").is_some() {
                    source.put(&object.name, body.expose()).await?;
                } else {
                    source.apply(apply).await?;
                }
                Ok(source.written(&object.name))
            }
            Action::Merge(changes) => {
                let mut written = None;
                for Merge { object, body } in changes {
                    let mut source = of(object);
                    source.merge(&object.name, body.expose()).await?;
                    written = source.written(&object.name);
                }
                Ok(written)
            }
            Action::Delete { object, uid } => {
                of(object).delete(&object.name, uid.as_deref()).await?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Does action after action until something is waited for. The subject as it was `seen` is not
    /// asked for first. Walks of the same turn are taken one after the other.
    ///
    /// # Errors
    /// `Blocked` where it may not be; whatever the server says.
    pub async fn walk<L: Lifecycle + Send>(
        &mut self,
        lifecycle: &mut L,
        seen: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Result<Stepped<L::Outcome>, ClusterError> {
        let turn = lifecycle.turn().map(|turn| self.cluster.turn(&turn));
        let _held = match turn {
            Some(turn) => Some(turn.lock_owned().await),
            None => None,
        };
        let subject = lifecycle.subject();
        let mut seen = seen;
        let mut applied = BTreeSet::new();
        for _ in 0..MOST {
            let known = seen.take();
            let known = |observed: &mut Observed| {
                if let Some(known) = known {
                    let answer = Answer::Object(Seen::Found(known));
                    observed.note(Query::Object(subject.clone()), answer);
                }
            };
            let action = self.decide(lifecycle, known).await?;
            let action = match self.rest(lifecycle, action)? {
                Rest::Write(action) => action,
                Rest::Is(next) => return Ok(next),
            };
            // What was applied and differs still is left to the next look: somebody else may
            // write the same object.
            if let Action::Apply(apply) = &action
                && !applied.insert(apply.object.clone())
            {
                break;
            }
            let written = self.write(&action).await?;
            if let Action::Apply(apply) = &action {
                lifecycle.wrote(&apply.object, None);
            }
            match &action {
                Action::Delete { object, .. } if *object == subject => {
                    return Ok(Stepped::Deleting);
                }
                Action::Create { object, .. } if *object == subject => {
                    self.written = written;
                    break;
                }
                Action::Apply(apply) if apply.object == subject => {
                    seen.clone_from(&written);
                }
                Action::Merge(changes) if changes.iter().all(|one| one.object == subject) => {
                    seen.clone_from(&written);
                }
                _ => {}
            }
            if seen.is_some() {
                self.written = written;
            }
        }
        Ok(Stepped::Waits(Waiting::Comes(
            "Everest to handle the change".to_owned(),
        )))
    }

    /// The subject as the last write of a walk has left it.
    pub fn into_written(self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.written
    }

    /// What an action that writes nothing comes to.
    ///
    /// # Errors
    /// `Blocked` where it may not be.
    pub fn rest<L: Lifecycle>(
        &self,
        lifecycle: &L,
        action: Action<L::Outcome>,
    ) -> Result<Rest<L::Outcome>, ClusterError> {
        let dialect = self.cluster.dialect();
        Ok(Rest::Is(match action {
            Action::Create { .. } | Action::Apply(_) | Action::Merge(_) | Action::Delete { .. } => {
                return Ok(Rest::Write(action));
            }
            Action::Await(missing) => Stepped::Waits(Waiting::Comes(missing.render(dialect))),
            Action::Require(Requirement::Condition {
                message, remedy, ..
            }) => Stepped::Waits(Waiting::Required(
                message.render(dialect),
                remedy.render(dialect),
            )),
            Action::Require(Requirement::Emptied { left, remedy, .. }) => {
                let missing = emptied(&names(left).join(", "), remedy);
                Stepped::Waits(Waiting::Comes(missing.render(dialect)))
            }
            Action::Require(Requirement::Unused { users, remedy }) => {
                Stepped::Waits(Waiting::Users(names(users), remedy.render(dialect)))
            }
            Action::Refuse { message, attribute } => {
                let subject = lifecycle.subject();
                let source = source::of(self.cluster, subject.kind, &subject.namespace);
                return Err(ClusterError::Blocked {
                    object: source.named(&subject.name),
                    message: message.render(dialect),
                    attribute,
                });
            }
            Action::Failed(reason) => Stepped::Failed(reason),
            Action::Done(outcome) => Stepped::Done(outcome),
        }))
    }
}

/// What is left of an action.
#[derive(Debug)]
pub enum Rest<T> {
    /// It writes.
    Write(Action<T>),
    /// It does not.
    Is(Stepped<T>),
}
