//! The provider's permissions: the roles that are shipped, for the clusters of external objects,
//! and the role that Crossplane's RBAC manager renders, for the control plane.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The group of the provider's own kinds.
const OWN: &str = "everest.m.openeverest.io";

/// The verbs of each resource, by group and plural.
type Verbs = BTreeMap<(String, String), BTreeSet<String>>;

/// The rights that `rbac/provider.yaml` grants.
static SHIPPED: LazyLock<Verbs> = LazyLock::new(|| {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/crossplane/rbac/provider.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let mut verbs = Verbs::new();
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let role = Value::deserialize(document).unwrap();
        for rule in role["rules"].as_array().unwrap() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    let granted = verbs.entry((group.clone(), resource)).or_default();
                    granted.extend(texts(&rule["verbs"]));
                }
            }
        }
    }
    verbs
});

fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().unwrap().iter();
    values
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// Returns true if the provider has this permission.
pub(crate) fn allow(verb: &str, group: &str, resource: &str) -> bool {
    let key = (group.to_owned(), resource.to_owned());
    let shipped = SHIPPED.get(&key);
    shipped.is_some_and(|granted| granted.contains(verb)) || rendered(verb, group, resource)
}

/// The permissions of the RBAC manager's system role. It does not include the deletion of a
/// provider's own kinds.
fn rendered(verb: &str, group: &str, resource: &str) -> bool {
    match group {
        OWN => ["get", "list", "watch", "create", "update", "patch"].contains(&verb),
        "" => ["secrets", "configmaps", "events"].contains(&resource),
        "coordination.k8s.io" => resource == "leases",
        "apiextensions.k8s.io" => {
            resource == "customresourcedefinitions" && ["get", "list", "watch"].contains(&verb)
        }
        _ => false,
    }
}
