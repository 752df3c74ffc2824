//! Facts that pages state, and what holds them.

use std::{fs, path::PathBuf};

use acceptance::workspace_folder;

use super::{files, pages, read};
use crate::bench;

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("there is no {before:?}"));
    let (found, _) = rest
        .split_once(after)
        .unwrap_or_else(|| panic!("there is no {after:?} after {before:?}"));
    found
}

/// The programs, pages, examples and workflows.
fn everything() -> Vec<PathBuf> {
    let root = workspace_folder();
    let mut paths = pages();
    for (folder, extension) in [
        ("examples", "tf"),
        (".github", "yml"),
        ("provider/core/src", "rs"),
        ("provider/cluster/src", "rs"),
        ("provider/terraform/src", "rs"),
        ("provider/crossplane/src", "rs"),
    ] {
        paths.extend(files(&root.join(folder), extension));
    }
    paths
}

/// The repository of Everest's charts has a chart `everest` too, whose last version is 1.13.0: see
/// `index.yaml` of github.com/openeverest/helm-charts, branch `gh-pages`.
#[test]
fn everests_chart_has_one_name() {
    let mut named = 0;
    for path in everything() {
        let text = fs::read_to_string(&path).unwrap();
        // A text of a program, and a command, may go on in the next line.
        let text = text.replace("\\\n", " ");
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (before, name) in [
            ("chart openeverest/", "openeverest"),
            ("helm install everest-core ", "openeverest "),
            ("chart = \"", "openeverest\""),
        ] {
            for after in text.split(before).skip(1) {
                named += 1;
                assert!(after.starts_with(name), "{}: {before}", path.display());
            }
        }
    }
    assert!(named >= 9, "{named} names were found");
}

/// The version of Everest's chart that the acceptance workflow installs.
fn everest() -> String {
    let workflow = read(".github/workflows/acceptance.yml");
    between(&workflow, "inputs.everest || '", "'").to_owned()
}

#[test]
fn the_pages_install_the_everest_that_the_scenarios_run_on() {
    let version = everest();
    for (page, before) in [
        (".github/workflows/acceptance.yml", "default: \""),
        ("docs/guides/getting-started.md", "helm-charts/ --version "),
        (
            "examples/terraform/modules/everest-install/README.md",
            "chart_version = \"",
        ),
        ("examples/terraform/provider/page.md", "a real Everest "),
    ] {
        let text = read(page);
        let (_, after) = text.split_once(before).unwrap();
        assert!(after.starts_with(&version), "{page}: {version}");
    }
}

/// Major and minor number of a version such as `v1.35.4`.
fn minor(version: &str) -> String {
    let numbers = version.trim_start_matches('v').split('.');
    numbers.take(2).collect::<Vec<_>>().join(".")
}

/// Whether the page says of versions of `product` that they are tested on every change.
fn is_tested(page: &str, product: &str, version: &str) -> bool {
    let rows = page.lines().filter(|line| line.contains("| ✓"));
    let mut rows = rows.filter(|line| line.starts_with(&format!("| {product} |")));
    rows.any(|row| {
        let versions = row.split('|').nth(2).unwrap_or_default();
        versions.split(',').any(|found| found.trim() == version)
    })
}

#[test]
fn the_front_page_has_the_versions_that_every_change_is_tested_with() {
    let page = read("examples/terraform/provider/page.md");
    let tools = read("tests/acceptance/src/tools.rs");
    let module = |name: &str, line: &str| {
        let text = read(&format!("tests/acceptance/tools/{name}/go.mod"));
        minor(between(&text, line, " "))
    };
    let ci = read(".github/workflows/ci.yml");
    for (product, version) in [
        ("Everest", minor(&everest())),
        (
            "Kubernetes",
            minor(between(&tools, "KUBERNETES_VERSION: &str = \"", "\"")),
        ),
        (
            "Terraform",
            minor(between(&ci, "terraform_version: \"", "\"")),
        ),
        (
            "Terraform",
            module("terraform", "github.com/hashicorp/terraform "),
        ),
        (
            "OpenTofu",
            module("opentofu", "github.com/opentofu/opentofu "),
        ),
        (
            "Crossplane",
            module("crossplane", "github.com/crossplane/crossplane/v2 "),
        ),
    ] {
        assert!(is_tested(&page, product, &version), "{product} {version}");
    }
    let oldest = module("crossplane-2.1", "github.com/crossplane/crossplane/v2 ");
    assert!(page.contains(&format!("| | {oldest} | ◐")), "{oldest}");
    assert!(!is_tested(&page, "Terraform", "1.13"));
}

#[test]
fn the_pages_state_one_figure_of_memory_and_size() {
    let design = read("docs/design/requests.md");
    let before = between(
        &design,
        "A release build takes ",
        " MiB before its first request",
    );
    let one = between(&design, "An apply of one database takes ", " MiB at most");
    let thousand = between(&design, "an apply of 1,000 takes ", " MiB; of backup");
    let (limit, size) = (bench::RESIDENT, bench::SIZE);
    for (page, figures) in [
        (
            "README.md",
            vec![
                format!("one binary of at most {size} MB"),
                format!("{before} MiB of memory before the first request"),
                format!("{thousand} MiB in an apply of 1,000 databases"),
            ],
        ),
        (
            "docs/guides/performance.md",
            vec![
                format!("| Resident memory before the first request | {before} MiB |"),
                format!("| in an apply of one database | at most {one} MiB |"),
                format!("| in an apply of 1,000 databases | {thousand} MiB |"),
                format!("| The program | at most {size} MB |"),
            ],
        ),
        (
            "docs/design/requests.md",
            vec![
                format!("its limit of {limit} MiB"),
                format!("its limit of {size} MB"),
            ],
        ),
    ] {
        let text = read(page);
        for figure in figures {
            assert!(text.contains(&figure), "{page} is to have: {figure}");
        }
    }
    assert!(before.parse::<f32>().unwrap() < limit);
}

#[test]
fn seven_of_ten_scenarios_need_no_simulator() {
    let folder = workspace_folder().join("tests/acceptance/tests/scenarios");
    let (mut all, mut ignored) = (0, 0);
    for path in files(&folder, "rs") {
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().map(str::trim);
        for line in lines {
            all += usize::from(line == "#[test]" || line.starts_with("#[tokio::test"));
            ignored += usize::from(line.starts_with("#[ignore"));
        }
    }
    let tenths = (all - ignored) * 10 / all;
    assert_eq!(tenths, 7, "{ignored} of {all} scenarios are ignored");
    assert!(read("README.md").contains("Seven of ten scenarios need no simulator"));
}
