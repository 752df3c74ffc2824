//! The deletion of several objects at once.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Action, ObjectRef, Observable, Removal};
use crate::text::Text;

/// Deletes objects and waits until all are gone. All deletions are requested before any is waited
/// for.
#[derive(Clone, Debug, Default)]
pub(super) struct Removals(BTreeMap<ObjectRef, Removal>);

impl Removals {
    /// The next action for the objects of a type with the metadata `found`; `None` once all are
    /// gone.
    pub(super) fn step<'a, K: Observable>(
        &mut self,
        namespace: &str,
        found: impl IntoIterator<Item = &'a ObjectMeta>,
    ) -> Option<Action> {
        let mut awaited = Vec::new();
        for metadata in found {
            let name = metadata.name.as_deref().unwrap_or_default();
            let object = ObjectRef::of::<K>(namespace, name);
            let removal = self.0.entry(object.clone()).or_default();
            match removal.step(&object, Some(metadata)) {
                None => {}
                Some(Action::Await(missing)) => {
                    awaited.push(Text::from(format!("{object}: ")).and(missing));
                }
                Some(action) => return Some(action),
            }
        }
        (!awaited.is_empty()).then(|| Action::Await(Text::join(awaited, "; ")))
    }
}
