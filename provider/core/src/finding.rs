//! A broken rule at an attribute.

use crate::path::FieldPath;
use crate::text::Text;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It stops the change: nothing is written until it is corrected.
    Error,
    /// It does not stop the change: the cause may still be corrected, or the value works but may
    /// not be what the user expects.
    Warning,
}

/// A broken rule, at the attribute that breaks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The severity: an error stops the change.
    pub severity: Severity,
    /// The rule's id in [`crate::rules::TABLE`].
    pub rule: &'static str,
    /// The attribute at fault.
    pub path: FieldPath,
    /// The fault, in one line.
    pub summary: Text,
    /// Why, and what would be right.
    pub detail: Text,
}

impl Finding {
    /// A finding that stops the change.
    pub fn error(
        rule: &'static str,
        path: FieldPath,
        summary: impl Into<Text>,
        detail: impl Into<Text>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            path,
            summary: summary.into(),
            detail: detail.into(),
        }
    }

    /// A finding that only informs.
    pub fn warning(
        rule: &'static str,
        path: FieldPath,
        summary: impl Into<Text>,
        detail: impl Into<Text>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, path, summary, detail)
        }
    }
}
