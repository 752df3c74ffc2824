//! The report to the composite resource: results, which become its events, and conditions.

use std::collections::BTreeSet;

use everest_core::dialect::Dialect;
use everest_core::finding::{Finding, Severity};
use function_sdk_rust::proto::v1::RunFunctionResponse;
use function_sdk_rust::response;

/// Condition that is true if no rule of Everest refuses the composite resource.
pub(super) const GUARDRAILS: &str = "GuardrailsPassed";

/// Condition that is true if all Everest objects are ready.
pub(super) const READY: &str = "DatabasesReady";

/// The dialect of messages: the one of authors of compositions.
const OURS: Dialect = Dialect::Composition;

/// Rules whose findings pass with time: the change waits for the end of work on the database or its
/// operator.
const PASSING: [&str; 2] = ["database-busy", "upgrade-lock"];

/// The report.
#[derive(Debug, Default)]
pub(super) struct Report {
    silent: BTreeSet<String>,
    refused: Vec<String>,
    held: Vec<String>,
    warned: Vec<String>,
    noted: Vec<String>,
    failed: Vec<String>,
    pending: Vec<String>,
    unwatched: bool,
}

impl Report {
    /// A report without the warnings of these rules.
    pub(super) fn without(silent: &[String]) -> Self {
        Self {
            silent: silent.iter().cloned().collect(),
            ..Self::default()
        }
    }

    /// Reports an error that stops the pipeline: nothing is written for the composite resource
    /// until it is corrected.
    pub(super) fn refuse(&mut self, sentence: impl Into<String>) {
        self.refused.push(sentence.into());
    }

    /// Reports a warning.
    pub(super) fn warn(&mut self, rule: &str, sentence: impl Into<String>) {
        if !self.silent.contains(rule) {
            self.warned.push(sentence.into());
        }
    }

    /// Reports a note.
    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        self.noted.push(sentence.into());
    }

    /// Reports something that is waited for and that shows on a composed resource, which Crossplane
    /// watches.
    pub(super) fn wait(&mut self, sentence: impl Into<String>) {
        self.pending.push(sentence.into());
    }

    /// Reports something that is waited for and that only a lookup shows.
    pub(super) fn wait_unwatched(&mut self, sentence: impl Into<String>) {
        self.unwatched = true;
        self.wait(sentence);
    }

    /// Returns true if something is waited for that only another lookup shows.
    pub(super) fn awaits_unwatched(&self) -> bool {
        self.unwatched
    }

    /// Reports a failure that waiting does not resolve.
    pub(super) fn fail(&mut self, sentence: impl Into<String>) {
        self.failed.push(sentence.into());
    }

    /// Reports findings about `subject`, such as `database "db" (orders-x)`.
    pub(super) fn findings(&mut self, subject: &str, findings: Vec<Finding>) {
        for finding in findings {
            let place = OURS.field(&finding.path);
            let place = if place.is_empty() {
                String::new()
            } else {
                format!("{place}: ")
            };
            let (summary, detail) = (finding.summary.render(OURS), finding.detail.render(OURS));
            let sentence = format!("{subject}: {place}{summary}. {detail}");
            if PASSING.contains(&finding.rule) {
                self.held.push(sentence);
            } else if finding.severity == Severity::Error {
                self.refuse(sentence);
            } else {
                self.warn(finding.rule, sentence);
            }
        }
    }

    /// Returns true if the pipeline is stopped.
    pub(super) fn stops(&self) -> bool {
        !self.refused.is_empty() || !self.held.is_empty()
    }

    /// Returns true if all Everest objects are ready.
    pub(super) fn is_ready(&self) -> bool {
        !self.stops() && self.failed.is_empty() && self.pending.is_empty()
    }

    /// Writes results and conditions into a response.
    ///
    /// Crossplane shows only the first fatal result, so all errors are in one.
    pub(super) fn write(&self, response: &mut RunFunctionResponse) {
        for sentence in &self.warned {
            response::warning(response, sentence).reason = Some("Guardrail".to_owned());
        }
        for sentence in &self.failed {
            response::warning(response, sentence).reason = Some("Failed".to_owned());
        }
        for sentence in &self.noted {
            response::normal(response, sentence).reason = Some("Composed".to_owned());
        }
        if !self.refused.is_empty() {
            let message = self.refused.join("\n");
            response::fatal(response, &message).reason = Some("Refused".to_owned());
            response::condition_false(response, GUARDRAILS, "Refused").message = Some(message);
        } else if !self.held.is_empty() {
            let message = format!(
                "The change waits until this is over:\n{}",
                self.held.join("\n")
            );
            response::fatal(response, &message).reason = Some("Waiting".to_owned());
            response::condition_false(response, GUARDRAILS, "Waiting").message = Some(message);
        } else if self.warned.is_empty() {
            response::condition_true(response, GUARDRAILS, "Passed");
        } else {
            response::condition_true(response, GUARDRAILS, "Warned").message =
                Some(self.warned.join("\n"));
        }
        if self.stops() {
            // What is ready is not told by a pipeline that is stopped.
            return;
        }
        let missing: Vec<_> = self.failed.iter().chain(&self.pending).cloned().collect();
        if missing.is_empty() {
            response::condition_true(response, READY, "Available");
        } else {
            let reason = if self.failed.is_empty() {
                "Waiting"
            } else {
                "Failed"
            };
            response::condition_false(response, READY, reason).message = Some(missing.join("\n"));
        }
    }
}
