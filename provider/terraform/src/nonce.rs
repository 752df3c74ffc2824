//! What marks an object as made by this very apply.
//!
//! The mark travels from plan to apply in the private state and is written as an annotation, so
//! that a create whose answer got lost finds its own object again; it is never a reason to adopt
//! an object of another run.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

use tfplugin::Private;

const KEY: &str = "nonce";

/// Puts a fresh mark into the plan of a creation.
pub fn plan(private: &mut Private) {
    // Two hashers of the standard library are seeded from the system's randomness: 128 bits that
    // need to be distinct, not secret.
    let part = || RandomState::new().build_hasher().finish();
    // A string is always JSON and the key is not reserved.
    let _ = private.set(KEY, format!("{:016x}{:016x}", part(), part()));
}

/// Takes the mark out of the private state: it means nothing once the object is in the state.
pub fn take(private: &mut Private) -> String {
    let nonce = private.get(KEY).unwrap_or_default();
    private.remove(KEY);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_used_once_and_no_two_are_alike() {
        let (mut one, mut other) = (Private::default(), Private::default());
        plan(&mut one);
        plan(&mut other);
        let (one_mark, other_mark) = (take(&mut one), take(&mut other));
        assert_eq!(one_mark.len(), 32);
        assert_ne!(one_mark, other_mark);
        assert_eq!(take(&mut one), "");
    }
}
