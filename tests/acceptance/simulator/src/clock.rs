//! The time that the simulator writes into objects.

use tokio::time::Instant;

/// A clock that goes with tokio's time: under a paused runtime it stands still while there is
/// work to do, and jumps when there is none.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: jiff::Timestamp,
    since: Instant,
}

impl Clock {
    /// A clock that shows `began` now.
    pub fn starting_at(began: jiff::Timestamp) -> Self {
        Self {
            began,
            since: Instant::now(),
        }
    }

    /// The time now.
    pub fn now(&self) -> jiff::Timestamp {
        let passed = jiff::SignedDuration::try_from(self.since.elapsed());
        passed
            .ok()
            .and_then(|passed| self.began.checked_add(passed).ok())
            .unwrap_or(self.began)
    }

    /// The time now, as Kubernetes writes times: whole seconds.
    pub fn stamp(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn it_goes_with_the_runtimes_time() {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(clock.stamp(), "2026-01-01T00:00:00Z");
        tokio::time::sleep(Duration::from_secs(3_661)).await;
        assert_eq!(clock.stamp(), "2026-01-01T01:01:01Z");
    }
}
