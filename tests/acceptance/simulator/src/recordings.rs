//! The objects recorded from the real operators, in `tests/acceptance/observed`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kube::core::DynamicObject;

/// The folders with the tests that read recordings, seen from this package.
const READERS: [&str; 4] = [
    "src",
    "tests",
    "../../../provider/core/tests",
    "../../../schemas/tests",
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    package().join("../observed")
}

/// The recorded object of this name.
pub(crate) fn recorded(name: &str) -> DynamicObject {
    let path = folder().join(format!("{name}.yaml"));
    let yaml =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml_ng::from_str(&yaml).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files below a folder that end like this, with their paths.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

/// Returns true if a source names the recording, in full or for every engine.
fn names(source: &str, recording: &str) -> bool {
    let phase = ["pxc-", "psmdb-", "postgresql-"]
        .iter()
        .find_map(|engine| recording.strip_prefix(engine));
    source.contains(&format!("\"{recording}\""))
        || phase.is_some_and(|phase| {
            source.contains(&format!("\"{phase}\"")) || source.contains(&format!("}}-{phase}\""))
        })
}

#[test]
fn every_recording_is_read_by_a_test_that_names_it() {
    let sources: Vec<String> = READERS
        .iter()
        .flat_map(|reader| files(&package().join(reader), "rs"))
        .filter(|path| !path.ends_with("recordings.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let unread: BTreeSet<String> = files(&folder(), "yaml")
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|recording| !sources.iter().any(|source| names(source, recording)))
        .collect();
    assert_eq!(unread, BTreeSet::new());
}
