//! Errors and warnings for the user, each at the attribute that it concerns.

use crate::path::AttributePath;
use crate::proto::tfplugin6 as wire;

/// The severity of a [`Diagnostic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The operation fails.
    Error,
    /// The operation continues, but the user should know.
    Warning,
}

/// One message to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A summary of the message in one line.
    pub summary: String,
    /// The place, the reason, and what to do next.
    pub detail: String,
    /// The attribute that the message concerns; None if it concerns the whole object.
    pub path: Option<AttributePath>,
}

impl Diagnostic {
    /// An error about the whole object.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary, detail)
    }

    /// A warning about the whole object.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary, detail)
    }

    fn new(severity: Severity, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity,
            summary: summary.into(),
            detail: detail.into(),
            path: None,
        }
    }

    /// The same message, at the attribute `path`.
    #[must_use]
    pub fn at(mut self, path: impl Into<AttributePath>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same message as a warning.
    #[must_use]
    pub fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same message as an error.
    #[must_use]
    pub fn into_error(mut self) -> Self {
        self.severity = Severity::Error;
        self
    }

    pub(crate) fn into_wire(self) -> wire::Diagnostic {
        use wire::diagnostic::Severity as Wire;
        wire::Diagnostic {
            severity: match self.severity {
                Severity::Error => Wire::Error,
                Severity::Warning => Wire::Warning,
            } as i32,
            summary: printable(self.summary),
            detail: printable(self.detail),
            attribute: self.path.as_ref().and_then(AttributePath::to_wire),
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn from_wire(told: wire::Diagnostic) -> Self {
        use wire::diagnostic::Severity as Wire;
        Self {
            severity: match told.severity() {
                Wire::Warning => Severity::Warning,
                Wire::Error | Wire::Invalid => Severity::Error,
            },
            summary: told.summary,
            detail: told.detail,
            path: told.attribute.as_ref().map(AttributePath::from_wire),
        }
    }
}

/// The text without control characters that a terminal would interpret, wherever the text comes
/// from. Line breaks are kept.
fn printable(text: String) -> String {
    let is_obeyed = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if text.contains(is_obeyed) {
        text.replace(is_obeyed, "")
    } else {
        text
    }
}

/// Makes `?` work on any error. The error becomes a diagnostic about the whole object, with the
/// error's message as the summary and its causes as the detail. If you can tell the user more, or
/// what to do, create a [`Diagnostic::error`] yourself.
impl<E: std::error::Error> From<E> for Diagnostic {
    fn from(error: E) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(format!("Caused by: {error}"));
            cause = error.source();
        }
        Self::error(error.to_string(), causes.join("\n"))
    }
}

/// The messages of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an error at `path` ([`AttributePath::root`] for the whole).
    pub fn error(
        &mut self,
        path: impl Into<AttributePath>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.push(Diagnostic::error(summary, detail).at(path));
    }

    /// Adds a warning at `path` ([`AttributePath::root`] for the whole).
    pub fn warning(
        &mut self,
        path: impl Into<AttributePath>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.push(Diagnostic::warning(summary, detail).at(path));
    }

    /// Adds `diagnostic`.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Returns true if at least one message is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Returns true if there are no messages.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All messages, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(keep);
    }

    pub(crate) fn into_wire(self) -> Vec<wire::Diagnostic> {
        self.list.into_iter().map(Diagnostic::into_wire).collect()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        self.list.extend(iter);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_moves_the_cursor_of_a_terminal() {
        let told = Diagnostic::error("a\u{1b}]0;b\u{7}", "c\r\n\td\u{9b}e").into_wire();
        assert_eq!((&*told.summary, &*told.detail), ("a]0;b", "c\n\tde"));
    }
}
