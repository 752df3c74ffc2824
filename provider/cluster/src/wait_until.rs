//! Looking again and again, until what is waited for has come.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;

use crate::error::{ClusterError, LastSeen, Object};
use crate::wait::{Clock, Stopped};

/// How often a waiter looks again although nothing changed: judgements may depend on time.
pub(crate) const TICK: Duration = Duration::from_secs(2);

/// What a look at an object says.
pub(crate) enum Progress<T> {
    /// It is what was waited for.
    Done(T),
    /// Not yet; what is missing.
    Wait(String),
    /// It ended in failure; why.
    Failed(String),
}

/// Why a wait ended without what was waited for, and what was missing last.
pub(crate) enum Ended {
    Stopped(Stopped, String),
    Failed(String, String),
    Error(ClusterError),
}

/// A look at the cluster, for as long as something is waited for. A closure is one; a struct is
/// where checks remember something from one to the next: of an async closure that borrows what it
/// changes the compiler cannot tell that its future may change threads.
pub(crate) trait WaitCondition: Send {
    /// What is waited for.
    type Found;

    /// Says whether it has come.
    fn check(&mut self)
    -> impl Future<Output = Result<Progress<Self::Found>, ClusterError>> + Send;
}

impl<L, T, F> WaitCondition for L
where
    L: FnMut() -> F + Send,
    F: Future<Output = Result<Progress<T>, ClusterError>> + Send,
{
    type Found = T;

    fn check(&mut self) -> impl Future<Output = Result<Progress<T>, ClusterError>> + Send {
        self()
    }
}

/// The same of one object, which is read before: None if it is not there.
pub(crate) trait ObjectCondition<K>: Send {
    /// What is waited for.
    type Found;

    /// Says whether it has come.
    fn check(
        &mut self,
        found: Option<Arc<K>>,
    ) -> impl Future<Output = Result<Progress<Self::Found>, ClusterError>> + Send;
}

impl<J, K, T, F> ObjectCondition<K> for J
where
    J: FnMut(Option<Arc<K>>) -> F + Send,
    F: Future<Output = Result<Progress<T>, ClusterError>> + Send,
{
    type Found = T;

    fn check(
        &mut self,
        found: Option<Arc<K>>,
    ) -> impl Future<Output = Result<Progress<T>, ClusterError>> + Send {
        self(found)
    }
}

/// Looks whenever something changes, until `condition` is satisfied.
pub(crate) async fn wait_until<L: WaitCondition>(
    clock: &Clock,
    object: &Object,
    mut changes: Vec<watch::Receiver<u64>>,
    condition: &mut L,
) -> Result<L::Found, Ended> {
    let mut missing = String::new();
    loop {
        for receiver in &mut changes {
            receiver.borrow_and_update();
        }
        match condition.check().await {
            Ok(Progress::Done(done)) => return Ok(done),
            Ok(Progress::Failed(reason)) => return Err(Ended::Failed(reason, missing)),
            Ok(Progress::Wait(now_missing)) => {
                if now_missing != missing {
                    tracing::info!(%object, waiting_for = %now_missing, "waiting");
                    missing = now_missing;
                }
            }
            // An API server that restarts during a long wait is no reason to give up.
            Err(error)
                if error.is_transient()
                    || error.is_unanswered()
                    || matches!(error, ClusterError::Unreachable { .. }) =>
            {
                tracing::warn!(%error, %object, "could not look; waiting goes on");
            }
            Err(error) => return Err(Ended::Error(error)),
        }
        let wake = async {
            let mut changed: FuturesUnordered<_> = changes.iter_mut().map(alive).collect();
            if changed.next().await.is_none() {
                never().await;
            }
        };
        if let Err(stopped) = clock.pause(TICK, wake).await {
            return Err(Ended::Stopped(stopped, missing));
        }
    }
}

impl Ended {
    /// The error to report. `what` is the object and what it did not become, `waited` for how
    /// long; `last` is asked with what was missing.
    pub(crate) fn report(
        self,
        what: String,
        waited: Duration,
        last: impl FnOnce(&str) -> LastSeen,
    ) -> ClusterError {
        match self {
            Ended::Error(error) => error,
            Ended::Failed(reason, missing) => ClusterError::Failed {
                what,
                reason,
                last: Box::new(last(&missing)),
            },
            Ended::Stopped(stopped, missing) => {
                let last = Box::new(last(&missing));
                match stopped {
                    Stopped::Deadline => ClusterError::TimedOut { what, waited, last },
                    Stopped::Cancelled => ClusterError::Cancelled { what, waited, last },
                }
            }
        }
    }

    /// What was missing when what was waited for did not come.
    pub(crate) fn missing(&self) -> Option<&str> {
        match self {
            Ended::Error(_) => None,
            Ended::Failed(_, missing) | Ended::Stopped(_, missing) => Some(missing),
        }
    }
}

/// Waits for a change; forever once the watch cache has ended, so that only the tick wakes.
async fn alive(receiver: &mut watch::Receiver<u64>) {
    if receiver.changed().await.is_err() {
        never().await;
    }
}

async fn never() {
    std::future::pending().await
}
