//! `package reproduce`: a program is built twice, from two clones in two folders, and is the same
//! both times.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::binary::{self, Profile};
use super::file;
use super::terraform::sha256;
use crate::failure::Failure;
use crate::program;

/// Builds a package's program twice from what is committed, and compares.
///
/// # Errors
/// `Check` if the programs differ: both are kept then. `Program` if a clone or a build fails.
pub(super) async fn run(name: &str, profile: Profile) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(Failure::file("a temporary folder"))?;
    let first = build(&folder.path().join("one"), name, profile).await?;
    // A path of another length: what is compiled in moves what comes behind it.
    let second = build(&folder.path().join("another/clone"), name, profile).await?;
    let digests = [digest(&first)?, digest(&second)?];
    if digests[0] == digests[1] {
        println!("{name}: the same both times, sha256:{}", digests[0]);
        return Ok(());
    }
    let kept = folder.keep();
    Err(Failure::Check(format!(
        "{name} differs between two builds of the same sources (sha256:{} and sha256:{}): compare {} \
         and {}, and remove {} afterwards",
        digests[0],
        digests[1],
        first.display(),
        second.display(),
        kept.display()
    )))
}

/// Clones this checkout into a folder and builds the program there.
async fn build(folder: &Path, name: &str, profile: Profile) -> Result<PathBuf, Failure> {
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet"]);
    clone.arg(acceptance::workspace_folder()).arg(folder);
    program::run(clone).await?;
    let (_, path) = binary::build_in(folder, &folder.join("target"), name, profile).await?;
    Ok(path)
}

fn digest(path: &Path) -> Result<String, Failure> {
    Ok(sha256(&fs::read(path).map_err(file(path))?))
}
