//! What stands in the way of a deletion and may be going as well.
//!
//! A run that destroys several things destroys at the same time whatever does not refer to each
//! other, so what is still used now may be free in a moment.

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use everest_core::api::IN_USE;

/// How long what shows no sign of going is waited for.
const GRACE: Duration = Duration::from_secs(30);

/// How long to wait for what may be going.
#[derive(Debug)]
pub(crate) struct Patience {
    quiet_since: Instant,
    left: usize,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self {
            quiet_since: Instant::now(),
            left: usize::MAX,
        }
    }

    /// Whether to go on waiting for the `left` that are still there: while one of them is on its
    /// way, and a moment longer.
    pub(crate) fn lasts(&mut self, left: usize, moving: bool) -> bool {
        if moving || left < self.left {
            self.quiet_since = Instant::now();
        }
        self.left = left;
        self.quiet_since.elapsed() < GRACE
    }
}
