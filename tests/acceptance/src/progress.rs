//! What a long step says while it runs: lines on standard error, each with the time since the step
//! began, and on a terminal a bar below them.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

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

    /// A bar for work that is expected to take that long. It is drawn only if standard error is a
    /// terminal.
    pub(crate) fn bar(&self, expected: Duration) -> Bar<'_> {
        let bar = match self.quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(millis(expected)),
        };
        let style = ProgressStyle::with_template("         {bar:30} {percent:>3} %  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Bar {
            progress: self,
            bar,
            expected,
        }
    }
}

/// A bar below the lines of a step; it is gone when it is dropped.
pub(crate) struct Bar<'a> {
    progress: &'a Progress,
    bar: ProgressBar,
    expected: Duration,
}

impl Bar<'_> {
    /// Whether somebody sees it.
    pub(crate) fn is_drawn(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Moves it to the share of the expected time that is done, with what is being done.
    pub(crate) fn at(&self, done: Duration, doing: &str) {
        self.bar.set_position(millis(done.min(self.expected)));
        self.bar
            .set_message(format!("{doing}, {}", left(self.expected, done)));
    }

    /// Says one line above it.
    pub(crate) fn say(&self, line: &str) {
        self.bar.suspend(|| self.progress.say(line));
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The time that is left, in words.
fn left(expected: Duration, done: Duration) -> String {
    match expected.saturating_sub(done).as_secs() {
        0..60 => "less than a minute left".to_owned(),
        seconds => format!("about {} min left", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_rounded_to_minutes() {
        let left = |expected, done| left(Duration::from_secs(expected), Duration::from_secs(done));
        assert_eq!(left(840, 0), "about 14 min left");
        assert_eq!(left(840, 751), "about 1 min left");
        assert_eq!(left(840, 790), "less than a minute left");
        assert_eq!(left(840, 2000), "less than a minute left");
    }

    #[test]
    fn a_quiet_step_draws_nothing() {
        let progress = Progress::quiet();
        let bar = progress.bar(Duration::from_secs(60));
        bar.at(Duration::from_secs(1), "building");
        bar.say("a line");
        assert!(!bar.is_drawn());
    }
}
