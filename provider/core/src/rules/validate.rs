//! The rules of any model, for those who serve all kinds the same way.

use jiff::Timestamp;

use super::Stage;
use super::expressions::Expression;
use crate::facts::{Facts, Planned, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::raised::Said;

/// A model that Everest has rules for. The model itself is what will hold, as
/// [`rules`](super) says; `prior` is the one before the change, none for a
/// creation.
pub trait Validate: Sized {
    /// The rules that the definition of its managed resource carries, for the API server to check.
    const EXPRESSIONS: &'static [Expression] = &[];

    /// What a configuration alone can never be.
    fn check_syntax(&self) -> Vec<Finding>;

    /// What can be told without the cluster of an object that is made or
    /// changed.
    fn check(&self, prior: Option<&Self>) -> Vec<Finding>;

    /// What cannot be at this time of the clock.
    fn check_time(&self, prior: Option<&Self>, now: Timestamp) -> Vec<Finding> {
        let _ = (prior, now);
        Vec::new()
    }

    /// A finding for each attribute that a change would have to replace the
    /// object for.
    fn check_immutable(&self, prior: &Self) -> Vec<Finding> {
        let _ = prior;
        Vec::new()
    }

    /// All that can be told without the cluster, for front ends that cannot
    /// replace an object. `config` is what the user says.
    fn check_in_place(&self, config: &Self, prior: Option<&Self>) -> Vec<Finding> {
        let mut findings = config.check_syntax();
        findings.extend(self.check(prior));
        findings.extend(
            prior
                .into_iter()
                .flat_map(|prior| self.check_immutable(prior)),
        );
        findings
    }

    /// What a configuration says of the values that only go up; see
    /// [`raised`](crate::raised).
    fn said(&self) -> Said {
        Said::new()
    }

    /// Keeps in what is planned by a configuration what somebody else has
    /// raised since that said the same `before`, and tells of each.
    fn keep_raised(&mut self, prior: &Self, before: &Said) -> Vec<Finding> {
        let _ = (prior, before);
        Vec::new()
    }

    /// Takes out of a configuration what somebody else has raised and taken
    /// over: what is not `ours` any more; and tells of each.
    fn give_way(&mut self, observed: &Self, is_ours: &dyn Fn(&FieldPath) -> bool) -> Vec<Finding> {
        let _ = (observed, is_ours);
        Vec::new()
    }

    /// What has to be known of the cluster for [`Validate::check_online`].
    fn wanted(&self, prior: Option<&Self>) -> Wanted;

    /// Notes what others may refer to once this is applied.
    fn note(&self, planned: &mut Planned) {
        let _ = planned;
    }

    /// Notes that this object is destroyed.
    fn note_destroyed(&self, planned: &mut Planned) {
        let _ = planned;
    }

    /// What the cluster's present state forbids.
    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding>;

    /// What stands against the destruction of an object as the state has it.
    fn check_destruction(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// What has to be known of the cluster for
    /// [`Validate::check_destruction_online`].
    fn wanted_at_destruction(&self) -> Wanted {
        self.wanted(Some(self))
    }

    /// What stands against it as the cluster is at the moment.
    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let _ = facts;
        Vec::new()
    }
}
