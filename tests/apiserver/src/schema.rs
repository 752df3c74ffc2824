//! Structural schemas: how the parts of an object are put together.

use serde_json::Value;

use crate::builtin;

/// A place in the schema of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node<'a> {
    /// Nothing is said of it: maps are granular, all else is atomic.
    Free,
    /// An `openAPIV3Schema`.
    Schema(&'a Value),
}

/// How a value is put together.
#[derive(Debug, PartialEq)]
pub(crate) enum Shape<'a> {
    /// It is written as a whole.
    Leaf,
    /// Its members are written each by itself.
    Map,
    /// Its elements are written each by itself: they are told apart by these keys, or by
    /// themselves where there are none.
    List(Vec<&'a str>),
}

impl<'a> Node<'a> {
    /// The root of a kind's schema, with the metadata that every object has.
    pub(crate) fn of(schema: Option<&'a Value>) -> Self {
        schema.map_or(Node::Free, Node::Schema)
    }

    fn get(self, key: &str) -> Option<&'a Value> {
        match self {
            Node::Free => None,
            Node::Schema(schema) => schema.get(key),
        }
    }

    fn says(self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value == true)
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(Value::as_str)
    }

    pub(crate) fn default(self) -> Option<&'a Value> {
        self.get("default")
    }

    pub(crate) fn is_int_or_string(self) -> bool {
        self.says("x-kubernetes-int-or-string")
    }

    pub(crate) fn keeps_unknown(self) -> bool {
        matches!(self, Node::Free) || self.says("x-kubernetes-preserve-unknown-fields")
    }

    pub(crate) fn is_nullable(self) -> bool {
        matches!(self, Node::Free) || self.says("nullable")
    }

    pub(crate) fn kind(self) -> Option<&'a str> {
        self.text("type")
    }

    pub(crate) fn schema(self) -> Option<&'a Value> {
        match self {
            Node::Free => None,
            Node::Schema(schema) => Some(schema),
        }
    }

    /// How a value at this place is put together.
    pub(crate) fn shape(self, value: &Value) -> Shape<'a> {
        let is_free = matches!(self, Node::Free) || self.kind().is_none() && self.keeps_unknown();
        match value {
            Value::Object(_) if is_free => Shape::Map,
            Value::Object(_) | Value::Null if self.kind() == Some("object") => {
                match self.text("x-kubernetes-map-type") {
                    Some("atomic") => Shape::Leaf,
                    _ => Shape::Map,
                }
            }
            Value::Array(_) | Value::Null if self.kind() == Some("array") => {
                match self.text("x-kubernetes-list-type") {
                    Some("set") => Shape::List(Vec::new()),
                    Some("map") => {
                        let keys = self.get("x-kubernetes-list-map-keys");
                        let keys = keys.and_then(Value::as_array).into_iter().flatten();
                        Shape::List(keys.filter_map(Value::as_str).collect())
                    }
                    _ => Shape::Leaf,
                }
            }
            _ => Shape::Leaf,
        }
    }

    fn property(self, name: &str) -> Option<&'a Value> {
        self.get("properties").and_then(|all| all.get(name))
    }

    /// The place of a field of an object.
    pub(crate) fn field(self, name: &str) -> Self {
        let extra = self
            .get("additionalProperties")
            .filter(|all| all.is_object());
        self.property(name)
            .or(extra)
            .map_or(Node::Free, Node::Schema)
    }

    /// The place of the elements of a list.
    pub(crate) fn element(self) -> Self {
        self.get("items").map_or(Node::Free, Node::Schema)
    }

    /// The place that an edge leads to.
    pub(crate) fn below(self, edge: &str) -> Self {
        match edge.strip_prefix("f:") {
            Some(name) => self.field(name),
            None => self.element(),
        }
    }

    /// Returns true if the schema names the field.
    pub(crate) fn declares(self, edge: &str) -> bool {
        let name = edge.strip_prefix("f:");
        name.is_some_and(|name| self.property(name).is_some())
    }

    /// Returns true if the schema has a place for the field.
    pub(crate) fn knows(self, edge: &str) -> bool {
        self.declares(edge)
            || self.keeps_unknown()
            || self
                .get("additionalProperties")
                .is_some_and(|all| *all != false)
    }
}

/// The schema of a kind with that of the metadata, and the members that every object has.
pub(crate) fn complete(mut schema: Value) -> Value {
    if !schema["properties"].is_object() {
        schema["properties"] = serde_json::json!({});
    }
    for (name, of) in builtin::every_object() {
        schema["properties"][name] = of;
    }
    schema["type"] = "object".into();
    schema
}

/// Takes fields out that the schema does not have; returns their paths.
pub(crate) fn prune(node: Node<'_>, value: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    prune_at(node, "", value, &mut dropped);
    dropped
}

fn prune_at(node: Node<'_>, path: &str, value: &mut Value, dropped: &mut Vec<String>) {
    let of_every_object = |name: &str| {
        node.says("x-kubernetes-embedded-resource")
            && ["apiVersion", "kind", "metadata"].contains(&name)
    };
    match value {
        Value::Object(members) => {
            let inside = |name: &str| match path {
                "" => name.to_owned(),
                path => format!("{path}.{name}"),
            };
            members.retain(|name, _| {
                let knows = node.knows(&format!("f:{name}")) || of_every_object(name);
                if !knows {
                    dropped.push(inside(name));
                }
                knows
            });
            for (name, member) in members {
                if !of_every_object(name) {
                    prune_at(node.field(name), &inside(name), member, dropped);
                }
            }
        }
        Value::Array(elements) => {
            for (place, element) in elements.iter_mut().enumerate() {
                prune_at(
                    node.element(),
                    &format!("{path}[{place}]"),
                    element,
                    dropped,
                );
            }
        }
        _ => {}
    }
}

/// Fills in what the schema has defaults for.
pub(crate) fn fill(node: Node<'_>, value: &mut Value) {
    match value {
        Value::Object(members) => {
            let declared = node.get("properties").and_then(Value::as_object);
            for (name, schema) in declared.into_iter().flatten() {
                let Some(default) = schema.get("default") else {
                    continue;
                };
                let is_null = members.get(name).is_some_and(Value::is_null);
                let drops_null = is_null && !Node::Schema(schema).is_nullable();
                if drops_null || !members.contains_key(name) {
                    members.insert(name.clone(), default.clone());
                }
            }
            for (name, member) in members {
                fill(node.field(name), member);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                fill(node.element(), element);
            }
        }
        _ => {}
    }
}
