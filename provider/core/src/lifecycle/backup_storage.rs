//! Backup storages: how one is made and changed with its Secret, and how it goes.

use std::sync::Arc;
use std::time::Duration;

use everest_schemas::Sensitive;
use everest_schemas::everest::{
    BackupStorage, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
};
use everest_schemas::models::BackupStorageModel;
use serde_json::Value;

use super::own_secret::{OwnSecret, reads};
use super::{
    Action, Apply, ChangeWithSecret, CreateWithSecret, Lifecycle, ObjectRef, Observed, Query,
    Removal, Requirement, SecretMetadata, Stopwatches, users,
};
use crate::storage_users::{self, Neighbours, REMEDY, Step, User, Users};
use crate::v1;
use crate::v1::backup_storage::secret_name;

/// How long Everest is waited for to take its finalizer off once nothing uses a storage. Where the
/// storage's Secret is gone it never does.
const GRACE: Duration = Duration::from_secs(60);

/// Makes a backup storage and, where credentials are given, the Secret that it reads; `manager` is
/// the field manager.
pub fn create(
    model: &BackupStorageModel,
    content: Option<Sensitive<Value>>,
    manager: &str,
) -> CreateWithSecret<BackupStorage> {
    CreateWithSecret::new(
        ObjectRef::of_model(model),
        v1::backup_storage::desired(model),
        secret_name(model),
        content,
        manager,
    )
}

/// Changes a backup storage, where `change` says so, and writes the Secret that it reads, where
/// there is content for it; `manager` is the field manager.
pub fn change(
    model: &BackupStorageModel,
    content: Option<Sensitive<Value>>,
    manager: &str,
    change: Option<Apply>,
) -> ChangeWithSecret<BackupStorage> {
    ChangeWithSecret::new(
        ObjectRef::of_model(model),
        secret_name(model),
        content,
        manager,
        change.map(Box::new),
    )
}

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
    secret: OwnSecret,
    more: Vec<User>,
    removal: Removal,
}

impl RemoveStorage {
    /// Removes the storage of a model; `manager` is the field manager that writes its Secret.
    pub fn of(model: &BackupStorageModel, manager: &str) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            secret: OwnSecret::of(&object, secret_name(model), manager),
            object,
            more: Vec::new(),
            removal: Removal::default(),
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
        let uid = self.removal.uid();
        let after = self.secret.after_end::<BackupStorage>(observed, uid)?;
        Ok(after.unwrap_or(Action::Done(())))
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
pub(super) fn users_of(observed: &Observed, storage: &BackupStorage) -> Result<Users, Query> {
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
        .filter(|other| reads(&***other, secret) && other.metadata.name != storage.metadata.name)
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

fn in_use<T>(users: Vec<User>) -> Action<T> {
    Action::Require(Requirement::Unused {
        users,
        remedy: REMEDY.into(),
    })
}

#[cfg(test)]
mod tests;
