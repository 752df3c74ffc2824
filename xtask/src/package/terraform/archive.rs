//! The archive that clients download: one program and the licence, as a zip.

use std::io::{Cursor, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A file of an archive.
pub(super) struct Entry<'a> {
    /// Its name.
    pub name: String,
    /// Its permissions.
    pub mode: u32,
    /// Its bytes.
    pub content: &'a [u8],
}

/// The bytes of a zip of these files. All have the same fixed time, so the same files always make
/// the same bytes.
pub(super) fn pack(entries: &[Entry<'_>]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(entry.mode);
        zip.start_file(&entry.name, options)?;
        zip.write_all(entry.content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The hash of an archive's content that lock files keep: `h1:` and the Base64 of a SHA-256. It is
/// the hash of directories of Go modules: of one line a file, in the order of the names, with the
/// SHA-256 of the file and its name.
pub(super) fn content_hash(entries: &[Entry<'_>]) -> String {
    let mut lines: Vec<(&str, String)> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), sha256(entry.content)))
        .collect();
    lines.sort();
    let mut all = Sha256::new();
    for (name, digest) in lines {
        all.update(format!("{digest}  {name}\n"));
    }
    format!("h1:{}", STANDARD.encode(all.finalize()))
}

/// The SHA-256 of some bytes in hexadecimal.
pub(crate) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> [Entry<'static>; 2] {
        [
            Entry {
                name: "program".to_owned(),
                mode: 0o755,
                content: b"\x7fELF",
            },
            Entry {
                name: "LICENSE".to_owned(),
                mode: 0o644,
                content: b"text",
            },
        ]
    }

    #[test]
    fn the_same_files_make_the_same_bytes_and_keep_their_permissions() {
        let packed = pack(&entries()).unwrap();
        assert_eq!(packed, pack(&entries()).unwrap());
        let mut zip = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
        let program = zip.by_name("program").unwrap();
        assert_eq!(program.unix_mode().map(|mode| mode & 0o777), Some(0o755));
    }

    #[test]
    fn the_hash_of_the_content_does_not_depend_on_the_order() {
        let [program, licence] = entries();
        let hash = content_hash(&[program, licence]);
        let mut turned = entries();
        turned.reverse();
        assert_eq!(content_hash(&turned), hash);
        assert!(hash.starts_with("h1:") && hash.ends_with('='), "{hash}");
    }
}
