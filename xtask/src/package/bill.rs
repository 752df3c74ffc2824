//! The bill of materials of a program: the crates that it is made of and that its build runs, as
//! CycloneDX in JSON. The same checkout always makes the same bytes, so it has neither a time nor a
//! serial number.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use acceptance::binaries::cargo;
use serde_json::{Value, json};
use toml_edit::{Document, Item};

use super::{PackageError, file};
use crate::failure::Failure;
use crate::program;

/// What the name of a bill ends with, as CycloneDX recommends.
pub(super) const SUFFIX: &str = "cdx.json";

/// The version of the format.
const SPECIFICATION: &str = "1.6";

/// A crate as `cargo tree` names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    /// Its licence as an SPDX expression.
    licence: String,
    /// True if it is part of this workspace.
    is_own: bool,
}

impl Crate {
    /// What the bill calls it.
    fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// The crates of a program, and which ones each needs. The first of them is the program's own.
#[derive(Debug, PartialEq, Eq)]
struct Tree {
    root: Crate,
    needs: BTreeMap<Crate, BTreeSet<String>>,
}

/// The bill of materials of a package's program, built for a Rust target.
///
/// # Errors
/// `Program` or `Missing` if `cargo tree` fails, `Check` if what it prints cannot be read.
pub(super) async fn of(package: &str, target: &str) -> Result<Value, Failure> {
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--package", package])
        .args(["--target", target, "--edges", "no-dev"])
        .args(["--prefix", "depth", "--format", "{p}|{l}"]);
    let printed = program::output(tree).await?;
    let tree = Tree::read(&printed)
        .ok_or_else(|| Failure::Check(format!("cargo tree of {package} cannot be read")))?;
    let lock = acceptance::workspace_folder().join("Cargo.lock");
    let content = fs::read_to_string(&lock).map_err(Failure::file(&lock))?;
    let checksums = checksums(&content)
        .map_err(|error| Failure::Check(format!("{}: {error}", lock.display())))?;
    Ok(bill(&tree, &checksums))
}

/// Writes a bill of materials; returns its path.
///
/// # Errors
/// `File` if it cannot be written.
pub(super) fn write(bill: &Value, path: PathBuf) -> Result<PathBuf, PackageError> {
    fs::write(&path, format!("{bill:#}\n")).map_err(file(&path))?;
    Ok(path)
}

impl Tree {
    /// Reads lines such as `2serde v1.0.228|MIT OR Apache-2.0`, each with its depth in front. A
    /// crate that was printed before ends with ` (*)`, and its needs are not repeated.
    fn read(printed: &str) -> Option<Self> {
        let mut needs: BTreeMap<Crate, BTreeSet<String>> = BTreeMap::new();
        let mut path: Vec<Crate> = Vec::new();
        for line in printed.lines() {
            let start = line.find(|character: char| !character.is_ascii_digit())?;
            let (depth, line) = line.split_at(start);
            let depth: usize = depth.parse().ok()?;
            let (package, licence) = line.split_once('|')?;
            let mut words = package.split(' ');
            let found = Crate {
                name: words.next()?.to_owned(),
                version: words.next()?.strip_prefix('v')?.to_owned(),
                licence: licence.trim_end_matches(" (*)").to_owned(),
                is_own: words.any(|word| word.starts_with("(/") || word.contains(":\\")),
            };
            path.truncate(depth);
            if let Some(parent) = path.last() {
                needs
                    .entry(parent.clone())
                    .or_default()
                    .insert(found.reference());
            }
            needs.entry(found.clone()).or_default();
            path.push(found);
        }
        let root = path.into_iter().next()?;
        Some(Self { root, needs })
    }
}

/// The SHA-256 of each crate's archive, by [`Crate::reference`], as `Cargo.lock` has it.
fn checksums(lock: &str) -> Result<BTreeMap<String, String>, toml_edit::TomlError> {
    let lock = Document::parse(lock)?;
    let packages = lock.get("package").and_then(Item::as_array_of_tables);
    Ok(packages
        .into_iter()
        .flatten()
        .filter_map(|package| {
            let text = |key| package.get(key).and_then(Item::as_str);
            let reference = format!("{}@{}", text("name")?, text("version")?);
            Some((reference, text("checksum")?.to_owned()))
        })
        .collect())
}

/// A licence as an SPDX expression: crates may still write a slash where that wants `OR`.
fn expression(licence: &str) -> String {
    let choices: Vec<_> = licence.split('/').map(str::trim).collect();
    choices.join(" OR ")
}

fn bill(tree: &Tree, checksums: &BTreeMap<String, String>) -> Value {
    let component = |one: &Crate, kind: &str| {
        let reference = one.reference();
        let mut component = json!({
            "type": kind,
            "bom-ref": reference,
            "name": one.name,
            "version": one.version,
            "licenses": [{ "expression": expression(&one.licence) }],
        });
        if !one.is_own {
            component["purl"] = json!(format!("pkg:cargo/{reference}"));
        }
        if let Some(checksum) = checksums.get(&reference) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        component
    };
    let others = tree.needs.keys().filter(|one| **one != tree.root);
    let needs = tree
        .needs
        .iter()
        .map(|(one, needs)| json!({ "ref": one.reference(), "dependsOn": needs }));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": { "component": component(&tree.root, "application") },
        "components": others.map(|one| component(one, "library")).collect::<Vec<_>>(),
        "dependencies": needs.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::terraform::Platform;

    const PRINTED: &str = "\
0program v0.1.0 (/src/program)|Apache-2.0
1core v0.1.0 (/src/core)|Apache-2.0
2old v0.9.0|MIT / Apache-2.0
3leaf v1.0.0|Zlib
1derive v1.2.3 (proc-macro)|MIT
2leaf v1.0.0|Zlib (*)
1old v0.9.0|MIT / Apache-2.0 (*)
";

    const LOCK: &str = r#"
version = 4

[[package]]
name = "core"
version = "0.1.0"

[[package]]
name = "leaf"
version = "1.0.0"
source = "registry"
checksum = "c0ffee"
"#;

    fn example() -> Value {
        bill(&Tree::read(PRINTED).unwrap(), &checksums(LOCK).unwrap())
    }

    #[test]
    fn each_crate_is_one_component_whatever_needs_it() {
        let bill = example();
        let names: Vec<_> = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["bom-ref"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            ["core@0.1.0", "derive@1.2.3", "leaf@1.0.0", "old@0.9.0"]
        );
        assert_eq!(bill["metadata"]["component"]["name"], "program");
        let leaf = &bill["components"][2];
        assert_eq!(leaf["purl"], "pkg:cargo/leaf@1.0.0");
        assert_eq!(leaf["hashes"][0]["content"], "c0ffee");
    }

    #[test]
    fn a_crate_of_the_workspace_is_not_said_to_be_in_a_registry() {
        assert_eq!(example()["components"][0].get("purl"), None);
    }

    #[test]
    fn a_licence_with_a_slash_becomes_an_expression() {
        let bill = example();
        let old = &bill["components"][3]["licenses"][0];
        assert_eq!(old["expression"], "MIT OR Apache-2.0");
    }

    #[test]
    fn each_crate_names_what_it_needs() {
        let needs = &example()["dependencies"];
        assert_eq!(
            *needs,
            json!([
                { "ref": "core@0.1.0", "dependsOn": ["old@0.9.0"] },
                { "ref": "derive@1.2.3", "dependsOn": ["leaf@1.0.0"] },
                { "ref": "leaf@1.0.0", "dependsOn": [] },
                { "ref": "old@0.9.0", "dependsOn": ["leaf@1.0.0"] },
                { "ref": "program@0.1.0",
                  "dependsOn": ["core@0.1.0", "derive@1.2.3", "old@0.9.0"] },
            ])
        );
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        for printed in ["", "program v0.1.0|MIT", "0program 0.1.0|MIT"] {
            assert_eq!(Tree::read(printed), None, "{printed}");
        }
    }

    #[tokio::test]
    async fn the_bill_of_the_provider_has_its_checksums_and_no_tools_of_the_tests() {
        let target = Platform::of_this_machine().unwrap().target();
        let bill = of(acceptance::binaries::PROVIDER, target).await.unwrap();
        let components = bill["components"].as_array().unwrap();
        let find = |name: &str| components.iter().find(|one| one["name"] == name);
        assert!(find("kube-client").unwrap()["hashes"][0]["content"].is_string());
        assert!(find("everest-core").unwrap().get("hashes").is_none());
        assert_eq!(find("everest-simulator"), None);
        let without = components
            .iter()
            .filter(|one| one.get("purl").is_some() && one.get("hashes").is_none());
        assert_eq!(without.count(), 0);
    }
}
