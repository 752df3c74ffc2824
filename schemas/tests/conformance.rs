//! Holds the generated definitions against those that Everest 1.12 serves.
//!
//! The recorded definitions lie beside the project in some workplaces only;
//! elsewhere the comparison is skipped, saying so.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use everest_schemas::crds;
use serde_json::Value;

/// Where the recorded definitions are, seen from this package.
const UPSTREAM: &str = "../../shared/upstream/crds";

/// Schema paths that only ours has, with the reason. Everything below such a
/// path is ours alone too.
const ADDED: &[(&str, &str, &str)] = &[
    (
        "databaseclusters",
        ".spec.engine.resources.limits",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.engine.resources.requests",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.proxy.resources.limits",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.proxy.resources.requests",
        "came with Everest 1.16",
    ),
    (
        "databaseclusters",
        ".spec.proxy.storage",
        "came with Everest 1.15",
    ),
];

/// Keywords that are not compared, with the reason.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("description", "our sentences are our own"),
    ("example", "an example accepts and prunes nothing"),
];

/// Values that say what their absence says.
fn says_nothing(keyword: &str, value: &Value) -> bool {
    keyword == "x-kubernetes-list-type" && value == "atomic"
}

/// The recorded definitions by plural name; none where they are not recorded.
fn upstream() -> BTreeMap<String, Value> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(UPSTREAM);
    let Ok(entries) = fs::read_dir(&dir) else {
        println!("skipped: {} does not exist here", dir.display());
        return BTreeMap::new();
    };
    let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files
        .iter()
        .map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let definition: Value = serde_yaml_ng::from_str(&text).unwrap();
            (plural(&definition), definition)
        })
        .collect()
}

fn ours() -> BTreeMap<String, Value> {
    crds::all()
        .iter()
        .map(|definition| serde_yaml_ng::from_str(&crds::yaml(definition).unwrap()).unwrap())
        .map(|definition: Value| (plural(&definition), definition))
        .collect()
}

fn plural(definition: &Value) -> String {
    definition["spec"]["names"]["plural"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Every statement of a schema as `path keyword` → value.
fn statements(schema: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect(schema, "", &mut found);
    found
}

fn collect(schema: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    for (keyword, value) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "properties" => {
                for (name, property) in value.as_object().unwrap() {
                    collect(property, &format!("{path}.{name}"), found);
                }
            }
            "items" => collect(value, &format!("{path}[]"), found),
            "additionalProperties" => collect(value, &format!("{path}{{}}"), found),
            "required" | "enum" => {
                let mut names = value.as_array().unwrap().clone();
                names.sort_by_key(Value::to_string);
                found.insert(format!("{path} {keyword}"), names.into());
            }
            _ if NOT_COMPARED.iter().any(|(ignored, _)| ignored == keyword) => {}
            _ if says_nothing(keyword, value) => {}
            _ => {
                found.insert(format!("{path} {keyword}"), value.clone());
            }
        }
    }
}

fn schema(definition: &Value) -> &Value {
    let versions = definition["spec"]["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1);
    &versions[0]["schema"]["openAPIV3Schema"]
}

/// All of a definition but its schema, descriptions and empty lists.
fn frame(definition: &Value) -> Value {
    let mut frame = definition["spec"].clone();
    let version = frame["versions"][0].as_object_mut().unwrap();
    version.remove("schema");
    for column in version
        .get_mut("additionalPrinterColumns")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        column.as_object_mut().unwrap().remove("description");
    }
    frame
}

#[test]
fn everest_has_the_kinds_that_we_define() {
    let upstream = upstream();
    if !upstream.is_empty() {
        assert!(upstream.keys().eq(ours().keys()));
    }
}

#[test]
fn names_scope_columns_and_subresources_are_those_of_everest() {
    let ours = ours();
    for (plural, definition) in upstream() {
        assert_eq!(
            definition["metadata"]["name"],
            ours[&plural]["metadata"]["name"]
        );
        assert_eq!(frame(&definition), frame(&ours[&plural]), "{plural}");
    }
}

#[test]
fn schemas_say_what_those_of_everest_say() {
    let ours = ours();
    let mut differences = Vec::new();
    for (plural, definition) in upstream() {
        let theirs = statements(schema(&definition));
        let mut ours = statements(schema(&ours[&plural]));
        ours.retain(|statement, _| {
            !ADDED.iter().any(|(kind, path, _)| {
                *kind == plural
                    && statement
                        .strip_prefix(path)
                        .is_some_and(|rest| rest.starts_with([' ', '.', '[', '{']))
            })
        });
        for (statement, value) in &theirs {
            match ours.get(statement) {
                None => differences.push(format!("{plural}: missing {statement}: {value}")),
                Some(other) if other != value => {
                    differences.push(format!("{plural}: {statement}: {value}, ours {other}"));
                }
                Some(_) => {}
            }
        }
        for (statement, value) in &ours {
            if !theirs.contains_key(statement) {
                differences.push(format!("{plural}: only ours {statement}: {value}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_intended_difference_is_one() {
    let ours = ours();
    for (kind, path, reason) in ADDED {
        let statement = format!("{path} type");
        assert!(
            statements(schema(&ours[*kind])).contains_key(&statement),
            "{kind} {path} ({reason}) is gone"
        );
        if let Some(definition) = upstream().get(*kind) {
            assert!(!statements(schema(definition)).contains_key(&statement));
        }
    }
}
