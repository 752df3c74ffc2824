//! What is kept between reconciles of a managed resource. A restarted process needs none of it.

use std::time::Duration;

use everest_cluster::Times;
use everest_schemas::Engine;
use tokio::time::Instant;

/// A time long enough that a state cannot be from before a change.
const SETTLED: Duration = Duration::from_secs(3600);
/// The state of a database that is as it should be.
const READY: &str = "ready";

/// What is kept about one managed resource.
#[derive(Debug, Default)]
pub struct Memory {
    /// The last observed state of the external object.
    steady: Option<Stand>,
    /// The possibility that `ready` is from before our last write.
    leftover: Leftover,
    /// The generation of the external object after our last write.
    pub written: i64,
    /// The stopwatches.
    pub times: Times,
    /// The condition that the last step of a longer operation was waiting for.
    pub waiting: Option<String>,
    /// The engines of a namespace whose operators were to be removed at the last comparison.
    pub removing: Vec<Engine>,
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

impl Memory {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ready_that_may_be_from_before_a_change_is_as_old_as_the_change() {
        let mut state = Memory::default();
        assert_eq!(state.stood("ready", "ready", true), SETTLED);
        state.changed(Some(2));
        assert_eq!(state.stood("ready", "ready", true), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(state.stood("ready", "ready", true), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn another_footing_begins_the_time_anew() {
        let mut state = Memory::default();
        state.stood("ready", "ready 4 4 ready", true);
        state.changed(Some(2));
        tokio::time::advance(Duration::from_secs(7)).await;
        let stood = state.stood("ready", "ready 5 5 ready", true);
        assert_eq!(stood, Duration::ZERO);
    }

    #[test]
    fn a_ready_that_was_left_after_the_change_is_of_the_change() {
        let mut state = Memory::default();
        state.stood("ready", "ready", true);
        state.changed(Some(2));
        state.stood("initializing", "initializing", true);
        assert_eq!(state.stood("ready", "ready", true), SETTLED);
    }

    #[test]
    fn a_change_of_what_was_not_ready_leaves_in_doubt_what_ready_is_of() {
        let mut state = Memory::default();
        state.stood("initializing", "initializing", false);
        state.changed(Some(2));
        assert_eq!(state.stood("ready", "ready", false), Duration::ZERO);
    }

    #[test]
    fn what_was_just_made_has_no_state_from_before() {
        let mut state = Memory::default();
        state.created(Some(1));
        state.stood("initializing", "initializing", false);
        assert_eq!(state.stood("ready", "ready", false), SETTLED);
    }

    #[test]
    fn a_restarted_process_does_not_trust_a_ready_after_its_first_change() {
        let mut state = Memory::default();
        state.changed(Some(2));
        assert_eq!(state.stood("ready", "ready", true), Duration::ZERO);
    }
}
