//! Objects that another provider managed as a manifest and that a `moved` block hands over.

use serde_json::Value;
use tfplugin::Diagnostic;

use crate::key::{Key, Scope};

/// A kind of Kubernetes object: its API group, "" for the core one, and its name.
pub type ObjectKind = (&'static str, &'static str);

/// The object of `kind` in the `state` of a resource of type `from`; `None` if that type manages no
/// manifests.
///
/// Supported are `kubernetes_manifest` (hashicorp/kubernetes), whose state holds the object, and
/// `kubectl_manifest` (gavinbunney/kubectl and its forks), whose state names it.
///
/// # Errors
/// If its manifest is of another kind of object.
pub fn key(
    from: &str,
    state: &Value,
    resource: &str,
    kind: ObjectKind,
    scope: Scope,
) -> Result<Option<Key>, Diagnostic> {
    let object = match from {
        "kubernetes_manifest" => Object::of_manifest(state),
        "kubectl_manifest" => Object::of_kubectl(state),
        _ => return Ok(None),
    };
    let group = object.api_version.rsplit_once('/').map_or("", |(g, _)| g);
    let (wanted_group, wanted_kind) = kind;
    let complete =
        !object.name.is_empty() && (scope == Scope::Cluster || !object.namespace.is_empty());
    if group != wanted_group || object.kind != wanted_kind || !complete {
        return Err(Diagnostic::error(
            format!("Cannot move {from} to {resource}: it manages another object"),
            format!(
                "{resource} can take over a {wanted_kind} of {}, but this {from} manages {} {} \
                 (apiVersion {:?}). Move it to the resource of that kind, or remove the moved \
                 block.",
                if wanted_group.is_empty() {
                    "the core API"
                } else {
                    wanted_group
                },
                if object.kind.is_empty() {
                    "no object"
                } else {
                    object.kind
                },
                [object.namespace, object.name].join("/"),
                object.api_version,
            ),
        ));
    }
    let namespace = (scope != Scope::Cluster).then_some(object.namespace);
    Ok(Some(Key::new(namespace, object.name)))
}

/// The identifying members of a manifest.
#[derive(Default)]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Object<'a> {
    /// The attributes `object` and `manifest` have a dynamic type: the state stores such values
    /// with their type, under `value`.
    fn of_manifest(state: &'a Value) -> Self {
        let whole = |name: &str| {
            let value = &state[name];
            value
                .get("value")
                .filter(|_| value.get("type").is_some())
                .unwrap_or(value)
        };
        let object = whole("object");
        let object = if object["kind"].is_string() {
            object
        } else {
            whole("manifest")
        };
        Self {
            api_version: text(&object["apiVersion"]),
            kind: text(&object["kind"]),
            namespace: text(&object["metadata"]["namespace"]),
            name: text(&object["metadata"]["name"]),
        }
    }

    fn of_kubectl(state: &'a Value) -> Self {
        Self {
            api_version: text(&state["api_version"]),
            kind: text(&state["kind"]),
            namespace: text(&state["namespace"]),
            name: text(&state["name"]),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DATABASE: ObjectKind = ("everest.percona.com", "DatabaseCluster");

    fn moved(type_name: &str, state: Value) -> (Option<Key>, String) {
        let resource = "everest_database";
        match key(type_name, &state, resource, DATABASE, Scope::Namespace) {
            Ok(key) => (key, String::new()),
            Err(error) => (None, format!("{error:?}")),
        }
    }

    fn manifest(kind: &str) -> Value {
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind,
            "metadata": {"namespace": "prod", "name": "orders"}})
    }

    #[test]
    fn a_database_kept_as_a_manifest_is_taken_over() {
        let orders = Key::new(Some("prod"), "orders");
        for state in [
            json!({"object": manifest("DatabaseCluster"), "manifest": null}),
            json!({"object": null, "manifest": manifest("DatabaseCluster")}),
            json!({"object": {"type": ["object", {}], "value": manifest("DatabaseCluster")}}),
        ] {
            assert_eq!(moved("kubernetes_manifest", state).0, Some(orders.clone()));
        }
        let state = json!({"api_version": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster", "namespace": "prod", "name": "orders"});
        assert_eq!(moved("kubectl_manifest", state).0, Some(orders));
    }

    #[test]
    fn another_object_is_named_and_another_type_is_not_ours() {
        let (key, diags) = moved(
            "kubernetes_manifest",
            json!({"object": manifest("BackupStorage")}),
        );
        assert_eq!(key, None);
        assert!(
            diags.contains("manages BackupStorage prod/orders"),
            "{diags}"
        );
        let (key, diags) = moved("kubernetes_manifest", json!({}));
        assert_eq!(key, None);
        assert!(diags.contains("no object"), "{diags}");
        let (key, diags) = moved("helm_release", json!({}));
        assert_eq!((key, diags.contains("Cannot move")), (None, false));
    }
}
