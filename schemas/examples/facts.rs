//! Prints what the CustomResourceDefinitions of a folder state, as `schemas/tests/everest.facts`
//! holds it: `cargo run --package everest-schemas --example facts -- FOLDER`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/facts/mod.rs"]
mod facts;

use std::path::PathBuf;

fn main() {
    let folder = std::env::args().nth(1).expect("facts FOLDER");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == "yaml"));
    files.sort();
    let definitions: Vec<serde_json::Value> = files
        .iter()
        .map(|file| serde_yaml_ng::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
        .collect();
    let outline = facts::outline(&definitions);
    for (kind, facts) in facts::read(&outline) {
        let version = &facts.frame["versions"][0]["name"];
        eprintln!("{kind} {version}: {} statements", facts.statements.len());
    }
    print!("{outline}");
}
