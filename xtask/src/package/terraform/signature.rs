//! The signature of a release's checksums, made by GnuPG with a key of its keyring.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::program;

/// A key that may sign a release.
#[derive(Debug)]
pub(in crate::package) struct Key(String);

impl Key {
    /// The key of GnuPG's keyring with this fingerprint, ID or address.
    ///
    /// # Errors
    /// `Missing` without GnuPG; `Check` if there is no such secret key, or if it is not an RSA key:
    /// registries and clients that follow FIPS refuse DSA, and registries do not take keys on
    /// elliptic curves.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let listed = Command::new("gpg")
            .args(["--batch", "--with-colons", "--list-secret-keys", "--", name])
            .output()
            .map_err(|source| Failure::Missing {
                program: "gpg".to_owned(),
                source,
            })?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        match fault(&listed) {
            None => Ok(Self(name.to_owned())),
            Some(wrong) => Err(Failure::Check(format!(
                "--sign-with {name}: {wrong}. Give the fingerprint of an RSA key: `gpg \
                 --list-secret-keys` shows yours, `gpg --full-generate-key` makes one"
            ))),
        }
    }

    /// Signs a file; the signature is a binary one beside it, with `.sig` after its name.
    ///
    /// # Errors
    /// `Program` if GnuPG does not sign; it has said why.
    pub async fn sign(&self, path: &Path) -> Result<PathBuf, Failure> {
        let mut name = path.as_os_str().to_owned();
        name.push(".sig");
        let signature = PathBuf::from(name);
        let mut command = Command::new("gpg");
        command
            .args(["--batch", "--yes", "--local-user", &self.0])
            .args(["--detach-sign", "--output"])
            .arg(&signature)
            .arg(path);
        program::run(command).await?;
        Ok(signature)
    }
}

/// What keeps the keys of a listing in colons from signing: the first record of a secret key has
/// the length of the key in its third field and the number of its algorithm in its fourth, `1` for
/// RSA.
fn fault(listed: &str) -> Option<String> {
    let key = listed.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some("sec")).then(|| fields.skip(1))
    });
    let Some(mut fields) = key else {
        return Some("the keyring has no such secret key".to_owned());
    };
    let bits = fields.next().and_then(|bits| bits.parse::<u32>().ok());
    let algorithm = fields.next();
    match (algorithm, bits) {
        (Some("1"), Some(bits)) if bits >= 2048 => None,
        (Some("1"), _) => Some("the RSA key is shorter than 2048 bits".to_owned()),
        _ => Some("the key is not an RSA key".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_rsa_key_may_sign() {
        let key = |bits: u32, algorithm: u32| {
            format!(
                "sec:u:{bits}:{algorithm}:0123456789ABCDEF:1700000000:::u:::scESC:::+:::23::0:\nfpr:::::::::ABC:\n"
            )
        };
        assert_eq!(fault(&key(4096, 1)), None);
        for (listed, part) in [
            (key(1024, 1), "shorter"),
            (key(2048, 17), "not an RSA"),
            (key(256, 22), "not an RSA"),
            (String::new(), "no such"),
        ] {
            let wrong = fault(&listed).unwrap();
            assert!(wrong.contains(part), "{wrong}");
        }
    }
}
