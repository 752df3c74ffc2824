//! Objects that stand in the way of a deletion and may be going themselves.
//!
//! Terraform destroys resources that do not refer to each other at the same time, so an object that
//! is in use now may be free soon.

use std::time::Duration;

use tokio::time::Instant;

/// The wait for objects that show no sign of going.
const GRACE: Duration = Duration::from_secs(30);

/// The wait for objects that may be going.
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

    /// Returns true if the wait for the remaining objects `left` goes on: while one of them is
    /// going, and for a short time after that.
    pub(crate) fn lasts(&mut self, left: usize, moving: bool) -> bool {
        if moving || left < self.left {
            self.quiet_since = Instant::now();
        }
        self.left = left;
        self.quiet_since.elapsed() < GRACE
    }
}
