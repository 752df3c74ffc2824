//! Names that Everest and Kubernetes accept.

use sha2::{Digest, Sha256};

/// The most characters that Everest allows in the name of a database or a
/// backup storage: engines derive longer names from it.
pub const LIMIT: usize = 22;

/// The most characters of a DNS label, the limit of a namespace's name.
pub const LABEL_LIMIT: usize = 63;

/// The most characters of an object's name.
const OBJECT_LIMIT: usize = 253;

/// The reason why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("the name is empty")]
    Empty,
    /// It has more characters than allowed.
    #[error("the name has {length} characters; at most {limit} are allowed")]
    TooLong {
        /// Characters it has.
        length: usize,
        /// Characters it may have.
        limit: usize,
    },
    /// It starts with something else than a small letter, ends in a hyphen or
    /// holds something else than small letters, digits and hyphens.
    #[error(
        "a name starts with a lowercase letter, ends with a lowercase letter or a digit, and \
         contains only lowercase letters, digits and hyphens (RFC 1035)"
    )]
    Characters,
    /// A part between dots is empty, begins or ends with a hyphen, or holds
    /// something else than small letters, digits and hyphens.
    #[error(
        "a name contains only lowercase letters, digits, hyphens and dots, and starts and ends \
         with a letter or a digit (RFC 1123)"
    )]
    ObjectCharacters,
}

/// Checks a name of a database or a backup storage: at most 22 characters,
/// RFC 1035.
///
/// # Errors
/// [`NameError`] says what is wrong with it.
pub fn check(name: &str) -> Result<(), NameError> {
    check_label(name, LIMIT)
}

/// Characters of the hash in a shortened name: thirty bits.
const HASH: usize = 6;

/// Letters and digits of the hash in a shortened name (RFC 4648).
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A name that [`check`] accepts: the beginning of `text` in the characters that Everest allows, and
/// a hash of `identity`, all that tells two objects of similar names apart. The same arguments always
/// give the same name.
pub fn shortened(text: &str, identity: &[&str]) -> String {
    let hash = Sha256::digest(identity.join("\0").as_bytes());
    let hash: String = hash
        .iter()
        .take(HASH)
        .map(|byte| char::from(DIGITS[usize::from(byte % 32)]))
        .collect();
    format!("{}-{hash}", beginning(text, LIMIT - HASH - 1))
}

/// The beginning of a text, in the characters that Everest allows in a name.
fn beginning(text: &str, room: usize) -> String {
    let mut name = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        let letter = if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            letter
        } else {
            '-'
        };
        if name.is_empty() && !letter.is_ascii_lowercase() {
            // A database's name begins with a letter.
            name.push_str("db-");
        }
        if !(letter == '-' && name.ends_with('-')) {
            name.push(letter);
        }
        if name.len() >= room {
            break;
        }
    }
    name.truncate(room);
    let name = name.trim_end_matches('-');
    if name.is_empty() { "db" } else { name }.to_owned()
}

/// Checks a name by RFC 1035 with a limit of its own.
///
/// # Errors
/// [`NameError`] says what is wrong with it.
pub fn check_label(name: &str, limit: usize) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let length = name.chars().count();
    if length > limit {
        return Err(NameError::TooLong { length, limit });
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let well_formed = name.bytes().all(allowed)
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-');
    if well_formed {
        Ok(())
    } else {
        Err(NameError::Characters)
    }
}

/// Checks the name of an object that Everest has no rule for: at most 253
/// characters, RFC 1123.
///
/// # Errors
/// [`NameError`] says what is wrong with it.
pub fn check_object(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > OBJECT_LIMIT {
        return Err(NameError::TooLong {
            length: name.len(),
            limit: OBJECT_LIMIT,
        });
    }
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        label.bytes().all(|byte| alphanumeric(byte) || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.is_empty()
    };
    if name.split('.').all(label) {
        Ok(())
    } else {
        Err(NameError::ObjectCharacters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortened_name_is_one_that_everest_accepts() {
        for text in ["orders", "1-orders", "Ä", "", "a.b.c", &"x-".repeat(40)] {
            let name = shortened(text, &["AppDatabase.example.org", "prod", text]);
            assert_eq!(check(&name), Ok(()), "{text}: {name}");
        }
        assert_ne!(shortened("a", &["x", "y"]), shortened("a", &["xy", ""]));
    }

    #[test]
    fn names_are_judged_by_length_and_characters() {
        assert_eq!(check("orders"), Ok(()));
        assert_eq!(check("a"), Ok(()));
        assert_eq!(check("a-1"), Ok(()));
        assert_eq!(check(&"a".repeat(22)), Ok(()));
        assert_eq!(check(""), Err(NameError::Empty));
        assert_eq!(
            check(&"a".repeat(23)),
            Err(NameError::TooLong {
                length: 23,
                limit: 22
            })
        );
        for name in ["1a", "Orders", "a_b", "a-", "-a", "a.b", "ä"] {
            assert_eq!(check(name), Err(NameError::Characters), "{name}");
        }
        assert_eq!(check_label(&"a".repeat(63), LABEL_LIMIT), Ok(()));
        for name in ["2026-01-01", "a.b", &"a".repeat(253)] {
            assert_eq!(check_object(name), Ok(()), "{name}");
        }
        for name in ["", "A", "a_b", "-a", "a-", "a..b", &"a".repeat(254)] {
            assert!(check_object(name).is_err(), "{name}");
        }
    }
}
