//! The end of an object.

use everest_schemas::Engine;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::finalizer::held_by;
use super::{Action, EngineRole, ObjectRef, Observed, Query};
use crate::facts::Seen;

/// The deletion of one object, until it is gone.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// The one that is meant: another one that follows it under its name stays.
    uid: Option<String>,
}

impl Removal {
    /// The UID of the one that is meant, once it was seen.
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// What is next on the way to the end of an object of which this metadata was found; none once
    /// it is gone.
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

    /// What is waited for of the engine's own object, which goes after Everest's; none once it is
    /// gone, too.
    ///
    /// The garbage collector deletes it first, once it knows its kind: it learns of one up to half
    /// a minute after the definition. A new object of the same name would otherwise take over the
    /// old one's end, and data that should go may still be there. A kind that may not be read is
    /// passed over.
    ///
    /// # Errors
    /// The query for one that was not looked at.
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
