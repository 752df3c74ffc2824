//! What a long step says while it runs: lines on standard error, each with the
//! time since the step began.

use std::time::Instant;

/// Where progress lines go.
#[derive(Debug, Clone)]
pub struct Progress {
    started: Instant,
    quiet: bool,
}

impl Progress {
    /// Lines on standard error.
    #[must_use]
    pub fn shown() -> Self {
        Self {
            started: Instant::now(),
            quiet: false,
        }
    }

    /// No lines at all.
    #[must_use]
    pub fn quiet() -> Self {
        Self {
            started: Instant::now(),
            quiet: true,
        }
    }

    /// Says one line.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            eprintln!("{:6.1}s  {line}", self.elapsed());
        }
    }

    /// Seconds since the step began.
    #[must_use]
    pub fn elapsed(&self) -> f32 {
        self.started.elapsed().as_secs_f32()
    }
}
