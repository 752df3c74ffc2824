//! The collection of findings during a check.

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

/// The findings of a check so far.
#[derive(Default)]
pub(super) struct Findings {
    findings: Vec<Finding>,
}

impl Findings {
    /// Adds a broken rule as an error. The summary contains the present value, so that an equal
    /// summary means the same fault.
    pub fn error(&mut self, rule: &Rule, path: FieldPath, summary: impl Into<Text>) {
        self.push(Finding::error(rule.id, path, summary, rule.detail()));
    }

    /// Adds an error because only one of two fields that belong together is given.
    pub fn without(&mut self, rule: &Rule, given: &str, missing: FieldPath) {
        let summary = Text::from(&FieldPath::of(given))
            .and(" is given without ")
            .and(&missing);
        self.error(rule, missing, summary);
    }

    /// Adds a broken rule as a warning.
    pub fn warning(&mut self, rule: &Rule, path: FieldPath, summary: impl Into<Text>) {
        self.push(Finding::warning(rule.id, path, summary, rule.detail()));
    }

    /// Adds a missing object that the same run may still make: a warning at plan and an error
    /// before the write.
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

    /// Checks the values of a model that have to be quantities.
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

    /// Checks that each timeout is a duration.
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

    /// Checks the name of an object for which only Kubernetes has rules.
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
        {
            crate::text::vocabulary::assert_fits(&finding);
            super::judged::places::assert_judged(&finding);
        }
        self.findings.push(finding);
    }

    /// Everything found.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Returns the findings that matter for a change; `writes` is true if the change writes the
    /// object. A fault existed `before` if its rule, path and summary are equal.
    ///
    /// Faults that existed before the change are dropped, except for
    /// 1. faults for which Kubernetes refuses every write: they stay errors;
    /// 2. faults that keep Everest from carrying out any change: they become warnings.
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
                    " This was so before this change; until it is corrected, Everest does not \
                     carry out the change.",
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

/// Returns true if a value is absent or empty: Everest treats both as not given.
pub(super) fn is_missing(text: &Field<String>) -> bool {
    text.is_null() || text.known().is_some_and(String::is_empty)
}

/// Returns true if a change gives another value: one that is omitted stays as it is.
pub(super) fn gives_another<T: PartialEq>(now: &Field<T>, before: &Field<T>) -> bool {
    !now.is_null() && now != before
}

/// Returns true if both values are known (or absent) and differ.
pub(super) fn differ<T: PartialEq>(left: &Field<T>, right: &Field<T>) -> bool {
    !left.is_unknown() && !right.is_unknown() && left != right
}
