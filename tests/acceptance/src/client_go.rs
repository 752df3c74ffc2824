//! client-go with another default rate limit, for OLM.
//!
//! OLM's catalog operator makes its clients with client-go's default of 5
//! requests a second, which cannot be configured: parallel tests would wait ten
//! seconds for an operator that is installed in one. The default is a constant,
//! so it is changed in a copy of the module that only this build sees.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The module.
pub(crate) const MODULE: &str = "k8s.io/client-go";
/// The lines to change in `rest/config.go`, and what they become.
pub(crate) const CHANGES: [(&str, &str); 2] = [
    ("DefaultQPS   float32 = 5.0", "DefaultQPS   float32 = 500"),
    ("DefaultBurst int     = 10", "DefaultBurst int     = 1000"),
];

/// Makes the copy in `folder` and a `go.mod` there that is `original`'s with
/// the copy in place of the module; returns that file, for Go's `-modfile`.
///
/// `go` is Go in the folder of the module that is built.
///
/// # Errors
/// When a file cannot be read or written, or the lines are not there (another
/// version of client-go has been pinned).
pub(crate) fn prepare(go: &mut Command, original: &Path, folder: &Path) -> io::Result<PathBuf> {
    let source = go
        .args(["mod", "download", "-json", MODULE])
        .output()
        .and_then(|output| {
            let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
            told["Dir"].as_str().map(PathBuf::from).ok_or_else(|| {
                io::Error::other(format!(
                    "go mod download {MODULE}: {}",
                    String::from_utf8_lossy(&output.stderr)
                ))
            })
        })?;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let copy = folder.join("client-go");
    copy_sources(&source, &copy)?;
    let config = copy.join("rest/config.go");
    let mut text = fs::read_to_string(&config)?;
    for (before, after) in CHANGES {
        if !text.contains(before) {
            return Err(io::Error::other(format!(
                "{MODULE} has no line `{before}` in rest/config.go any more"
            )));
        }
        text = text.replace(before, after);
    }
    fs::write(&config, text)?;

    let pins = fs::read_to_string(original.join("go.mod"))?;
    let modfile = folder.join("go.mod");
    fs::write(
        &modfile,
        format!("{pins}\nreplace {MODULE} => {}\n", copy.display()),
    )?;
    fs::copy(original.join("go.sum"), folder.join("go.sum"))?;
    Ok(modfile)
}

/// Copies what is compiled. Files of the module cache are read-only; the copies
/// are not.
fn copy_sources(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy_sources(&entry.path(), &target)?;
        } else if !name.to_string_lossy().ends_with("_test.go") {
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
