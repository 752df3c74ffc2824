//! Zero values, which Go clients write for absent values unless the type omits them.

use everest_schemas::Tree;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::quantity::Quantity;
use crate::schema::{self, Place};

/// Returns true if Everest treats a value as absent. `kind` is the kind of its texts: see
/// [`crate::semantic`].
pub fn is_zero(value: &Value, kind: Option<&str>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => is_zero_text(text, kind),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn is_zero_text(text: &str, kind: Option<&str>) -> bool {
    let amount = || {
        text.parse::<Quantity>()
            .is_ok_and(|amount| amount.is_zero())
    };
    text.is_empty() || (kind == Some("quantity") && amount())
}

/// Removes the zeros from a spec, so that none counts as configured: optional members that are
/// zero, objects that hold nothing else, and quantities of zero. A number or a flag with a default
/// is kept, because its zero differs from absence. Values that the server never reports are removed
/// as well.
pub fn drop<T: Serialize + DeserializeOwned + JsonSchema + 'static>(spec: &mut T) {
    schema::edit(spec, |place, value| {
        if place.is_element {
            return;
        }
        let is_said_by_us = place.says("x-local");
        let amount = place.semantic() == Some("quantity") && is_nothing(place, value);
        let optional = !place.is_required && is_nothing(place, value);
        if is_said_by_us || amount || optional {
            *value = Tree::Null;
        }
    });
}

fn is_nothing(place: &Place, value: &Tree) -> bool {
    match value {
        Tree::Null => true,
        Tree::Unknown => false,
        Tree::Leaf(value) => {
            let speaks = !value.is_string() && place.has_default();
            !speaks && is_zero(value, place.semantic())
        }
        Tree::List(items) => items.is_empty(),
        Tree::Map(members) => members.values().all(is_empty),
    }
}

/// Returns true if an optional object is empty once its zeros are removed.
fn is_empty(value: &Tree) -> bool {
    match value {
        Tree::Null => true,
        Tree::Unknown => false,
        Tree::Leaf(value) => is_zero(value, None),
        Tree::List(items) => items.is_empty(),
        Tree::Map(members) => members.values().all(is_empty),
    }
}
