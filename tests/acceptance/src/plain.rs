//! Objects of the API as tests look at them and print them.

use kube::api::DynamicObject;
use serde_json::{Value, json};

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

/// What an object says of itself, for the message of a wait that came to nothing: what is wanted
/// of it is left out, as a definition's schema would hide all else.
#[must_use]
pub fn state(object: &Value) -> String {
    if object.is_null() {
        return "nothing".to_owned();
    }
    let said = json!({ "metadata": object["metadata"], "status": object["status"] });
    format!("{said:#}")
}
