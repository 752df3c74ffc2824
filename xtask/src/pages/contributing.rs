//! The steps of CONTRIBUTING.md and the records of decisions, held to the code.

use std::{collections::BTreeSet, fs};

use acceptance::workspace_folder;

use super::{blocks, entries, files, read};

/// A part of a page, from its heading to the next one of the rank.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

fn steps() -> String {
    section(&read("CONTRIBUTING.md"), "From a clone to a new attribute").to_owned()
}

/// What is quoted as code in the sentences of a text.
fn quoted(text: &str) -> Vec<String> {
    let mut is_block = false;
    let mut quoted = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            quoted.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    quoted
}

#[test]
fn the_steps_to_a_new_attribute_are_ten() {
    let steps = steps();
    let numbers: Vec<_> = steps
        .lines()
        .filter_map(|line| line.split_once(". **"))
        .filter_map(|(number, _)| number.parse::<u32>().ok())
        .collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
}

#[test]
fn the_attribute_of_the_steps_is_declared_as_they_show() {
    let declared = read("schemas/src/everest/database_cluster/proxy.rs");
    let steps = blocks::of(&steps());
    assert_eq!(steps.len(), 1);
    for line in steps[0].text.lines() {
        assert!(declared.contains(line), "{line}");
    }
}

#[test]
fn every_file_and_every_test_of_the_steps_exists() {
    let root = workspace_folder();
    let mut functions = BTreeSet::new();
    for folder in ["provider", "schemas", "tests", "xtask"] {
        for path in files(&root.join(folder), "rs") {
            let text = fs::read_to_string(path).unwrap();
            let behind = text.split("fn ").skip(1);
            let names = behind.filter_map(|rest| rest.split('(').next());
            functions.extend(names.map(str::to_owned));
        }
    }
    let (mut paths, mut tests) = (0, 0);
    for word in quoted(&steps()) {
        let first = word.split('/').next().unwrap_or_default();
        if ["provider", "schemas", "tests", "examples"].contains(&first) {
            paths += 1;
            assert!(root.join(&word).exists(), "{word}");
        }
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        if word.matches('_').count() > 3 && word.chars().all(is_name) {
            tests += 1;
            assert!(functions.contains(&word), "there is no test {word}");
        }
        // `cargo test --test NAME`
        let words: Vec<_> = word.split_whitespace().collect();
        for pair in words.windows(2).filter(|pair| pair[0] == "--test") {
            let file = format!("tests/{}.rs", pair[1]);
            let mut folders = ["schemas", "provider/core", "provider/terraform"].into_iter();
            assert!(
                folders.any(|folder| root.join(folder).join(&file).exists()),
                "{word}"
            );
        }
    }
    assert!(paths > 12 && tests > 9, "{paths} files and {tests} tests");
}

#[test]
fn every_decision_is_recorded_in_one_shape_and_listed() {
    let folder = workspace_folder().join("docs/design/decisions");
    let mut files = entries(&folder);
    files.sort();
    let list = read("docs/design/decisions/README.md");
    let mut numbers = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name == "README.md" {
            continue;
        }
        numbers.push(name.split('-').next().unwrap().to_owned());
        let text = fs::read_to_string(&file).unwrap();
        let headings: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        let expected = [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives refused",
        ];
        assert_eq!(headings, expected, "{name}");
        let title = text.lines().next().unwrap().trim_start_matches("# ");
        assert!(
            list.contains(&format!("[{title}]({name})")),
            "the list of decisions lacks [{title}]({name})"
        );
        assert!(text.lines().count() <= 45, "{name} is long");
    }
    let expected: Vec<_> = (1..=numbers.len())
        .map(|number| format!("{number:04}"))
        .collect();
    assert_eq!(numbers, expected);
    assert!(read("docs/design/README.md").contains("(decisions/README.md)"));
}
