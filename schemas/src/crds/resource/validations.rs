//! The rules that the API server enforces for the members that users write.

use serde_json::{Value, json};

use super::members;
use crate::crds::structural;

/// A rule in the Common Expression Language, which the API server evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// The path, separated by dots, of the member of `forProvider` that is `self` in the rule;
    /// empty for `forProvider` itself.
    pub path: &'static str,
    /// The expression that must be true.
    pub rule: String,
    /// The message if it is not.
    pub message: String,
}

/// The member that decides, with the external name, which object is meant.
const LOCATION: &str = "namespace";

/// Adds a rule for each member that cannot be changed.
///
/// A member that is set cannot be removed, unless the server sets it if it is omitted. One that is
/// not set may be set later: a resource that only observes needs none, and gets them when it is to
/// take the object over. The provider compares them with the object then. Only the location is
/// fixed from the start.
pub(super) fn immutable(schema: &mut Value) {
    for below in structural::members_below(schema) {
        immutable(below);
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let mut rules = Vec::new();
    for (name, member) in properties {
        let Some(object) = member.as_object_mut() else {
            continue;
        };
        if object.remove("x-force-new").is_none() {
            continue;
        }
        let message = format!(
            "{name} cannot be changed: delete this and create another, or restore the former value"
        );
        object.insert(
            "x-kubernetes-validations".to_owned(),
            json!([{ "rule": "self == oldSelf", "message": message }]),
        );
        if !object.contains_key("x-computed") && !required.contains(&json!(name)) {
            let (now, before) = (
                format!("has(self.{})", escape(name)),
                format!("has(oldSelf.{})", escape(name)),
            );
            rules.push(match name.as_str() {
                LOCATION => json!({
                    "rule": format!("{now} == {before}"),
                    "message": format!("{name} cannot be added or removed once this exists"),
                }),
                _ => json!({
                    "rule": format!("!{before} || {now}"),
                    "message": format!("{name} cannot be removed once it is set"),
                }),
            });
        }
    }
    push(schema, rules);
}

/// A name as written in expressions, where reserved words must be escaped.
fn escape(name: &str) -> String {
    if name == LOCATION {
        "__namespace__".to_owned()
    } else {
        name.to_owned()
    }
}

/// Adds a rule to the member at its path.
pub(super) fn add(schema: &mut Value, validation: &Validation) {
    if let Some(member) = members::at(schema, validation.path) {
        let rule = json!({ "rule": validation.rule, "message": validation.message });
        push(member, vec![rule]);
    }
}

fn push(schema: &mut Value, rules: Vec<Value>) {
    if rules.is_empty() {
        return;
    }
    if let Some(object) = schema.as_object_mut()
        && let Value::Array(present) = object
            .entry("x-kubernetes-validations")
            .or_insert_with(|| json!([]))
    {
        present.extend(rules);
    }
}
