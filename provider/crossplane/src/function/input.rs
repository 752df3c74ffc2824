//! The input of the step, read strictly because Crossplane does not check it.

use everest_core::open_api::Reading;
use everest_schemas::function::{API_VERSION, Input, KIND};
use function_sdk_rust::proto::v1::RunFunctionRequest;
use function_sdk_rust::resource;
use serde_json::Value;

use super::shape;
use super::ttl::TtlError;

/// The reason why an input cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InputError {
    /// It is of another kind or version than this function reads.
    #[error(
        "the input is {found}, and this function reads apiVersion {API_VERSION}, kind {KIND}; correct the input of the composition's step"
    )]
    Kind {
        /// What it is.
        found: String,
    },
    /// Members are unknown, missing or of another type.
    #[error("the input of the composition's step is not as it should be: {}", .0.join("; "))]
    Shape(Vec<String>),
    /// The `ttl` is malformed.
    #[error(transparent)]
    Ttl(#[from] TtlError),
}

/// The input of a request. A step without input composes nothing, and only checks and judges what
/// earlier steps compose.
pub(super) fn read(request: &RunFunctionRequest) -> Result<Input, InputError> {
    let Some(input) = &request.input else {
        return Ok(Input::default());
    };
    let value = resource::struct_to_json(input);
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version != API_VERSION || kind != KIND {
        return Err(InputError::Kind {
            found: format!("apiVersion {api_version:?}, kind {kind:?}"),
        });
    }
    let faults = shape::faults(&shape::INPUT, &value, "", Reading::Definition);
    if !faults.is_empty() {
        return Err(InputError::Shape(faults));
    }
    serde_json::from_value(value).map_err(|error| InputError::Shape(vec![error.to_string()]))
}
