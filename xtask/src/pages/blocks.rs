//! The fenced blocks of code of all pages. Each is in a language that a check reads: HCL is held to
//! the schemas by `provider/terraform/src/documented.rs`, which also holds the settings of clients;
//! the commands of the project's own programs are parsed by the tests of these programs; Rust is
//! compiled as documentation of its crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use acceptance::workspace_folder;
use serde_json::Value;

use super::{crossplane, files, pages, read};
use crate::workflows;

/// A block.
pub(super) struct Block {
    /// The line that it begins at.
    line: usize,
    /// What stands behind the fence.
    pub(super) language: String,
    pub(super) text: String,
}

/// The blocks of a page; those in lists are indented.
pub(super) fn of(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    let mut indent = 0;
    for (number, line) in page.lines().enumerate() {
        let bare = line.trim_start();
        if is_inside && bare == "```" {
            is_inside = false;
        } else if is_inside {
            let block = blocks.last_mut().unwrap();
            block.text.push_str(line.get(indent..).unwrap_or_default());
            block.text.push('\n');
        } else if let Some(language) = bare.strip_prefix("```") {
            is_inside = true;
            indent = line.len() - bare.len();
            blocks.push(Block {
                line: number + 1,
                language: language.to_owned(),
                text: String::new(),
            });
        }
    }
    blocks
}

/// The blocks of every page, also of those of the crates, each with its place.
fn all() -> Vec<(String, Block)> {
    let mut paths = pages();
    paths.extend(files(&workspace_folder().join("provider"), "md"));
    let mut all = Vec::new();
    for path in paths {
        let place = path.strip_prefix(workspace_folder()).unwrap().display();
        for block in of(&fs::read_to_string(&path).unwrap()) {
            all.push((format!("{place}:{}", block.line), block));
        }
    }
    all
}

/// The blocks in one of the languages.
fn written_in(languages: &[&str]) -> Vec<(String, Block)> {
    let mut all = all();
    all.retain(|(_, block)| languages.contains(&&*block.language));
    all
}

#[test]
fn every_block_is_in_a_language_that_is_checked_or_is_output() {
    let checked = [
        "hcl",
        "rust",
        "rust,no_run",
        "sh",
        "shell",
        "terraform",
        "yaml",
    ];
    // What programs print, a signature, a picture; and what is not worth a parser of its own.
    let read_by_people = ["text", "toml", "dockerfile"];
    let mut counts = BTreeMap::new();
    for (place, block) in all() {
        let language = block.language.as_str();
        let is_known = checked.contains(&language) || read_by_people.contains(&language);
        assert!(is_known, "{place}: {language:?}");
        *counts.entry(block.language).or_insert(0) += 1;
    }
    assert!(counts["terraform"] > 100, "{counts:?}");
}

#[test]
fn a_shell_can_read_every_block_of_commands() {
    let blocks = written_in(&["sh", "shell"]);
    assert!(blocks.len() > 40, "{} blocks were found", blocks.len());
    let mut faults = Vec::new();
    for (place, block) in blocks {
        let mut shell = Command::new("sh")
            .arg("-n")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = shell.stdin.take().unwrap();
        input.write_all(block.text.as_bytes()).unwrap();
        drop(input);
        let output = shell.wait_with_output().unwrap();
        if !output.status.success() {
            faults.push(format!(
                "{place}: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_package_that_a_page_builds_is_one_of_the_workspace() {
    let mut names = BTreeSet::new();
    for manifest in files(&workspace_folder().join("provider"), "toml") {
        let text = fs::read_to_string(&manifest).unwrap();
        let quoted = text.lines().filter_map(|line| line.strip_prefix("name = "));
        names.extend(quoted.map(|name| name.trim_matches('"').to_owned()));
    }
    let mut built = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for command in text.split("cargo build ").skip(1) {
            let command = command.split(['`', '\n', '#']).next().unwrap();
            let words: Vec<_> = command.split_whitespace().collect();
            for pair in words.windows(2) {
                let names_one = ["--package", "--bin"].contains(&pair[0]);
                // `NAME` stands for any.
                if names_one && pair[1].chars().any(char::is_lowercase) {
                    built += 1;
                    assert!(names.contains(pair[1]), "{}: {command}", page.display());
                }
            }
        }
    }
    assert!(built >= 4, "{built} builds were found");
}

/// Everest's own definitions by kind.
fn everest() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for path in files(&workspace_folder().join("schemas/crds"), "yaml") {
        let text = fs::read_to_string(path).unwrap();
        let definition = crossplane::documents(&text).remove(0);
        if definition["spec"]["group"] == "everest.percona.com" {
            let kind = definition["spec"]["names"]["kind"].as_str().unwrap();
            found.insert(kind.to_owned(), definition);
        }
    }
    found
}

#[test]
fn every_block_of_yaml_is_yaml_and_an_object_of_everest_fits_its_definition() {
    let definitions = everest();
    let blocks = written_in(&["yaml"]);
    assert!(blocks.len() >= 8, "{} blocks were found", blocks.len());
    let mut objects = 0;
    for (place, block) in blocks {
        for document in crossplane::documents(&block.text) {
            assert!(!document.is_null(), "{place} is empty");
            if document["apiVersion"] != "everest.percona.com/v1alpha1" {
                continue;
            }
            objects += 1;
            let definition = &definitions[document["kind"].as_str().unwrap()];
            let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            let mut wrong = Vec::new();
            let spec = &schema["properties"]["spec"];
            crossplane::unknown(&document["spec"], spec, "spec", &mut wrong);
            assert!(wrong.is_empty(), "{place}: {wrong:?}");
        }
    }
    assert!(objects > 0, "no object of Everest was found");
}

/// Pages teach what the project does itself: an action is pinned, to the commit that its own
/// workflows use.
#[test]
fn the_actions_of_a_workflow_on_a_page_are_pinned_as_those_of_the_project() {
    let paths: Vec<PathBuf> = files(&workspace_folder().join(".github/workflows"), "yml");
    let own: String = paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut shown = 0;
    for (place, block) in written_in(&["yaml"]) {
        for action in workflows::actions(&block.text) {
            shown += 1;
            assert_eq!(workflows::unpinned(action), None, "{place}");
            assert!(
                own.contains(action),
                "{place}: the workflows have no {action}"
            );
        }
    }
    assert!(shown >= 2, "{shown} actions were found");
}

#[test]
fn a_block_is_found_in_a_list_too_and_what_is_wrong_is_reported() {
    let page = "Text\n\n```shell\na\n```\n\n1. Do:\n\n   ```yaml\n   a:\n     b: 1\n   ```\n";
    let blocks = of(page);
    let found: Vec<_> = blocks
        .iter()
        .map(|block| (block.line, &*block.language, &*block.text))
        .collect();
    assert_eq!(found, [(3, "shell", "a\n"), (9, "yaml", "a:\n  b: 1\n")]);
    let status = Command::new("sh")
        .args(["-n", "-c", "echo 'a"])
        .stderr(Stdio::null())
        .status();
    assert!(!status.unwrap().success());
    assert!(workflows::unpinned("actions/checkout@v7 # v7.0.1").is_some());
    assert!(read("README.md").contains("```hcl"));
}
