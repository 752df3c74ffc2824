//! What holds of every page, also of those written by hand: what it leads to is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use acceptance::workspace_folder;

mod blocks;
mod contributing;
mod crossplane;
mod facts;
mod gitops;
mod words;

/// README and its neighbours, everything below `docs/`, and the READMEs of the examples.
pub(crate) fn pages() -> Vec<PathBuf> {
    let root = workspace_folder();
    let mut pages = files(&root.join("docs"), "md");
    pages.extend(entries(&root));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let examples = files(&root.join("examples"), "md");
    pages.extend(
        examples
            .into_iter()
            .filter(|path| path.ends_with("README.md")),
    );
    pages
}

/// The files below a folder that have the extension, but not what Terraform or Cargo made there.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A file of the workspace, by its path from there.
fn read(path: &str) -> String {
    let path = workspace_folder().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The targets of the inline links of a page, without what is code.
pub(crate) fn links(page: &str) -> Vec<String> {
    let text = page.lines().map(|line| line.split('`').step_by(2));
    let text: String = text.flat_map(|parts| parts.chain(["\n"])).collect();
    let behind = text.split("](").skip(1);
    let targets = behind.filter_map(|rest| rest.split(')').next());
    targets.map(str::to_owned).collect()
}

/// The anchors that the headings of a page make.
fn anchors(page: &str) -> Vec<String> {
    let mut is_code = false;
    let mut anchors = Vec::new();
    for line in page.lines() {
        is_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#').strip_prefix(' ');
        let Some(heading) = heading.filter(|_| line.starts_with('#') && !is_code) else {
            continue;
        };
        let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
        let letters = heading.to_lowercase();
        anchors.push(
            letters
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-"),
        );
    }
    // Pages of the reference have some of their own.
    for rest in page.split("<a id=\"").skip(1) {
        anchors.extend(rest.split('"').next().map(str::to_owned));
    }
    anchors
}

#[test]
fn every_relative_link_of_a_page_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            followed += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let leads = match anchor {
                "" => target.exists(),
                anchor => fs::read_to_string(&target)
                    .is_ok_and(|text| anchors(&text).iter().any(|known| known == anchor)),
            };
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 20, "{followed} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_example_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    let mut named = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (start, _) in text.match_indices("examples/") {
            let is_path = |letter: char| letter.is_alphanumeric() || "/-_.".contains(letter);
            let path = text[start..]
                .split(|letter| !is_path(letter))
                .next()
                .unwrap();
            named += 1;
            if !workspace_folder().join(path.trim_end_matches('.')).exists() {
                missing.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(named > 10, "{named} paths were found");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
