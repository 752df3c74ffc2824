//! What a schema says against a value.

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde_json::Value;

use crate::failure::Wrong;
use crate::kind::Kind;
use crate::rules;
use crate::schema::Node;

/// What is wrong with an object that is to be stored, `old` being what it replaces.
pub(crate) fn wrong(node: Node<'_>, object: &Value, old: Option<&Value>) -> Vec<Wrong> {
    let mut found = Vec::new();
    check(node, "", object, &mut found);
    if !found.iter().any(Wrong::stops_rules) {
        changes(node, "", object, old, &mut found);
    }
    found
}

/// Returns true if the schema of a kind states rules in CEL.
pub(crate) fn has_rules(kind: &Kind) -> bool {
    fn states(schema: &Value) -> bool {
        match schema {
            Value::Object(members) => {
                members.contains_key("x-kubernetes-validations") || members.values().any(states)
            }
            Value::Array(elements) => elements.iter().any(states),
            _ => false,
        }
    }
    kind.schema.as_deref().is_some_and(states)
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn is_of_type(node: Node<'_>, value: &Value) -> bool {
    if node.is_int_or_string() {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match node.kind() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        Some("number") => value.is_number(),
        _ => true,
    }
}

fn check(node: Node<'_>, path: &str, value: &Value, found: &mut Vec<Wrong>) {
    let Some(schema) = node.schema() else {
        return;
    };
    if value.is_null() && node.is_nullable() {
        return;
    }
    if !is_of_type(node, value) {
        found.push(Wrong::of_type(
            path,
            value,
            node.kind().unwrap_or("integer"),
        ));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push(Wrong::unsupported(path, value, allowed));
    }
    bounds(schema, path, value, found);
    match value {
        Value::Object(members) => {
            let required = schema["required"].as_array().into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                if !members.contains_key(name) {
                    found.push(Wrong::required(&join(path, name), ""));
                }
            }
            for (name, member) in members {
                if path.is_empty() && name == "metadata" {
                    continue;
                }
                check(node.field(name), &join(path, name), member, found);
            }
        }
        Value::Array(elements) => {
            for (place, element) in elements.iter().enumerate() {
                check(node.element(), &format!("{path}[{place}]"), element, found);
            }
            doubles(node, path, value, elements, found);
        }
        _ => {}
    }
}

/// Elements of a map or a set that are there twice.
fn doubles(node: Node<'_>, path: &str, value: &Value, elements: &[Value], found: &mut Vec<Wrong>) {
    let crate::schema::Shape::List(keys) = node.shape(value) else {
        return;
    };
    let mut seen = BTreeSet::new();
    for (place, element) in elements.iter().enumerate() {
        let edge = crate::typed::edge_of(node, &keys, element);
        let shown = edge.get(2..).unwrap_or_default().to_owned();
        if !seen.insert(edge) {
            found.push(Wrong::duplicate(&format!("{path}[{place}]"), &shown));
        }
    }
}

fn bounds(schema: &Value, path: &str, value: &Value, found: &mut Vec<Wrong>) {
    let mut refuse = |why: String| {
        found.push(Wrong::value(path, value, &format!("{path} in body {why}")));
    };
    if let (Some(value), Some(least)) = (value.as_f64(), schema["minimum"].as_f64())
        && value < least
    {
        refuse(format!("should be greater than or equal to {least}"));
    }
    if let (Some(value), Some(most)) = (value.as_f64(), schema["maximum"].as_f64())
        && value > most
    {
        refuse(format!("should be less than or equal to {most}"));
    }
    let Some(text) = value.as_str() else {
        return;
    };
    let length = text.chars().count() as u64;
    if let Some(least) = schema["minLength"].as_u64()
        && length < least
    {
        refuse(format!("should be at least {least} chars long"));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
    {
        refuse(format!("should match '{pattern}'"));
    }
    if let Some(most) = schema["maxLength"].as_u64()
        && length > most
    {
        found.push(Wrong::too_long(path, most));
    }
}

/// Rules in CEL: those that are known here.
fn changes(node: Node<'_>, path: &str, value: &Value, old: Option<&Value>, found: &mut Vec<Wrong>) {
    let Some(schema) = node.schema() else {
        return;
    };
    let rules = schema["x-kubernetes-validations"].as_array();
    for rule in rules.into_iter().flatten() {
        let text = rule["rule"].as_str().unwrap_or_default();
        if !rules::holds(text, value, old) {
            let unsaid = format!("failed rule: {text}");
            let why = rule["message"].as_str().unwrap_or(&unsaid);
            let path = if path.is_empty() { "<nil>" } else { path };
            found.push(Wrong::by_rule(path, value, why));
        }
    }
    if let Value::Object(members) = value {
        for (name, member) in members {
            let old = old.and_then(|old| old.get(name));
            changes(node.field(name), &join(path, name), member, old, found);
        }
    }
}
