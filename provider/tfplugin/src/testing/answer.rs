//! A provider's response to a test.

use super::{Diagnostic, Diagnostics, Severity, wire};

/// A provider's response, with its diagnostics.
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct Answer<T> {
    /// The result; after an error, the value that Terraform would keep.
    pub value: T,
    /// The errors and warnings.
    pub diagnostics: Diagnostics,
}

impl<T> Answer<T> {
    pub(super) fn new(value: T, told: Vec<wire::Diagnostic>) -> Self {
        let mut diagnostics = Diagnostics::new();
        diagnostics.extend(told.into_iter().map(Diagnostic::from_wire));
        Self { value, diagnostics }
    }

    /// Returns true if there are no errors.
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.has_errors()
    }

    /// The result.
    ///
    /// # Panics
    /// Panics with the errors, if there are any.
    #[track_caller]
    pub fn succeeded(self) -> T {
        assert!(self.is_ok(), "the call failed: {:#?}", self.diagnostics);
        self.value
    }

    /// The first error.
    ///
    /// # Panics
    /// Panics if there are no errors.
    #[track_caller]
    pub fn failed(self) -> Diagnostic {
        let is_error = |told: &Diagnostic| told.severity == Severity::Error;
        match self.diagnostics.into_iter().find(is_error) {
            Some(error) => error,
            None => panic!("the call was to fail, and did not"),
        }
    }

    /// The summaries of the warnings.
    pub fn warnings(&self) -> Vec<&str> {
        let is_warning = |told: &&Diagnostic| told.severity == Severity::Warning;
        let warnings = self.diagnostics.iter().filter(is_warning);
        warnings.map(|warning| warning.summary.as_str()).collect()
    }

    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Answer<U> {
        Answer {
            value: f(self.value),
            diagnostics: self.diagnostics,
        }
    }
}
