//! The patterns of a policy, as Go's `path.Match` reads them.

/// Returns true if a pattern can be evaluated.
pub fn is_valid(pattern: &str) -> bool {
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        let fits = match letter {
            '\\' => rest.next().is_some(),
            '[' => class(&mut rest),
            _ => true,
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Reads a class of characters after its bracket. Returns false if it is malformed.
fn class(rest: &mut std::str::Chars<'_>) -> bool {
    let mut ahead = rest.clone();
    if ahead.next() == Some('^') {
        *rest = ahead;
    }
    let mut ranges = 0;
    loop {
        let mut ahead = rest.clone();
        if ranges > 0 && ahead.next() == Some(']') {
            *rest = ahead;
            return true;
        }
        if !member(rest) {
            return false;
        }
        let mut ahead = rest.clone();
        if ahead.next() == Some('-') {
            *rest = ahead;
            if !member(rest) {
                return false;
            }
        }
        ranges += 1;
    }
}

/// Reads a character of a class, which something must follow.
fn member(rest: &mut std::str::Chars<'_>) -> bool {
    let read = match rest.next() {
        None | Some('-' | ']') => false,
        Some('\\') => rest.next().is_some(),
        Some(_) => true,
    };
    read && !rest.as_str().is_empty()
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn a_pattern_is_valid_if_go_can_evaluate_it() {
        for pattern in ["*/*", "prod/db-?", "[ab]*", "[^a-z]x", "a]", "[\\]]", "\\*"] {
            assert!(is_valid(pattern), "{pattern}");
        }
        for pattern in [
            "prod/[db", "[]a]", "[a-]", "[-a]", "[", "a\\", "[^]", "[a-z",
        ] {
            assert!(!is_valid(pattern), "{pattern}");
        }
    }
}
