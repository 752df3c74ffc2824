//! The end of an object of Everest's that others use, together with the Secret that it reads.

use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::Value;

use super::own_secret::{OwnSecret, ReadsSecret, reads};
use super::{
    Action, Lifecycle, ObjectRef, Observable, Observed, Query, Removal, SecretMetadata,
    Stopwatches, Used, used,
};
use crate::Operation;
use crate::storage_users::{User, Users};
use crate::v1::credentials::{SecretMapping, secret_name};

/// Removes an object and the Secret that it reads.
///
/// 1. One that others use would hang in deletion: those that stay keep it, and those that go are
///    waited for. Another object of the kind that would lose its Secret with this one is a user,
///    too.
/// 2. Everest is waited for to let go of it, for a while; then it is deleted.
/// 3. Everest does not look at a storage in deletion: of one that was deleted while it was used and
///    that nothing uses any more its finalizer is taken off. Of a monitoring configuration Everest
///    takes it off.
/// 4. The garbage collector takes the Secret that the object is the owner of: see
///    [`ReadsSecret::IS_OWNED`]. One that never had an owner goes here, if this provider wrote it and
///    nothing else reads it.
#[derive(Clone, Debug)]
pub struct RemoveWithSecret<K> {
    object: ObjectRef,
    secret: OwnSecret,
    /// The API version of the object, where Everest does not make it the owner of the Secret.
    api_version: Option<Value>,
    more: Vec<User>,
    removal: Removal,
    of: PhantomData<fn() -> K>,
}

impl<K: ReadsSecret + Used> RemoveWithSecret<K> {
    /// Removes the object of a model; `manager` is the field manager that writes its Secret.
    pub fn of<M: SecretMapping<Object = K>>(model: &M, manager: &str) -> Self {
        let object = ObjectRef::of_model(model);
        Self {
            secret: OwnSecret::of(&object, secret_name(model), manager),
            object,
            api_version: (!K::IS_OWNED)
                .then(|| model.desired(Operation::Create)["apiVersion"].take()),
            more: Vec::new(),
            removal: Removal::default(),
            of: PhantomData,
        }
    }

    /// The same with users that the cluster of the object does not show.
    #[must_use]
    pub fn used_by(mut self, more: Vec<User>) -> Self {
        self.more = more;
        self
    }

    /// What comes before the end of an object that is there.
    fn before(
        &self,
        used: &K,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        let mut found = users_of(observed, used)?;
        found.found.extend(self.more.iter().cloned());
        Ok(used::before_end(&self.object, used, found, times))
    }
}

impl<K: ReadsSecret + Used> Lifecycle for RemoveWithSecret<K> {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not gone"
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<K>(namespace, name)?;
        if let Some(used) = found
            && let Some(action) = self.before(used, observed, times)?
        {
            return Ok(action);
        }
        let metadata = found.map(Observable::metadata);
        if let Some(owner) = found.filter(|found| found.metadata().deletion_timestamp.is_none())
            && let Some(api_version) = &self.api_version
            && let Some(action) = self.secret.before_end(observed, owner, api_version)?
        {
            return Ok(action);
        }
        if let Some(action) = self.removal.step(&self.object, metadata) {
            return Ok(action);
        }
        let uid = self.removal.uid();
        let after = self.secret.after_end::<K>(observed, uid)?;
        Ok(after.unwrap_or(Action::Done(())))
    }
}

/// The users of an object in its namespace, and the others of its kind that would lose their Secret
/// with it.
///
/// # Errors
/// The query for what was not looked at.
pub(super) fn users_of<K: ReadsSecret + Used>(
    observed: &Observed,
    used: &K,
) -> Result<Users, Query> {
    let metadata = used.metadata();
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let name = metadata.name.as_deref().unwrap_or_default();
    let mut users = K::users(observed, namespace, name)?;
    let bereft = bereft(observed, used, namespace)?;
    users.found.extend(
        bereft
            .iter()
            .map(|other| User::of(K::CALLED, other.metadata())),
    );
    Ok(users)
}

/// The others that lose their Secret with this one.
fn bereft<K: ReadsSecret + Used>(
    observed: &Observed,
    used: &K,
    namespace: &str,
) -> Result<Vec<Arc<K>>, Query> {
    let Some(secret) = used.secret_name() else {
        return Ok(Vec::new());
    };
    let all = observed.all::<K>(namespace)?.unwrap_or_default();
    let others: Vec<_> = all
        .iter()
        .filter(|other| reads(&***other, secret) && other.metadata().name != used.metadata().name)
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
        .any(|owner| Some(&owner.uid) == used.metadata().uid.as_ref());
    Ok(if owned { others } else { Vec::new() })
}
