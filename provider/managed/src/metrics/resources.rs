//! The data about each managed resource, until it is gone.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::ResourceKey;

/// The state that the gauges count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) exists: bool,
    pub(super) ready: bool,
    pub(super) synced: bool,
}

#[derive(Debug, Default)]
struct Known {
    reconciled: bool,
    was_ready: bool,
    matched: Option<Instant>,
    state: State,
}

/// Keyed by namespace and name: those of two namespaces are two.
#[derive(Debug, Default)]
pub(super) struct Resources {
    known: HashMap<ResourceKey, Known>,
}

impl Resources {
    /// Returns true if this is the first time.
    pub(super) fn first_reconciled(&mut self, key: &ResourceKey) -> bool {
        !std::mem::replace(&mut self.of(key).reconciled, true)
    }

    /// Returns true if this is the first time for a resource whose first reconcile was seen.
    pub(super) fn first_ready(&mut self, key: &ResourceKey) -> bool {
        let known = self.of(key);
        !std::mem::replace(&mut known.was_ready, true) && known.reconciled
    }

    pub(super) fn unchanged(&mut self, key: &ResourceKey, now: Instant) {
        self.of(key).matched = Some(now);
    }

    /// The time since it last matched; `None` if it has not matched since the last drift.
    pub(super) fn drifted(&mut self, key: &ResourceKey, now: Instant) -> Option<Duration> {
        self.of(key).matched.take().map(|matched| now - matched)
    }

    /// Returns the state before.
    pub(super) fn state(&mut self, key: &ResourceKey, state: State) -> State {
        std::mem::replace(&mut self.of(key).state, state)
    }

    /// Returns the last state.
    pub(super) fn forget(&mut self, key: &ResourceKey) -> State {
        self.known
            .remove(key)
            .map(|known| known.state)
            .unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    fn of(&mut self, key: &ResourceKey) -> &mut Known {
        self.known.entry(key.clone()).or_default()
    }
}
