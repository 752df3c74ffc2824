//! Objects of Everest's that others refer to by name, and the end of one.

use std::marker::PhantomData;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{
    Action, Lifecycle, ObjectRef, Observable, Observed, Query, Removal, Requirement, Stopwatches,
    users,
};
use crate::api::READ_ONLY;
use crate::storage_users::{self, Step, User, Users};
use crate::v1::ObjectMapping;

/// How long Everest is waited for to take its finalizer off once nothing uses an object. Where the
/// Secret of the object is gone it never does. This is longer than a watch may be dead without
/// anybody noticing: users may be known from one.
const GRACE: Duration = Duration::from_secs(75);

/// An object that others refer to by name.
pub trait Used: Observable {
    /// The name of the kind among the users of another object.
    const CALLED: &'static str;
    /// The name of users that may not be listed.
    const UNSEEN: &'static str;
    /// The advice for a user who deletes an object in use.
    const REMEDY: &'static str;
    /// True if Everest takes its finalizer off an object that was deleted while it was used, once
    /// nothing uses the object any more.
    const IS_LET_GO: bool;

    /// Returns true if Everest reports that the object is used.
    fn in_use(&self) -> bool;

    /// The objects that refer to the one of this name, as Everest counts its users.
    ///
    /// # Errors
    /// The query for what was not looked at.
    fn users(observed: &Observed, namespace: &str, name: &str) -> Result<Users, Query>;
}

/// Returns true if Everest ships the object, and so allows neither its change nor its deletion.
pub fn is_shipped(metadata: &ObjectMeta) -> bool {
    let mut finalizers = metadata.finalizers.iter().flatten();
    finalizers.any(|finalizer| finalizer == READ_ONLY)
}

/// Removes an object that others may use.
///
/// 1. An object that Everest ships stays: its finalizer would hold it in deletion forever.
/// 2. An object in use would hang in deletion, or its deletion is refused: users that stay keep it,
///    and users that are being deleted are waited for.
/// 3. Everest is waited for to take its finalizer off, for a while; then the object is deleted.
#[derive(Clone, Debug)]
pub struct RemoveUsed<K> {
    object: ObjectRef,
    removal: Removal,
    of: PhantomData<fn() -> K>,
}

impl<K: Used> RemoveUsed<K> {
    /// Removes the object of a model.
    pub fn of<M: ObjectMapping<Object = K>>(model: &M) -> Self {
        Self {
            object: ObjectRef::of_model(model),
            removal: Removal::default(),
            of: PhantomData,
        }
    }
}

impl<K: Used> Lifecycle for RemoveUsed<K> {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not gone"
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let Some(found) = observed.object::<K>(namespace, name)? else {
            return Ok(Action::Done(()));
        };
        if is_shipped(found.metadata()) {
            return Ok(Action::Refuse {
                message: "Everest ships it and keeps it, by the finalizer \
                          everest.percona.com/readonly-protection"
                    .into(),
                attribute: None,
            });
        }
        let users = K::users(observed, namespace, name)?;
        if let Some(action) = before_end(&self.object, found, users, times) {
            return Ok(action);
        }
        let next = self.removal.step(&self.object, Some(found.metadata()));
        Ok(next.unwrap_or(Action::Done(())))
    }
}

/// The action that comes before the end of an object that is there; `None` once it may be deleted,
/// or is being deleted and nothing is left to do for that.
pub(super) fn before_end<K: Used>(
    object: &ObjectRef,
    used: &K,
    users: Users,
    times: &mut Stopwatches,
) -> Option<Action> {
    match storage_users::step(used, &users) {
        Step::InUse(unseen) if users.found.is_empty() => Some(in_use::<K, _>(
            unseen
                .into_iter()
                .map(|name| User {
                    name,
                    is_going: false,
                })
                .collect(),
        )),
        Step::InUse(_) | Step::AwaitUsers(_) => Some(in_use::<K, _>(users.found)),
        Step::Delete if storage_users::is_held(used) => {
            users::in_use(Some(Vec::new()), GRACE, K::REMEDY, times)
        }
        Step::Release(body) => Some(Action::merge(object, body)),
        Step::Delete | Step::AwaitEnd => None,
    }
}

pub(super) fn in_use<K: Used, T>(users: Vec<User>) -> Action<T> {
    Action::Require(Requirement::Unused {
        users,
        remedy: K::REMEDY.into(),
    })
}
