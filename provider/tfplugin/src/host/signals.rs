//! The signals that the process handles.
//!
//! A terminal sends Ctrl-C to the host too, which calls StopProvider, so the provider ignores
//! Ctrl-C. systemd, a CI job or `timeout` sends SIGTERM to the whole process group. The host then
//! waits for calls in progress, as after Ctrl-C, and ends the provider itself. A provider that
//! ended at once would lose the object that it is creating.

use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::server::Signals;

/// The time in which the host must end the process after SIGTERM.
const GRACE: Duration = Duration::from_secs(20);

/// The starter of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartedBy {
    /// A host, which ends it.
    Host,
    /// A person, who ends it by a signal.
    Person,
}

/// Handles the signals that would otherwise end the process.
///
/// # Errors
/// Returns an error if the system refuses.
pub(super) fn watch(by: StartedBy, signals: &Signals) -> io::Result<()> {
    #[cfg(unix)]
    watch_termination(by, signals.clone())?;
    watch_interrupt(by, signals.end.clone())
}

fn watch_interrupt(by: StartedBy, end: CancellationToken) -> io::Result<()> {
    #[cfg(unix)]
    let mut interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            let interrupted = interrupts.recv().await.is_some();
            #[cfg(not(unix))]
            let interrupted = tokio::signal::ctrl_c().await.is_ok();
            match by {
                StartedBy::Person => end.cancel(),
                StartedBy::Host => tracing::debug!("an interrupt is left to the host"),
            }
            if !interrupted {
                return;
            }
        }
    });
    Ok(())
}

#[cfg(unix)]
fn watch_termination(by: StartedBy, signals: Signals) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminations = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        if terminations.recv().await.is_none() {
            return;
        }
        if by == StartedBy::Host {
            tracing::info!(
                "asked to end: waits end with what they have, and the host ends the provider, or \
                 it ends in {} s",
                GRACE.as_secs()
            );
            signals.stop.cancel();
            let ended = signals.end.cancelled();
            let _ = tokio::time::timeout(GRACE, ended).await;
        }
        signals.end.cancel();
    });
    Ok(())
}
