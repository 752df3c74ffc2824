//! The provider's permissions: in a cluster of external objects those of the roles that are
//! shipped, in the control plane those of the role that Crossplane's RBAC manager renders.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use test_apiserver::Asks;

/// The shipped role that is bound in single namespaces; the others are bound in the whole cluster.
const PER_NAMESPACE: &str = "everest-crossplane-secrets";

/// A permission: verb, group and plural.
pub(crate) type Right = (String, String, String);

/// A rule of a role.
struct Rule {
    groups: Vec<String>,
    resources: Vec<String>,
    /// The only objects that it is about; all if there are none.
    names: Vec<String>,
    verbs: Vec<String>,
    per_namespace: bool,
}

impl Rule {
    fn read(rule: &Value, role: &Value) -> Self {
        Rule {
            groups: texts(&rule["apiGroups"]),
            resources: texts(&rule["resources"]),
            names: texts(&rule["resourceNames"]),
            verbs: texts(&rule["verbs"]),
            per_namespace: role["metadata"]["name"] == PER_NAMESPACE,
        }
    }

    fn allows(&self, asks: &Asks<'_>) -> bool {
        let has = |list: &[String], one: &str| list.iter().any(|each| each == one || each == "*");
        has(&self.groups, asks.group)
            && has(&self.resources, asks.resource)
            && has(&self.verbs, asks.verb)
            && (self.names.is_empty() || has(&self.names, asks.name))
            && !(self.per_namespace && asks.namespace.is_empty())
    }
}

/// The rules of `rbac/provider.yaml`.
static SHIPPED: LazyLock<Vec<Rule>> =
    LazyLock::new(|| rules("examples/crossplane/rbac/provider.yaml"));

/// The rules of `rbac/namespace-labels.yaml`.
static LABELS: LazyLock<Vec<Rule>> =
    LazyLock::new(|| rules("examples/crossplane/rbac/namespace-labels.yaml"));

/// The rules of the RBAC manager's system role; the acceptance tests compare the file with the role
/// that Crossplane really renders.
static RENDERED: LazyLock<Vec<Rule>> =
    LazyLock::new(|| rules("tests/acceptance/tests/crossplane/system-role.yaml"));

fn rules(file: &str) -> Vec<Rule> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(workspace.join(file)).unwrap();
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    let objects = documents.map(|document| Value::deserialize(document).unwrap());
    let roles: Vec<_> = objects
        .filter(|object| object["kind"] == "ClusterRole")
        .collect();
    let of = |role: &Value| -> Vec<_> {
        let rules = role["rules"].as_array().unwrap().iter();
        rules.map(|rule| Rule::read(rule, role)).collect()
    };
    roles.iter().flat_map(of).collect()
}

fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

thread_local! {
    /// What the tests of this thread have asked for in clusters of external objects.
    static ASKED: RefCell<BTreeSet<Right>> = const { RefCell::new(BTreeSet::new()) };
}

/// Returns true if the provider has this permission in a cluster of external objects.
pub(crate) fn in_target(asks: &Asks<'_>) -> bool {
    let right = [asks.verb, asks.group, asks.resource].map(str::to_owned);
    ASKED.with_borrow_mut(|asked| asked.insert(right.into()));
    SHIPPED.iter().any(|rule| rule.allows(asks))
}

/// Returns true if the provider has this permission in the control plane.
pub(crate) fn in_control_plane(asks: &Asks<'_>) -> bool {
    rendered(asks) || LABELS.iter().any(|rule| rule.allows(asks))
}

/// The permissions of the RBAC manager's system role, without those that the provider is not to
/// need: Secrets of the whole cluster. It does not include the deletion of a provider's own kinds.
fn rendered(asks: &Asks<'_>) -> bool {
    let whole_cluster = asks.resource == "secrets" && asks.namespace.is_empty();
    !whole_cluster && RENDERED.iter().any(|rule| rule.allows(asks))
}

/// All that the shipped roles permit.
pub(crate) fn shipped() -> BTreeSet<Right> {
    let mut all = BTreeSet::new();
    for rule in &*SHIPPED {
        for group in &rule.groups {
            for resource in &rule.resources {
                let rights = rule.verbs.iter();
                all.extend(rights.map(|verb| (verb.clone(), group.clone(), resource.clone())));
            }
        }
    }
    all
}

/// What is asked for during `work` on this thread.
pub(crate) fn asked(work: impl FnOnce()) -> BTreeSet<Right> {
    ASKED.take();
    work();
    ASKED.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets<'a>(verb: &'a str, namespace: &'a str) -> Asks<'a> {
        Asks {
            verb,
            group: "",
            resource: "secrets",
            namespace,
            name: "",
        }
    }

    #[test]
    fn secrets_are_within_reach_by_namespace_and_never_in_a_whole_cluster() {
        for verb in ["get", "list", "watch", "create", "patch", "delete"] {
            assert!(in_target(&secrets(verb, "shop")), "{verb}");
            assert!(!in_target(&secrets(verb, "")), "{verb}");
            assert!(in_control_plane(&secrets(verb, "shop")), "{verb}");
            assert!(!in_control_plane(&secrets(verb, "")), "{verb}");
        }
    }
}
