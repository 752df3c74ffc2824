//! What an object waits for that is to go once nobody uses it.

use std::time::Duration;

use super::{Action, Requirement, Stopwatches};
use crate::storage_users::User;
use crate::text::Text;

/// The stopwatch that runs while Everest alone holds an object.
const FREE: &str = "free";

/// What stands before the deletion of an object that others use; none once it may go.
///
/// `users` are none where nothing holds the object, and empty where only Everest's finalizer is
/// left. Everest takes it off some time after the last user is gone; it is waited for at most
/// `grace`, because there are cases in which it never does.
pub(super) fn in_use<T>(
    users: Option<Vec<User>>,
    grace: Duration,
    remedy: &'static str,
    times: &mut Stopwatches,
) -> Option<Action<T>> {
    let users = users?;
    if users.is_empty() {
        let waited = times.stood(FREE, "");
        return (waited < grace).then(|| Action::Await(Text::from("Everest to let go of it")));
    }
    times.stop(FREE);
    Some(Action::Require(Requirement::Unused {
        users,
        remedy: Text::from(remedy),
    }))
}
