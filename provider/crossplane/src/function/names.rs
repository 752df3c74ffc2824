//! Names of composed resources.
//!
//! Everest limits the name of a database to 22 characters, and Crossplane's own names (`NAME-` and
//! twelve digits) leave nine of them for the composite resource's name. A name here has as much of
//! the composite resource's name as fits, and a hash of everything that identifies a composed
//! resource: the kind, namespace and name of the composite resource, and the name of the composed
//! one. If the same composite resource is created again, the names are the same, so that
//! applications find their database under the same address.

use everest_core::name::LIMIT;
use sha2::{Digest, Sha256};

use super::composite::Composite;

/// Characters of the hash: thirty bits.
const HASH: usize = 6;

/// Letters and digits that the hash is written with (RFC 4648).
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The name of a composed resource of Everest.
pub(super) fn derived(composite: &Composite, resource: &str) -> String {
    let parts = [
        composite.group_kind().as_str(),
        composite.namespace().unwrap_or_default(),
        composite.name(),
        resource,
    ]
    .join("\0");
    let hash = Sha256::digest(parts.as_bytes());
    let hash: String = hash
        .iter()
        .take(HASH)
        .map(|byte| char::from(DIGITS[usize::from(byte % 32)]))
        .collect();
    let room = LIMIT - HASH - 1;
    let prefix = prefix(composite.name(), room);
    format!("{prefix}-{hash}")
}

/// The beginning of a name, in the characters that Everest allows.
fn prefix(name: &str, room: usize) -> String {
    let mut prefix = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        let letter = if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            letter
        } else {
            '-'
        };
        if prefix.is_empty() && !letter.is_ascii_lowercase() {
            // A database's name begins with a letter.
            prefix.push_str("db-");
        }
        if !(letter == '-' && prefix.ends_with('-')) {
            prefix.push(letter);
        }
        if prefix.len() >= room {
            break;
        }
    }
    prefix.truncate(room);
    let prefix = prefix.trim_end_matches('-');
    if prefix.is_empty() { "db" } else { prefix }.to_owned()
}
