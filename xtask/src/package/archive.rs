//! A package as one `.xpkg` file: the archive of an image as container engines
//! save it.

use std::{fs::File, io, path::Path};

use serde_json::json;

use super::{PackageError, file, image::Image};

/// Writes the archive.
pub(super) fn write(path: &Path, image: &Image) -> Result<(), PackageError> {
    let layer_name = |hexadecimal: &str| format!("{hexadecimal}.tar.gz");
    let manifest = json!([{
        "Config": image.config.digest,
        "RepoTags": null,
        "Layers": image
            .layers
            .iter()
            .map(|layer| layer_name(layer.blob.hexadecimal()))
            .collect::<Vec<_>>(),
    }])
    .to_string();
    let pack = || -> io::Result<()> {
        let mut archive = tar::Builder::new(File::create(path)?);
        let mut put = |name: &str, content: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            archive.append_data(&mut header, name, content)
        };
        put(&image.config.digest, &image.config.content)?;
        for layer in &image.layers {
            put(&layer_name(layer.blob.hexadecimal()), &layer.blob.content)?;
        }
        put("manifest.json", manifest.as_bytes())?;
        archive.into_inner()?.sync_all()
    };
    pack().map_err(file(path))
}
