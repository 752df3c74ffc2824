//! Content that is known by its digest, and the layers of an image.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use super::PackageError;

/// Some bytes and the digest that names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    /// `sha256:` and the hexadecimal digest.
    pub digest: String,
    /// The bytes.
    pub content: Vec<u8>,
}

impl Blob {
    pub fn new(content: Vec<u8>) -> Self {
        Self {
            digest: digest(&content),
            content,
        }
    }

    /// The digest without the name of its algorithm.
    pub fn hexadecimal(&self) -> &str {
        self.digest.trim_start_matches("sha256:")
    }
}

/// A layer: the compressed archive, and the digest of what is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    pub blob: Blob,
    pub uncompressed: String,
}

/// A layer that holds one file. Times, owners and the compressor's own header
/// say nothing, so the same file always makes the same layer.
pub(super) fn layer(name: &str, mode: u32, content: &[u8]) -> Result<Layer, PackageError> {
    let pack = || -> io::Result<(Vec<u8>, Vec<u8>)> {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(tar::EntryType::Regular);
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_data(&mut header, name, content)?;
        let archive = archive.into_inner()?;
        let mut compressed = GzBuilder::new()
            .mtime(0)
            .operating_system(255)
            .write(Vec::new(), Compression::default());
        compressed.write_all(&archive)?;
        Ok((archive, compressed.finish()?))
    };
    let (archive, compressed) = pack().map_err(super::file(name.as_ref()))?;
    Ok(Layer {
        blob: Blob::new(compressed),
        uncompressed: digest(&archive),
    })
}

fn digest(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .fold("sha256:".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        })
}
