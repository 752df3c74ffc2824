//! The hash of a password as Everest computes it.
//!
//! Source: everest `pkg/kubernetes/accounts.go`.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use everest_schemas::Sensitive;

const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4095);

const LENGTH: usize = 32;

/// The hash of a password. The salt is the UID of Everest's namespace.
pub(super) fn hash(password: &Sensitive<String>, salt: &str) -> Sensitive<Vec<u8>> {
    let mut hash = vec![0; LENGTH];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        salt.as_bytes(),
        password.expose().as_bytes(),
        &mut hash,
    );
    hash.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_everest() {
        // By `hashlib.pbkdf2_hmac("sha256", b"s3cret!", salt, 4096, 32)` of Python.
        let salt = "0f3e1c52-9d0a-4f7b-8a55-3c8e5f0d1b2a";
        let hash = hash(&"s3cret!".to_owned().into(), salt);
        let hash: String = hash
            .expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hash,
            "6df18819580e2efecaa68bd8c6ecd039e22a235bb0f153b150b872b8ee851fd5"
        );
    }
}
