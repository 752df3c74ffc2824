//! Stopwatches that measure how long a value has been the same.

use std::collections::BTreeMap;
use std::time::Duration;

/// Stopwatches by name. Each runs as long as its value stays the same.
///
/// A caller keeps them between calls of a lifecycle. A caller that loses them starts measuring
/// again, which may delay a decision but never makes it early.
#[derive(Debug, Default)]
pub struct Stopwatches {
    now: Duration,
    running: BTreeMap<&'static str, (String, Duration)>,
}

impl Stopwatches {
    /// Sets the time, counted from any fixed moment.
    pub fn set(&mut self, now: Duration) {
        self.now = now;
    }

    /// Returns how long `value` has been the value of `name`: zero if it has just changed.
    pub fn stood(&mut self, name: &'static str, value: impl Into<String>) -> Duration {
        let value = value.into();
        match self.running.get(name) {
            Some((before, since)) if *before == value => self.now.saturating_sub(*since),
            _ => {
                self.running.insert(name, (value, self.now));
                Duration::ZERO
            }
        }
    }

    /// Stops a stopwatch: the next value starts from zero.
    pub fn stop(&mut self, name: &'static str) {
        self.running.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_begins_anew_with_another_value() {
        let mut times = Stopwatches::default();
        let at = |times: &mut Stopwatches, seconds, value: &str| {
            times.set(Duration::from_secs(seconds));
            times.stood("state", value).as_secs()
        };
        assert_eq!(at(&mut times, 5, "a"), 0);
        assert_eq!(at(&mut times, 9, "a"), 4);
        assert_eq!(at(&mut times, 10, "b"), 0);
        assert_eq!(at(&mut times, 11, "a"), 0);
        times.stop("state");
        assert_eq!(at(&mut times, 20, "a"), 0);
    }
}
