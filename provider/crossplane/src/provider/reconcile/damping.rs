//! Updates that someone else undoes each time.

use std::collections::BTreeSet;
use std::time::Duration;

use everest_core::Operation;
use everest_core::field_conflict::{ConflictingField, conflicting_fields};
use everest_core::v1::ObjectMapping;
use everest_schemas::managed::ManagedModel;
use serde_json::Value;

use super::outcome::Outcome;
use super::{Next, Reconciler};
use crate::provider::conditions::ConditionUpdate;
use crate::provider::error::ReconcileError;
use crate::provider::kind::differing::differing;
use crate::provider::kind::{Difference, Kind};
use crate::provider::metadata;
use crate::provider::repeats::Wait;

impl<K: Kind> Reconciler<'_, K> {
    /// The result if the update has to wait, because the same was made just now.
    pub(super) async fn wait_for_others(&mut self) -> Result<Option<Outcome>, ReconcileError> {
        let (generation, longest) = (self.managed.metadata.generation, self.poll());
        let fields = self.differing();
        let Some(wait) = self.state.updates.wait(generation, &fields, longest) else {
            return Ok(None);
        };
        let why = match self.state.updates.told.clone() {
            Some(told) => told,
            None => self.undone_by(wait).await?,
        };
        self.state.updates.told = Some(why.clone());
        let requested = ConditionUpdate::update_requested().because(why);
        let mut outcome = Box::pin(self.settled(requested)).await?;
        outcome.next = match outcome.next {
            Next::After(next) => Next::After(next.min(wait.left)),
            Next::Usual => Next::After(wait.left),
            next => next,
        };
        Ok(Some(outcome))
    }

    /// The interval of reconciles without an event.
    pub(super) fn poll(&self) -> Duration {
        let options = &self.controller.context.options;
        metadata::poll_interval(&self.managed.metadata, options.poll)
    }

    /// The fields that the update is about.
    pub(super) fn differing(&mut self) -> BTreeSet<String> {
        let (Some(external), Some(difference)) = (self.external.clone(), self.difference.clone())
        else {
            return BTreeSet::new();
        };
        let Some(scene) = self.scene() else {
            return BTreeSet::new();
        };
        let wanted = scene.config.desired(Operation::Update);
        let held = scene.observed(&external).desired(Operation::Update);
        let mut fields = differing(&wanted, &held);
        match difference {
            Difference::Members(change) => {
                let removed = change.removed.iter().map(|removal| format!("{removal:?}"));
                fields.extend(removed);
            }
            Difference::Secret { version } => {
                fields.insert(format!("the Secret of version {version:?}"));
            }
            // What is wanted of them shows in no field.
            other @ (Difference::Operators | Difference::Step) if fields.is_empty() => {
                fields.insert(format!("{other:?}"));
            }
            Difference::Operators | Difference::Step => {}
        }
        fields
    }

    /// A sentence about who undoes the updates.
    async fn undone_by(&mut self, wait: Wait) -> Result<String, ReconcileError> {
        let shown = self.shown();
        let Some(scene) = self.scene() else {
            return Ok(String::new());
        };
        let found = scene.requests().get(scene.name).await?;
        let live = serde_json::to_value(found).unwrap_or(Value::Null);
        let wanted = scene.config.desired(Operation::Update);
        let manager = scene.cluster().field_manager();
        let conflicts = conflicting_fields(&live, &wanted, &Value::Null, manager);
        Ok(format!(
            "{} each time this managed resource changes it: {} updates of the same fields were \
             made. The next one waits {} s, and the pause doubles each time. Let one of the two \
             decide: take the fields out of spec.forProvider, or stop the other writer",
            subject(&shown, K::Model::KIND, &conflicts),
            wait.updates,
            wait.pause.as_secs()
        ))
    }
}

/// Who changes what.
fn subject(shown: &str, kind: &str, conflicts: &[ConflictingField]) -> String {
    let mut managers: Vec<_> = conflicts.iter().map(|found| &*found.manager).collect();
    managers.sort_unstable();
    managers.dedup();
    let paths: Vec<_> = conflicts
        .iter()
        .map(|found| found.path.to_string())
        .collect();
    match managers.as_slice() {
        [] => format!("someone else than this {kind} changes {shown} back"),
        managers => format!(
            "the field manager {} changes {} of {shown} back",
            managers.join(" and "),
            paths.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use everest_core::path::FieldPath;
    use serde_json::json;

    use super::*;

    #[test]
    fn who_changes_a_field_back_is_named_with_it() {
        let conflict = |manager: &str, path: &str| ConflictingField {
            path: FieldPath::of(path),
            manager: manager.to_owned(),
            theirs: json!(5),
            ours: json!(3),
            shown: false,
        };
        let both = [
            conflict("argocd", "engine.replicas"),
            conflict("argocd", "engine.storage.size"),
        ];
        let shown = "DatabaseCluster shop/orders";
        assert_eq!(
            subject(shown, "Database", &both),
            "the field manager argocd changes engine.replicas, engine.storage.size of \
             DatabaseCluster shop/orders back"
        );
        assert_eq!(
            subject(shown, "Database", &[]),
            "someone else than this Database changes DatabaseCluster shop/orders back"
        );
    }
}
