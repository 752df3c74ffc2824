//! `generate`: files that are derived from the types, and the proof that they
//! are up to date.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use acceptance::{
    binaries::{PROVIDER, Programs, WRITE_CRDS},
    workspace_folder,
};
use lexopt::prelude::*;

use crate::{docs, failure::Failure, reference, rights};

/// A folder whose content is generated.
struct Generated {
    /// Folder in the workspace.
    folder: &'static str,
    /// Files and folders inside that are written by hand.
    written: &'static [&'static str],
    /// Writes it into a folder.
    write: fn(&Programs, &Path) -> Result<(), Failure>,
}

/// Everything that is generated.
const GENERATED: [Generated; 4] = [
    // The first, because the reference is made from it.
    Generated {
        folder: "schemas/crds",
        written: &[],
        write: write_crds,
    },
    Generated {
        folder: rights::FOLDER,
        written: &["bindings.yaml"],
        write: |_, folder| rights::write_roles(folder),
    },
    Generated {
        folder: "docs/crossplane/reference",
        written: &[],
        write: |_, folder| reference::write(folder),
    },
    Generated {
        folder: "docs",
        written: &[
            "design",
            "guides/authentication.md",
            "guides/backups.md",
            "guides/ci.md",
            "guides/command-line.md",
            "guides/coverage.md",
            "guides/credentials.md",
            "guides/crossplane.md",
            "guides/from-kubectl.md",
            "guides/getting-started.md",
            "guides/import.md",
            "guides/install.md",
            "guides/performance.md",
            "guides/reliability.md",
            "guides/troubleshooting.md",
            "guides/upgrades.md",
            "crossplane",
        ],
        write: |programs, folder| docs::write(folder, &programs.binary(PROVIDER)?),
    },
];

fn write_crds(programs: &Programs, folder: &Path) -> Result<(), Failure> {
    let program = programs.example(WRITE_CRDS)?;
    let output = Command::new(&program)
        .arg(folder)
        .output()
        .map_err(Failure::file(&program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::Check(format!(
        "{} failed ({}):\n{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )))
}

/// What is asked for.
#[derive(Default)]
pub(crate) struct Asked {
    check: bool,
}

impl Asked {
    /// Reads the task's own arguments: `--check`.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        let mut asked = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("check") => asked.check = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(asked)
    }
}

/// Writes the generated files, or compares them.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    let programs = Programs::OnDemand;
    if asked.check {
        check(&programs)
    } else {
        write(&programs)
    }
}

/// Writes all generated folders.
fn write(programs: &Programs) -> Result<(), Failure> {
    for generated in &GENERATED {
        let folder = workspace_folder().join(generated.folder);
        let fresh = make(programs, generated)?;
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
pub(crate) fn check(programs: &Programs) -> Result<(), Failure> {
    let mut stale = Vec::new();
    for generated in &GENERATED {
        let fresh = make(programs, generated)?;
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
fn make(programs: &Programs, generated: &Generated) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let folder = acceptance::target_folder()
        .join("generated")
        .join(generated.folder);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    (generated.write)(programs, &folder)?;
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
