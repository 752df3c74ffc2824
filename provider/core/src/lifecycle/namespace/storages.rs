//! The release of storages that Everest would hold forever.

use everest_schemas::everest::BackupStorage;

use crate::lifecycle::backup_storage::users_of;
use crate::lifecycle::{Action, Lifecycle, ObjectRef, Observed, Query, Stopwatches};
use crate::storage_users::{self, Step};

/// Takes Everest's finalizer off the storages of a namespace that were deleted while in use and
/// that nothing uses any more: Everest does not reconcile them again, so they would hold the
/// namespace forever. The outcome is a list of their names. If storages may not be listed, nothing
/// is done.
#[derive(Clone, Debug)]
pub struct ReleaseStorages {
    namespace: String,
    released: Vec<String>,
}

impl ReleaseStorages {
    /// Releases such storages of a namespace.
    pub fn of(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            released: Vec::new(),
        }
    }

    /// The next write; `None` once there is no storage to release.
    pub(super) fn step(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        let storages = observed.all::<BackupStorage>(&self.namespace)?;
        for storage in storages.into_iter().flatten().map(|storage| &**storage) {
            if !storage_users::is_held(storage) || storage.metadata.deletion_timestamp.is_none() {
                continue;
            }
            let users = users_of(observed, storage)?;
            if let Step::Release(body) = storage_users::step(storage, &users) {
                let name = storage.metadata.name.as_deref().unwrap_or_default();
                let object = ObjectRef::of::<BackupStorage>(&self.namespace, name);
                self.released.push(object.name.clone());
                return Ok(Some(Action::merge(&object, body)));
            }
        }
        Ok(None)
    }
}

impl Lifecycle for ReleaseStorages {
    type Outcome = Vec<String>;

    fn subject(&self) -> ObjectRef {
        ObjectRef::of::<BackupStorage>(&self.namespace, "")
    }

    fn aim(&self) -> &'static str {
        "were not released"
    }

    fn next(
        &mut self,
        observed: &Observed,
        _: &mut Stopwatches,
    ) -> Result<Action<Vec<String>>, Query> {
        Ok(match self.step(observed)? {
            Some(action) => action.map(|()| Vec::new()),
            None => Action::Done(std::mem::take(&mut self.released)),
        })
    }
}
