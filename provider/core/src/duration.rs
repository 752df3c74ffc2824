//! Lengths of time as Go and Terraform write them: `60m`, `1h30m`, `1.5h`.

use std::time::Duration;

/// The reason why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text is empty or is not made of numbers and units.
    #[error(
        "{0:?} is not a duration; write numbers with units, such as \"90s\", \"45m\" or \"1h30m\""
    )]
    Malformed(String),
    /// A number has no unit or one that Go does not know; days are none.
    #[error("{text:?} has the unit {unit:?}; the units are ns, us, ms, s, m and h")]
    Unit {
        /// The whole text.
        text: String,
        /// The part that is no unit; empty where a number stands alone.
        unit: String,
    },
    /// The length is below zero or beyond some 290 years.
    #[error("{0:?} is out of range; a duration is at least 0 and below 2500000h")]
    OutOfRange(String),
}

/// Reads a duration as Go's `time.ParseDuration` does, except that it cannot be negative.
///
/// # Errors
/// [`DurationError`] says what in the text is wrong.
pub fn parse_go(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let out_of_range = || DurationError::OutOfRange(text.to_owned());
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.starts_with('-') {
        return Err(out_of_range());
    }
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let end = rest
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let end = after
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        rest = after;

        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (integer.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(malformed());
        }
        let unit: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => {
                return Err(DurationError::Unit {
                    text: text.to_owned(),
                    unit: unit.to_owned(),
                });
            }
        };
        let whole: u64 = if integer.is_empty() {
            0
        } else {
            integer.parse().map_err(|_| out_of_range())?
        };
        // Beyond fifteen decimals even an hour has no nanosecond left.
        let fraction = &fraction[..fraction.len().min(15)];
        let part: u128 = if fraction.is_empty() {
            0
        } else {
            fraction.parse::<u128>().map_err(|_| malformed())? * unit
                / 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| malformed())?)
        };
        nanos += u128::from(whole) * unit + part;
    }
    match u64::try_from(nanos) {
        Ok(nanos) if i64::try_from(nanos).is_ok() => Ok(Duration::from_nanos(nanos)),
        _ => Err(out_of_range()),
    }
}

/// A duration for use in a sentence: `45 s`, `12 min`, `1 h 30 min`.
pub fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_inputs::both_ways;

    #[test]
    fn go_durations_are_read() {
        for (text, seconds) in [
            ("60m", 3600.0),
            ("1h30m", 5400.0),
            ("1.5h", 5400.0),
            ("90s", 90.0),
            ("0", 0.0),
            ("0s", 0.0),
            ("500ms", 0.5),
            ("1m.5s", 60.5),
            ("+2h", 7200.0),
            ("12h", 43200.0),
        ] {
            assert_eq!(parse_go(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        assert!(matches!(parse_go(""), Err(DurationError::Malformed(_))));
        assert!(matches!(parse_go("soon"), Err(DurationError::Malformed(_))));
        assert!(matches!(
            parse_go("1..5s"),
            Err(DurationError::Malformed(_))
        ));
        assert!(matches!(parse_go("30"), Err(DurationError::Unit { .. })));
        assert!(matches!(parse_go("1d"), Err(DurationError::Unit { .. })));
        assert!(matches!(parse_go("1 h"), Err(DurationError::Unit { .. })));
        assert!(matches!(parse_go("-5m"), Err(DurationError::OutOfRange(_))));
        assert!(matches!(
            parse_go("99999999999h"),
            Err(DurationError::OutOfRange(_))
        ));
    }

    #[test]
    fn a_duration_is_spoken_in_its_largest_units() {
        assert_eq!(spoken(Duration::from_secs(45)), "45 s");
        assert_eq!(spoken(Duration::from_secs(720)), "12 min");
        assert_eq!(spoken(Duration::from_secs(5400)), "1 h 30 min");
    }

    #[test]
    fn no_text_makes_it_panic() {
        let texts = prop_oneof![
            "[-+0-9.a-zµ ]{0,40}",
            "[-+]?([0-9]{1,9}(\\.[0-9]{1,20})?(ns|us|µs|ms|s|m|h)){1,4}",
        ];
        both_ways(texts, |text| parse_go(&text).is_ok());
    }
}
