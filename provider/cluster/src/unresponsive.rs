//! Remembers for a short time that a cluster does not answer.
//!
//! A plan reads many objects. If the server is gone, each read would wait for its own timeout, some
//! of them one after the other. So after one failed contact, all reads fail at once for some
//! seconds. An apply does not use this: it waits out a server that restarts, within its own
//! deadline.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Cluster;
use crate::error::ClusterError;

/// The time for which a failed contact is the answer to all reads. A process may serve one run
/// after another, and the next run asks again.
const HOLDS_FOR: Duration = Duration::from_secs(10);

/// Longest time for one request of a plan or a refresh, including retries.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The time after an outage in which the server may not know the roles, or the keys of an issuer,
/// yet.
const STARTS_FOR: Duration = Duration::from_secs(60);

/// The last failed contact, the last time that the server could not be reached, and the last
/// attempt that failed and is made again.
#[derive(Debug, Default)]
pub(crate) struct Unresponsive(
    Mutex<Option<Failed>>,
    Mutex<Option<Instant>>,
    Mutex<Option<Failed>>,
);

#[derive(Debug)]
struct Failed {
    at: Instant,
    server: String,
    cause: String,
}

impl Failed {
    /// The failure of this moment; `None` if the server has answered.
    fn of(error: &ClusterError) -> Option<Self> {
        let ClusterError::Unreachable { server, cause } = error else {
            return None;
        };
        Some(Failed {
            at: Instant::now(),
            server: server.clone(),
            cause: cause.clone(),
        })
    }

    /// The error, if it is younger than `age`.
    fn within(&self, age: Duration) -> Option<ClusterError> {
        (self.at.elapsed() < age).then(|| ClusterError::Unreachable {
            server: self.server.clone(),
            cause: self.cause.clone(),
        })
    }
}

impl Cluster {
    /// Returns true if the cluster has just failed to answer, so that a plan sends no more
    /// requests.
    pub fn is_unresponsive(&self) -> bool {
        self.unresponsive().is_some()
    }

    /// The error of the contact that has just failed.
    pub(crate) fn unresponsive(&self) -> Option<ClusterError> {
        let failed = self
            .unresponsive
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failed.as_ref()?.within(HOLDS_FOR)
    }

    /// Remembers a failed contact; any other result clears it.
    pub(crate) fn note_contact(&self, error: Option<&ClusterError>) {
        let failed = error.and_then(Failed::of);
        *self
            .unresponsive
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// Notes that the server could not be reached.
    pub(crate) fn note_lost(&self) {
        let mut lost = self
            .unresponsive
            .1
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *lost = Some(Instant::now());
    }

    /// Returns true if the server could not be reached a short time ago: it may have restarted.
    pub(crate) fn was_lost(&self) -> bool {
        let lost = self
            .unresponsive
            .1
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lost.is_some_and(|at| at.elapsed() < STARTS_FOR)
    }

    /// Notes why an attempt failed that is made again.
    pub(crate) fn note_attempt(&self, error: &ClusterError) {
        if let Some(failed) = Failed::of(error) {
            *self
                .unresponsive
                .2
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(failed);
        }
    }

    /// The error of several requests that did not end within `patience`: why the last attempt
    /// failed, if one did.
    pub(crate) fn gave_up(&self, patience: Duration) -> ClusterError {
        let attempt = self
            .unresponsive
            .2
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let failed = attempt.as_ref().and_then(|failed| failed.within(patience));
        failed.unwrap_or_else(|| self.unanswered(patience))
    }

    /// Waits until a credential plugin has given credentials, if there is one. That time is not the
    /// server's: the plugin may ask a person to log in, and the server is asked nothing meanwhile.
    ///
    /// # Errors
    /// `NoCredentials` if the plugin fails.
    pub(crate) async fn logged_in(&self) -> Result<(), ClusterError> {
        match &self.credentials {
            Some(credentials) => {
                let ready = credentials.ready().await;
                ready.map_err(|failed| ClusterError::from(&failed))
            }
            None => Ok(()),
        }
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
