//! Waiting for the users of an object that is to be deleted.

use std::time::Duration;

use super::{Action, Requirement, Stopwatches};
use crate::storage_users::User;
use crate::text::Text;

/// The stopwatch that runs while only Everest's finalizer holds an object.
const FREE: &str = "free";

/// The action that comes before the deletion of an object that others use; `None` once it may be
/// deleted.
///
/// `users` is `None` if nothing holds the object, and empty if only Everest's finalizer is left.
/// Everest takes the finalizer off some time after the last user is gone; the wait for that is at
/// most `grace`, because in some cases Everest never does.
pub(super) fn in_use<T>(
    users: Option<Vec<User>>,
    grace: Duration,
    remedy: &'static str,
    times: &mut Stopwatches,
) -> Option<Action<T>> {
    let users = users?;
    if users.is_empty() {
        let waited = times.stood(FREE, "");
        return (waited < grace).then(|| Action::Await(Text::from("Everest to release it")));
    }
    times.stop(FREE);
    Some(Action::Require(Requirement::Unused {
        users,
        remedy: Text::from(remedy),
    }))
}
