//! How a creation or a change can end.

use crate::ClusterError;

/// The four ends of a creation. Only [`Creation::Failed`] means that what exists is worthless.
#[derive(Debug)]
pub enum Creation<M> {
    /// It exists and is what was asked for.
    Created(M),
    /// It exists and was accepted, but was not ready in time, or the wait was interrupted.
    Pending {
        /// What is there now.
        observed: M,
        /// Why it is not done: `TimedOut`, `Cancelled` or a refused later step.
        error: ClusterError,
    },
    /// Nothing exists of this creation, so there is nothing to keep.
    NotCreated(ClusterError),
    /// It exists and ended in failure: a failed backup, restore or import.
    Failed {
        /// What is there now.
        observed: M,
        /// Why it failed.
        error: ClusterError,
    },
}

impl<M> Creation<M> {
    /// The end of a creation that was accepted and whose wait came to `error`; `latest` reads what
    /// is there now, where there is anything.
    pub(crate) async fn unfinished(error: ClusterError, latest: impl Future<Output = M>) -> Self {
        match error {
            ClusterError::NotFound { .. } => Creation::NotCreated(error),
            ClusterError::Failed { .. } => Creation::Failed {
                observed: latest.await,
                error,
            },
            _ => Creation::Pending {
                observed: latest.await,
                error,
            },
        }
    }
}

/// The ends of a change.
#[derive(Debug)]
pub enum Change<M> {
    /// Done, and what was asked for.
    Done(M),
    /// Accepted, but not ready in time, or the wait was interrupted.
    Pending {
        /// What is there now.
        observed: M,
        /// Why it is not done.
        error: ClusterError,
    },
    /// Refused; what was there stays.
    Refused(ClusterError),
}
