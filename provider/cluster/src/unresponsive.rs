//! That a cluster does not answer, remembered for a moment.
//!
//! A plan reads many objects. Of a server that is gone each would wait for its own answer, one
//! after the other where they share a request; so one failed contact is the answer to all who ask
//! in the seconds after it. A change that is being carried out does not look here: it waits out a
//! server that starts anew, within its own clock.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Cluster;
use crate::error::ClusterError;

/// How long a failed contact is everybody's answer. A process may serve one run after another:
/// the next one asks again.
const HOLDS_FOR: Duration = Duration::from_secs(10);

/// Longest time for one request of a plan or a refresh, attempts and all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long after the server was gone its authoriser may not know any role yet.
const STARTS_FOR: Duration = Duration::from_secs(60);

/// The last failed contact.
#[derive(Debug, Default)]
pub(crate) struct Unresponsive(Mutex<Option<Failed>>, Mutex<Option<Instant>>);

#[derive(Debug)]
struct Failed {
    at: Instant,
    server: String,
    cause: String,
}

impl Cluster {
    /// Whether the cluster has failed to answer a moment ago, so that a plan asks no more of it.
    pub fn is_unresponsive(&self) -> bool {
        self.unresponsive().is_some()
    }

    /// The error of a contact that failed a moment ago.
    pub(crate) fn unresponsive(&self) -> Option<ClusterError> {
        let failed = self
            .unresponsive
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let failed = failed.as_ref()?;
        (failed.at.elapsed() < HOLDS_FOR).then(|| ClusterError::Unreachable {
            server: failed.server.clone(),
            cause: failed.cause.clone(),
        })
    }

    /// Remembers what `error` says of the cluster.
    pub(crate) fn note_contact(&self, error: Option<&ClusterError>) {
        let failed = match error {
            Some(ClusterError::Unreachable { server, cause }) => Some(Failed {
                at: Instant::now(),
                server: server.clone(),
                cause: cause.clone(),
            }),
            _ => None,
        };
        *self
            .unresponsive
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// Notes that the server was not to be reached, for whatever was asked of it.
    pub(crate) fn note_lost(&self) {
        let mut lost = self
            .unresponsive
            .1
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *lost = Some(Instant::now());
    }

    /// Whether the server was not to be reached a while ago: it may have started anew.
    pub(crate) fn was_lost(&self) -> bool {
        let lost = self
            .unresponsive
            .1
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lost.is_some_and(|at| at.elapsed() < STARTS_FOR)
    }

    /// The error of a request that was not answered within `patience`.
    pub(crate) fn unanswered(&self, patience: Duration) -> ClusterError {
        ClusterError::Unreachable {
            server: self
                .server
                .as_deref()
                .unwrap_or("(address unknown)")
                .to_owned(),
            cause: format!("{} {} s", crate::error::UNANSWERED, patience.as_secs()),
        }
    }
}
