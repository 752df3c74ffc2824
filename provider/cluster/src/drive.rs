//! Running the lifecycles of everest-core on a cluster.
//!
//! A [`Driver`] looks, does the one action that comes next, and looks again, until it is done: for
//! Terraform. A controller does [`step`] after step and keeps nothing but its stopwatches.

mod ends;
mod source;
mod stepper;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use everest_core::facts::Seen;
use everest_core::lifecycle::{
    Action, Answer, Lifecycle, Merge, ObjectKind, ObjectRef, Observable, Observed, Query,
    Requirement, Stopwatches,
};
use everest_core::path::FieldPath;
use everest_core::storage_users::User;
use everest_core::text::Text;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Cluster;
use crate::acknowledgement::Unacknowledged;
use crate::error::{ClusterError, LastSeen, Object};
use crate::last_seen;
use crate::leaving::Patience;
use crate::objects::Kind;
use crate::wait::{Clock, Stopped};

pub(crate) use ends::{created, resumed, settled};
use source::{From, Source};
pub use stepper::{Rest, Stepped, Stepper, Times, Waiting};

/// How often it is looked again although nothing changed: decisions may depend on time.
const TICK: Duration = Duration::from_secs(2);

/// How often a write is made anew because its object changes meanwhile.
const TRIES: usize = 8;

/// How long a creation is repeated whose webhook misses an object. Everest's webhooks read a cache,
/// which shows a Secret or a storage only some time after it was written.
const CATCHES_UP: Duration = Duration::from_secs(5);

/// Runs one lifecycle to its end.
pub(crate) struct Driver<'a> {
    cluster: &'a Cluster,
    clock: &'a Clock,
    begun: Instant,
    sources: BTreeMap<(ObjectKind, String), Box<dyn Source>>,
    times: Stopwatches,
    /// What is left for what it is waited for, and for how long.
    patience: Option<(Text, Patience)>,
    /// The cluster has answered once.
    is_answered: bool,
    /// Something was waited for: from then on watches are looked at.
    watches: bool,
    /// What others look at as well is looked at by watches from the start.
    follows: bool,
    /// What is to be made, until it is: there is none, or the write says so.
    unmade: Option<ObjectRef>,
    /// A Secret that is to be made is taken for absent without a look: its write says otherwise.
    spares_look: bool,
    /// The Secret that was taken for absent.
    spared: Option<ObjectRef>,
    ours: BTreeSet<ObjectRef>,
    /// The UIDs of what the caller has written.
    uids: BTreeMap<ObjectRef, Option<String>>,
    /// What was asked to be deleted, with its UID.
    deleted: BTreeSet<(ObjectRef, Option<String>)>,
    tries_left: usize,
    /// When a webhook first missed an object.
    overlooked_since: Option<Instant>,
    /// A write may have been done although its answer says otherwise.
    pub(crate) may_be_written: bool,
    /// Objects as they were last seen.
    found: BTreeMap<ObjectRef, Arc<dyn Any + Send + Sync>>,
    last: Last,
}

/// The last decision that something is waited for.
#[derive(Default)]
struct Last {
    answers: Vec<(Query, Answer)>,
    decided: Option<Instant>,
    missing: String,
}

/// What came of an action.
enum Performed<T> {
    /// Look again at once.
    Again,
    /// Look again once something has changed.
    Wait,
    Done(T),
}

impl<'a> Driver<'a> {
    pub(crate) fn new(cluster: &'a Cluster, clock: &'a Clock) -> Self {
        Self {
            cluster,
            clock,
            begun: Instant::now(),
            sources: BTreeMap::new(),
            times: Stopwatches::default(),
            patience: None,
            is_answered: false,
            watches: false,
            follows: false,
            unmade: None,
            spares_look: false,
            spared: None,
            ours: BTreeSet::new(),
            uids: BTreeMap::new(),
            deleted: BTreeSet::new(),
            tries_left: TRIES,
            overlooked_since: None,
            may_be_written: false,
            found: BTreeMap::new(),
            last: Last::default(),
        }
    }

    /// The same for an operation that many do at a time: what each decides by beside its subject,
    /// such as all objects of a kind, is shown to all of them by one watch.
    pub(crate) fn following(mut self) -> Self {
        self.follows = true;
        self
    }

    /// The same for a creation. One that takes turns with others looks at all of their kind and at
    /// the database that they share, so that it follows these by watches as well.
    pub(crate) fn creating<L: Lifecycle>(mut self, lifecycle: &L) -> Self {
        self.unmade = Some(lifecycle.subject());
        self.spares_look = true;
        self.watches = lifecycle.turn().is_some();
        self.following()
    }

    /// Takes an object for what the caller has just written: one of another UID is not it.
    pub(crate) fn note_written<K: Kind + Observable>(&mut self, object: &ObjectRef, written: K) {
        self.uids.insert(object.clone(), written.meta().uid.clone());
        self.source(object).note(&object.name, Arc::new(written));
        self.is_answered = true;
        self.ours.insert(object.clone());
    }

    /// Takes an object for what the caller has just read.
    pub(crate) fn note_read<K: Kind + Observable>(&mut self, object: &ObjectRef, read: K) {
        self.source(object).note(&object.name, Arc::new(read));
        self.is_answered = true;
    }

    /// Takes the subject for ours if the same creation has made it before it was cut off.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub(crate) async fn adopt<L: Lifecycle>(
        &mut self,
        lifecycle: &L,
        made: &Unacknowledged,
    ) -> Result<(), ClusterError> {
        let subject = lifecycle.subject();
        if let Some(body) = lifecycle.body() {
            let from = match self.watches {
                true => From::Watch,
                false => From::Server,
            };
            let source = self.source(&subject);
            if source.adopt(&subject.name, body, from, made).await? {
                self.ours.insert(subject);
                self.unmade = None;
            }
            self.is_answered = true;
        }
        Ok(())
    }

    /// The subject as it was last seen or written.
    pub(crate) fn seen<K: Observable>(&self, object: &ObjectRef) -> Option<Arc<K>> {
        let seen = self.found.get(object).cloned();
        let key = (object.kind, object.namespace.clone());
        let written = || self.sources.get(&key)?.written(&object.name);
        seen.or_else(written)?.downcast().ok()
    }

    /// The objects of a type as they were last seen.
    pub(crate) fn all_seen<K: Observable>(&self) -> Vec<Arc<K>> {
        let found = self.found.iter();
        found
            .filter(|(object, _)| object.kind == K::KIND)
            .filter_map(|(_, found)| found.clone().downcast().ok())
            .collect()
    }

    /// Whether a creation has made the object.
    fn is_ours(&self, object: &ObjectRef) -> bool {
        self.ours.contains(object)
    }

    /// Does action after action until the lifecycle is done. What is created is noted in `made`.
    ///
    /// # Errors
    /// `Blocked` and `InUse` where it may not go on; `Failed`, `TimedOut` and `Cancelled` with
    /// what was last seen; `NotFound` where what it has made is gone; whatever keeps the cluster
    /// from being looked at or written to.
    pub(crate) async fn run<L: Lifecycle + Send>(
        &mut self,
        lifecycle: &mut L,
        made: &Unacknowledged,
    ) -> Result<L::Outcome, ClusterError> {
        let turn = lifecycle
            .turn()
            .map(|turn| (self.cluster.turn(&turn), turn));
        let mut held = None;
        if let Some((turn, what)) = &turn {
            held = Some(match self.clock.bound(turn.lock()).await {
                Ok(held) => held,
                Err(stopped) => {
                    self.last.missing = format!("another {what} in this run to begin");
                    return Err(self.stopped(lifecycle, stopped).await);
                }
            });
        }
        let mut may_be_made = self.unmade.is_some();
        if self.watches && may_be_made {
            self.adopt(lifecycle, made).await?;
            may_be_made = false;
        }
        loop {
            let performed = match self.decide(lifecycle).await {
                Ok(None) => Performed::Wait,
                Ok(Some(action)) if self.is_unfounded(&action) => Performed::Again,
                // Nothing but the creation itself may come before the look for what was made
                // already: where that exists, the server says so.
                Ok(Some(action)) if may_be_made && !matches!(action, Action::Create { .. }) => {
                    may_be_made = false;
                    self.adopt(lifecycle, made).await?;
                    match self.is_ours(&lifecycle.subject()) {
                        true => Performed::Again,
                        false => self.perform(lifecycle, action, made).await?,
                    }
                }
                Ok(Some(action)) => {
                    may_be_made &= !matches!(action, Action::Create { .. });
                    self.perform(lifecycle, action, made).await?
                }
                // An API server that restarts during a long wait is no reason to give up.
                Err(error) if self.is_answered && error.passes() => {
                    let object = self.named(&lifecycle.subject());
                    tracing::warn!(%error, %object, "could not read the object; continuing to wait");
                    Performed::Wait
                }
                Err(error) => return Err(error),
            };
            // What another of the same turn has to see is written.
            if self.is_ours(&lifecycle.subject()) {
                held = None;
            }
            match performed {
                Performed::Done(outcome) => return Ok(outcome),
                Performed::Again => {}
                Performed::Wait => {
                    if let Err(stopped) = self.pause().await {
                        drop(held);
                        return Err(self.stopped(lifecycle, stopped).await);
                    }
                }
            }
        }
    }

    /// The next action, by what there is now; `None` while the last one, to wait, stands.
    async fn decide<L: Lifecycle + Send>(
        &mut self,
        lifecycle: &mut L,
    ) -> Result<Option<Action<L::Outcome>>, ClusterError> {
        for source in self.sources.values_mut() {
            source.mark();
        }
        if self.nothing_changed().await? {
            return Ok(None);
        }
        let subject = lifecycle.subject();
        let mut observed = Observed::at(self.cluster.now());
        for object in &self.ours {
            observed.note_ours(object.clone());
        }
        self.times.set(self.begun.elapsed());
        self.last.answers.clear();
        self.last.decided = None;
        loop {
            match lifecycle.next(&observed, &mut self.times) {
                Ok(action) => {
                    self.last.decided = Some(Instant::now());
                    return Ok(Some(action));
                }
                Err(query) => {
                    let answer = self.answer(&query).await?;
                    self.is_answered = true;
                    if matches!(&query, Query::Object(object) if *object == subject)
                        && self.is_ours(&subject)
                        && self.is_lost(&subject, &answer)
                    {
                        return Err(ClusterError::NotFound {
                            object: self.named(&subject),
                        });
                    }
                    if let (Query::Object(object), Answer::Object(Seen::Found(found))) =
                        (&query, &answer)
                    {
                        self.found.insert(object.clone(), found.clone());
                    }
                    self.last.answers.push((query.clone(), answer.clone()));
                    observed.note(query, answer);
                }
            }
        }
    }

    /// Whether an action is not the write of the Secret that was taken for absent: then it is to be
    /// looked at.
    fn is_unfounded<T>(&mut self, action: &Action<T>) -> bool {
        let Some(spared) = &self.spared else {
            return false;
        };
        if matches!(action, Action::Apply(apply) if apply.object == *spared) {
            return false;
        }
        (self.spares_look, self.spared) = (false, None);
        true
    }

    /// Whether what was made or written is gone: another one of its name is not it.
    fn is_lost(&mut self, object: &ObjectRef, found: &Answer) -> bool {
        let uid = self.source(object).uid(&object.name);
        let other = self.uids.get(object).is_some_and(|meant| *meant != uid);
        other || matches!(found, Answer::Object(Seen::Absent))
    }

    /// Whether the last decision was to wait, a moment ago, and all that it was made of is the
    /// same. A watch tells of every object of its kind: where many wait, most of what it tells is
    /// about others.
    async fn nothing_changed(&mut self) -> Result<bool, ClusterError> {
        let recent = self.last.decided.is_some_and(|at| at.elapsed() < TICK);
        if !self.watches || !recent || self.last.missing.is_empty() {
            return Ok(false);
        }
        // What the server itself has to be asked for is decided again.
        if self
            .last
            .answers
            .iter()
            .any(|(query, _)| matches!(query, Query::Now(_)))
        {
            return Ok(false);
        }
        for (query, before) in std::mem::take(&mut self.last.answers) {
            // What no watch tells of is asked for again when the tick is over.
            let now = match self.is_told_of(&query) {
                true => self.answer(&query).await?,
                false => before.clone(),
            };
            let same = is_same(&before, &now);
            self.last.answers.push((query, now));
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn answer(&mut self, query: &Query) -> Result<Answer, ClusterError> {
        let watches = self.watches;
        match query {
            Query::Object(object) if self.spares_look && object.kind == ObjectKind::Secret => {
                self.spared = Some(object.clone());
                Ok(Answer::Object(Seen::Absent))
            }
            Query::Object(object) => {
                let from = match watches {
                    true if self.unmade.as_ref() == Some(object) => From::Watch,
                    true => From::SureWatch,
                    false => From::Server,
                };
                self.source(object).object(&object.name, from).await
            }
            Query::Beside(object) => {
                let from = match watches || self.follows {
                    true => From::Watch,
                    false => From::Server,
                };
                let found = self.source(object).object(&object.name, from).await;
                source::beside(object.kind, found)
            }
            Query::Now(object) => {
                let found = self.source(object).now(&object.name).await;
                source::beside(object.kind, found)
            }
            Query::Listed(kind, namespace) => {
                source::served(self.source_of(*kind, namespace).all(watches).await)
            }
            Query::All(kind, namespace) => {
                let watches = watches || self.follows;
                let source = self.source_of(*kind, namespace);
                source::allowed(source.all(watches).await)
            }
        }
    }

    /// Whether a watch tells of changes in what a query asks for.
    fn is_told_of(&mut self, query: &Query) -> bool {
        let source = match query {
            Query::Object(object) | Query::Beside(object) | Query::Now(object) => {
                self.source(object)
            }
            Query::All(kind, namespace) | Query::Listed(kind, namespace) => {
                self.source_of(*kind, namespace)
            }
        };
        source.is_watched()
    }

    fn source(&mut self, object: &ObjectRef) -> &mut dyn Source {
        self.source_of(object.kind, &object.namespace)
    }

    fn source_of(&mut self, kind: ObjectKind, namespace: &str) -> &mut dyn Source {
        let cluster = self.cluster;
        let source = self.sources.entry((kind, namespace.to_owned()));
        &mut **source.or_insert_with(|| source::of(cluster, kind, namespace))
    }

    fn named(&self, object: &ObjectRef) -> Box<Object> {
        source::of(self.cluster, object.kind, &object.namespace).named(&object.name)
    }

    async fn perform<L: Lifecycle + Send>(
        &mut self,
        lifecycle: &mut L,
        action: Action<L::Outcome>,
        made: &Unacknowledged,
    ) -> Result<Performed<L::Outcome>, ClusterError> {
        let subject = lifecycle.subject();
        Ok(match action {
            Action::Create { object, body } => {
                let source = self.source(&object);
                let created = source.create(&object.name, body.into_inner(), made).await;
                if let Err(error) = created {
                    self.overlooked(error).await?;
                    return Ok(Performed::Again);
                }
                let uid = self.source(&object).uid(&object.name);
                self.uids.insert(object.clone(), uid);
                self.unmade = self.unmade.take().filter(|unmade| *unmade != object);
                self.ours.insert(object);
                // What is left is to wait, if anything.
                self.watches = true;
                Performed::Again
            }
            Action::Apply(apply) => {
                let object = apply.object.clone();
                if self.spared.take().is_some() {
                    self.spares_look = false;
                    let body = apply.body.expose();
                    if self.source(&object).add(&object.name, body).await? {
                        lifecycle.wrote(&object, None);
                    }
                    return Ok(Performed::Again);
                }
                // One that is made from what there is, is made anew where that has changed.
                let is_change = apply.hand_over.is_some();
                match self.source(&object).apply(&apply).await {
                    Ok(before) => {
                        if is_change {
                            let uid = self.source(&object).uid(&object.name);
                            self.uids.insert(object.clone(), uid);
                            self.ours.insert(object.clone());
                        }
                        lifecycle.wrote(&object, before);
                        self.tries_left = TRIES;
                    }
                    Err(error) if is_change => {
                        self.may_be_written |= error.leaves_it_open();
                        self.written(Err(error)).await?;
                    }
                    Err(error) => return Err(error),
                }
                Performed::Again
            }
            Action::Merge(changes) => {
                for Merge { object, body } in changes {
                    let merged = self
                        .source(&object)
                        .merge(&object.name, body.expose())
                        .await;
                    self.written(merged).await?;
                }
                Performed::Again
            }
            Action::Delete { object, uid } => {
                let asked = (object.clone(), uid.clone());
                let is_subject = object == subject;
                let missing = match is_subject {
                    true => "its deletion".to_owned(),
                    false => format!("the deletion of {object}"),
                };
                if self.deleted.contains(&asked) {
                    return Ok(self.wait_for(missing, &subject));
                }
                let source = self.source(&object);
                source.delete(&object.name, uid.as_deref()).await?;
                self.deleted.insert(asked);
                self.last.missing = missing;
                // What holds it is looked for at once: an interruption says it.
                self.watches = true;
                Performed::Again
            }
            Action::Await(missing) => {
                self.patience = None;
                self.wait_for(missing.render(self.cluster.dialect()), &subject)
            }
            Action::Require(requirement) => self.require(requirement, &subject)?,
            Action::Refuse { message, attribute } => {
                return Err(self.blocked(&subject, &message, attribute));
            }
            Action::Failed(reason) => {
                return Err(ClusterError::Failed {
                    what: self.what(lifecycle),
                    reason,
                    last: Box::new(self.last_seen(&subject).await),
                });
            }
            Action::Done(outcome) => Performed::Done(outcome),
        })
    }

    /// Rests before a creation is repeated whose webhook may overlook what was just written.
    ///
    /// # Errors
    /// Any other error, and this one if it lasts.
    async fn overlooked(&mut self, error: ClusterError) -> Result<(), ClusterError> {
        let since = *self.overlooked_since.get_or_insert_with(Instant::now);
        if !error.misses_an_object() || since.elapsed() >= CATCHES_UP {
            return Err(error);
        }
        tracing::debug!(%error, "creating the object again");
        let rested = self
            .clock
            .pause(source::BETWEEN_TRIES, std::future::pending());
        rested.await.map_err(|_| error)
    }

    /// Looks again where a write was made from what is no longer the newest.
    async fn written(&mut self, result: Result<(), ClusterError>) -> Result<(), ClusterError> {
        match result {
            Err(ClusterError::NotFound { .. }) => Ok(()),
            Err(error) if error.is_transient() && self.tries_left > 0 => {
                self.tries_left -= 1;
                tracing::debug!(%error, "reading the object again");
                tokio::time::sleep(source::BETWEEN_TRIES).await;
                Ok(())
            }
            other => {
                self.tries_left = TRIES;
                other
            }
        }
    }

    fn require<T>(
        &mut self,
        requirement: Requirement,
        subject: &ObjectRef,
    ) -> Result<Performed<T>, ClusterError> {
        match requirement {
            Requirement::Condition {
                message,
                remedy,
                attribute,
            } => {
                let message = message.and(". ").and(remedy);
                Err(self.blocked(subject, &message, Some(attribute)))
            }
            Requirement::Emptied {
                left,
                is_moving,
                remedy,
                attribute,
            } => {
                let is_patient = self.is_patient(&remedy, left.len(), is_moving);
                let names = names(left).join(", ");
                if is_patient {
                    let missing = emptied(&names, remedy).render(self.cluster.dialect());
                    return Ok(self.wait_for(missing, subject));
                }
                let message = Text::from(format!("the namespace still has {names}. ")).and(remedy);
                Err(self.blocked(subject, &message, Some(attribute)))
            }
            Requirement::Unused { users, remedy } => {
                let moving = users.iter().any(|user| user.is_going);
                let patient = self.is_patient(&remedy, users.len(), moving);
                let all_go = users.iter().all(|user| user.is_going);
                let names = names(users);
                if patient || all_go {
                    return Ok(self.wait_for(format!("the end of {}", names.join(", ")), subject));
                }
                Err(ClusterError::InUse {
                    object: self.named(subject),
                    users: names,
                    remedy: remedy.render(self.cluster.dialect()),
                })
            }
        }
    }

    /// Whether to go on waiting for the `left` that are still there. What calls for another remedy
    /// is waited for anew.
    fn is_patient(&mut self, remedy: &Text, left: usize, is_moving: bool) -> bool {
        let (of, patience) = self
            .patience
            .get_or_insert_with(|| (remedy.clone(), Patience::new()));
        if of != remedy {
            (*of, *patience) = (remedy.clone(), Patience::new());
        }
        patience.lasts(left, is_moving)
    }

    fn blocked(
        &self,
        subject: &ObjectRef,
        message: &Text,
        attribute: Option<FieldPath>,
    ) -> ClusterError {
        ClusterError::Blocked {
            object: self.named(subject),
            message: message.render(self.cluster.dialect()),
            attribute,
        }
    }

    fn wait_for<T>(&mut self, missing: String, subject: &ObjectRef) -> Performed<T> {
        self.watches = true;
        if missing != self.last.missing {
            tracing::info!(object = %self.named(subject), waiting_for = %missing, "waiting");
            self.clock.tell(&missing);
            self.last.missing = missing;
        }
        Performed::Wait
    }

    /// Pauses until one of the objects that were looked at may have changed, or for a while.
    async fn pause(&self) -> Result<(), Stopped> {
        let mut changes: Vec<_> = self.sources.values().filter_map(|s| s.changes()).collect();
        let wake = async {
            let mut changed: FuturesUnordered<_> = changes.iter_mut().map(alive).collect();
            if changed.next().await.is_none() {
                std::future::pending::<()>().await;
            }
        };
        self.clock.pause(TICK, wake).await
    }

    /// What did not come about, for messages.
    fn what<L: Lifecycle>(&self, lifecycle: &L) -> String {
        let subject = lifecycle.subject();
        let object = self.named(&subject);
        let begins = lifecycle.turn().is_some() && !self.is_ours(&subject);
        match begins {
            true => format!("{object} was not started"),
            false => format!("{object} {}", lifecycle.aim()),
        }
    }

    async fn stopped<L: Lifecycle>(&mut self, lifecycle: &L, stopped: Stopped) -> ClusterError {
        let what = self.what(lifecycle);
        let waited = self.clock.waited();
        let last = Box::new(self.last_seen(&lifecycle.subject()).await);
        match stopped {
            Stopped::Deadline => ClusterError::TimedOut { what, waited, last },
            Stopped::Cancelled => ClusterError::Cancelled { what, waited, last },
        }
    }

    /// What was last seen of the object, and what it was waited for.
    async fn last_seen(&mut self, object: &ObjectRef) -> LastSeen {
        let missing = self.last.missing.clone();
        let seen = self.found.get(object).cloned();
        match seen {
            Some(seen) => {
                self.source(object)
                    .last_seen(&object.name, seen, &missing)
                    .await
            }
            None => last_seen::waiting_for(&missing),
        }
    }
}

/// What is waited for where something is to go first.
fn emptied(names: &str, remedy: Text) -> Text {
    Text::from(format!("{names} to go. ")).and(remedy)
}

/// Kinds and names of users.
fn names(users: Vec<User>) -> Vec<String> {
    users.into_iter().map(|user| user.name).collect()
}

fn is_same(before: &Answer, now: &Answer) -> bool {
    match (before, now) {
        (Answer::Object(Seen::Found(before)), Answer::Object(Seen::Found(now)))
        | (Answer::All(Seen::Found(before)), Answer::All(Seen::Found(now))) => {
            Arc::ptr_eq(before, now)
        }
        (Answer::Object(Seen::Absent), Answer::Object(Seen::Absent))
        | (Answer::Object(Seen::Unread), Answer::Object(Seen::Unread))
        | (Answer::All(Seen::Absent), Answer::All(Seen::Absent))
        | (Answer::All(Seen::Unread), Answer::All(Seen::Unread)) => true,
        _ => false,
    }
}

/// Waits for a change; for ever once the watch has ended, so that only the tick wakes.
async fn alive(receiver: &mut watch::Receiver<u64>) {
    if receiver.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
