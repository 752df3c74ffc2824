//! What the composite resource is told: results, which become its events, and
//! conditions.

use std::collections::BTreeSet;

use everest_core::dialect::Dialect;
use everest_core::finding::{Finding, Severity};
use function_sdk_rust::proto::v1::RunFunctionResponse;
use function_sdk_rust::response;

/// Condition that says whether Everest's rules let the composite resource be.
pub(super) const GUARDRAILS: &str = "GuardrailsPassed";

/// Condition that says whether all that is Everest's is ready.
pub(super) const READY: &str = "DatabasesReady";

/// The words of whoever writes the composition.
const OURS: Dialect = Dialect::Composition;

/// Rules whose findings pass with time: a change waits for the end of what
/// the database or its operator is doing.
const PASSING: [&str; 2] = ["database-busy", "upgrade-lock"];

/// What is to be told.
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

    /// Something that stops the pipeline: nothing is written for the composite
    /// resource until it is put right.
    pub(super) fn refuse(&mut self, sentence: impl Into<String>) {
        self.refused.push(sentence.into());
    }

    /// Something that is not what it seems.
    pub(super) fn warn(&mut self, rule: &str, sentence: impl Into<String>) {
        if !self.silent.contains(rule) {
            self.warned.push(sentence.into());
        }
    }

    /// Something worth knowing.
    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        self.noted.push(sentence.into());
    }

    /// Something that is still waited for, and shows on a composed resource: Crossplane watches
    /// those.
    pub(super) fn wait(&mut self, sentence: impl Into<String>) {
        self.pending.push(sentence.into());
    }

    /// Something that is still waited for, and shows only where it is looked up.
    pub(super) fn wait_unwatched(&mut self, sentence: impl Into<String>) {
        self.unwatched = true;
        self.wait(sentence);
    }

    /// Returns true if something is waited for of which nothing brings the next call.
    pub(super) fn awaits_unwatched(&self) -> bool {
        self.unwatched
    }

    /// Something that will not come by waiting.
    pub(super) fn fail(&mut self, sentence: impl Into<String>) {
        self.failed.push(sentence.into());
    }

    /// What rules found about `subject`, such as `database "db" (orders-x)`.
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

    /// Returns true if all that is Everest's is ready.
    pub(super) fn is_ready(&self) -> bool {
        !self.stops() && self.failed.is_empty() && self.pending.is_empty()
    }

    /// Writes results and conditions into a response.
    ///
    /// Crossplane shows only the first fatal result, so that there is one with
    /// everything in it.
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
                "The change is held back until this is over:\n{}",
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
