//! The possible ends of a creation or a change.

use crate::ClusterError;

/// The four ends of a creation. Only [`Creation::Failed`] means that the object is worthless.
#[derive(Debug)]
pub enum Creation<M> {
    /// The object exists and is as requested.
    Created(M),
    /// It exists and was accepted, but was not ready in time, or the wait was interrupted.
    Pending {
        /// The object as it is now.
        observed: M,
        /// The reason: `TimedOut`, `Cancelled` or a refused later step.
        error: ClusterError,
    },
    /// Nothing of this creation exists, so there is nothing to keep.
    NotCreated(ClusterError),
    /// It exists and ended in failure: a failed backup, restore or import.
    Failed {
        /// The object as it is now.
        observed: M,
        /// The reason of the failure.
        error: ClusterError,
    },
}

impl<M> Creation<M> {
    /// The end of a creation that was accepted and whose wait ended in `error`; `latest` reads the
    /// present object.
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
    /// The change is done, and the object is as requested.
    Done(M),
    /// Accepted, but not ready in time, or the wait was interrupted.
    Pending {
        /// The object as it is now.
        observed: M,
        /// The reason.
        error: ClusterError,
    },
    /// Refused; what was there stays.
    Refused(ClusterError),
}

/// The outcome of a change that is done once its write is accepted.
impl<M> From<Result<M, ClusterError>> for Change<M> {
    fn from(written: Result<M, ClusterError>) -> Self {
        match written {
            Ok(observed) => Self::Done(observed),
            Err(error) => Self::Refused(error),
        }
    }
}
