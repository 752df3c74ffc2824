//! The members of a model that users write, and those that are observed.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::crds::structural;
use crate::facts;
use crate::managed::ManagedModel;

/// Keywords that remain in the schema of observed members. The rules for written values are not
/// for observed ones: a newer Everest may report a value that this definition does not know.
const STRUCTURAL: [&str; 8] = [
    "additionalProperties",
    "description",
    "format",
    "items",
    "properties",
    "type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
];

/// The schema of the observed members: those of `status.atProvider`.
pub fn at_provider<M: ManagedModel>() -> Value {
    parts::<M>().1
}

/// The schemas of the members that users write and of the observed ones.
pub(super) fn parts<M: ManagedModel>() -> (Value, Value) {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let mut model = settings
        .into_generator()
        .into_root_schema_for::<M>()
        .to_value();
    inline(&mut model);
    leave_out::<M>(&mut model);
    let at_provider = observed(model.clone());
    without_read_only(&mut model);
    (model, at_provider)
}

/// The schema of a member, whose path is separated by dots; the whole schema if the path is empty.
pub(super) fn at<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let names = path.split('.').filter(|name| !name.is_empty());
    let pointer: String = names.map(|name| format!("/properties/{name}")).collect();
    schema.pointer_mut(&pointer)
}

/// Moves the members of an inlined object to its parent.
fn inline(schema: &mut Value) {
    let Some(properties) = schema["properties"].as_object_mut() else {
        return;
    };
    let inlined: Vec<String> = properties
        .iter()
        .filter(|(_, member)| member.get("x-inline").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    for name in inlined {
        if let Some(Value::Object(mut member)) = properties.remove(&name)
            && let Some(Value::Object(members)) = member.remove("properties")
        {
            properties.extend(members);
        }
    }
}

/// Removes members that users do not write here: the name, members for Terraform only, secrets and
/// hidden members.
fn leave_out<M: ManagedModel>(schema: &mut Value) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("name");
        for member in M::SHAPE.left_out {
            properties.remove(*member);
        }
    }
    hide(schema);
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("required");
    object.remove("title");
    object.remove("$schema");
}

/// Removes secrets and hidden members at any depth.
fn hide(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, member| {
            ["x-skip", "x-sensitive", "x-write-only"]
                .iter()
                .all(|keyword| member.get(*keyword).is_none())
        });
    }
    for below in structural::members_below(schema) {
        hide(below);
    }
}

/// Converts the schema of a model to that of what the cluster holds: without the members that only
/// the front end has, and without rules for values.
fn observed(mut model: Value) -> Value {
    if let Some(properties) = model.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("namespace");
    }
    without_local(&mut model);
    let mut schema = structural::part(model);
    without_rules(&mut schema);
    schema
}

/// Removes the members that no object has, and the descriptions of those that users write too:
/// `forProvider` describes them.
fn without_local(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, member| member.get("x-local").is_none());
    }
    for below in structural::members_below(schema) {
        if below.get("x-read-only").is_none() {
            if let Some(below) = below.as_object_mut() {
                below.remove("description");
            }
            without_local(below);
        }
    }
}

/// Keeps only the structure of a schema.
fn without_rules(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.retain(|keyword, _| STRUCTURAL.contains(&keyword.as_str()));
    }
    for below in structural::members_below(schema) {
        without_rules(below);
    }
}

/// Removes the members that only the server sets.
fn without_read_only(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, member| member.get("x-read-only").is_none());
        properties.values_mut().for_each(without_read_only);
    }
}

/// Converts keyed lists, and removes all defaults except those that the server omits. The note says
/// what the others are.
pub(super) fn rewrite(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if let Some(default) = object.remove("default") {
            note_default(object, &default);
        }
        if let Some(key) = object.remove("x-map-key") {
            object.insert("x-kubernetes-list-type".to_owned(), json!("map"));
            object.insert("x-kubernetes-list-map-keys".to_owned(), json!([key]));
        }
        if let Some(default) = object.remove("x-default") {
            object.insert("default".to_owned(), default);
        }
        let defaulted: Vec<String> = object
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(_, member)| member.get("x-default").is_some())
            .map(|(name, _)| name.clone())
            .collect();
        if let Some(required) = object.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| !defaulted.iter().any(|defaulted| *name == json!(defaulted)));
        }
    }
    for below in structural::members_below(schema) {
        rewrite(below);
    }
}

/// Adds a default to the note of a member.
fn note_default(object: &mut Map<String, Value>, default: &Value) {
    let text = match default {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => default.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    };
    let note = object.get(facts::NOTE).and_then(Value::as_str);
    let note = format!("{} Default: `{text}`.", note.unwrap_or_default());
    object.insert(facts::NOTE.to_owned(), note.trim_start().into());
}
