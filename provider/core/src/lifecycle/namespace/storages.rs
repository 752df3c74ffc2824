//! Letting go of storages that Everest would hold for ever.

use std::sync::Arc;

use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};

use crate::lifecycle::{
    Action, Lifecycle, ObjectRef, Observable, Observed, Query, SecretMetadata, Stopwatches,
};
use crate::storage_users::{self, Neighbours, Step, User, Users};

/// Takes Everest's finalizer off the storages of a namespace that were deleted while in use and
/// that nothing uses any more: Everest does not look at them again, so they would hold the
/// namespace for ever. The outcome are their names. Where storages may not be listed there is
/// nothing to do.
#[derive(Clone, Debug)]
pub struct ReleaseStorages {
    namespace: String,
    released: Vec<String>,
}

impl ReleaseStorages {
    /// Releases those of a namespace.
    pub fn of(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            released: Vec::new(),
        }
    }

    /// What has to be written; none once there are none to release.
    pub(super) fn step(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        let storages = observed.all::<BackupStorage>(&self.namespace)?;
        for storage in storages.into_iter().flatten() {
            if !storage_users::is_held(storage) || storage.metadata.deletion_timestamp.is_none() {
                continue;
            }
            let users = self.users(observed, storage)?;
            if let Step::Release(body) = storage_users::step(storage, &users) {
                let name = storage.metadata.name.as_deref().unwrap_or_default();
                let object = ObjectRef::of::<BackupStorage>(&self.namespace, name);
                self.released.push(object.name.clone());
                return Ok(Some(Action::merge(&object, body)));
            }
        }
        Ok(None)
    }

    /// What refers to the storage, and the storages that would lose their Secret with it.
    fn users(&self, observed: &Observed, storage: &BackupStorage) -> Result<Users, Query> {
        let neighbours = Neighbours {
            databases: self.all::<DatabaseCluster>(observed)?,
            backups: self.all::<DatabaseClusterBackup>(observed)?,
            restores: self.all::<DatabaseClusterRestore>(observed)?,
        };
        let name = storage.metadata.name.as_deref().unwrap_or_default();
        let mut users = storage_users::users(name, &neighbours);
        users.found.extend(self.bereft(observed, storage)?);
        Ok(users)
    }

    fn all<K: Observable + Clone>(&self, observed: &Observed) -> Result<Option<Vec<K>>, Query> {
        let found = observed.all::<K>(&self.namespace)?;
        Ok(found.map(|found| found.iter().map(|one| K::clone(one)).collect()))
    }

    /// The other storages that lose their Secret with `storage`: Everest makes one of those that
    /// read a Secret its owner.
    fn bereft(&self, observed: &Observed, storage: &BackupStorage) -> Result<Vec<User>, Query> {
        let Some(secret) = storage.spec.credentials_secret_name.known_str() else {
            return Ok(Vec::new());
        };
        let storages = observed.all::<BackupStorage>(&self.namespace)?;
        let is_other = |other: &&Arc<BackupStorage>| {
            other.metadata.name != storage.metadata.name
                && other.spec.credentials_secret_name.known_str() == Some(secret)
        };
        let others: Vec<_> = storages.into_iter().flatten().filter(is_other).collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let metadata = observed.object::<SecretMetadata>(&self.namespace, secret)?;
        let owners = metadata.and_then(|secret| secret.0.owner_references.as_ref());
        let is_owner = owners
            .into_iter()
            .flatten()
            .any(|owner| Some(&owner.uid) == storage.metadata.uid.as_ref());
        Ok(others
            .into_iter()
            .filter(|_| is_owner)
            .map(|other| User::of("backup storage", &other.metadata))
            .collect())
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
