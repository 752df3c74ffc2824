//! The bounds of waits: deadline and interruption.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The bounds of all waits of one operation.
#[derive(Clone)]
pub struct Wait {
    /// Longest time for the whole operation.
    pub deadline: Duration,
    /// Ends waits early; the work in the cluster goes on.
    pub cancel: CancellationToken,
    /// Hears what is waited for, each time that it is something else.
    progress: Option<Progress>,
}

/// A callback for what is waited for.
type Progress = Arc<dyn Fn(&str) + Send + Sync>;

impl fmt::Debug for Wait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("Wait");
        fields
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Wait {
    /// At most `deadline`, or until `cancel`.
    pub fn new(deadline: Duration, cancel: CancellationToken) -> Self {
        Wait {
            deadline,
            cancel,
            progress: None,
        }
    }

    /// The same, telling what is waited for.
    #[must_use]
    pub fn telling(self, progress: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Wait {
            progress: Some(Arc::new(progress)),
            ..self
        }
    }

    /// The remaining time after `spent`.
    #[must_use]
    pub fn less(&self, spent: Duration) -> Self {
        Wait {
            deadline: self.deadline.saturating_sub(spent),
            ..self.clone()
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
            progress: self.progress.clone(),
        }
    }
}

/// A started [`Wait`].
#[derive(Clone)]
pub(crate) struct Clock {
    pub(crate) started: Instant,
    pub(crate) until: Instant,
    pub(crate) cancel: CancellationToken,
    progress: Option<Progress>,
}

/// The reason why a wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Deadline,
    Cancelled,
}

impl Clock {
    /// Tells what is waited for.
    pub(crate) fn tell(&self, waiting_for: &str) {
        if let Some(progress) = &self.progress {
            progress(waiting_for);
        }
    }

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
