//! Backup storages: their Secret and their users, and how one is let go.

use std::sync::Arc;

use everest_schemas::everest::{
    BackupStorage, DataImportJob, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};

use super::data_import_job;
use super::own_secret::is_read_by;
use super::remove_with_secret::RemoveWithSecret;
pub(super) use super::remove_with_secret::users_of;
use super::used::in_use;
use super::{Action, Lifecycle, ObjectRef, Observed, Query, ReadsSecret, Stopwatches, Used};
use crate::storage_users::{self, Neighbours, Step, Users};

impl ReadsSecret for BackupStorage {
    const CONTENT: &'static str = "credentials";
    const NOUN: &'static str = "storage";
    const KEYS: &'static [&'static str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    const ATTRIBUTE: &'static str = "accessKeyId";
    const GIVE: &'static str = "{:giveCredentials}";
    const LEAVE_OUT: &'static str = "{:leaveCredentialsOut}";
    const INSTEAD: &'static str = "{:leaveCredentialsOut} to use it unchanged";

    fn secret_name(&self) -> Option<&str> {
        self.spec.credentials_secret_name.known_str()
    }

    /// Imports are given keys of the same names.
    fn is_read_elsewhere(
        observed: &Observed,
        namespace: &str,
        secret: &str,
    ) -> Result<Option<bool>, Query> {
        match data_import_job::is_read_by_new_database(observed, namespace, secret)? {
            Some(false) => is_read_by::<DataImportJob>(observed, namespace, secret),
            other => Ok(other),
        }
    }
}

impl Used for BackupStorage {
    const CALLED: &'static str = "backup storage";
    const UNSEEN: &'static str = "databases, backups or restores of the namespace";
    const REMEDY: &'static str = storage_users::REMEDY;
    const IS_LET_GO: bool = false;

    fn in_use(&self) -> bool {
        let status = self.status.as_ref();
        status.and_then(|status| status.in_use) == Some(true)
    }

    fn users(observed: &Observed, namespace: &str, name: &str) -> Result<Users, Query> {
        let neighbours = Neighbours {
            databases: refs(observed.all::<DatabaseCluster>(namespace)?),
            backups: refs(observed.all::<DatabaseClusterBackup>(namespace)?),
            restores: refs(observed.all::<DatabaseClusterRestore>(namespace)?),
        };
        Ok(storage_users::users(name, &neighbours))
    }
}

fn refs<K>(all: Option<&[Arc<K>]>) -> Option<Vec<&K>> {
    all.map(|all| all.iter().map(|one| &**one).collect())
}

/// Removes a backup storage and the Secret with its credentials.
pub type RemoveStorage = RemoveWithSecret<BackupStorage>;

/// Lets go of a storage that somebody deleted while it was used and that nothing uses any more.
/// The outcome is whether that was so.
#[derive(Clone, Debug)]
pub struct ReleaseStorage {
    object: ObjectRef,
    waits: bool,
    released: bool,
}

impl ReleaseStorage {
    /// Lets go of a storage, if nothing uses it.
    pub fn of(namespace: &str, name: &str) -> Self {
        Self {
            object: ObjectRef::of::<BackupStorage>(namespace, name),
            waits: false,
            released: false,
        }
    }

    /// Whether a storage was deleted and Everest holds it: all others are left alone.
    pub fn concerns(storage: &BackupStorage) -> bool {
        storage.metadata.deletion_timestamp.is_some() && storage_users::is_held(storage)
    }

    /// The same once nothing uses it any more.
    #[must_use]
    pub fn once_unused(mut self) -> Self {
        self.waits = true;
        self
    }
}

impl Lifecycle for ReleaseStorage {
    type Outcome = bool;

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not released"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action<bool>, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<BackupStorage>(namespace, name)?;
        let Some(storage) = found.filter(|storage| Self::concerns(storage)) else {
            return Ok(Action::Done(self.released));
        };
        let users = users_of(observed, storage)?;
        Ok(match storage_users::step(storage, &users) {
            Step::Release(body) => {
                self.released = true;
                Action::merge(&self.object, body)
            }
            Step::InUse(_) | Step::AwaitUsers(_) if self.waits => {
                in_use::<BackupStorage, _>(users.found)
            }
            _ => Action::Done(false),
        })
    }
}

#[cfg(test)]
mod tests;
