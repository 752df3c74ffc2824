//! `generate`: files that are derived from the types, and the proof that they
//! are up to date.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use acceptance::{binaries::cargo, workspace_folder};
use lexopt::prelude::*;

use crate::{
    failure::Failure,
    program::{self, interruptible},
};

/// A folder whose content is generated.
struct Generated {
    /// Folder in the workspace.
    folder: &'static str,
    /// Files and folders inside that are written by hand.
    written: &'static [&'static str],
    /// The program that writes it into the folder given as last argument.
    program: fn() -> Command,
}

/// Everything that is generated.
const GENERATED: [Generated; 2] = [
    Generated {
        folder: "docs",
        written: &["guides/crossplane.md", "guides/crossplane"],
        program: || {
            let mut command = cargo();
            command.args(["run", "--quiet", "--package", "xtask", "--", "docs"]);
            command
        },
    },
    Generated {
        folder: "schemas/crds",
        written: &[],
        program: || {
            let mut command = cargo();
            command.args([
                "run",
                "--quiet",
                "--package",
                "everest-crossplane",
                "--example",
                "write_crds",
                "--",
            ]);
            command
        },
    },
];

/// The task's own arguments: `--check`.
pub(crate) fn run(args: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut only_check = false;
    while let Some(arg) = args.next()? {
        match arg {
            Long("check") => only_check = true,
            other => return Err(other.unexpected().into()),
        }
    }
    interruptible(async {
        if only_check {
            check().await
        } else {
            write().await
        }
    })
}

/// Writes all generated folders.
async fn write() -> Result<(), Failure> {
    for generated in &GENERATED {
        let folder = workspace_folder().join(generated.folder);
        let fresh = make(generated).await?;
        for name in present(generated)?.keys() {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(Failure::file(&path))?;
        }
        for (name, content) in &fresh {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent).map_err(Failure::file(parent))?;
            fs::write(&path, content).map_err(Failure::file(&path))?;
        }
        println!("{}: {} files", generated.folder, fresh.len());
    }
    Ok(())
}

/// Fails when a generated folder is not what it would be if generated now.
pub(crate) async fn check() -> Result<(), Failure> {
    let mut stale = Vec::new();
    for generated in &GENERATED {
        let fresh = make(generated).await?;
        let present = present(generated)?;
        for name in fresh.keys().chain(present.keys()) {
            if fresh.get(name) != present.get(name) {
                let path = Path::new(generated.folder).join(name).display().to_string();
                if !stale.contains(&path) {
                    stale.push(path);
                }
            }
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(Failure::Check(format!(
            "these generated files are not up to date, `cargo xtask generate` writes them:\n  {}",
            stale.join("\n  ")
        )))
    }
}

/// What is generated of a folder as it is, by relative path.
fn present(generated: &Generated) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let mut present = BTreeMap::new();
    let folder = workspace_folder().join(generated.folder);
    if folder.is_dir() {
        read(&folder, &folder, &mut present)?;
    }
    present.retain(|name, _| !generated.written.iter().any(|own| name.starts_with(own)));
    Ok(present)
}

/// The content of a generated folder as it would be now, by relative path.
async fn make(generated: &Generated) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let folder = acceptance::target_folder()
        .join("generated")
        .join(generated.folder);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    let mut command = (generated.program)();
    command.arg(&folder).stdout(std::process::Stdio::null());
    program::run(command).await?;
    let mut files = BTreeMap::new();
    read(&folder, &folder, &mut files)?;
    Ok(files)
}

fn read(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(Failure::file(folder))? {
        let path = entry.map_err(Failure::file(folder))?.path();
        if path.is_dir() {
            read(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
            files.insert(name, fs::read(&path).map_err(Failure::file(&path))?);
        }
    }
    Ok(())
}
