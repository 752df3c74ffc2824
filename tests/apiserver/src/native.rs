//! What Kubernetes fills into objects of its own kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::failure::Wrong;
use crate::kind::Kind;

/// Keeps a definition until there is no object of its kind any more.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

fn default(object: &mut Value, name: &str, value: Value) {
    if object[name].is_null() {
        object[name] = value;
    }
}

/// Fills in what an object lacks, before it is stored.
pub(crate) fn fill(kind: &Kind, object: &mut Value) {
    drop_empty(
        &mut object["metadata"],
        &["labels", "annotations", "finalizers", "ownerReferences"],
    );
    if kind.is_custom {
        return;
    }
    match kind.name.as_str() {
        "Namespace" => {
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
        }
        "Secret" => {
            secret(object);
            drop_empty(object, &["data"]);
        }
        "ConfigMap" => drop_empty(object, &["data", "binaryData"]),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            let is_mutating = kind.name.starts_with("Mutating");
            let webhooks = object["webhooks"].as_array_mut();
            for webhook in webhooks.into_iter().flatten() {
                default(webhook, "failurePolicy", json!("Fail"));
                default(webhook, "matchPolicy", json!("Equivalent"));
                default(webhook, "namespaceSelector", json!({}));
                default(webhook, "objectSelector", json!({}));
                default(webhook, "timeoutSeconds", json!(10));
                if is_mutating {
                    default(webhook, "reinvocationPolicy", json!("Never"));
                }
                for rule in webhook["rules"].as_array_mut().into_iter().flatten() {
                    default(rule, "scope", json!("*"));
                }
            }
        }
        "StorageClass" => {
            default(object, "reclaimPolicy", json!("Delete"));
            default(object, "volumeBindingMode", json!("Immediate"));
        }
        "CustomResourceDefinition" => {
            let name = object["spec"]["names"]["kind"].as_str().unwrap_or_default();
            let (list, singular) = (format!("{name}List"), name.to_lowercase());
            default(&mut object["spec"]["names"], "listKind", json!(list));
            default(&mut object["spec"]["names"], "singular", json!(singular));
            default(
                &mut object["spec"],
                "conversion",
                json!({"strategy": "None"}),
            );
        }
        _ => {}
    }
}

/// Takes members away that hold nothing: the API server does not tell them from absent ones.
fn drop_empty(object: &mut Value, names: &[&str]) {
    let Some(members) = object.as_object_mut() else {
        return;
    };
    members.retain(|name, member| {
        let is_empty = match member {
            Value::Null => true,
            Value::Object(members) => members.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            _ => false,
        };
        !is_empty || !names.contains(&name.as_str())
    });
}

fn secret(object: &mut Value) {
    default(object, "type", json!("Opaque"));
    let Some(members) = object.as_object_mut() else {
        return;
    };
    let Some(Value::Object(texts)) = members.remove("stringData") else {
        return;
    };
    for (key, text) in texts {
        let text = STANDARD.encode(text.as_str().unwrap_or_default());
        object["data"][key] = json!(text);
    }
}

/// What a new object begins with.
pub(crate) fn begin(kind: &Kind, object: &mut Value, now: &str) {
    match kind.name.as_str() {
        "Namespace" if !kind.is_custom => {
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
        }
        "CustomResourceDefinition" if !kind.is_custom => {
            let condition = |type_: &str, reason: &str, message: &str| {
                json!({"type": type_, "status": "True", "reason": reason, "message": message,
                    "lastTransitionTime": now})
            };
            let stored: Vec<Value> = object["spec"]["versions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|version| version["storage"] == true)
                .map(|version| version["name"].clone())
                .collect();
            object["status"] = json!({
                "acceptedNames": object["spec"]["names"],
                "conditions": [
                    condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                    condition("Established", "InitialNamesAccepted",
                        "the initial names have been accepted"),
                ],
                "storedVersions": stored,
            });
            object["metadata"]["finalizers"] = json!([CLEANUP]);
        }
        _ => {}
    }
}

/// What may not change.
pub(crate) fn immutable(kind: &Kind, live: &Value, new: &Value) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if kind.is_custom {
        return wrong;
    }
    if kind.name == "Secret" && live["type"] != new["type"] {
        wrong.push(Wrong::value("type", &new["type"], "field is immutable"));
    }
    if ["Secret", "ConfigMap"].contains(&kind.name.as_str())
        && live["immutable"] == true
        && live["data"] != new["data"]
    {
        let why = "field is immutable when `immutable` is set";
        wrong.push(Wrong::forbidden("data", why));
    }
    wrong
}

/// Returns true if nothing holds an object that is being deleted.
pub(crate) fn is_let_go(kind: &Kind, object: &Value) -> bool {
    let is_empty = |finalizers: &Value| finalizers.as_array().is_none_or(Vec::is_empty);
    let held_by_content =
        kind.name == "Namespace" && !kind.is_custom && !is_empty(&object["spec"]["finalizers"]);
    is_empty(&object["metadata"]["finalizers"]) && !held_by_content
}
