//! The bounds of waits: deadline and interruption.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The bounds of all waits of one operation.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Longest time for the whole operation.
    pub deadline: Duration,
    /// Ends waits early; the work in the cluster goes on.
    pub cancel: CancellationToken,
}

impl Wait {
    /// At most `deadline`, or until `cancel`.
    pub fn new(deadline: Duration, cancel: CancellationToken) -> Self {
        Wait { deadline, cancel }
    }

    /// The remaining time after `spent`.
    #[must_use]
    pub fn less(&self, spent: Duration) -> Self {
        Wait {
            deadline: self.deadline.saturating_sub(spent),
            cancel: self.cancel.clone(),
        }
    }

    /// Starts the clock: every wait of the operation shares it.
    pub(crate) fn start(&self) -> Clock {
        let started = Instant::now();
        // A deadline beyond what the clock can hold is none.
        let until = started
            .checked_add(self.deadline)
            .unwrap_or(started + Duration::from_secs(86_400 * 365));
        Clock {
            started,
            until,
            cancel: self.cancel.clone(),
        }
    }
}

/// A started [`Wait`].
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) started: Instant,
    pub(crate) until: Instant,
    pub(crate) cancel: CancellationToken,
}

/// The reason why a wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Deadline,
    Cancelled,
}

impl Clock {
    /// Time since the operation began.
    pub(crate) fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// The same clock with an earlier end, `within` from now.
    pub(crate) fn at_most(&self, within: Duration) -> Clock {
        Clock {
            until: self.until.min(Instant::now() + within),
            ..self.clone()
        }
    }

    /// Awaits `future` within the bounds.
    ///
    /// # Errors
    /// [`Stopped`], when the deadline or the interruption comes first.
    pub(crate) async fn bound<T>(&self, future: impl Future<Output = T>) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stopped::Cancelled),
            done = future => Ok(done),
            () = tokio::time::sleep_until(self.until) => Err(Stopped::Deadline),
        }
    }

    /// Pauses until `wake` is done or `at_most` has passed.
    ///
    /// # Errors
    /// [`Stopped`], when the deadline or the interruption comes first.
    pub(crate) async fn pause(
        &self,
        at_most: Duration,
        wake: impl Future<Output = ()>,
    ) -> Result<(), Stopped> {
        if self.cancel.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        let next = Instant::now() + at_most;
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stopped::Cancelled),
            () = tokio::time::sleep_until(self.until.min(next)) => {
                if next >= self.until { Err(Stopped::Deadline) } else { Ok(()) }
            }
            () = wake => Ok(()),
        }
    }
}
