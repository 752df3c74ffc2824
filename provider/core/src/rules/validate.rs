//! The rules of any model, for code that handles all kinds in the same way.

use everest_schemas::models::{
    BackupModel, BackupStorageModel, DatabaseModel, Engines, NamespaceModel, RestoreModel,
};
use jiff::Timestamp;

use super::{Stage, backup, backup_storage, database, namespace, restore};
use crate::facts::{Facts, Kind, Planned, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::raised::{self, Said};

/// A model that Everest has rules for. `self` has the values that hold after the change, see
/// [`rules`](super); `prior` is the model before the change, `None` for a creation.
pub trait Validate: Sized {
    /// Finds values that are never valid.
    fn check_syntax(&self) -> Vec<Finding>;

    /// Checks an object that is created or changed, without the cluster.
    fn check(&self, prior: Option<&Self>) -> Vec<Finding>;

    /// Checks the model against the present time.
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

    /// The values of a configuration that only go up; see [`raised`].
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

    /// Checks the model against the present state of the cluster.
    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding>;

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

impl Validate for BackupModel {
    fn check_syntax(&self) -> Vec<Finding> {
        backup::check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        backup::check(self, prior)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        Wanted::for_backup(self, prior)
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::Backups, &self.name);
    }

    fn note_destroyed(&self, planned: &mut Planned) {
        planned.note_destroyed(&self.namespace, Kind::Backups, &self.name);
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        backup::check_online(self, prior, facts, stage)
    }
}

impl Validate for BackupStorageModel {
    fn check_syntax(&self) -> Vec<Finding> {
        backup_storage::check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        backup_storage::check(self, prior)
    }

    fn wanted(&self, _: Option<&Self>) -> Wanted {
        Wanted::for_backup_storage(self)
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::Storages, &self.name);
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::for_destruction_of_backup_storage(self)
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        backup_storage::check_online(self, prior, facts, stage)
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        backup_storage::check_destruction_online(self, facts)
    }
}

impl Validate for DatabaseModel {
    fn check_syntax(&self) -> Vec<Finding> {
        database::check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        database::check(self, prior)
    }

    fn said(&self) -> Said {
        raised::said(self)
    }

    fn keep_raised(&mut self, prior: &Self, before: &Said) -> Vec<Finding> {
        raised::keep(self, prior, before)
    }

    fn give_way(&mut self, observed: &Self, is_ours: &dyn Fn(&FieldPath) -> bool) -> Vec<Finding> {
        raised::give_way(self, observed, is_ours)
    }

    fn check_time(&self, prior: Option<&Self>, now: Timestamp) -> Vec<Finding> {
        database::check_time(self, prior, now)
    }

    fn check_immutable(&self, prior: &Self) -> Vec<Finding> {
        database::check_immutable(self, prior)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        Wanted::for_database(self, prior)
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::Databases, &self.name);
    }

    fn note_destroyed(&self, planned: &mut Planned) {
        planned.note_destroyed(&self.namespace, Kind::Databases, &self.name);
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        database::check_online(self, prior, facts, stage)
    }

    fn check_destruction(&self) -> Vec<Finding> {
        database::check_destruction(self)
    }

    fn wanted_at_destruction(&self) -> Wanted {
        Wanted::for_destruction_of_database(self)
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        database::check_destruction_online(self, facts)
    }
}

impl Validate for NamespaceModel {
    fn check_syntax(&self) -> Vec<Finding> {
        namespace::check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        namespace::check(self, prior)
    }

    fn said(&self) -> Said {
        raised::said(self)
    }

    fn keep_raised(&mut self, prior: &Self, before: &Said) -> Vec<Finding> {
        raised::keep(self, prior, before)
    }

    fn give_way(&mut self, observed: &Self, is_ours: &dyn Fn(&FieldPath) -> bool) -> Vec<Finding> {
        raised::give_way(self, observed, is_ours)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        Wanted::for_namespace(self, prior)
    }

    fn note(&self, planned: &mut Planned) {
        planned.note_namespace(&self.name);
        for (engine, _) in self.engines.known().into_iter().flat_map(Engines::iter) {
            let operator = engine.operator().into();
            planned.note(&self.name, Kind::Engines, &operator);
        }
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        namespace::check_online(self, prior, facts, stage)
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        namespace::check_destruction_online(self, facts)
    }
}

impl Validate for RestoreModel {
    fn check_syntax(&self) -> Vec<Finding> {
        restore::check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        restore::check(self, prior)
    }

    fn check_time(&self, prior: Option<&Self>, now: Timestamp) -> Vec<Finding> {
        restore::check_time(self, prior, now)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        Wanted::for_restore(self, prior)
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        restore::check_online(self, prior, facts, stage)
    }
}
