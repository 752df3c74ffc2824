//! Conversion between models and values, with the diagnostics for values that do not match.

use crate::diagnostics::Diagnostic;
use crate::model::{self, ModelError};
use crate::provider::Model;
use crate::schema::Object;
use crate::value::Value;

/// Converts `value` to a model. This fails only if the model disagrees with its own schema, or if
/// the types of the model refuse a configuration.
pub(crate) fn decode<M: Model>(object: &Object, value: &Value) -> Result<M, Diagnostic> {
    model::decode(value, object).map_err(|error| unfit(&error, object))
}

/// Converts `model` to a value; an error is a bug of the provider.
pub(crate) fn encoded<M: Model>(object: &Object, model: &M) -> Result<Value, Diagnostic> {
    model::encode(model, object).map_err(|error| unencodable(&error))
}

/// The summary of the diagnostic for a value that its model does not accept.
pub(crate) const UNFIT: &str = "Invalid value";

/// The diagnostic for a value that its model does not accept. serde's message may quote the value,
/// so for a hidden attribute it is not shown.
pub(crate) fn unfit(error: &ModelError, object: &Object) -> Diagnostic {
    let place = if error.path.is_root() {
        "This value".to_owned()
    } else {
        format!("The value of {}", error.path)
    };
    let reason = if object.hides(&error.path) {
        "it is not of the form that is expected here"
    } else {
        &error.reason
    };
    Diagnostic::error(UNFIT, format!("{place} cannot be used: {reason}.")).at(error.path.clone())
}

/// The diagnostic for a model that does not match its own schema, which is a bug of the provider.
pub(crate) fn unencodable(error: &ModelError) -> Diagnostic {
    Diagnostic::error(
        "The provider made an invalid value",
        format!(
            "The result cannot be stored: {error}. This is a fault of the provider; please report it."
        ),
    )
    .at(error.path.clone())
}
