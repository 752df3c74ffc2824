//! The creation of a database.

use everest_schemas::models::DatabaseModel;
use serde_json::Value;

use super::{After, AwaitReady};
use crate::lifecycle::{Action, Lifecycle, ObjectRef, Observed, Query, Stopwatches, prerequisites};
use crate::{Operation, readiness, v1};

/// Creates a database.
///
/// 1. The upgrade of an engine's operator in the namespace is waited for.
/// 2. The object is created, with the data source.
/// 3. Unless `wait` is false, the database is waited for until it is ready, including the engine's
///    own object and the restore or import of the first data. `error` does not end the wait,
///    because engines pass through it while they start.
#[derive(Clone, Debug)]
pub struct CreateDatabase {
    object: ObjectRef,
    body: Value,
    waits: bool,
    ready: AwaitReady,
}

impl CreateDatabase {
    /// Creates what the model says.
    pub fn of(model: &DatabaseModel) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            body: v1::database::desired(model, Operation::Create),
            waits: model.wait.known() != Some(&false),
            ready: AwaitReady::at(object.clone(), After::Creation, is_from_backup(model)),
            object,
        }
    }
}

/// Returns true if the first data of a database comes from a backup.
pub fn is_from_backup(model: &DatabaseModel) -> bool {
    model.spec.known().is_some_and(readiness::is_from_backup)
}

impl Lifecycle for CreateDatabase {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        self.ready.aim()
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        if observed.is_ours(&self.object) {
            return match self.waits {
                true => self.ready.next(observed, times),
                false => Ok(Action::Done(())),
            };
        }
        let missing = prerequisites::operator_upgrade(observed, &self.object.namespace)?;
        Ok(match missing {
            Some(missing) => Action::Await(missing),
            None => Action::Create {
                object: self.object.clone(),
                body: self.body.clone().into(),
            },
        })
    }
}
