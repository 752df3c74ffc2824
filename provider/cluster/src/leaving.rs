//! What stands in the way of a deletion and may be going as well.
//!
//! A run that destroys several things destroys at the same time whatever does not refer to each
//! other, so what is still used now may be free in a moment.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{ClusterError, Object};
use crate::last_seen;
use crate::wait::Clock;
use crate::wait_until::{Progress, WaitCondition, wait_until};

pub(crate) use everest_core::storage_users::{IN_USE, User};

/// How long what shows no sign of going is waited for.
const GRACE: Duration = Duration::from_secs(30);

/// How long to wait for what may be going.
#[derive(Debug)]
pub(crate) struct Patience {
    quiet_since: Instant,
    left: usize,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self {
            quiet_since: Instant::now(),
            left: usize::MAX,
        }
    }

    /// Whether to go on waiting for the `left` that are still there: while one of them is on its
    /// way, and a moment longer.
    pub(crate) fn lasts(&mut self, left: usize, moving: bool) -> bool {
        if moving || left < self.left {
            self.quiet_since = Instant::now();
        }
        self.left = left;
        self.quiet_since.elapsed() < GRACE
    }
}

/// An object that is to go once nobody uses it.
pub(crate) struct Unneeded {
    pub(crate) object: Box<Object>,
    /// How long Everest is waited for once there are no users, to take its finalizer off.
    pub(crate) grace: Duration,
    /// Advice where users stay.
    pub(crate) remedy: &'static str,
}

impl Unneeded {
    /// Waits until nobody uses the object any more and Everest has noticed. `users` looks at it:
    /// nothing where it is free, no users where Everest's finalizer alone is left.
    ///
    /// 1. Users that are going are waited for, and for a moment those that the same run may be
    ///    about to delete.
    /// 2. Without users Everest is waited for, and after a while no longer.
    ///
    /// # Errors
    /// `InUse` names the users that stay; `TimedOut` and `Cancelled` those that go.
    pub(crate) async fn until_unused<U, F>(
        &self,
        clock: &Clock,
        users: U,
    ) -> Result<(), ClusterError>
    where
        U: FnMut() -> F + Send,
        F: Future<Output = Result<Option<Vec<User>>, ClusterError>> + Send,
    {
        let object = &self.object;
        let mut checks = Checks {
            unneeded: self,
            users,
            patience: Patience::new(),
            since: None,
        };
        match wait_until(clock, object, Vec::new(), &mut checks).await {
            Ok(()) => Ok(()),
            Err(ended) => {
                let what = format!("{object} is in use and was not deleted");
                Err(ended.report(what, clock.waited(), last_seen::waiting_for))
            }
        }
    }
}

/// The checks for users of an object.
struct Checks<'a, U> {
    unneeded: &'a Unneeded,
    users: U,
    patience: Patience,
    /// Nobody was seen to use the object since then, and Everest has not let go of it.
    since: Option<Instant>,
}

impl<U, F> WaitCondition for Checks<'_, U>
where
    U: FnMut() -> F + Send,
    F: Future<Output = Result<Option<Vec<User>>, ClusterError>> + Send,
{
    type Found = ();

    async fn check(&mut self) -> Result<Progress<()>, ClusterError> {
        let Some(users) = (self.users)().await? else {
            return Ok(Progress::Done(()));
        };
        if users.is_empty() {
            let since = *self.since.get_or_insert_with(Instant::now);
            return Ok(if since.elapsed() < self.unneeded.grace {
                Progress::Wait("Everest to let go of it".to_owned())
            } else {
                Progress::Done(())
            });
        }
        self.since = None;
        let moving = users.iter().any(|user| user.is_going);
        let patient = self.patience.lasts(users.len(), moving);
        let all_go = users.iter().all(|user| user.is_going);
        let names: Vec<_> = users.into_iter().map(|user| user.name).collect();
        if patient || all_go {
            return Ok(Progress::Wait(format!("the end of {}", names.join(", "))));
        }
        Err(ClusterError::InUse {
            object: self.unneeded.object.clone(),
            users: names,
            remedy: self.unneeded.remedy.to_owned(),
        })
    }
}
