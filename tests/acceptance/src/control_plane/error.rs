//! Why a cluster did not start.

use std::io;

use super::STEP_LIMIT;
use crate::{crossplane::ChartError, installation::InstallError, pki::PkiError};

/// Why the cluster did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A process ended on its own.
    #[error("{name} ended while the cluster was starting: {words}")]
    Ended {
        /// Which process.
        name: String,
        /// How it ended, and the end of its log.
        words: String,
    },
    /// Something did not become ready in time.
    #[error("{what} was not ready after {} s", STEP_LIMIT.as_secs())]
    TimedOut {
        /// What was waited for.
        what: String,
    },
    /// A cluster runs in that folder already.
    #[error("a cluster is running already, at {server}: end it with `cargo xtask cluster down`")]
    Running {
        /// Its URL.
        server: String,
    },
    /// The certificates could not be made.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// An object could not be created.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The roles of Crossplane's chart are not known.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// A client for the API server could not be made.
    #[error("client for the API server: {0}")]
    Client(String),
    /// A file or process could not be made.
    #[error("{what}: {source}")]
    System {
        /// Which file or process.
        what: String,
        /// What the system says.
        source: io::Error,
    },
}

impl StartError {
    /// Returns true if a stranger took a port between its choice and its use.
    pub(super) fn is_taken_port(&self) -> bool {
        matches!(self, Self::Ended { words, .. } if words.contains("address already in use"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_whose_port_was_taken_is_told_from_one_that_failed() {
        let ended = |words: &str| StartError::Ended {
            name: "etcd".to_owned(),
            words: words.to_owned(),
        };
        let taken = "exit status: 1\nlisten tcp 127.0.0.1:20100: bind: address already in use";
        assert!(ended(taken).is_taken_port());
        assert!(!ended("exit status: 1\nout of memory").is_taken_port());
    }
}
