//! The roles that are shipped name what exists, let the provider do its work, and no more.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use everest_schemas::managed::ManagedModel;
use everest_schemas::{crds, for_each_kind};
use serde::Deserialize;
use serde_json::Value;

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 3] = ["create", "patch", "delete"];

/// Returns true if managed resources represent objects of Everest's kind.
fn is_managed(kind: &str) -> bool {
    macro_rules! kinds {
        ($($module:ident::$kind:ident = $model:ty;)*) => { [$(<$model>::EVEREST_KIND),*] };
    }
    for_each_kind!(kinds).contains(&kind)
}

/// Kinds whose objects Everest makes itself: managed resources change them, and nothing else.
const MADE_BY_EVEREST: [&str; 1] = ["DatabaseEngine"];

/// The objects in a file.
fn documents(file: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/crossplane/rbac");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    serde_yaml_ng::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// The verbs of each resource, as `RESOURCE.GROUP`, in a file's role of that name.
fn role(file: &str, name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let role = documents(file)
        .into_iter()
        .find(|object| object["kind"] == "ClusterRole" && object["metadata"]["name"] == name)
        .unwrap();
    let texts = |value: &Value| -> Vec<String> {
        let values = value.as_array().unwrap().iter();
        values
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    let mut verbs = BTreeMap::<String, BTreeSet<String>>::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                verbs
                    .entry(format!("{resource}.{group}"))
                    .or_default()
                    .extend(texts(&rule["verbs"]));
            }
        }
    }
    verbs
}

fn has(role: &BTreeMap<String, BTreeSet<String>>, resource: &str, verbs: &[&str]) -> bool {
    role.get(resource)
        .is_some_and(|granted| verbs.iter().all(|verb| granted.contains(*verb)))
}

fn provider() -> BTreeMap<String, BTreeSet<String>> {
    role("provider.yaml", "everest-crossplane-databases")
}

/// The role for objects that are for all namespaces.
fn cluster_scoped() -> BTreeMap<String, BTreeSet<String>> {
    role("provider.yaml", "everest-crossplane-cluster-scoped")
}

#[test]
fn every_kind_of_everest_may_be_read_and_only_what_is_managed_may_be_written() {
    let mut role = provider();
    for (resource, verbs) in cluster_scoped() {
        role.entry(resource).or_default().extend(verbs);
    }
    for definition in crds::all() {
        let plural = &definition.spec.names.plural;
        let resource = format!("{plural}.{}", definition.spec.group);
        let readable = ["get", "list"]
            .iter()
            .any(|verb| has(&role, &resource, &[verb]));
        assert!(readable, "{resource} is not readable");
        let writable = WRITE.iter().any(|verb| has(&role, &resource, &[verb]));
        let kind = definition.spec.names.kind.as_str();
        let managed = is_managed(kind);
        assert_eq!(writable, managed, "{resource}");
        if MADE_BY_EVEREST.contains(&kind) {
            let writes = role[&resource]
                .iter()
                .filter(|verb| !READ.contains(&verb.as_str()));
            assert_eq!(Vec::from_iter(writes), ["patch"], "{resource}");
            continue;
        }
        assert_eq!(has(&role, &resource, &WRITE), managed, "{resource}");
        assert!(!managed || has(&role, &resource, &READ), "{resource}");
    }
}

#[test]
fn objects_for_all_namespaces_are_written_by_a_role_of_their_own() {
    let scopes = crds::all().into_iter().map(|definition| {
        let spec = definition.spec;
        (format!("{}.{}", spec.names.plural, spec.group), spec.scope)
    });
    let scopes: BTreeMap<_, _> = scopes.collect();
    for (resource, verbs) in provider() {
        let writes = WRITE.iter().any(|verb| verbs.contains(*verb));
        let scope = scopes.get(&resource).map(String::as_str);
        assert!(!writes || scope == Some("Namespaced"), "{resource}");
    }
    for (resource, verbs) in cluster_scoped() {
        let writes = WRITE.iter().any(|verb| verbs.contains(*verb));
        assert_eq!(writes, scopes[&resource] == "Cluster", "{resource}");
    }
}

#[test]
fn the_engines_own_objects_may_be_read_and_not_written() {
    let role = provider();
    let engines = role.iter().filter(|(resource, _)| {
        resource.ends_with(".percona.com") && !resource.contains("everest")
    });
    let mut seen = 0;
    for (resource, verbs) in engines {
        seen += 1;
        let reads = READ.map(str::to_owned).into();
        assert!(verbs.is_subset(&reads), "{resource}");
        assert!(has(&role, resource, &["get", "list"]), "{resource}");
    }
    assert_eq!(seen, 9, "database, backup and restore of three engines");
}

/// Who makes a binding in the whole cluster grants the Secrets of all namespaces.
#[test]
fn secrets_are_granted_by_a_role_of_their_own_and_bound_in_single_namespaces() {
    let roles = documents("provider.yaml").into_iter();
    let about = |role: &Value| role["rules"].to_string().contains("\"secrets\"");
    let names: Vec<_> = roles
        .filter(about)
        .map(|role| role["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, ["everest-crossplane-secrets"]);
    let files = [
        "injected-identity.yaml",
        "kubeconfig-identity.yaml",
        "namespace-labels.yaml",
        "secrets.yaml",
    ];
    let bindings = files.into_iter().flat_map(documents).filter(|object| {
        let kind = object["kind"].as_str().unwrap();
        kind.ends_with("Binding") && object["roleRef"]["name"] == "everest-crossplane-secrets"
    });
    let kinds: Vec<_> = bindings.map(|binding| binding["kind"].clone()).collect();
    assert_eq!(kinds, ["RoleBinding"]);
}

#[test]
fn what_is_looked_at_before_a_namespace_is_made_may_be_read_and_not_written() {
    let role = role("provider.yaml", "everest-crossplane-database-namespaces");
    let read = |resource: &str| role.get(resource).cloned().unwrap_or_default();
    let catalog = "catalogsources.operators.coreos.com";
    assert_eq!(read(catalog), ["get".to_owned()].into());
    assert_eq!(read("deployments.apps"), ["get".to_owned()].into());
    let servers = rule_about("deployments")["resourceNames"].clone();
    assert_eq!(
        servers,
        serde_json::json!(everest_core::facts::SERVERS),
        "no other Deployment is anybody's business"
    );
}

/// The only rule of the provider's roles about a resource.
fn rule_about(resource: &str) -> Value {
    let rules = documents("provider.yaml").into_iter().flat_map(|role| {
        let rules = role["rules"].as_array().cloned();
        rules.unwrap_or_default()
    });
    let about = |rule: &Value| {
        let resources = rule["resources"].as_array().cloned().unwrap_or_default();
        resources.contains(&resource.into())
    };
    let mut found: Vec<_> = rules.filter(about).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn no_role_grants_everything() {
    for role in [
        provider(),
        cluster_scoped(),
        role("provider.yaml", "everest-crossplane-secrets"),
        role("provider.yaml", "everest-crossplane-database-namespaces"),
        role("function.yaml", "everest-composed-by-crossplane"),
    ] {
        for (resource, verbs) in role {
            assert!(!resource.contains('*'), "{resource}");
            assert!(!verbs.contains("*"), "{resource}");
        }
    }
}

/// Core creates and changes composed objects by server-side apply, for which the API server asks for
/// `create` too; it takes its labels off those that are dropped (`update`) and deletes them.
#[test]
fn crossplane_may_compose_what_the_provider_manages_in_namespaces_and_only_read_the_rest() {
    let all: BTreeSet<_> = READ
        .iter()
        .chain(&WRITE)
        .chain(&["update"])
        .copied()
        .collect();
    let mut composed = BTreeSet::new();
    for definition in crds::all() {
        let spec = definition.spec;
        let kind = spec.names.kind.as_str();
        // What is for all namespaces is no part of a composition.
        let is_namespaced = spec.scope == "Namespaced";
        if is_namespaced && is_managed(kind) && !MADE_BY_EVEREST.contains(&kind) {
            composed.insert(format!("{}.{}", spec.names.plural, spec.group));
        }
    }
    let role = role("function.yaml", "everest-composed-by-crossplane");
    for resource in &composed {
        assert!(role.contains_key(resource), "{resource}");
    }
    for (resource, verbs) in &role {
        let verbs: BTreeSet<_> = verbs.iter().map(String::as_str).collect();
        let needed = if composed.contains(resource) {
            all.clone()
        } else {
            READ.into()
        };
        assert_eq!(verbs, needed, "{resource}");
    }
}
