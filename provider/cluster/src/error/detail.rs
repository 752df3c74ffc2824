//! Details of errors: objects, fields, and what was last seen.

use std::fmt;

use everest_core::field_conflict::ConflictingField;
use everest_core::object_path;
use everest_core::path::FieldPath;
use serde_json::Value;

/// The object a request was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Kind, such as `DatabaseCluster`.
    pub kind: String,
    /// Plural resource name with its group, such as `databaseclusters.everest.percona.com`.
    pub resource: String,
    /// Namespace; none for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Name; empty when the request was about all objects.
    pub name: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.namespace, self.name.is_empty()) {
            (Some(namespace), false) => write!(f, "{} {}/{}", self.kind, namespace, self.name),
            (Some(namespace), true) => {
                write!(f, "{} objects in namespace {}", self.kind, namespace)
            }
            (None, false) => write!(f, "{} {}", self.kind, self.name),
            (None, true) => write!(f, "{} objects", self.kind),
        }
    }
}

/// One field a server refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCause {
    /// JSON path in the object without a leading dot, such as `spec.engine.version`; the members
    /// of a spec have the names of the model.
    pub field: String,
    /// The server's reason.
    pub message: String,
}

impl FieldCause {
    /// The field's path in the model; none for a field that no model has.
    pub fn path(&self) -> Option<FieldPath> {
        object_path::of_text(&self.field)
    }
}

/// One field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldConflict {
    /// Field manager that owns it, such as `everest-operator`.
    pub manager: String,
    /// JSON path in the object without a leading dot, as the server names it.
    pub field: String,
    /// The field's path in the model; none for a field that no model has.
    pub path: Option<FieldPath>,
    /// The value that was to be written, as JSON; none if not known.
    pub ours: Option<String>,
    /// The value that is there, as JSON; none if not known.
    pub theirs: Option<String>,
}

impl fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self
            .path
            .as_ref()
            .map_or_else(|| self.field.clone(), FieldPath::snake_case);
        write!(f, "{field} belongs to field manager {:?}", self.manager)?;
        match (&self.ours, &self.theirs) {
            (Some(ours), Some(theirs)) => write!(f, ", which says {theirs}, not {ours}"),
            _ => Ok(()),
        }
    }
}

impl From<ConflictingField> for FieldConflict {
    fn from(conflicting_field: ConflictingField) -> Self {
        FieldConflict {
            field: conflicting_field.path.to_string(),
            manager: conflicting_field.manager,
            ours: Some(shown(&conflicting_field.ours)),
            theirs: Some(shown(&conflicting_field.theirs)),
            path: Some(conflicting_field.path),
        }
    }
}

/// A value as JSON; the beginning of a long one, such as a configuration file.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 100;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The last observation of an object that did not become as wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastSeen {
    /// The part that was still missing.
    pub waiting_for: String,
    /// `status.status`, `status.state` or `status.phase`.
    pub status: Option<String>,
    /// The status's message.
    pub message: Option<String>,
    /// Conditions, each as `Type=Status, Reason: message`.
    pub conditions: Vec<String>,
    /// The last events of the object, newest last.
    pub events: Vec<String>,
}

impl fmt::Display for LastSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting for: {}", self.waiting_for)?;
        if let Some(status) = &self.status {
            write!(
                f,
                "\nStatus: {}",
                if status.is_empty() {
                    "(none yet)"
                } else {
                    status
                }
            )?;
        }
        if let Some(message) = &self.message {
            write!(f, "\nMessage: {message}")?;
        }
        for condition in &self.conditions {
            write!(f, "\nCondition: {condition}")?;
        }
        for event in &self.events {
            write!(f, "\nEvent: {event}")?;
        }
        Ok(())
    }
}
