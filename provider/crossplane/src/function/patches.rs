//! Patches, which take values from the composite resource into the spec of an object.

use everest_schemas::function::Patch;
use serde_json::Value;

use super::composite::Composite;
use super::place::{Lists, Place, PlaceError, lay_over};

/// The reason why a patch cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatchError {
    /// A path of the patch is malformed.
    #[error("patches[{index}].{field}: {error}; correct the composition")]
    Place {
        /// Which patch.
        index: usize,
        /// Which of its fields.
        field: &'static str,
        /// The fault.
        error: PlaceError,
    },
    /// The composite resource lacks a value that is required.
    #[error("{from} of the {of} has no value, and the composition requires one (patches[{index}])")]
    Missing {
        /// Which patch.
        index: usize,
        /// Path of the value.
        from: String,
        /// The source of the path.
        of: &'static str,
    },
    /// The composite resource has a value that the patch's map lacks.
    #[error(
        "{from} of the {of} is {found}, but the composition allows only {offered} \
         (patches[{index}])"
    )]
    NotOffered {
        /// Which patch.
        index: usize,
        /// Path of the value.
        from: String,
        /// The source of the path.
        of: &'static str,
        /// The value.
        found: String,
        /// The map's keys.
        offered: String,
    },
    /// A value that is laid over the whole spec is not an object.
    #[error(
        "{from} of the {of} must be an object, because it is merged into the whole spec \
         (patches[{index}])"
    )]
    NotAnObject {
        /// Which patch.
        index: usize,
        /// Path of the value.
        from: String,
        /// The source of the path.
        of: &'static str,
    },
}

/// Lays the values of the patches over a spec, in their order.
pub(super) fn apply<S>(
    patches: &[Patch<S>],
    composite: &Composite,
    spec: &mut Value,
) -> Result<(), PatchError> {
    for (index, patch) in patches.iter().enumerate() {
        if let Some(value) = value(patch, index, composite)? {
            lay_over(spec, Value::Object(patch.with.clone()), Lists::ByName);
            match &patch.to {
                Some(to) => Place::writable(to)
                    .map_err(|error| PatchError::Place {
                        index,
                        field: "to",
                        error,
                    })?
                    .lay(spec, value),
                None if value.is_object() => lay_over(spec, value, Lists::ByName),
                None => {
                    return Err(PatchError::NotAnObject {
                        index,
                        from: patch.from.clone(),
                        of: of(patch),
                    });
                }
            }
        }
    }
    Ok(())
}

fn of<S>(patch: &Patch<S>) -> &'static str {
    use everest_schemas::function::PatchSource;
    match patch.source.unwrap_or_default() {
        PatchSource::Composite => "composite resource",
        PatchSource::Environment => "environment",
    }
}

fn value<S>(
    patch: &Patch<S>,
    index: usize,
    composite: &Composite,
) -> Result<Option<Value>, PatchError> {
    let place = Place::parse(&patch.from).map_err(|error| PatchError::Place {
        index,
        field: "from",
        error,
    })?;
    let source = composite.source(patch.source.unwrap_or_default());
    let Some(value) = place.value(source).or(patch.default.as_ref()) else {
        if patch.required == Some(true) {
            return Err(PatchError::Missing {
                index,
                from: patch.from.clone(),
                of: of(patch),
            });
        }
        return Ok(None);
    };
    let Some(map) = &patch.map else {
        return Ok(Some(value.clone()));
    };
    let key = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match map.get(&key) {
        Some(value) => Ok(Some(value.clone())),
        None => Err(PatchError::NotOffered {
            index,
            from: patch.from.clone(),
            of: of(patch),
            found: match value {
                Value::Object(_) | Value::Array(_) => "no single value".to_owned(),
                _ => format!("{key:?}"),
            },
            offered: map.keys().cloned().collect::<Vec<_>>().join(", "),
        }),
    }
}
