//! Go modules that are built with a change: each is copied, changed, and takes the place of the
//! original in this one build.
//!
//! OLM's catalog operator makes its clients with client-go's default of 5 requests a second, which
//! cannot be configured: parallel tests would wait ten seconds for an operator that is installed in
//! one. Terraform and OpenTofu are built without the libraries of clouds, which no test asks for
//! and which are a third of what OpenTofu is built from.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

/// What is changed in a module.
pub(crate) struct Change {
    module: &'static str,
    /// Lines of a file, and what they become.
    lines: &'static [(&'static str, &'static str, &'static str)],
    /// Folder below `tools/standins`. A file there takes the place of the file of the same name,
    /// or else of its whole package.
    standins: Option<&'static str>,
}

const CLIENT_GO: Change = Change {
    module: "k8s.io/client-go",
    lines: &[
        (
            "rest/config.go",
            "DefaultQPS   float32 = 5.0",
            "DefaultQPS   float32 = 500",
        ),
        (
            "rest/config.go",
            "DefaultBurst int     = 10",
            "DefaultBurst int     = 1000",
        ),
    ],
    standins: None,
};

const GO_GETTER: Change = Change {
    module: "github.com/hashicorp/go-getter",
    lines: &[],
    standins: Some("go-getter"),
};

const OPENTOFU: Change = Change {
    module: "github.com/opentofu/opentofu",
    lines: &[],
    standins: Some("opentofu"),
};

/// What is changed for the build of a folder of `tools`.
pub(crate) const fn changes(folder: &str) -> &'static [Change] {
    match folder.as_bytes() {
        b"olm" => &[CLIENT_GO],
        b"terraform" => &[GO_GETTER],
        b"opentofu" => &[GO_GETTER, OPENTOFU],
        _ => &[],
    }
}

/// Adds to `hash` what decides how the modules of a folder of `tools` are changed.
///
/// # Errors
/// When a stand-in cannot be read.
pub(crate) fn add_to_hash(folder: &str, hash: &mut Sha256) -> io::Result<()> {
    for change in changes(folder) {
        for (_, _, after) in change.lines {
            hash.update(after);
        }
        for (name, path) in standins(change)? {
            hash.update(name.as_os_str().as_encoded_bytes());
            hash.update(fs::read(path)?);
        }
    }
    Ok(())
}

/// Makes changed copies of modules in `folder` and a `go.mod` there that is `original`'s with the
/// copies in place of the modules; returns that file, for Go's `-modfile`.
///
/// `go` is Go in the folder of the module that is built.
///
/// # Errors
/// When a file cannot be read or written, or what is to be changed is not there (another version
/// of a module has been pinned).
pub(crate) fn prepare(
    mut go: impl FnMut() -> Command,
    changes: &[Change],
    original: &Path,
    folder: &Path,
) -> io::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let mut pins = fs::read_to_string(original.join("go.mod"))?;
    for (number, change) in changes.iter().enumerate() {
        let copy = folder.join(number.to_string());
        copy_sources(&source(&mut go(), change.module)?, &copy)?;
        apply(change, &copy)?;
        pins.push_str(&format!(
            "\nreplace {} => {}\n",
            change.module,
            copy.display()
        ));
    }
    // Other replacements name folders beside the file.
    let beside = format!("=> {}/", original.display());
    let modfile = folder.join("go.mod");
    fs::write(&modfile, pins.replace("=> ./", &beside))?;
    fs::copy(original.join("go.sum"), folder.join("go.sum"))?;
    Ok(modfile)
}

/// Where Go keeps a module.
fn source(go: &mut Command, module: &str) -> io::Result<PathBuf> {
    let output = go.args(["mod", "download", "-json", module]).output()?;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    told["Dir"].as_str().map(PathBuf::from).ok_or_else(|| {
        io::Error::other(format!(
            "go mod download {module}: {}",
            String::from_utf8_lossy(&output.stderr)
        ))
    })
}

fn apply(change: &Change, copy: &Path) -> io::Result<()> {
    let module = change.module;
    for (file, before, after) in change.lines {
        let path = copy.join(file);
        let text = fs::read_to_string(&path)?;
        if !text.contains(before) {
            return Err(io::Error::other(format!(
                "{module} has no line `{before}` in {file} any more"
            )));
        }
        fs::write(&path, text.replace(before, after))?;
    }
    for (name, path) in standins(change)? {
        let target = copy.join(&name);
        let package = target.parent().unwrap_or(copy);
        if !package.is_dir() {
            return Err(io::Error::other(format!(
                "{module} has no package {} any more",
                package.display()
            )));
        }
        if !target.exists() {
            fs::remove_dir_all(package)?;
            fs::create_dir(package)?;
        }
        fs::copy(path, target)?;
    }
    Ok(())
}

/// The files that a change puts in the place of others, sorted: their paths in the module and
/// here.
fn standins(change: &Change) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let Some(name) = change.standins else {
        return Ok(Vec::new());
    };
    let root = crate::tools::tools_folder().join("standins").join(name);
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap_or(&path).to_owned();
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies what is compiled. Files of the module cache are read-only; the copies are not.
fn copy_sources(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            if name != "testdata" {
                copy_sources(&entry.path(), &target)?;
            }
        } else if !name.to_string_lossy().ends_with("_test.go") {
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_takes_the_place_of_its_file_or_else_of_its_package() {
        let module = tempfile::tempdir().unwrap();
        let package = module.path().join("internal/backend/remote-state/s3");
        for change in [&GO_GETTER, &OPENTOFU] {
            for (name, _) in standins(change).unwrap() {
                let target = module.path().join(name);
                fs::create_dir_all(target.parent().unwrap()).unwrap();
            }
        }
        fs::write(package.join("backend.go"), "package s3 // theirs").unwrap();
        fs::write(module.path().join("get_s3.go"), "package getter // theirs").unwrap();
        fs::write(module.path().join("get_gcs.go"), "package getter // theirs").unwrap();
        fs::write(module.path().join("get.go"), "package getter").unwrap();
        apply(&OPENTOFU, module.path()).unwrap();
        apply(&GO_GETTER, module.path()).unwrap();
        assert!(!package.join("backend.go").exists());
        assert!(package.join("standin.go").exists());
        assert!(module.path().join("get.go").exists());
        let getter = fs::read_to_string(module.path().join("get_s3.go")).unwrap();
        assert!(getter.contains("gets nothing"), "{getter}");
    }

    #[test]
    fn a_line_that_is_not_there_any_more_is_named() {
        let module = tempfile::tempdir().unwrap();
        fs::create_dir(module.path().join("rest")).unwrap();
        fs::write(module.path().join("rest/config.go"), "package rest").unwrap();
        let error = apply(&CLIENT_GO, module.path()).unwrap_err().to_string();
        assert!(error.contains("DefaultQPS"), "{error}");
    }
}
