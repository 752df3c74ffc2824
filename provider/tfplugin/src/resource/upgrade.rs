//! How the state of an earlier version of a schema becomes today's.

use serde_json::Value as Json;

use crate::diagnostics::Diagnostic;
use crate::model;
use crate::provider::Model;
use crate::resource::unfit;
use crate::schema::Schema;
use crate::value::{ValueError, ValueErrorKind, json};

type Run<M> = dyn Fn(&[u8]) -> Result<M, Diagnostic> + Send + Sync;

/// How states of one earlier version of a schema become today's.
pub struct Upgrade<M> {
    version: i64,
    run: Box<Run<M>>,
}

impl<M> Upgrade<M> {
    /// The upgrade of states that `version` of the schema wrote, read by the model of that time.
    /// What `Old` holds of a value is all that `upgrade` gets: a model of the time is kept as it
    /// was, beside the one of today.
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

    /// The same for states that no model describes: as JSON, as Terraform stores it.
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

    /// The version whose states it takes.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// What `state`, JSON as Terraform stores it, says today.
    ///
    /// # Errors
    /// [`Diagnostic`] when it is not what that version wrote, or cannot be brought to today's shape.
    pub fn run(&self, state: &[u8]) -> Result<M, Diagnostic> {
        (self.run)(state)
    }
}

/// A stored state that nobody can read, for `reason`.
pub(crate) fn unreadable(reason: &str) -> Diagnostic {
    Diagnostic::error(
        "The stored state cannot be read",
        format!(
            "{reason}. Remove this resource from the state (terraform state rm) and import it again."
        ),
    )
}

/// Why stored JSON is not of its schema.
pub(crate) fn reason(error: &ValueError) -> String {
    match &error.reason {
        ValueErrorKind::Malformed(reason) => format!("It is not JSON: {reason}"),
        _ => format!("It does not fit the schema: {error}"),
    }
}
