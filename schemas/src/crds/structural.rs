//! Converts JSON Schema to what Kubernetes calls a structural schema.

use serde_json::{Map, Value, json};

use crate::{facts, quantity};

/// Keywords that a definition cannot contain.
const FOREIGN: [&str; 4] = ["$schema", "deprecated", "nullable", "title"];

/// The schema of a whole object: `schema` with the members that every object has, and without
/// keywords that Kubernetes does not support.
///
/// `required` replaces the root's required members: the types require a `spec`, but the API mostly
/// does not.
pub(super) fn root(mut schema: Value, required: &[&str]) -> Value {
    node(&mut schema);
    let Some(object) = schema.as_object_mut() else {
        return schema;
    };
    object.remove("components");
    object.remove("required");
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        let said = |text: &str| json!({ "type": "string", "description": text });
        properties.insert(
            "apiVersion".to_owned(),
            said("Group and version of the kind."),
        );
        properties.insert("kind".to_owned(), said("Kind of the object."));
        properties.insert("metadata".to_owned(), json!({ "type": "object" }));
    }
    schema
}

/// The schema of a part of an object, without keywords that Kubernetes does not support.
pub(super) fn part(mut schema: Value) -> Value {
    node(&mut schema);
    if let Some(object) = schema.as_object_mut() {
        object.remove("components");
    }
    schema
}

/// Rewrites a schema and the schemas below it.
fn node(schema: &mut Value) {
    if schema.as_bool() == Some(true) {
        *schema = json!({});
    }
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    unwrap_nullable(object);
    one_of_names(object);
    if object
        .get("x-semantic")
        .is_some_and(|semantic| semantic == "quantity")
    {
        object.remove("type");
        object.insert(
            "anyOf".to_owned(),
            json!([{ "type": "integer" }, { "type": "string" }]),
        );
        object.insert("pattern".to_owned(), quantity::PATTERN.into());
        object.insert("x-kubernetes-int-or-string".to_owned(), true.into());
    }
    keys_are_required(object);
    note_follows_description(object);
    let quiet = object.contains_key("x-dynamic");
    without_write_only(object);
    object.retain(|keyword, _| {
        let ours = keyword.starts_with("x-") && !keyword.starts_with("x-kubernetes-");
        !ours && !FOREIGN.contains(&keyword.as_str())
    });
    if object
        .get("additionalProperties")
        .is_some_and(Value::is_boolean)
    {
        object.remove("additionalProperties");
    }
    for below in below(object) {
        node(below);
        if quiet {
            without_descriptions(below);
        }
    }
}

/// Appends the note of a member to its description. A member without one is described elsewhere.
fn note_follows_description(object: &mut Map<String, Value>) {
    let note = object.get(facts::NOTE).and_then(Value::as_str);
    let description = object.get("description").and_then(Value::as_str);
    if let (Some(note), Some(description)) = (note, description) {
        let whole = format!("{description} {note}");
        object.insert("description".to_owned(), whole.into());
    }
}

/// Takes out what is read from a configuration alone: no object has it.
fn without_write_only(object: &mut Map<String, Value>) {
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, member| member.get("x-write-only").is_none());
    }
}

/// Requires of the items of a list of type map the members that tell them
/// apart: without that, Kubernetes refuses the definition.
fn keys_are_required(list: &mut Map<String, Value>) {
    let Some(keys) = list.get("x-kubernetes-list-map-keys").cloned() else {
        return;
    };
    let required = list
        .get_mut("items")
        .and_then(Value::as_object_mut)
        .map(|items| items.entry("required").or_insert_with(|| json!([])))
        .and_then(Value::as_array_mut);
    if let (Some(required), Some(keys)) = (required, keys.as_array()) {
        for key in keys {
            if !required.contains(key) {
                required.push(key.clone());
            }
        }
    }
}

/// The schemas directly below a schema, which may not be an object.
pub(super) fn members_below(schema: &mut Value) -> Vec<&mut Value> {
    schema.as_object_mut().map(below).unwrap_or_default()
}

/// The schemas directly below an object schema.
fn below(object: &mut Map<String, Value>) -> Vec<&mut Value> {
    let mut schemas = Vec::new();
    for (keyword, value) in object {
        match keyword.as_str() {
            "items" | "additionalProperties" => schemas.push(value),
            "properties" => {
                schemas.extend(value.as_object_mut().into_iter().flat_map(Map::values_mut));
            }
            _ => {}
        }
    }
    schemas
}

/// Converts "this or null" to "this": Kubernetes drops nulls itself.
fn unwrap_nullable(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    let null = |schema: &Value| {
        schema.get("type").is_some_and(|name| name == "null")
            || schema
                .get("enum")
                .is_some_and(|values| *values == json!([null]))
            || schema.get("const").is_some_and(Value::is_null)
    };
    if object
        .get("anyOf")
        .and_then(Value::as_array)
        .is_some_and(|any| any.iter().any(null))
        && let Some(Value::Array(any)) = object.remove("anyOf")
    {
        for schema in any.into_iter().filter(|schema| !null(schema)) {
            if let Value::Object(members) = schema {
                for (keyword, value) in members {
                    object.entry(keyword).or_insert(value);
                }
            }
        }
    }
}

/// Converts "one of these texts, each with its description" to an enumeration: Kubernetes requires
/// the type outside of `oneOf`, and allows no descriptions in it.
fn one_of_names(object: &mut Map<String, Value>) {
    let names = |schema: &Value| -> Option<Vec<Value>> {
        if let Some(name) = schema.get("const").filter(|name| name.is_string()) {
            return Some(vec![name.clone()]);
        }
        let names = schema.get("enum")?.as_array()?;
        names.iter().all(Value::is_string).then(|| names.to_owned())
    };
    let Some(Value::Array(cases)) = object.get("oneOf") else {
        return;
    };
    if let Some(cases) = cases.iter().map(names).collect::<Option<Vec<_>>>() {
        object.remove("oneOf");
        object.insert("type".to_owned(), "string".into());
        object.insert("enum".to_owned(), cases.concat().into());
    }
}

/// Removes the descriptions of Kubernetes' own types, which would be most of the file.
fn without_descriptions(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("description");
    for below in below(object) {
        without_descriptions(below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(mut schema: Value) -> Value {
        node(&mut schema);
        schema
    }

    #[test]
    fn what_is_read_from_a_configuration_alone_is_in_no_definition() {
        let schema = json!({"type": "object", "properties": {
            "key": {"type": "string"}, "keyWo": {"type": "string", "x-write-only": true},
        }});
        let kept = json!({"type": "object", "properties": {"key": {"type": "string"}}});
        assert_eq!(rewritten(schema), kept);
    }

    #[test]
    fn the_keys_of_a_map_like_list_are_required_of_its_items() {
        let list = |required: Value| {
            let mut items = json!({ "type": "object", "properties": {
                "name": { "type": "string" }, "size": { "type": "string" },
            }});
            if !required.is_null() {
                items["required"] = required;
            }
            json!({
                "type": "array",
                "items": items,
                "x-kubernetes-list-map-keys": ["name"],
                "x-kubernetes-list-type": "map",
            })
        };
        for (given, wanted) in [
            (Value::Null, json!(["name"])),
            (json!(["size"]), json!(["size", "name"])),
            (json!(["name"]), json!(["name"])),
        ] {
            assert_eq!(rewritten(list(given)), list(wanted));
        }
    }

    #[test]
    fn our_keywords_go_and_those_of_kubernetes_stay() {
        assert_eq!(
            rewritten(json!({
                "type": "object",
                "title": "A",
                "properties": {
                    "a": {
                        "type": "string",
                        "deprecated": true,
                        "x-force-new": true,
                        "x-kubernetes-validations": [{"rule": "self == oldSelf"}]
                    }
                }
            })),
            json!({
                "type": "object",
                "properties": {
                    "a": {
                        "type": "string",
                        "x-kubernetes-validations": [{"rule": "self == oldSelf"}]
                    }
                }
            })
        );
    }

    #[test]
    fn a_member_may_be_named_like_a_keyword() {
        let schema = json!({"properties": {"title": {"type": "string"}}});
        assert_eq!(rewritten(schema.clone()), schema);
    }

    #[test]
    fn nothing_is_nullable() {
        assert_eq!(
            rewritten(json!({"type": ["string", "null"]})),
            json!({"type": "string"})
        );
        assert_eq!(
            rewritten(json!({
                "description": "outer",
                "anyOf": [{"type": "object", "description": "inner"}, {"type": "null"}]
            })),
            json!({"description": "outer", "type": "object"})
        );
    }

    #[test]
    fn one_of_some_texts_is_an_enumeration() {
        assert_eq!(
            rewritten(json!({
                "description": "which",
                "oneOf": [
                    {"type": "string", "enum": ["A", "B"]},
                    {"type": "string", "const": "C", "description": "the third"}
                ]
            })),
            json!({"description": "which", "type": "string", "enum": ["A", "B", "C"]})
        );
    }

    #[test]
    fn a_quantity_is_a_number_or_text() {
        let schema = rewritten(json!({"type": "string", "x-semantic": "quantity"}));
        assert_eq!(schema["x-kubernetes-int-or-string"], true);
        assert_eq!(schema.get("type"), None);
    }
}
