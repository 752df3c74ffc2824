//! Times in the form that Everest reads and writes.

/// Returns true if a text is a time in UTC of the form `2006-01-02T15:04:05Z`, the only form that
/// Everest reads in a restore.
pub fn is_utc_second(text: &str) -> bool {
    let shape = text.len() == 20
        && text
            .bytes()
            .zip("0000-00-00T00:00:00Z".bytes())
            .all(|(byte, shape)| {
                if shape == b'0' {
                    byte.is_ascii_digit()
                } else {
                    byte == shape
                }
            });
    shape && text.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_form_of_a_moment_is_read() {
        assert!(is_utc_second("2026-01-01T02:03:04Z"));
        assert!(is_utc_second("2024-02-29T23:59:59Z"));
        for text in [
            "",
            "yesterday",
            "2026-01-01",
            "2026-01-01T02:03:04",
            "2026-01-01T02:03:04.5Z",
            "2026-01-01T02:03:04+00:00",
            "2026-01-01t02:03:04z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T25:00:00Z",
        ] {
            assert!(!is_utc_second(text), "{text}");
        }
    }
}
