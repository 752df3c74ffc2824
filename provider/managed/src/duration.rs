//! Lengths of time as Go writes them: `90s`, `45m`, `1h30m`.

use std::time::Duration;

use jiff::SignedDuration;

/// A text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration; write numbers with units, such as \"90s\", \"45m\" or \"1h30m\"")]
pub struct NoDuration(String);

/// Reads a duration that is not negative.
///
/// # Errors
/// If the text is none.
pub fn parse(text: &str) -> Result<Duration, NoDuration> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let read = text.parse::<SignedDuration>().ok();
    read.and_then(|read| Duration::try_from(read).ok())
        .ok_or_else(|| NoDuration(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them_and_nothing_else_is() {
        for (text, seconds) in [("0", 0), ("90s", 90), ("1h30m", 5400), ("1h0m0s", 3600)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        for text in ["", "10", "often", "-5m", "1d", "5 potatoes"] {
            assert_eq!(parse(text), Err(NoDuration(text.to_owned())));
        }
    }
}
