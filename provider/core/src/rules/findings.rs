//! Gathering findings.

use everest_schemas::Field;
use everest_schemas::models::Timeouts;
use schemars::JsonSchema;
use serde::Serialize;

use super::table::general::{OBJECT_NAME, QUANTITY, TIMEOUT};
use super::{Rule, Stage, is_held_at_every_write, stalls_changes};
use crate::finding::{Finding, Severity};
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::text::Text;
use crate::{duration, name, schema};

/// Findings as they are made.
#[derive(Default)]
pub(super) struct Findings {
    findings: Vec<Finding>,
}

impl Findings {
    /// A rule is broken. The summary says what is there now, so that the same
    /// summary means the same fault.
    pub fn error(&mut self, rule: &Rule, path: FieldPath, summary: impl Into<Text>) {
        self.push(Finding::error(rule.id, path, summary, rule.detail()));
    }

    /// Of two fields that go together only one is given.
    pub fn without(&mut self, rule: &Rule, given: &str, missing: FieldPath) {
        let summary = Text::from(&FieldPath::of(given))
            .and(" is given without ")
            .and(&missing);
        self.error(rule, missing, summary);
    }

    /// A rule that only informs is broken.
    pub fn warning(&mut self, rule: &Rule, path: FieldPath, summary: impl Into<Text>) {
        self.push(Finding::warning(rule.id, path, summary, rule.detail()));
    }

    /// Something is not there that the same run may still make: a warning at
    /// plan and an error before the write.
    pub fn missing(
        &mut self,
        rule: &Rule,
        path: FieldPath,
        summary: impl Into<Text>,
        stage: Stage,
    ) {
        match stage {
            Stage::Apply => self.error(rule, path, summary),
            Stage::Plan => {
                let detail = rule.detail().and(" {:mayStillCome}");
                self.push(Finding::warning(rule.id, path, summary, detail));
            }
        }
    }

    /// The values of a model that have to be quantities.
    pub fn quantities<M: Serialize + JsonSchema + 'static>(&mut self, model: &M) {
        schema::visit(model, |place, value| {
            if place.semantic() == Some("quantity")
                && let Some(text) = value.text()
                && let Err(error) = text.parse::<Quantity>()
            {
                let summary = format!("Not a quantity: {error}");
                self.error(&QUANTITY, place.path.clone(), summary);
            }
        });
    }

    /// Timeouts, each of which has to be a duration.
    pub fn timeouts(&mut self, timeouts: &Field<Timeouts>) {
        let Some(timeouts) = timeouts.known() else {
            return;
        };
        let path = FieldPath::of("timeouts");
        for (name, value) in [
            ("create", &timeouts.create),
            ("update", &timeouts.update),
            ("delete", &timeouts.delete),
        ] {
            if let Some(text) = value.known_str()
                && let Err(error) = duration::parse_go(text)
            {
                self.error(
                    &TIMEOUT,
                    path.field(name),
                    format!("Not a duration: {error}"),
                );
            }
        }
    }

    /// The name of an object that only Kubernetes has rules for.
    pub fn object_name(&mut self, path: FieldPath, value: &Field<String>) {
        if let Some(text) = value.known_str()
            && let Err(error) = name::check_object(text)
        {
            self.error(
                &OBJECT_NAME,
                path,
                format!("{text:?} cannot be a name: {error}"),
            );
        }
    }

    /// Findings that tests bring about are words for every front end.
    fn push(&mut self, finding: Finding) {
        #[cfg(test)]
        crate::text::vocabulary::assert_fits(&finding);
        self.findings.push(finding);
    }

    /// Everything found.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Everything found that a change has to do with; `writes` says whether it writes the object.
    /// A fault is the same as one `before` if its rule, place and summary are.
    ///
    /// What was so before and is left so is nothing to speak of, but for
    /// 1. what Kubernetes refuses at every write, whatever is written: it counts as ever;
    /// 2. what keeps Everest from carrying out any change: a warning.
    pub fn since(self, before: &[Finding], writes: bool) -> Vec<Finding> {
        let of_the_change = |mut finding: Finding| {
            let same = |other: &Finding| {
                other.rule == finding.rule
                    && other.path == finding.path
                    && other.summary == finding.summary
            };
            if !before.iter().any(same) {
                return Some(finding);
            }
            if !writes {
                return None;
            }
            if !is_held_at_every_write(&finding) {
                if !stalls_changes(&finding) {
                    return None;
                }
                finding.severity = Severity::Warning;
                finding.detail = std::mem::take(&mut finding.detail).and(
                    " It was so before this change, and while it is so Everest does not carry out \
                     the change.",
                );
            }
            Some(finding)
        };
        self.findings
            .into_iter()
            .filter_map(of_the_change)
            .collect()
    }
}

/// Whether a value is known and empty, or absent: what Everest takes for
/// "not given".
pub(super) fn is_missing(text: &Field<String>) -> bool {
    text.is_null() || text.known().is_some_and(String::is_empty)
}

/// Whether two values are both settled and not the same.
pub(super) fn differ<T: PartialEq>(left: &Field<T>, right: &Field<T>) -> bool {
    !left.is_unknown() && !right.is_unknown() && left != right
}
