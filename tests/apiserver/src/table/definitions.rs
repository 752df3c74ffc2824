//! The kinds that the table is about.

use serde_json::{Value, json};

/// The group of the table's kinds.
pub const GROUP: &str = "table.example.com";

/// The definitions of the table's kinds: widgets of all that a schema can say, boxes that hold
/// anything, and databases as Everest defines them.
pub fn definitions() -> Vec<Value> {
    let databases =
        include_str!("../../../../schemas/crds/everest.percona.com_databaseclusters.yaml");
    let mut databases: Value = serde_yaml_ng::from_str(databases).unwrap();
    databases["metadata"] = json!({"name": format!("databaseclusters.{GROUP}")});
    databases["spec"]["group"] = json!(GROUP);
    let text = json!({"type": "string"});
    let widget = json!({"type": "object", "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 100},
            "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
            "fixed": {"type": "string", "maxLength": 9, "x-kubernetes-validations":
                [{"rule": "self == oldSelf", "message": "is immutable"}]},
            "code": {"type": "string", "pattern": "^[a-z]+$"},
            "amount": {"x-kubernetes-int-or-string": true, "anyOf":
                [{"type": "integer"}, {"type": "string"}]},
            "nothing": {"type": "string", "nullable": true},
            "map": {"type": "object", "additionalProperties": text},
            "whole": {"type": "object", "x-kubernetes-map-type": "atomic",
                "additionalProperties": text},
            "inner": {"type": "object", "properties": {"a": text, "b": text,
                "c": {"type": "string", "default": "d"}}},
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
            "words": {"type": "array", "items": text},
            "ports": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object",
                    "required": ["name"],
                    "properties": {"name": text, "number": {"type": "integer"}}}}}},
        "status": {"type": "object", "properties": {"seen": {"type": "integer"},
            "conditions": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"], "items": {"type": "object",
                    "required": ["type"],
                    "properties": {"type": text, "status": text}}}}}}});
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let a_box = json!({"type": "object", "properties": {"spec": open}});
    vec![
        databases,
        definition("Widget", "widgets", &widget, true),
        definition("Box", "boxes", &a_box, false),
    ]
}

fn definition(kind: &str, plural: &str, schema: &Value, has_status: bool) -> Value {
    let mut version = json!({"name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": schema}});
    if has_status {
        version["subresources"] = json!({"status": {}});
    }
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {"group": GROUP, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(),
                "listKind": format!("{kind}List")},
            "versions": [version]}})
}
