//! The data that a controller keeps between reconciles of a managed resource. A restarted process
//! needs none of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::relations::ResourceKey;
use crate::repeats::Repeats;

/// The delay after the first failure.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest delay after a failure.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The data about one managed resource.
#[derive(Debug, Default)]
pub struct ReconcileState<S> {
    /// Failures in a row.
    failures: u32,
    /// The last published connection.
    pub published: Option<Published>,
    /// The updates of the external object.
    pub updates: Repeats,
    /// The claims on it.
    pub claims: Repeats,
    /// What the kind keeps.
    pub memory: S,
}

/// The sources of the last connection Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The version of the connection details.
    pub details: String,
    /// Version of the Secret that was published.
    pub own: String,
}

impl<S> ReconcileState<S> {
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
}

/// The data about all managed resources of a kind.
pub struct ReconcileStates<S>(Mutex<HashMap<ResourceKey, ReconcileState<S>>>);

impl<S> Default for ReconcileStates<S> {
    fn default() -> Self {
        ReconcileStates(Mutex::default())
    }
}

impl<S: Default> ReconcileStates<S> {
    /// Takes the data of one managed resource out, so that only one reconcile has it.
    pub fn take(&self, key: &ResourceKey) -> ReconcileState<S> {
        self.all().remove(key).unwrap_or_default()
    }

    /// Puts it back for the next reconcile.
    pub fn put(&self, key: &ResourceKey, state: ReconcileState<S>) {
        self.all().insert(key.clone(), state);
    }

    /// Forgets a managed resource.
    pub fn forget(&self, key: &ResourceKey) {
        self.all().remove(key);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ResourceKey, ReconcileState<S>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_ever_later_up_to_a_minute() {
        let mut state = ReconcileState::<()>::default();
        let seconds: Vec<_> = (0..9).map(|_| state.failed().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        state.succeeded();
        assert_eq!(state.failed(), FIRST_DELAY);
    }
}
