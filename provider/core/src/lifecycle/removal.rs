//! The deletion of an object.

use everest_schemas::Engine;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::finalizer::held_by;
use super::{Action, EngineRole, ObjectRef, Observed, Query};
use crate::facts::Seen;

/// Deletes one object and waits until it is gone.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// The UID of the object that is meant: a later object of the same name stays.
    uid: Option<String>,
}

impl Removal {
    /// The UID of the object that is meant, once it was seen.
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// The next action for an object with the metadata `found`; `None` once it is gone.
    pub fn step<T>(&mut self, object: &ObjectRef, found: Option<&ObjectMeta>) -> Option<Action<T>> {
        let found = found?;
        if self.uid.is_some() && self.uid != found.uid {
            return None;
        }
        if found.deletion_timestamp.is_none() {
            self.uid.clone_from(&found.uid);
            return Some(Action::Delete {
                object: object.clone(),
                uid: found.uid.clone(),
            });
        }
        self.uid.clone_from(&found.uid);
        let held = held_by(found.finalizers.as_deref().unwrap_or_default());
        Some(Action::Await(format!("its deletion{held}").into()))
    }

    /// Waits for the engine's own object, which goes after Everest's; `None` once it is gone, too.
    ///
    /// The garbage collector deletes the engine's object, but learns of its kind only up to half a
    /// minute after the definition. Without this wait, a new object of the same name would inherit
    /// the deletion of the old one, and data that should go may still be there. A kind that may not
    /// be read is skipped.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub fn remains<T>(
        &self,
        object: &ObjectRef,
        role: EngineRole,
        observed: &Observed,
    ) -> Result<Option<Action<T>>, Query> {
        for engine in Engine::ALL {
            let own = ObjectRef::of_engine(engine, role, object);
            let Seen::Found(found) = observed.engine_object(&own)? else {
                continue;
            };
            if self.owns(object, found) {
                let finalizers = &found["metadata"]["finalizers"];
                let finalizers: Vec<String> =
                    serde_json::from_value(finalizers.clone()).unwrap_or_default();
                let held = held_by(&finalizers);
                return Ok(Some(Action::Await(
                    format!("{own} of the engine to go too{held}").into(),
                )));
            }
        }
        Ok(None)
    }

    fn owns(&self, object: &ObjectRef, found: &Value) -> bool {
        let owners = found["metadata"]["ownerReferences"].as_array();
        owners.into_iter().flatten().any(|owner| match &self.uid {
            Some(uid) => owner["uid"] == uid.as_str(),
            None => owner["kind"] == object.kind.name() && owner["name"] == object.name.as_str(),
        })
    }
}
