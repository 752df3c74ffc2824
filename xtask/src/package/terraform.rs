//! `package terraform`: what a release of the provider consists of, as registries and mirrors of
//! Terraform and OpenTofu want it.
//!
//! The assets of a release are one zip a platform, the manifest of the registry, the checksums and
//! their signature. The mirror beside them has the same zips in the layout that
//! `terraform init` reads from a folder (`filesystem_mirror`) and from a web server
//! (`network_mirror`). The same programs always make the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{PackageError, bill, binary, file};
use crate::failure::Failure;

mod archive;
mod platform;
mod signature;

use archive::Entry;
pub(crate) use archive::sha256;
pub(crate) use platform::Platform;
pub(super) use signature::Key;

/// Name of the provider's program, of which its assets' names are made.
const PROGRAM: &str = acceptance::binaries::PROVIDER;
/// The version of this checkout.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The versions of the plugin protocol that the provider speaks.
const PROTOCOLS: [&str; 1] = ["6.0"];
/// The hosts that Terraform and OpenTofu look up `openeverest/everest` at.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
/// The source address without its host.
const SOURCE: &str = "openeverest/everest";

/// A program for a platform.
pub(super) struct Program {
    platform: Platform,
    content: Vec<u8>,
}

impl Program {
    /// The Rust target that it was built for.
    pub const fn target(&self) -> &'static str {
        self.platform.target()
    }

    /// The file name of its bill of materials.
    pub fn bill(&self) -> String {
        asset(&format!("{}.{}", self.platform, bill::SUFFIX))
    }

    /// Reads a program and makes sure that it is one for the platform.
    ///
    /// # Errors
    /// `Binary` if it is not, or if it is for Linux and needs a loader: the zip is for every
    /// distribution, also for those without glibc.
    pub fn read(platform: Platform, path: &Path) -> Result<Self, PackageError> {
        let content = fs::read(path).map_err(file(path))?;
        let wrong = if !platform.fits(&content) {
            Some(format!("this is no 64-bit program for {platform}"))
        } else if platform.is_linux() && binary::has_interpreter(&content) != Some(false) {
            Some(
                "this program is dynamically linked, and needs the libraries of the machine it \
                 was built on: build it for a musl target"
                    .to_owned(),
            )
        } else {
            None
        };
        match wrong {
            Some(wrong) => Err(PackageError::Binary {
                path: path.to_owned(),
                wrong,
            }),
            None => Ok(Self { platform, content }),
        }
    }
}

/// Makes the assets of a release in `folder` and a mirror in its folder `mirror`; returns the
/// files.
///
/// # Errors
/// `File` if a file cannot be written, `Archive` if an archive cannot be made.
pub(super) fn write(programs: &[Program], folder: &Path) -> Result<Vec<PathBuf>, PackageError> {
    let licence = acceptance::workspace_folder().join("LICENSE");
    let licence = fs::read(&licence).map_err(file(&licence))?;
    let mut sums = BTreeMap::new();
    let mut archives = BTreeMap::new();
    let mut written = Vec::new();
    let mut put = |path: PathBuf, content: &[u8]| {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(file(parent))?;
        }
        fs::write(&path, content).map_err(file(&path))?;
        written.push(path);
        Ok(())
    };
    for program in programs {
        let platform = program.platform;
        let entries = [
            Entry {
                name: "LICENSE".to_owned(),
                mode: 0o644,
                content: &licence,
            },
            Entry {
                name: format!("{PROGRAM}_v{VERSION}{}", platform.suffix()),
                mode: 0o755,
                content: &program.content,
            },
        ];
        let name = asset(&format!("{platform}.zip"));
        let packed = archive::pack(&entries).map_err(|source| PackageError::Archive {
            path: folder.join(&name),
            source,
        })?;
        let digest = sha256(&packed);
        let hashes = [archive::content_hash(&entries), format!("zh:{digest}")];
        archives.insert(
            platform.to_string(),
            json!({ "url": name, "hashes": hashes }),
        );
        for host in HOSTS {
            put(mirror(folder, host).join(&name), &packed)?;
        }
        put(folder.join(&name), &packed)?;
        sums.insert(name, digest);
    }
    for host in HOSTS {
        let index = json!({ "versions": { VERSION: {} } });
        put(mirror(folder, host).join("index.json"), &lines(&index))?;
        let archives = json!({ "archives": archives });
        put(
            mirror(folder, host).join(format!("{VERSION}.json")),
            &lines(&archives),
        )?;
    }
    let manifest = json!({ "version": 1, "metadata": { "protocol_versions": PROTOCOLS } });
    let manifest = lines(&manifest);
    let name = asset("manifest.json");
    put(folder.join(&name), &manifest)?;
    sums.insert(name, sha256(&manifest));
    let sums: String = sums
        .iter()
        .map(|(name, digest)| format!("{digest}  {name}\n"))
        .collect();
    put(folder.join(asset("SHA256SUMS")), sums.as_bytes())?;
    Ok(written)
}

/// Signs the checksums in `folder`; returns the signature's file.
///
/// # Errors
/// See [`Key::sign`].
pub(super) async fn sign(folder: &Path, key: &Key) -> Result<PathBuf, Failure> {
    key.sign(&folder.join(asset("SHA256SUMS"))).await
}

/// Name of an asset of this version.
fn asset(end: &str) -> String {
    format!("{PROGRAM}_{VERSION}_{end}")
}

/// The folder of the provider in the mirror.
fn mirror(folder: &Path, host: &str) -> PathBuf {
    folder.join("mirror").join(host).join(SOURCE)
}

/// A document as a file.
fn lines(document: &serde_json::Value) -> Vec<u8> {
    format!("{document:#}\n").into_bytes()
}

#[cfg(test)]
mod tests;
