//! The limit on reconciles that work at the same time.
//!
//! A burst of events, such as the failure of everything at once, would otherwise have a copy of
//! each managed resource and a connection for each in memory. A reconcile that waits for a cluster
//! which does not respond gives its place to another one, so a cluster that is down does not keep
//! the managed resources of other clusters waiting.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many reconciles work at the same time. If each makes two requests of 30 ms, they are as many
/// as the default rate limit lets begin; with slower answers this limit decides.
const AT_ONCE: usize = 6;
/// The time after which a reconcile counts as one that waits.
const PROMPT: Duration = Duration::from_secs(1);

/// The places of reconciles that work. Cheap to clone; all controllers share them.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit(Arc<Semaphore>);

impl Default for ConcurrencyLimit {
    fn default() -> Self {
        ConcurrencyLimit(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl ConcurrencyLimit {
    /// Does `work` as soon as there is a place for it, to its end.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        // It is never closed; if it were, the work would be done without a place.
        let place = self.0.acquire().await.ok();
        let mut work = pin!(work);
        match timeout(PROMPT, &mut work).await {
            Ok(done) => done,
            Err(_) => {
                drop(place);
                work.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_worked_off_by_so_many_at_the_same_time() {
        let limit = ConcurrencyLimit::default();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || async {
            let working = now.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(working, Ordering::Relaxed);
            sleep(Duration::from_millis(10)).await;
            now.fetch_sub(1, Ordering::Relaxed);
        };
        join_all((0..200).map(|_| limit.run(work()))).await;
        assert_eq!(most.into_inner(), AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_wait_for_a_cluster_keep_no_other_waiting() {
        let limit = ConcurrencyLimit::default();
        let begun = Instant::now();
        let waiting = join_all((0..AT_ONCE * 3).map(|_| limit.run(sleep(PROMPT * 60))));
        let prompt = async {
            sleep(Duration::from_millis(1)).await;
            limit.run(async {}).await;
            begun.elapsed()
        };
        let (_, prompt) = tokio::join!(waiting, prompt);
        assert!(prompt <= PROMPT * 4, "{prompt:?}");
    }
}
