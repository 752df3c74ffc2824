//! Objects of the API as tests look at them and print them.

use kube::api::DynamicObject;
use serde_json::Value;

/// The object as JSON, without who owns which of its fields: that is most of its text and says
/// nothing of what it is.
///
/// # Panics
/// Never: an object of the API is JSON.
#[must_use]
pub fn plain(mut object: DynamicObject) -> Value {
    object.metadata.managed_fields = None;
    match serde_json::to_value(object) {
        Ok(value) => value,
        Err(error) => panic!("an object of the API is no JSON: {error}"),
    }
}
