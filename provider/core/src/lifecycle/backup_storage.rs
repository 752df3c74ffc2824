//! The end of a backup storage.

use std::sync::Arc;
use std::time::Duration;

use everest_schemas::Field;
use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};
use everest_schemas::models::BackupStorageModel;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{
    Action, Lifecycle, ObjectRef, Observed, Query, Removal, Requirement, SecretMetadata,
    Stopwatches, users,
};
use crate::storage_users::{self, Neighbours, REMEDY, Step, User, Users};
use crate::v1::backup_storage::secret_name;

/// How long Everest is waited for to take its finalizer off once nothing uses a storage. Where the
/// storage's Secret is gone it never does.
const GRACE: Duration = Duration::from_secs(60);

/// Removes a backup storage and the Secret with its credentials.
///
/// 1. A storage that databases, backups or restores use would hang in deletion: those that stay
///    keep it, and those that go are waited for. Another storage that would lose its Secret with
///    this one is a user, too.
/// 2. Everest is waited for to let go of it, for a while; then it is deleted.
/// 3. Everest does not look at a storage in deletion: of one that was deleted while it was used and
///    that nothing uses any more its finalizer is taken off.
/// 4. The garbage collector takes the Secret that Everest made the storage the owner of. One that
///    never had an owner goes here, if this provider wrote it and no other storage reads it.
#[derive(Clone, Debug)]
pub struct RemoveStorage {
    object: ObjectRef,
    secret: ObjectRef,
    manager: String,
    more: Vec<User>,
    removal: Removal,
    of_secret: Removal,
}

impl RemoveStorage {
    /// Removes the storage of a model; `manager` is the field manager that writes its Secret.
    pub fn of(model: &BackupStorageModel, manager: &str) -> Self {
        let text = |field: &Field<String>| field.known_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text(&model.namespace), text(&model.name));
        Self {
            object: ObjectRef::of::<BackupStorage>(&namespace, &name),
            secret: ObjectRef::of::<SecretMetadata>(&namespace, secret_name(model)),
            manager: manager.to_owned(),
            more: Vec::new(),
            removal: Removal::default(),
            of_secret: Removal::default(),
        }
    }

    /// The same with users that the cluster of the storage does not show.
    #[must_use]
    pub fn used_by(mut self, more: Vec<User>) -> Self {
        self.more = more;
        self
    }

    /// What comes before the end of a storage that is there.
    fn before(
        &self,
        storage: &BackupStorage,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        let mut found = users_of(observed, storage)?;
        found.found.extend(self.more.iter().cloned());
        Ok(match storage_users::step(storage, &found) {
            Step::InUse(unseen) if found.found.is_empty() => Some(in_use(
                unseen
                    .into_iter()
                    .map(|name| User {
                        name,
                        is_going: false,
                    })
                    .collect(),
            )),
            Step::InUse(_) | Step::AwaitUsers(_) => Some(in_use(found.found)),
            Step::Delete if storage_users::is_held(storage) => {
                users::in_use(Some(Vec::new()), GRACE, REMEDY, times)
            }
            Step::Release(body) => Some(Action::merge(&self.object, body)),
            Step::Delete | Step::AwaitEnd => None,
        })
    }

    /// What is left to do of the Secret of a storage that is gone.
    fn after(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        let (namespace, name) = (&self.secret.namespace, &self.secret.name);
        let Some(SecretMetadata(secret)) = observed.object::<SecretMetadata>(namespace, name)?
        else {
            return Ok(None);
        };
        let mut owners = secret.owner_references.iter().flatten();
        let owned = self.removal.uid().is_some()
            && owners.any(|owner| Some(owner.uid.as_str()) == self.removal.uid());
        if !owned && !is_written_by(secret, &self.manager) {
            return Ok(None);
        }
        // Where storages may not be listed, one may read it.
        let Some(storages) = observed.all::<BackupStorage>(namespace)? else {
            return Ok(None);
        };
        if storages.iter().any(|storage| reads(storage, name)) {
            return Ok(None);
        }
        Ok(self.of_secret.step(&self.secret, Some(secret)))
    }
}

impl Lifecycle for RemoveStorage {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not gone"
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<BackupStorage>(namespace, name)?;
        if let Some(storage) = found
            && let Some(action) = self.before(storage, observed, times)?
        {
            return Ok(action);
        }
        let metadata = found.map(|storage| &storage.metadata);
        if let Some(action) = self.removal.step(&self.object, metadata) {
            return Ok(action);
        }
        Ok(self.after(observed)?.unwrap_or(Action::Done(())))
    }
}

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
        "was not let go"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action<bool>, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<BackupStorage>(namespace, name)?;
        let held = found.filter(|storage| {
            storage.metadata.deletion_timestamp.is_some() && storage_users::is_held(storage)
        });
        let Some(storage) = held else {
            return Ok(Action::Done(self.released));
        };
        let users = users_of(observed, storage)?;
        Ok(match storage_users::step(storage, &users) {
            Step::Release(body) => {
                self.released = true;
                Action::merge(&self.object, body)
            }
            Step::InUse(_) | Step::AwaitUsers(_) if self.waits => in_use(users.found),
            _ => Action::Done(false),
        })
    }
}

/// The users of a storage in its namespace, and the storages that would lose their Secret with it.
///
/// # Errors
/// The query for what was not looked at.
fn users_of(observed: &Observed, storage: &BackupStorage) -> Result<Users, Query> {
    let metadata = &storage.metadata;
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let name = metadata.name.as_deref().unwrap_or_default();
    let neighbours = Neighbours {
        databases: refs(observed.all::<DatabaseCluster>(namespace)?),
        backups: refs(observed.all::<DatabaseClusterBackup>(namespace)?),
        restores: refs(observed.all::<DatabaseClusterRestore>(namespace)?),
    };
    let mut users = storage_users::users(name, &neighbours);
    let bereft = bereft(observed, storage, namespace)?;
    users.found.extend(
        bereft
            .iter()
            .map(|other| User::of("backup storage", &other.metadata)),
    );
    Ok(users)
}

fn refs<K>(all: Option<&[Arc<K>]>) -> Option<Vec<&K>> {
    all.map(|all| all.iter().map(|one| &**one).collect())
}

/// The other storages that lose their Secret with this one.
fn bereft(
    observed: &Observed,
    storage: &BackupStorage,
    namespace: &str,
) -> Result<Vec<Arc<BackupStorage>>, Query> {
    let Some(secret) = storage.spec.credentials_secret_name.known_str() else {
        return Ok(Vec::new());
    };
    let storages = observed
        .all::<BackupStorage>(namespace)?
        .unwrap_or_default();
    let others: Vec<_> = storages
        .iter()
        .filter(|other| reads(other, secret) && other.metadata.name != storage.metadata.name)
        .cloned()
        .collect();
    if others.is_empty() {
        return Ok(others);
    }
    let found = observed.object::<SecretMetadata>(namespace, secret)?;
    let owners = found.and_then(|SecretMetadata(secret)| secret.owner_references.as_ref());
    let owned = owners
        .into_iter()
        .flatten()
        .any(|owner| Some(&owner.uid) == storage.metadata.uid.as_ref());
    Ok(if owned { others } else { Vec::new() })
}

fn reads(storage: &BackupStorage, secret: &str) -> bool {
    storage.spec.credentials_secret_name.known_str() == Some(secret)
}

/// Whether a field manager has written an object.
fn is_written_by(metadata: &ObjectMeta, manager: &str) -> bool {
    let mut entries = metadata.managed_fields.iter().flatten();
    entries.any(|entry| entry.manager.as_deref() == Some(manager))
}

fn in_use<T>(users: Vec<User>) -> Action<T> {
    Action::Require(Requirement::Unused {
        users,
        remedy: REMEDY.into(),
    })
}

#[cfg(test)]
mod tests;
