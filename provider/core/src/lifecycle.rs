//! The order of steps for each kind of object, decided once for every front end.
//!
//! A [`Lifecycle`] decides which single [`Action`] comes next, from what is wanted and what was
//! [`Observed`], or names what has to be observed first. It reads no clock: the caller's
//! [`Stopwatches`] measure how long a value has been the same. Lifecycles are run by:
//!
//! | Front end | How |
//! |---|---|
//! | Terraform | until it is done, within the operation's timeout |
//! | A managed resource | until something has to be waited for; the next reconcile goes on |
//! | The composition function | not at all: it judges readiness from Crossplane's lookups, by the same functions |
//!
//! The order of steps of each kind is written in its module and nowhere else:
//! [`backup`] (with the final backup of a database), [`restore`], [`data_import_job`], [`database`],
//! [`namespace`], [`engine_version_policy`], [`CreateWithSecret`], [`ChangeWithSecret`] and [`RemoveWithSecret`]
//! for [`backup_storage`], [`monitoring_config`] and [`split_horizon_dns_config`], which read a
//! Secret, [`CreateAlone`], [`ChangeAlone`] and [`RemoveUsed`] for [`pod_scheduling_policy`],
//! [`load_balancer_config`] and [`data_importer`].

mod action;
mod failure;
mod finalizer;
mod object;
mod observed;
mod own_secret;
mod plain;
mod prerequisites;
mod removal;
mod removals;
mod remove_with_secret;
mod stopwatch;
mod used;
mod users;
mod with_secret;
#[cfg(test)]
pub(crate) mod world;

pub mod backup;
pub mod backup_storage;
pub mod data_import_job;
pub mod data_importer;
pub mod database;
pub mod engine_version_policy;
pub mod load_balancer_config;
pub mod monitoring_config;
pub mod namespace;
pub mod pod_scheduling_policy;
pub mod restore;
pub mod split_horizon_dns_config;

pub use action::{Action, Agreed, Apply, HandOver, Merge, Requirement};
pub use finalizer::held_by;
pub use object::{EngineRole, ObjectKind, ObjectRef, Observable, SecretMetadata};
pub use observed::{Answer, Observed, Query};
pub use own_secret::ReadsSecret;
pub use plain::{ChangeAlone, CreateAlone};
pub use removal::Removal;
pub use remove_with_secret::RemoveWithSecret;
pub use stopwatch::Stopwatches;
pub use used::{RemoveUsed, Used, is_shipped};
pub use with_secret::{ChangeWithSecret, CreateWithSecret, TakeBackSecret};

use serde_json::Value;

/// The steps of one operation on one object, from the first observation to its end.
pub trait Lifecycle {
    /// The result of the operation.
    type Outcome;

    /// The object of the operation.
    fn subject(&self) -> ObjectRef;

    /// Completes the sentence about an operation that ends before it is done, as in
    /// "DatabaseClusterBackup prod/b *did not succeed*".
    fn aim(&self) -> &'static str;

    /// A name such as `backup of prod/orders`. Lifecycles of one run with the same name observe and
    /// create one after the other; otherwise each would find that no other is under way.
    fn turn(&self) -> Option<String> {
        None
    }

    /// The body that the subject is made from, for a lifecycle that creates it. An object that the
    /// same creation made before it was cut off is recognised by this body.
    fn body(&self) -> Option<&Value> {
        None
    }

    /// Notes that an object was applied; `before` is its generation before the write.
    fn wrote(&mut self, object: &ObjectRef, before: Option<i64>) {
        let _ = (object, before);
    }

    /// Returns true if the effect of the operation stays although its object is gone.
    fn runs_once(&self) -> bool {
        false
    }

    /// The next action.
    ///
    /// # Errors
    /// The [`Query`] that has to be answered before the action can be decided. The caller answers
    /// it and calls again.
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
