//! What the registries of Terraform and OpenTofu require of the pages of a provider.
//!
//! The limits are those of the registry's documentation and of `tfplugindocs validate`: a page that
//! breaks one is cut off, left out or not sorted in, and nothing says so at a release.

use std::collections::BTreeMap;

use crate::rooms;

/// The folders of pages below `docs/` that the registries read, besides `index.md`.
const FOLDERS: [&str; 7] = [
    "actions",
    "data-sources",
    "ephemeral-resources",
    "functions",
    "guides",
    "list-resources",
    "resources",
];

/// The folders below `docs/` that are for readers of the repository alone.
const OF_THE_REPOSITORY: [&str; 2] = ["crossplane", "design"];

/// The number of bytes from which the registry cuts a page off.
const MAX_BYTES: usize = 500_000;

/// The greatest number of files.
const MAX_PAGES: usize = 2_000;

/// The most characters of a guide's description, which search engines show of it.
const MAX_DESCRIPTION: usize = 160;

/// The keys that the front matter of a page may have.
const KEYS: [&str; 3] = ["page_title", "subcategory", "description"];

/// The faults of the pages, by their path below `docs/`, each in a sentence.
fn faults(pages: &BTreeMap<String, String>) -> Vec<String> {
    let served = pages.iter().filter(|(path, _)| {
        let folder = path.split('/').next().unwrap_or_default();
        !OF_THE_REPOSITORY.contains(&folder)
    });
    let mut faults = Vec::new();
    let mut count = 0;
    for (path, text) in served {
        count += 1;
        let found = place(path)
            .into_iter()
            .chain(size(text))
            .chain(front_matter(path, text))
            .chain(links(path, text));
        faults.extend(found.map(|fault| format!("docs/{path} {fault}")));
    }
    if count > MAX_PAGES {
        faults.push(format!(
            "docs has {count} pages, and the registry reads {MAX_PAGES}"
        ));
    }
    faults
}

fn place(path: &str) -> Option<String> {
    let parts: Vec<_> = path.split('/').collect();
    let name = match parts.as_slice() {
        ["index.md"] => return None,
        [folder, name] if FOLDERS.contains(folder) => name,
        [folder, ..] if FOLDERS.contains(folder) => {
            return Some(format!(
                "is in a folder below docs/{folder}, which the registry does not read"
            ));
        }
        _ => {
            return Some(format!(
                "is in no folder that the registry reads: {}",
                FOLDERS.join(", ")
            ));
        }
    };
    let Some(stem) = name.strip_suffix(".md") else {
        return Some("does not end in .md, and the registry reads no other files".to_owned());
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    (stem.is_empty() || !stem.chars().all(is_plain))
        .then(|| "has a name with other characters than letters, digits, - and _".to_owned())
}

fn size(text: &str) -> Option<String> {
    (text.len() >= MAX_BYTES).then(|| {
        format!(
            "has {} bytes, and the registry cuts pages off at {MAX_BYTES}",
            text.len()
        )
    })
}

fn front_matter(path: &str, text: &str) -> Vec<String> {
    let parsed = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .and_then(|(yaml, _)| serde_yaml_ng::from_str::<BTreeMap<String, String>>(yaml).ok());
    let Some(matter) = parsed else {
        return vec!["does not begin with front matter in YAML, between two lines ---".to_owned()];
    };
    let mut faults = Vec::new();
    for key in matter.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        faults.push(format!(
            "has {key} in its front matter, where the registry knows {}",
            KEYS.join(", ")
        ));
    }
    let text_of = |key: &str| matter.get(key).map(|text| text.trim()).unwrap_or_default();
    for key in ["page_title", "description"] {
        if text_of(key).is_empty() {
            faults.push(format!("has no {key} in its front matter"));
        }
    }
    let description = text_of("description");
    if description.contains('\n') {
        faults.push("has a description of several lines in its front matter".to_owned());
    }
    let length = description.chars().count();
    if path.starts_with("guides/") && length >= MAX_DESCRIPTION {
        faults.push(format!(
            "has a description of {length} characters, and fewer than {MAX_DESCRIPTION} are shown"
        ));
    }
    faults.extend(subcategory(path, matter.get("subcategory")));
    faults
}

fn subcategory(path: &str, given: Option<&String>) -> Option<String> {
    let folder = path.split('/').next().unwrap_or_default();
    match (folder, given.map(String::as_str)) {
        ("index.md", Some(_)) => {
            Some("has a subcategory, which the first page cannot have".to_owned())
        }
        ("index.md", None) | ("guides" | "functions", None | Some("")) => None,
        ("guides" | "functions", _) => Some(format!(
            "has another subcategory than \"\", under which the registry lists {folder}"
        )),
        (_, Some(name)) if rooms::is_room(name) => None,
        (_, given) => Some(format!(
            "has the subcategory {:?}, which is none of xtask/src/rooms.rs: add its type there",
            given.unwrap_or_default()
        )),
    }
}

/// Relative links out of the pages that the registries serve lead nowhere there.
fn links(path: &str, text: &str) -> Vec<String> {
    let depth = path.matches('/').count();
    let mut faults = Vec::new();
    for link in crate::pages::links(text) {
        let file = link.split('#').next().unwrap_or_default();
        if link.contains("://") || file.is_empty() {
            continue;
        }
        let up = file.matches("../").count();
        let inside = file.trim_start_matches("../");
        let folder = inside.split('/').next().unwrap_or_default();
        let is_served =
            up < depth || (up == depth && (inside == "index.md" || FOLDERS.contains(&folder)));
        if !is_served {
            faults.push(format!(
                "links to {link}, which the registry does not serve: write the whole URL"
            ));
        }
    }
    faults
}

#[test]
fn the_pages_keep_the_limits_of_the_registry() {
    let docs = acceptance::workspace_folder().join("docs");
    let mut pages = BTreeMap::new();
    for page in crate::pages::files(&docs, "md") {
        let path = page.strip_prefix(&docs).unwrap().display().to_string();
        pages.insert(path, std::fs::read_to_string(&page).unwrap());
    }
    assert!(pages.len() > 80, "{} pages were found", pages.len());
    let faults = faults(&pages);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_page_that_breaks_a_limit_is_named_with_the_limit() {
    let good = |folder: &str| {
        let room = match folder {
            "guides" => "",
            _ => "Databases",
        };
        format!(
            "---\npage_title: \"A\"\nsubcategory: \"{room}\"\ndescription: |-\n  B.\n---\n\n# A\n"
        )
    };
    let found =
        |path: &str, text: String| faults(&BTreeMap::from([(path.to_owned(), text)])).join("\n");
    for (path, folder) in [
        ("resources/a.md", "resources"),
        ("guides/b-c.md", "guides"),
        ("design/README.md", "resources"),
    ] {
        assert_eq!(found(path, good(folder)), "");
    }
    let long = "x".repeat(MAX_DESCRIPTION);
    for (path, text, fault) in [
        (
            "resources/a.md",
            good("resources") + &"x".repeat(MAX_BYTES),
            "docs/resources/a.md has 500",
        ),
        (
            "guides/a/b.md",
            good("guides"),
            "docs/guides/a/b.md is in a folder below docs/guides",
        ),
        (
            "other/a.md",
            good("resources"),
            "docs/other/a.md is in no folder",
        ),
        ("resources/a.txt", good("resources"), "does not end in .md"),
        (
            "resources/a b.md",
            good("resources"),
            "has a name with other characters",
        ),
        (
            "resources/a.md",
            "# A\n".to_owned(),
            "does not begin with front matter",
        ),
        (
            "resources/a.md",
            good("resources").replace("page_title", "layout"),
            "has layout in its front matter",
        ),
        (
            "resources/a.md",
            good("resources").replace("page_title", "layout"),
            "has no page_title",
        ),
        (
            "resources/a.md",
            good("resources").replace("  B.", ""),
            "has no description",
        ),
        ("resources/a.md", good("guides"), "has the subcategory \"\""),
        ("guides/a.md", good("resources"), "has another subcategory"),
        (
            "guides/a.md",
            good("guides").replace("B.", &long),
            "has a description of 160 characters",
        ),
        (
            "index.md",
            good("guides"),
            "docs/index.md has a subcategory",
        ),
        (
            "guides/a.md",
            good("guides") + "[a](../design/README.md)\n",
            "links to ../design/README.md",
        ),
        (
            "index.md",
            good("guides") + "[a](../README.md)\n",
            "links to ../README.md",
        ),
    ] {
        let faults = found(path, text);
        assert!(faults.contains(fault), "{path}: {faults}");
    }
    let many = (0..=MAX_PAGES).map(|index| (format!("resources/a{index}.md"), good("resources")));
    assert_eq!(
        faults(&many.collect()),
        ["docs has 2001 pages, and the registry reads 2000"]
    );
}
