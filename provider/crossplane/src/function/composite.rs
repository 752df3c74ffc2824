//! The composite resource that a request is about.

use everest_schemas::function::PatchSource;
use function_sdk_rust::context::KEY_ENVIRONMENT;
use function_sdk_rust::proto::v1::RunFunctionRequest;
use function_sdk_rust::{request, resource};
use serde_json::Value;

use super::place::{Place, PlaceError};

/// A composite resource as the cluster has it.
pub(super) struct Composite {
    object: Value,
    environment: Value,
}

/// A value that the input names by a path cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TextError {
    /// The path is malformed.
    #[error("{field}: {error}")]
    Place {
        /// Field of the input that holds the path.
        field: &'static str,
        /// The fault.
        error: PlaceError,
    },
    /// The value at the path is not a text.
    #[error("{field}: {path} of the composite resource is to be text")]
    NotText {
        /// Field of the input that holds the path.
        field: &'static str,
        /// The path.
        path: String,
    },
}

impl Composite {
    /// The composite resource of a request, and the environment from earlier steps.
    pub(super) fn of(request: &RunFunctionRequest) -> Self {
        let object = request::observed_composite(request)
            .and_then(|observed| observed.resource.as_ref())
            .map(resource::struct_to_json)
            .unwrap_or_default();
        Self {
            object,
            environment: request::get_context_key(request, KEY_ENVIRONMENT).unwrap_or_default(),
        }
    }

    fn text(&self, pointer: &str) -> &str {
        self.object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Its namespace; `None` for a cluster-scoped composite resource.
    pub(super) fn namespace(&self) -> Option<&str> {
        Some(self.text("/metadata/namespace")).filter(|namespace| !namespace.is_empty())
    }

    /// Its UID.
    pub(super) fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// Its kind and API group, which do not change with its version.
    pub(super) fn group_kind(&self) -> String {
        let group = self
            .text("/apiVersion")
            .split('/')
            .next()
            .unwrap_or_default();
        format!("{}.{group}", self.text("/kind"))
    }

    /// The source of a patch.
    pub(super) fn source(&self, source: PatchSource) -> &Value {
        match source {
            PatchSource::Composite => &self.object,
            PatchSource::Environment => &self.environment,
        }
    }

    /// The text at a path of the composite resource, otherwise the text in the input; an empty text
    /// counts as absent.
    pub(super) fn text_from(
        &self,
        field: &'static str,
        path: Option<&String>,
        else_: Option<&String>,
    ) -> Result<Option<String>, TextError> {
        let given = else_.filter(|text| !text.is_empty()).cloned();
        let Some(path) = path else {
            return Ok(given);
        };
        let place = Place::parse(path).map_err(|error| TextError::Place { field, error })?;
        match place.value(&self.object) {
            None => Ok(given),
            Some(Value::String(text)) if text.is_empty() => Ok(given),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(TextError::NotText {
                field,
                path: path.clone(),
            }),
        }
    }
}
