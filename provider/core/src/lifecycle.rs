//! What is done with a kind, decided once for every front end.
//!
//! A [`Lifecycle`] says from what is wanted and what was [`Observed`] which single [`Action`] comes
//! next, and why; or what it has to look at first. It knows no clock: how long something has been
//! as it is, is measured by the caller's [`Stopwatches`]. Who runs it:
//!
//! | Front end | How |
//! |---|---|
//! | Terraform | until it is done, within the operation's timeout |
//! | A managed resource | one write a reconcile |
//! | The composition function | from its lookups; a write is a desired object |
//!
//! The order of steps of each kind is written in its module and nowhere else:
//! [`backup`] (with the final backup of a database), [`restore`], [`database`], [`namespace`],
//! [`CreateWithSecret`], [`ChangeWithSecret`] and [`RemoveWithSecret`] for [`backup_storage`] and
//! [`monitoring_config`], which read a Secret.

mod action;
mod object;
mod observed;
mod own_secret;
mod prerequisites;
mod removal;
mod removals;
mod remove_with_secret;
mod stopwatch;
mod users;
mod with_secret;
#[cfg(test)]
pub(crate) mod world;

pub mod backup;
pub mod backup_storage;
pub mod database;
pub mod monitoring_config;
pub mod namespace;
pub mod restore;

pub use action::{Action, Agreed, Apply, HandOver, Merge, Requirement};
pub use object::{EngineRole, ObjectKind, ObjectRef, Observable, SecretMetadata};
pub use observed::{Answer, Observed, Query};
pub use own_secret::ReadsSecret;
pub use removal::Removal;
pub use remove_with_secret::RemoveWithSecret;
pub use stopwatch::Stopwatches;
pub use with_secret::{ChangeWithSecret, CreateWithSecret, TakeBackSecret};

use serde_json::Value;

/// What is done with one object, from its first look to its end.
pub trait Lifecycle {
    /// What is known once it is done.
    type Outcome;

    /// The object that it is about.
    fn subject(&self) -> ObjectRef;

    /// What the subject did not become if it ends before it is done, as in "DatabaseClusterBackup
    /// prod/b *did not succeed*".
    fn aim(&self) -> &'static str;

    /// Lifecycles of one run with the same turn do not look and create at the same time, or each
    /// would find that no other is under way: what they do, such as `backup of prod/orders`.
    fn turn(&self) -> Option<String> {
        None
    }

    /// The body that the subject is made from, for a lifecycle that makes it: by this an object is
    /// known that the same creation has made before it was cut off.
    fn body(&self) -> Option<&Value> {
        None
    }

    /// Notes that an object was applied; its generation before.
    fn wrote(&mut self, object: &ObjectRef, before: Option<i64>) {
        let _ = (object, before);
    }

    /// What it has done stays done, although the object that it was done by is gone.
    fn runs_once(&self) -> bool {
        false
    }

    /// The next action.
    ///
    /// # Errors
    /// The [`Query`] whose answer it needs to decide. Nothing is to be done then but to look.
    fn next(
        &mut self,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Action<Self::Outcome>, Query>;
}

impl<L: Lifecycle> Lifecycle for &mut L {
    type Outcome = L::Outcome;

    fn subject(&self) -> ObjectRef {
        (**self).subject()
    }

    fn aim(&self) -> &'static str {
        (**self).aim()
    }

    fn turn(&self) -> Option<String> {
        (**self).turn()
    }

    fn body(&self) -> Option<&Value> {
        (**self).body()
    }

    fn wrote(&mut self, object: &ObjectRef, before: Option<i64>) {
        (**self).wrote(object, before);
    }

    fn runs_once(&self) -> bool {
        (**self).runs_once()
    }

    fn next(
        &mut self,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Action<Self::Outcome>, Query> {
        (**self).next(observed, times)
    }
}
