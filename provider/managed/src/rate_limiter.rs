//! The limit on reconciles per second, with a reserve for bursts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The size of a burst after a quiet time, in seconds of the rate.
const SPARE: u32 = 10;

/// A bucket of tokens that all controllers take from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RateLimiter {
    every: Duration,
    spare: Duration,
    next: Arc<Mutex<Instant>>,
}

impl RateLimiter {
    /// `rate` reconciles a second.
    pub fn new(rate: u32) -> Self {
        let every = Duration::from_secs(1) / rate.max(1);
        RateLimiter {
            every,
            spare: every * SPARE * rate.max(1),
            next: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Returns when the next reconcile may begin, in the order of the calls.
    pub async fn turn(&self) {
        let turn = {
            let now = Instant::now();
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            // What was not used for a while is there to be used at once, but no more of it.
            let earliest = now.checked_sub(self.spare).unwrap_or(now);
            *next = (*next).max(earliest) + self.every;
            *next
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn reconciles_follow_each_other_at_the_rate() {
        let rate_limiter = RateLimiter::new(100);
        let begun = Instant::now();
        for _ in 0..200 {
            rate_limiter.turn().await;
        }
        assert_eq!(begun.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_quiet_time_many_may_go_at_once_but_not_all() {
        let rate_limiter = RateLimiter::new(100);
        tokio::time::advance(Duration::from_secs(3600)).await;
        let begun = Instant::now();
        for _ in 0..1000 {
            rate_limiter.turn().await;
        }
        assert!(begun.elapsed() < Duration::from_millis(20));
        for _ in 0..100 {
            rate_limiter.turn().await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(900));
    }
}
