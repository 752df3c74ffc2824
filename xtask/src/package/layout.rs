//! A package as an OCI layout: a folder that tools for registries push, and that
//! the test cluster's registry hands out.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{
    PackageError,
    blob::Blob,
    file,
    image::{Image, MANIFEST, descriptor},
};

/// Media type of an index over platforms.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Writes the layout anew and returns the digest that its tag stands for: the
/// index over all platforms, or the one image of a package without platforms.
pub(super) fn write(folder: &Path, tag: &str, images: &[Image]) -> Result<String, PackageError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(file(folder))?;
    }
    add(folder, tag, images, Vec::new())
}

/// Writes another version into a layout that there is, and returns its digest.
pub(super) fn extend(folder: &Path, tag: &str, images: &[Image]) -> Result<String, PackageError> {
    let path = folder.join("index.json");
    let text = fs::read(&path).map_err(file(&path))?;
    let index: Value =
        serde_json::from_slice(&text).map_err(|error| file(&path)(std::io::Error::other(error)))?;
    let known = index["manifests"].as_array().cloned().unwrap_or_default();
    add(folder, tag, images, known)
}

/// Writes the blobs of `images`, and an index of them and of what is `known`.
fn add(
    folder: &Path,
    tag: &str,
    images: &[Image],
    mut known: Vec<Value>,
) -> Result<String, PackageError> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(file(&blobs))?;
    let put = |blob: &Blob| {
        let path = blobs.join(blob.hexadecimal());
        fs::write(&path, &blob.content).map_err(file(&path))
    };
    for image in images {
        for layer in &image.layers {
            put(&layer.blob)?;
        }
        put(&image.config)?;
        put(&image.manifest)?;
    }
    let (media_type, top) = match images {
        [only] if only.architecture.is_none() => (MANIFEST, only.manifest.clone()),
        all => {
            let manifests: Vec<_> = all
                .iter()
                .map(|image| {
                    let mut described = descriptor(MANIFEST, &image.manifest);
                    if let Some(architecture) = image.architecture {
                        described["platform"] =
                            json!({ "architecture": architecture.name(), "os": "linux" });
                    }
                    described
                })
                .collect();
            let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
            let index = Blob::new(index.to_string().into_bytes());
            put(&index)?;
            (INDEX, index)
        }
    };
    let mut entry = descriptor(media_type, &top);
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
    known.push(entry);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": known });
    for (name, content) in [
        ("index.json", index),
        ("oci-layout", json!({ "imageLayoutVersion": "1.0.0" })),
    ] {
        let path = folder.join(name);
        fs::write(&path, content.to_string()).map_err(file(&path))?;
    }
    Ok(top.digest)
}
