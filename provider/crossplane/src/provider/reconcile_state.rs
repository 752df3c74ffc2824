//! The data that a controller keeps between reconciles of a managed resource. A restarted process
//! needs none of it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use everest_cluster::Times;
use tokio::time::Instant;

use super::config::TargetKey;
use super::repeats::Repeats;

/// A time long enough that a state cannot be from before a change.
const SETTLED: Duration = Duration::from_secs(3600);
/// The state of a database that is as it should be.
const READY: &str = "ready";
/// The delay after the first failure.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest delay after a failure.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// Namespace and name of a managed resource.
pub type ResourceKey = (String, String);

/// An object that concerns a managed resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Related {
    /// Its external object, or a related object of the same name.
    External(TargetKey, String, String),
    /// A Secret beside the external object.
    Secret(TargetKey, String, String),
    /// A Secret beside the managed resource.
    Own(String, String),
}

/// The data about one managed resource.
#[derive(Debug, Default)]
pub struct ReconcileState {
    /// Failures in a row.
    failures: u32,
    /// The last observed state of the external object.
    steady: Option<Stand>,
    /// The possibility that `ready` is from before our last write.
    leftover: Leftover,
    /// The generation of the external object after our last write.
    pub written: i64,
    /// The last published connection.
    pub published: Option<Published>,
    /// The stopwatches.
    pub times: Times,
    /// The condition that the last step of a longer operation was waiting for.
    pub waiting: Option<String>,
    /// The updates of the external object.
    pub updates: Repeats,
    /// The claims on it.
    pub claims: Repeats,
}

/// The state of an external object, and since when.
#[derive(Debug)]
struct Stand {
    state: String,
    /// The state, with other signs of work on the object.
    footing: String,
    since: Instant,
}

/// The possibility that the external object's `ready` is from before a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leftover {
    /// It may be: the past is not known.
    #[default]
    Possible,
    /// It may be until another state is seen: it was `ready` when it was changed.
    UntilLeft,
    /// It cannot be.
    No,
}

/// The sources of the last connection Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The endpoint to connect to.
    pub endpoint: String,
    /// Version of the Secret with the credentials.
    pub credentials: String,
    /// Version of the Secret that was published.
    pub own: String,
}

impl ReconcileState {
    /// The delay after one more failure.
    pub fn failed(&mut self) -> Duration {
        let delay = FIRST_DELAY.saturating_mul(1 << self.failures.min(6));
        self.failures += 1;
        delay.min(LONGEST_DELAY)
    }

    /// A reconcile succeeded.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Notes that the external object was created with this generation, so that no state is from
    /// before.
    pub fn created(&mut self, generation: Option<i64>) {
        self.written = generation.unwrap_or(0);
        self.leftover = Leftover::No;
    }

    /// Notes that the external object was changed in the last observed state, and has this
    /// generation now.
    pub fn changed(&mut self, generation: Option<i64>) {
        self.written = generation.unwrap_or(0);
        self.leftover = match &mut self.steady {
            Some(stand) => {
                stand.since = Instant::now();
                if stand.state == READY {
                    Leftover::UntilLeft
                } else {
                    Leftover::Possible
                }
            }
            None => Leftover::Possible,
        };
    }

    /// The time for which the external object has been in this state and on this footing, counted
    /// from our last write; a long time if the state cannot be from before that. `was_ready` is
    /// true if the managed resource was ready at the last reconcile of any process.
    pub fn stood(&mut self, state: &str, footing: &str, was_ready: bool) -> Duration {
        let now = Instant::now();
        let since = match &self.steady {
            Some(stand) if stand.footing == footing => stand.since,
            before => {
                if before.is_none() && was_ready && self.written == 0 {
                    self.leftover = Leftover::No;
                }
                self.steady = Some(Stand {
                    state: state.to_owned(),
                    footing: footing.to_owned(),
                    since: now,
                });
                now
            }
        };
        if state != READY && self.leftover == Leftover::UntilLeft {
            self.leftover = Leftover::No;
        }
        match self.leftover {
            Leftover::No => SETTLED,
            Leftover::Possible | Leftover::UntilLeft => now.duration_since(since),
        }
    }
}

/// What a managed resource stands for: its generation and its external object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    generation: Option<i64>,
    external: Related,
}

/// The data about all managed resources of a kind.
#[derive(Default)]
pub struct ReconcileStates {
    all: Mutex<HashMap<ResourceKey, ReconcileState>>,
    related: Mutex<HashMap<Related, BTreeSet<ResourceKey>>>,
    /// What the managed resources stand for.
    subjects: Mutex<HashMap<ResourceKey, Subject>>,
    /// The UIDs of the external objects that managed resources have created or taken over.
    held: Mutex<HashMap<ResourceKey, String>>,
}

impl ReconcileStates {
    /// Takes the data of one managed resource out, so that only one reconcile has it.
    pub fn take(&self, key: &ResourceKey) -> ReconcileState {
        locked(&self.all).remove(key).unwrap_or_default()
    }

    /// Puts it back for the next reconcile.
    pub fn put(&self, key: &ResourceKey, state: ReconcileState) {
        locked(&self.all).insert(key.clone(), state);
    }

    /// Forgets a managed resource.
    pub fn forget(&self, key: &ResourceKey) {
        locked(&self.all).remove(key);
        locked(&self.held).remove(key);
        locked(&self.subjects).remove(key);
        self.unrelate(key);
    }

    fn unrelate(&self, key: &ResourceKey) {
        locked(&self.related).retain(|_, keys| {
            keys.remove(key);
            !keys.is_empty()
        });
    }

    /// Requests a reconcile of a managed resource whenever its external object changes. If the
    /// managed resource was changed, or names another object, its former relations end; those that
    /// still hold are made again by the reconcile. Returns true then.
    pub fn follow(&self, external: Related, generation: Option<i64>, key: &ResourceKey) -> bool {
        let subject = Subject {
            generation,
            external: external.clone(),
        };
        let before = locked(&self.subjects).insert(key.clone(), subject.clone());
        let is_new = before.as_ref() != Some(&subject);
        if is_new {
            self.unrelate(key);
        }
        self.relate(external, key);
        is_new
    }

    /// Notes the UID of the external object that a managed resource has created or taken over.
    pub fn holds(&self, key: &ResourceKey, uid: String) {
        locked(&self.held).insert(key.clone(), uid);
    }

    /// Returns true if a managed resource has created or taken over the external object with this
    /// UID, as far as it was observed.
    pub fn is_held_by(&self, uid: &str, key: &ResourceKey) -> bool {
        locked(&self.held).get(key).is_some_and(|held| held == uid)
    }

    /// Requests a reconcile of a managed resource whenever `related` changes.
    pub fn relate(&self, related: Related, key: &ResourceKey) {
        let mut all = locked(&self.related);
        let keys = all.entry(related).or_default();
        if !keys.contains(key) {
            keys.insert(key.clone());
        }
    }

    /// The managed resources to reconcile.
    pub fn related(&self, related: &Related) -> Vec<ResourceKey> {
        let all = locked(&self.related);
        all.get(related).into_iter().flatten().cloned().collect()
    }

    /// Returns true if any managed resource has an external object in a cluster.
    pub fn uses(&self, target: &TargetKey) -> bool {
        locked(&self.related)
            .keys()
            .any(|related| matches!(related, Related::External(of, ..) if of == target))
    }

    /// The namespaces of a cluster in which managed resources need Secrets.
    pub fn secret_namespaces(&self, target: &TargetKey) -> HashSet<String> {
        self.namespaces(|related| match related {
            Related::Secret(of, namespace, _) if of == target => Some(namespace),
            _ => None,
        })
    }

    /// The namespaces in which managed resources need Secrets beside themselves.
    pub fn own_namespaces(&self) -> HashSet<String> {
        self.namespaces(|related| match related {
            Related::Own(namespace, _) => Some(namespace),
            _ => None,
        })
    }

    fn namespaces(&self, of: impl Fn(&Related) -> Option<&String>) -> HashSet<String> {
        locked(&self.related)
            .keys()
            .filter_map(of)
            .cloned()
            .collect()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use crossplane_managed::provider_config::ProviderConfigKind;

    use super::*;

    #[test]
    fn failures_are_tried_again_ever_later_up_to_a_minute() {
        let mut state = ReconcileState::default();
        let seconds: Vec<_> = (0..9).map(|_| state.failed().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        state.succeeded();
        assert_eq!(state.failed(), FIRST_DELAY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_ready_that_may_be_from_before_a_change_is_as_old_as_the_change() {
        let mut state = ReconcileState::default();
        assert_eq!(state.stood("ready", "ready", true), SETTLED);
        state.changed(Some(2));
        assert_eq!(state.stood("ready", "ready", true), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(state.stood("ready", "ready", true), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn another_footing_begins_the_time_anew() {
        let mut state = ReconcileState::default();
        state.stood("ready", "ready 4 4 ready", true);
        state.changed(Some(2));
        tokio::time::advance(Duration::from_secs(7)).await;
        let stood = state.stood("ready", "ready 5 5 ready", true);
        assert_eq!(stood, Duration::ZERO);
    }

    #[test]
    fn a_ready_that_was_left_after_the_change_is_of_the_change() {
        let mut state = ReconcileState::default();
        state.stood("ready", "ready", true);
        state.changed(Some(2));
        state.stood("initializing", "initializing", true);
        assert_eq!(state.stood("ready", "ready", true), SETTLED);
    }

    #[test]
    fn a_change_of_what_was_not_ready_leaves_in_doubt_what_ready_is_of() {
        let mut state = ReconcileState::default();
        state.stood("initializing", "initializing", false);
        state.changed(Some(2));
        assert_eq!(state.stood("ready", "ready", false), Duration::ZERO);
    }

    #[test]
    fn what_was_just_made_has_no_state_from_before() {
        let mut state = ReconcileState::default();
        state.created(Some(1));
        state.stood("initializing", "initializing", false);
        assert_eq!(state.stood("ready", "ready", false), SETTLED);
    }

    #[test]
    fn a_restarted_process_does_not_trust_a_ready_after_its_first_change() {
        let mut state = ReconcileState::default();
        state.changed(Some(2));
        assert_eq!(state.stood("ready", "ready", true), Duration::ZERO);
    }

    #[test]
    fn who_names_another_object_is_told_of_the_former_one_no_more() {
        let states = ReconcileStates::default();
        let key = ("shop".to_owned(), "orders".to_owned());
        let target = |name: &str| TargetKey {
            kind: ProviderConfigKind::ClusterProviderConfig,
            namespace: None,
            name: name.to_owned(),
        };
        let external =
            |config| Related::External(target(config), "shop".to_owned(), "orders".to_owned());
        let secret = Related::Own("shop".to_owned(), "keys".to_owned());
        assert!(states.follow(external("eu"), Some(1), &key));
        states.relate(secret.clone(), &key);
        assert!(!states.follow(external("eu"), Some(1), &key));
        assert_eq!(states.related(&secret).len(), 1);

        assert!(states.follow(external("us"), Some(1), &key));
        assert!(states.related(&external("eu")).is_empty());
        assert!(!states.uses(&target("eu")) && states.uses(&target("us")));
        assert!(states.related(&secret).is_empty());

        states.relate(secret.clone(), &key);
        assert!(states.follow(external("us"), Some(2), &key));
        assert!(states.related(&secret).is_empty());
        assert_eq!(states.related(&external("us")).len(), 1);
    }

    #[test]
    fn who_is_forgotten_is_told_of_nothing() {
        let states = ReconcileStates::default();
        let key = ("shop".to_owned(), "orders".to_owned());
        let secret = Related::Own("shop".to_owned(), "keys".to_owned());
        states.relate(secret.clone(), &key);
        assert_eq!(states.related(&secret).len(), 1);
        states.forget(&key);
        assert!(states.related(&secret).is_empty());
    }
}
