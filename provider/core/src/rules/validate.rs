//! The rules of any model, for code that handles all kinds in the same way.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::expressions::Expression;
use super::{Stage, immutable, served};
use crate::facts::{Facts, Planned, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::raised::Said;
use crate::v1::ObjectMapping;

/// A model that Everest has rules for. `self` has the values that hold after the change, see
/// [`rules`](super); `prior` is the model before the change, `None` for a creation.
pub trait Validate: ObjectMapping + Serialize + JsonSchema + Sized + 'static {
    /// The rules in the definition of its managed resource, which the API server checks.
    const EXPRESSIONS: &'static [Expression] = &[];

    /// Findings for configurations that are always wrong.
    fn check_syntax(&self) -> Vec<Finding>;

    /// Checks an object that is created or changed, without the cluster.
    fn check(&self, prior: Option<&Self>) -> Vec<Finding>;

    /// Checks the model against the present time.
    fn check_time(&self, prior: Option<&Self>, now: Timestamp) -> Vec<Finding> {
        let _ = (prior, now);
        Vec::new()
    }

    /// A finding, with both values, for each attribute that a change would have to replace the
    /// object for.
    fn check_immutable(&self, prior: &Self) -> Vec<Finding> {
        immutable::check(self, prior)
    }

    /// All checks without the cluster, for front ends that cannot replace an object. `config` is
    /// the user's configuration.
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

    /// The values of a configuration that can only be raised; see [`raised`](crate::raised).
    fn said(&self) -> Said {
        Said::new()
    }

    /// Keeps values in the plan that someone else has raised while the configuration stayed as it
    /// was `before`, with a warning for each.
    fn keep_raised(&mut self, prior: &Self, before: &Said) -> Vec<Finding> {
        let _ = (prior, before);
        Vec::new()
    }

    /// Removes values from a configuration that someone else has raised and taken over, so that
    /// they are not `ours` any more, with a warning for each.
    fn give_way(&mut self, observed: &Self, is_ours: &dyn Fn(&FieldPath) -> bool) -> Vec<Finding> {
        let _ = (observed, is_ours);
        Vec::new()
    }

    /// The facts of the cluster that [`Validate::check_online`] needs.
    fn wanted(&self, prior: Option<&Self>) -> Wanted;

    /// Notes the objects that others may refer to once this model is applied.
    fn note(&self, planned: &mut Planned) {
        let _ = planned;
    }

    /// Notes that this object is destroyed.
    fn note_destroyed(&self, planned: &mut Planned) {
        let _ = planned;
    }

    /// The facts of the cluster that [`Validate::check_cluster`] needs.
    fn wanted_of_cluster(&self, prior: Option<&Self>) -> Wanted {
        served::wanted(self, prior)
    }

    /// All checks against the present state of the cluster: those of every kind, about the Everest
    /// that it runs, and [`Validate::check_online`].
    fn check_cluster(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        served::check(self, prior, facts, stage)
    }

    /// Checks the model against the present state of the cluster, by the rules of its kind.
    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding>;

    /// Returns true if the model refers to an object that the planned run makes and that an admission
    /// webhook of Everest looks for: a dry run would report nothing but its absence.
    fn is_ahead_of_the_run(&self, facts: &Facts) -> bool {
        let _ = facts;
        false
    }

    /// Checks the destruction of an object with the values in the state.
    fn check_destruction(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// The facts of the cluster that [`Validate::check_destruction_online`] needs.
    fn wanted_at_destruction(&self) -> Wanted {
        self.wanted(Some(self))
    }

    /// Checks the destruction against the present state of the cluster.
    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        let _ = facts;
        Vec::new()
    }
}
