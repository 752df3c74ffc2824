//! The result of a reconcile, and the status that shows it.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Map, Value};

use crate::resource::{Condition, ResourceStatus};

/// Condition: the external object can be used.
pub const READY: &str = "Ready";
/// Condition: the last reconcile and the last write succeeded.
pub const SYNCED: &str = "Synced";
/// The condition that the object has the desired state.
pub const UP_TO_DATE: &str = "UpToDate";

/// The new value of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionUpdate {
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// The reason in one word.
    pub reason: &'static str,
    /// The event and what to do.
    pub message: Option<String>,
}

impl ConditionUpdate {
    const fn plain(status: &'static str, reason: &'static str) -> Self {
        ConditionUpdate {
            status,
            reason,
            message: None,
        }
    }

    /// With a message.
    #[must_use]
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Ready.
    pub const fn available() -> Self {
        Self::plain("True", "Available")
    }

    /// Not ready.
    pub const fn unavailable() -> Self {
        Self::plain("False", "Unavailable")
    }

    /// Not ready because it is being made.
    pub const fn creating() -> Self {
        Self::plain("False", "Creating")
    }

    /// Not ready because it is being deleted.
    pub const fn deleting() -> Self {
        Self::plain("False", "Deleting")
    }

    /// Synced.
    pub const fn synced() -> Self {
        Self::plain("True", "ReconcileSuccess")
    }

    /// Not synced.
    pub const fn failed() -> Self {
        Self::plain("False", "ReconcileError")
    }

    /// Not synced because of a pause.
    pub const fn paused() -> Self {
        Self::plain("False", "ReconcilePaused")
    }

    /// As wanted.
    pub const fn matched() -> Self {
        Self::plain("True", "ObserveMatched")
    }

    /// Not as wanted, and asked to become so.
    pub const fn update_requested() -> Self {
        Self::plain("False", "UpdateRequested")
    }

    /// Not as wanted, and the policies forbid the change.
    pub const fn update_restricted() -> Self {
        Self::plain("False", "UpdateRestricted")
    }

    /// Not as wanted, and the change was refused.
    pub const fn update_failed() -> Self {
        Self::plain("False", "UpdateFailed")
    }

    /// Not known, because the external object is not looked at.
    pub const fn unknown_while_refused() -> Self {
        Self::plain("Unknown", "ReconcileError")
    }

    /// Not known during a pause.
    pub const fn unknown_while_paused() -> Self {
        Self::plain("Unknown", "ReconcilePaused")
    }
}

/// The result of a reconcile. A condition that is `None` stays as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The condition that the object can be used.
    pub ready: Option<ConditionUpdate>,
    /// The condition that the reconcile succeeded.
    pub synced: Option<ConditionUpdate>,
    /// The condition that the object has the desired state.
    pub up_to_date: Option<ConditionUpdate>,
    /// The observed values.
    pub at_provider: Option<Map<String, Value>>,
}

/// The resource that a report is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its generation.
    pub generation: Option<i64>,
    /// The value of the annotation that requested a reconcile.
    pub requested: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// The status after a report. It differs from `before` only if the report has something new: the
/// time of a condition is that of its last change.
pub fn status(before: &ResourceStatus, report: &Report, subject: Subject<'_>) -> ResourceStatus {
    let mut status = before.clone();
    for (type_, update) in [
        (READY, &report.ready),
        (SYNCED, &report.synced),
        (UP_TO_DATE, &report.up_to_date),
    ] {
        if let Some(update) = update {
            set_condition(&mut status.conditions, type_, update, subject);
        }
    }
    if let Some(at_provider) = &report.at_provider {
        status.at_provider.clone_from(at_provider);
    }
    status.observed_generation = subject.generation;
    if let Some(requested) = subject.requested {
        status.last_handled_reconcile_at = Some(requested.to_owned());
    }
    status
}

fn set_condition(
    conditions: &mut Vec<Condition>,
    type_: &str,
    update: &ConditionUpdate,
    subject: Subject<'_>,
) {
    let mut condition = Condition {
        last_transition_time: Time(subject.now),
        message: update.message.clone(),
        observed_generation: subject.generation,
        reason: update.reason.to_owned(),
        status: update.status.to_owned(),
        type_: type_.to_owned(),
    };
    match conditions.iter_mut().find(|said| said.type_ == type_) {
        Some(said) => {
            if said.status == condition.status && said.reason == condition.reason {
                condition.last_transition_time = said.last_transition_time.clone();
            }
            *said = condition;
        }
        None => conditions.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn subject(seconds: i64) -> Subject<'static> {
        Subject {
            generation: Some(3),
            requested: None,
            now: at(seconds),
        }
    }

    #[test]
    fn a_report_that_says_the_same_changes_nothing() {
        let report = Report {
            ready: Some(ConditionUpdate::available()),
            synced: Some(ConditionUpdate::synced()),
            up_to_date: Some(ConditionUpdate::matched()),
            at_provider: None,
        };
        let first = status(&ResourceStatus::default(), &report, subject(1));
        assert_eq!(status(&first, &report, subject(9)), first);
    }

    #[test]
    fn the_time_is_that_of_the_last_change_and_what_is_not_said_stays() {
        let said = |update| Report {
            ready: Some(update),
            ..Report::default()
        };
        let mut before = ResourceStatus::default();
        set_condition(
            &mut before.conditions,
            "Custom",
            &ConditionUpdate::synced(),
            subject(0),
        );
        let first = status(&before, &said(ConditionUpdate::creating()), subject(1));
        let again = status(
            &first,
            &said(ConditionUpdate::creating().because("1 of 3")),
            subject(2),
        );
        let ready = again.condition(READY).unwrap();
        assert_eq!(ready.last_transition_time, Time(at(1)));
        assert_eq!(ready.message.as_deref(), Some("1 of 3"));
        let last = status(&again, &said(ConditionUpdate::available()), subject(5));
        assert_eq!(
            last.condition(READY).unwrap().last_transition_time,
            Time(at(5))
        );
        assert!(last.condition("Custom").is_some());
        assert_eq!(last.condition(READY).unwrap().observed_generation, Some(3));
    }

    #[test]
    fn a_look_that_was_asked_for_is_echoed() {
        let asked = Subject {
            requested: Some("now"),
            ..subject(1)
        };
        let status = status(&ResourceStatus::default(), &Report::default(), asked);
        assert_eq!(status.last_handled_reconcile_at.as_deref(), Some("now"));
        assert_eq!(status.observed_generation, Some(3));
    }
}
