//! Durations as Go writes them, which is how Crossplane's flags and annotations have them.

use std::time::Duration;

/// Reads `1h30m`, `90s`, `1.5m`, `500ms`.
///
/// # Errors
/// A sentence that says what is wrong, for whoever wrote it.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration like 10m, 1h30m or 90s");
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut seconds = 0.0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        let after = &rest[digits..];
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let unit = match &after[..end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(wrong()),
        };
        seconds += number * unit;
        rest = &after[end..];
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_reads_them() {
        for (text, wanted) in [
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1.5m", 90_000),
            ("500ms", 500),
            ("1m0.25s", 60_250),
            ("0", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(wanted)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_said_to_be_none() {
        for text in ["", "10", "m", "10 m", "1d", "-5s", "1..5s", "9e9h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
