//! Conversion between models and values.
//!
//! A model is any serde type with a derived schema ([`crate::schema`]). A leaf that may be unknown
//! at plan is a newtype that follows this convention, so that its crate need not depend on this
//! crate:
//!
//! - it deserialises with `deserialize_newtype_struct("$field", visitor)`. The visitor's
//!   `visit_newtype_struct` gets an `Option` of the inner type, where None is null; its
//!   `visit_unit` means unknown;
//! - it serialises unknown with `serialize_newtype_struct("$unknown", &())`, null as none, and a
//!   known value as the inner type.
//!
//! A plain `Option` reads unknown as None. A plain struct reads unknown as unknown for each of its
//! members. Any other plain type refuses null and unknown. `#[serde(flatten)]` loses unknowns.

mod de;
mod ser;
mod shape;
mod tree;
mod view;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::path::AttributePath;
use crate::schema::{Attribute, Object};
use crate::value::Value;
use tree::Tree;
use view::View;

/// The reason why a model and a value do not match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", .path.prefix())]
pub struct ModelError {
    /// The attribute.
    pub path: AttributePath,
    /// The fault.
    pub reason: String,
}

impl ModelError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            path: AttributePath::root(),
            reason: reason.into(),
        }
    }

    pub(crate) fn under(mut self, step: crate::path::Step) -> Self {
        self.path.prepend(step);
        self
    }
}

/// Converts `model` to a value with the attributes of `object`.
///
/// # Errors
/// Returns a [`ModelError`] if a member does not have the type of its attribute.
pub fn encode<M: Serialize>(model: &M, object: &Object) -> Result<Value, ModelError> {
    let tree = model.serialize(ser::TreeSerializer)?;
    shape::object_value(tree, object)
}

/// Converts `value` to a model.
///
/// # Errors
/// Returns a [`ModelError`] with the attribute that the model does not accept.
pub fn decode<M: DeserializeOwned>(value: &Value, object: &Object) -> Result<M, ModelError> {
    M::deserialize(View::object(value, object))
}

/// The value of a default in the JSON schema.
pub(crate) fn default_value(json: &Json, attribute: &Attribute) -> Result<Value, ModelError> {
    shape::attribute_value(Tree::from_json(json), attribute)
}

/// Applies the differences between `before` and `after`, two values of models, to `original`.
/// Anything that a model cannot represent, such as an unknown in a plain type, stays as it was.
pub(crate) fn adopt(original: Value, before: &Value, after: Value) -> Value {
    if *before == after {
        return original;
    }
    match (original, before, after) {
        (Value::Map(mut original), Value::Map(before), Value::Map(after)) => Value::Map(
            after
                .into_iter()
                .map(|(key, after)| {
                    let value = match (original.remove(&key), before.get(&key)) {
                        (Some(original), Some(before)) => adopt(original, before, after),
                        _ => after,
                    };
                    (key, value)
                })
                .collect(),
        ),
        (Value::List(original), Value::List(before), Value::List(after))
            if original.len() == after.len() && before.len() == after.len() =>
        {
            Value::List(
                original
                    .into_iter()
                    .zip(before)
                    .zip(after)
                    .map(|((original, before), after)| adopt(original, before, after))
                    .collect(),
            )
        }
        (_, _, after) => after,
    }
}
