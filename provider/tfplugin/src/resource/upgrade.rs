//! Conversion of states of earlier schema versions.

use serde_json::Value as Json;

use crate::diagnostics::Diagnostic;
use crate::model;
use crate::provider::Model;
use crate::resource::unfit;
use crate::schema::Schema;
use crate::value::{ValueError, ValueErrorKind, json};

type Run<M> = dyn Fn(&[u8]) -> Result<M, Diagnostic> + Send + Sync;

/// The conversion of states of one earlier schema version.
pub struct Upgrade<M> {
    version: i64,
    run: Box<Run<M>>,
}

impl<M> Upgrade<M> {
    /// The conversion of states of schema version `version`, read with the model of that version.
    /// `upgrade` gets only the values that `Old` has, so keep the old model unchanged beside the
    /// current one.
    pub fn from<Old: Model>(
        version: i64,
        upgrade: impl Fn(Old) -> Result<M, Diagnostic> + Send + Sync + 'static,
    ) -> Self {
        let run = move |state: &[u8]| {
            let schema = Schema::derive::<Old>(version, "")?;
            let value = json::decode(state, &schema.root.value_type())
                .map_err(|error| unreadable(&reason(&error)))?;
            let old =
                model::decode(&value, &schema.root).map_err(|error| unfit(&error, &schema.root))?;
            upgrade(old)
        };
        Self {
            version,
            run: Box::new(run),
        }
    }

    /// The same for states without a model: as JSON, in the form in which Terraform stores them.
    pub fn from_json(
        version: i64,
        upgrade: impl Fn(Json) -> Result<M, Diagnostic> + Send + Sync + 'static,
    ) -> Self {
        let run = move |state: &[u8]| {
            let state = serde_json::from_slice(state)
                .map_err(|error| unreadable(&format!("It is not JSON: {error}")))?;
            upgrade(state)
        };
        Self {
            version,
            run: Box::new(run),
        }
    }

    /// The version of the states that it converts.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Converts `state`, JSON in the form in which Terraform stores it, to the current model.
    ///
    /// # Errors
    /// Returns a [`Diagnostic`] if the state is not of that version or cannot be converted.
    pub fn run(&self, state: &[u8]) -> Result<M, Diagnostic> {
        (self.run)(state)
    }
}

/// The diagnostic for a stored state that cannot be read because of `reason`.
pub(crate) fn unreadable(reason: &str) -> Diagnostic {
    Diagnostic::error(
        "The stored state cannot be read",
        format!(
            "{reason}. Remove this resource from the state (terraform state rm) and import it again."
        ),
    )
}

/// The reason why stored JSON does not match its schema.
pub(crate) fn reason(error: &ValueError) -> String {
    match &error.reason {
        ValueErrorKind::Malformed(reason) => format!("It is not JSON: {reason}"),
        _ => format!("It does not fit the schema: {error}"),
    }
}
