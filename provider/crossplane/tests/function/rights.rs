//! The read permissions of Crossplane's core: by its own role and by the shipped role.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use function_sdk_rust::proto::v1::ResourceSelector;
use serde::Deserialize;
use serde_json::Value;

/// The group and the plural of each resource that may be read.
static READABLE: LazyLock<BTreeSet<(String, String)>> = LazyLock::new(|| {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/crossplane/rbac/function.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        let values = value.as_array().unwrap().iter();
        values
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    // Core may read Secrets and definitions by its own role.
    let mut readable = BTreeSet::from([
        (String::new(), "secrets".to_owned()),
        (
            "apiextensions.k8s.io".to_owned(),
            "customresourcedefinitions".to_owned(),
        ),
    ]);
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let role = Value::deserialize(document).unwrap();
        for rule in role["rules"].as_array().unwrap() {
            let verbs = texts(&rule["verbs"]);
            if !["get", "list", "watch"]
                .iter()
                .all(|verb| verbs.iter().any(|v| v == verb))
            {
                continue;
            }
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    readable.insert((group.clone(), resource));
                }
            }
        }
    }
    readable
});

/// Fails if Crossplane's core may not look up what is asked for.
pub fn may_look_up(selector: &ResourceSelector) {
    let version = selector.api_version.as_str();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let plural = plural(&selector.kind);
    assert!(
        READABLE.contains(&(group.to_owned(), plural.clone())),
        "rbac/function.yaml does not let {plural}.{group} be read"
    );
}

/// Fails if Crossplane's core may read a kind that is none of these: composed kinds are read, too.
pub fn all_are_among(kinds: &BTreeSet<String>) {
    let plurals: BTreeSet<_> = kinds.iter().map(|kind| plural(kind)).collect();
    let mut needless = READABLE.iter();
    let needless = needless.find(|(_, resource)| !plurals.contains(resource));
    assert_eq!(needless, None, "nothing asks for it: rbac/function.yaml");
}

/// The plural as the kinds that are asked for have it.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}
