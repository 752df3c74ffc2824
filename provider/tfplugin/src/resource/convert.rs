//! Between models and values, with what a user is told where they do not fit.

use crate::diagnostics::Diagnostic;
use crate::model::{self, ModelError};
use crate::provider::Model;
use crate::schema::Object;
use crate::value::Value;

/// The model that `value` says. Only a model that disagrees with its own schema fails here, or a
/// configuration that its types refuse.
pub(crate) fn decode<M: Model>(object: &Object, value: &Value) -> Result<M, Diagnostic> {
    model::decode(value, object).map_err(|error| unfit(&error, object))
}

/// The value of `model`, or the fault of the provider.
pub(crate) fn encoded<M: Model>(object: &Object, model: &M) -> Result<Value, Diagnostic> {
    model::encode(model, object).map_err(|error| unencodable(&error))
}

/// The summary of a value that its model does not take.
pub(crate) const UNFIT: &str = "Invalid value";

/// The diagnostic of a value that its model does not take. What serde says of it may quote the
/// value, so nothing is quoted of what is hidden.
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

/// The diagnostic of a model that its own schema does not take: a fault of the provider.
pub(crate) fn unencodable(error: &ModelError) -> Diagnostic {
    Diagnostic::error(
        "The provider made an invalid value",
        format!(
            "The result cannot be stored: {error}. This is a fault of the provider; please report it."
        ),
    )
    .at(error.path.clone())
}
