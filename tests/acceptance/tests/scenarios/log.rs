//! What the provider logs while a client runs: the sign that it has come as far as a test needs.

use std::{fs, path::PathBuf};

use crate::{objects::eventually, stack::Stack};

/// The log of the provider in the runs that a stack starts from now on.
pub struct Log(PathBuf);

impl Log {
    pub fn of(stack: &mut Stack) -> Self {
        let path = stack.path().join("provider.log");
        stack.environment("TF_LOG_PROVIDER", "info");
        stack.environment("TF_LOG_PATH", &path.to_string_lossy());
        Self(path)
    }

    /// Waits until the provider says that it waits for this.
    #[track_caller]
    pub fn waits_for(&self, what: &str) {
        eventually(&format!("the provider waits for {what}"), || {
            let log = fs::read_to_string(&self.0).unwrap_or_default();
            log.lines()
                .any(|line| line.contains("waiting_for=") && line.contains(what))
        });
    }
}
