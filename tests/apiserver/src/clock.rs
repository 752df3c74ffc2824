//! The time of the server.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A clock that begins at a given time and goes as tokio's does: in tests with paused time it
/// goes on only when nothing else does.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    begin: Timestamp,
    since: Instant,
}

impl Clock {
    pub(crate) fn starting(begin: Timestamp) -> Self {
        Self {
            begin,
            since: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.since.elapsed()).unwrap_or_default();
        self.begin + passed
    }

    /// The time as objects hold it, in seconds.
    pub(crate) fn stamp(&self) -> String {
        let now = self.now();
        now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
