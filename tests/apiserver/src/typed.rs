//! Values with the schema of their kind: what server-side apply does to them.

use serde_json::{Map, Value};

use crate::field_set::FieldSet;
use crate::schema::{Node, Shape};

/// The fields in which two values differ.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) added: FieldSet,
    pub(crate) removed: FieldSet,
    pub(crate) modified: FieldSet,
}

impl Comparison {
    pub(crate) fn is_same(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.modified.is_empty()
    }

    fn hang(&mut self, edge: &str, below: Comparison) {
        self.added.insert(edge.to_owned(), below.added);
        self.removed.insert(edge.to_owned(), below.removed);
        self.modified.insert(edge.to_owned(), below.modified);
    }
}

/// The parts of a granular value by the edges that lead to them.
pub(crate) fn parts<'v>(
    node: Node<'_>,
    shape: &Shape<'_>,
    value: Option<&'v Value>,
) -> Vec<(String, &'v Value)> {
    match (shape, value) {
        (Shape::Map, Some(Value::Object(members))) => members
            .iter()
            .map(|(name, value)| (format!("f:{name}"), value))
            .collect(),
        (Shape::List(keys), Some(Value::Array(elements))) => elements
            .iter()
            .map(|element| (edge_of(node, keys, element), element))
            .collect(),
        _ => Vec::new(),
    }
}

/// The edge that leads to an element of a list.
pub(crate) fn edge_of(node: Node<'_>, keys: &[&str], element: &Value) -> String {
    if keys.is_empty() {
        return format!("v:{element}");
    }
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    let mut named = Map::new();
    for key in sorted {
        let default = node.element().field(key).default();
        if let Some(value) = element.get(key).or(default) {
            named.insert(key.to_owned(), value.clone());
        }
    }
    format!("k:{}", Value::Object(named))
}

fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Array(elements)) => elements.is_empty(),
        Some(_) => false,
    }
}

/// The fields of a value: those that an apply of it owns.
pub(crate) fn fields(node: Node<'_>, value: &Value) -> FieldSet {
    let shape = node.shape(value);
    if matches!(shape, Shape::Leaf) {
        return FieldSet::leaf();
    }
    let mut set = FieldSet::default();
    for (edge, part) in parts(node, &shape, Some(value)) {
        let below = node.below(&edge);
        let mut fields = fields(below, part);
        let is_list = matches!(shape, Shape::List(_));
        let is_empty = part.is_null() || part.as_object().is_some_and(Map::is_empty);
        fields.here |= is_list || is_empty || !node.declares(&edge);
        set.insert(edge, fields);
    }
    set
}

/// The fields in which two values differ.
pub(crate) fn compare(node: Node<'_>, old: Option<&Value>, new: Option<&Value>) -> Comparison {
    let mut found = Comparison::default();
    let Some(either) = new.filter(|new| !new.is_null()).or(old).or(new) else {
        return found;
    };
    let shape = node.shape(either);
    if let (Some(before), Some(after)) = (old, new)
        && !before.is_null()
        && !after.is_null()
        && std::mem::discriminant(&node.shape(before)) != std::mem::discriminant(&shape)
    {
        found.removed = compare(node, old, None).removed;
        found.added = compare(node, None, new).added;
        return found;
    }
    let mark = |found: &mut Comparison| match (old, new) {
        (None, Some(_)) => found.added.here = true,
        (Some(_), None) => found.removed.here = true,
        (old, new) => found.modified.here |= old != new,
    };
    if matches!(shape, Shape::Leaf) || is_nothing(old) && is_nothing(new) {
        mark(&mut found);
        return found;
    }
    let before = parts(node, &shape, old);
    let after = parts(node, &shape, new);
    let find = |all: &[(String, &'_ Value)], edge: &str| {
        all.iter()
            .find(|(found, _)| found == edge)
            .map(|(_, value)| (*value).clone())
    };
    for (edge, value) in &before {
        let now = find(&after, edge);
        let below = compare(node.below(edge), Some(value), now.as_ref());
        found.hang(edge, below);
    }
    for (edge, value) in &after {
        if find(&before, edge).is_none() {
            found.hang(edge, compare(node.below(edge), None, Some(value)));
        }
    }
    match (old, new) {
        (None, Some(_)) => found.added.here = true,
        (Some(_), None) => found.removed.here = true,
        _ => {}
    }
    found
}

/// Lays what is applied over what there is.
pub(crate) fn merge(node: Node<'_>, live: Option<&Value>, applied: &Value) -> Value {
    let shape = node.shape(applied);
    match (&shape, live, applied) {
        (Shape::Map, Some(Value::Object(live)), Value::Object(applied)) => {
            let mut merged = live.clone();
            for (name, value) in applied {
                let below = node.below(&format!("f:{name}"));
                let value = merge(below, live.get(name), value);
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Shape::List(keys), Some(Value::Array(live)), Value::Array(applied)) => {
            let mut merged = live.clone();
            for element in applied {
                let edge = edge_of(node, keys, element);
                let place = merged
                    .iter()
                    .position(|live| edge_of(node, keys, live) == edge);
                match place {
                    Some(place) => {
                        merged[place] = merge(node.element(), Some(&merged[place]), element);
                    }
                    None => merged.push(element.clone()),
                }
            }
            Value::Array(merged)
        }
        _ => applied.clone(),
    }
}

/// Takes fields out of a value. A part that nothing is left of stays, empty.
pub(crate) fn remove(node: Node<'_>, value: &Value, fields: &FieldSet) -> Value {
    let shape = node.shape(value);
    if fields.below.is_empty() || matches!(shape, Shape::Leaf) {
        return value.clone();
    }
    let keep = |edge: &str, part: &Value| match fields.below.get(edge) {
        Some(below) if below.here => None,
        Some(below) => Some(remove(node.below(edge), part, below)),
        None => Some(part.clone()),
    };
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter_map(|(name, part)| Some((name.clone(), keep(&format!("f:{name}"), part)?)))
                .collect(),
        ),
        Value::Array(_) => Value::Array(
            parts(node, &shape, Some(value))
                .into_iter()
                .filter_map(|(edge, part)| keep(&edge, part))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// Why a value is none of its schema: the path of a field that the schema does not have, or whose
/// value is of another type, with what is wrong.
pub(crate) fn untypable(node: Node<'_>, value: &Value) -> Option<String> {
    if let Some(wrong) = mistyped(node, value) {
        return Some(format!(": {wrong}"));
    }
    let shape = node.shape(value);
    for (edge, part) in parts(node, &shape, Some(value)) {
        let name = FieldSet {
            here: false,
            below: std::collections::BTreeMap::from([(edge.clone(), FieldSet::leaf())]),
        };
        let name = name.paths().concat();
        if matches!(shape, Shape::Map) && !node.knows(&edge) {
            return Some(format!("{name}: field not declared in schema"));
        }
        if let Some(rest) = untypable(node.below(&edge), part) {
            return Some(format!("{name}{rest}"));
        }
    }
    None
}

fn mistyped(node: Node<'_>, value: &Value) -> Option<String> {
    if value.is_null() || node.is_int_or_string() {
        return None;
    }
    let go = match value {
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "int64",
        Value::Array(_) => "[]interface {}",
        _ => "map[string]interface {}",
    };
    match node.kind()? {
        "integer" | "number" if !value.is_number() => {
            Some(format!("expected numeric (int or float), got {go}"))
        }
        "string" if !value.is_string() => Some(format!("expected string, got {value}")),
        "boolean" if !value.is_boolean() => Some(format!("expected boolean, got {value}")),
        "object" if !value.is_object() => Some(format!("expected map, got {value}")),
        "array" if !value.is_array() => Some(format!("expected list, got {value}")),
        _ => None,
    }
}
