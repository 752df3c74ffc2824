//! Restarting a database on request.

use everest_core::path::FieldPath;
use everest_core::restart::{self, Step};
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use kube::ResourceExt;
use serde_json::Value;

use crate::apply;
use crate::error::ClusterError;
use crate::objects::Objects;

/// Refuses a change that asks for a restart of a database that somebody has paused, before anything
/// of it is written. `body` is what the change sends.
///
/// # Errors
/// `Blocked`: a restart would start the database.
pub(super) fn refuse_paused(
    objects: &Objects<DatabaseCluster>,
    live: &DatabaseCluster,
    body: &Value,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
) -> Result<(), ClusterError> {
    let begins = matches!(restart::step(prior, planned, live), Step::Begin(_));
    let starts = body["spec"]["paused"] == Value::Bool(false);
    if begins && !starts && is_stopped(live) {
        return Err(paused(objects, live));
    }
    Ok(())
}

/// Begins the restart that a change asks for, if it asks for one that has not been begun.
/// `written` is the server's answer to the change; the answer is the newest one, and whether the
/// database restarts.
///
/// # Errors
/// `Blocked` if somebody has paused the database meanwhile: a restart would start it.
pub(super) async fn begin(
    objects: &Objects<DatabaseCluster>,
    written: DatabaseCluster,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
) -> Result<(DatabaseCluster, bool), ClusterError> {
    let uid = written.uid();
    let of_written = |body| apply::pinned(body, uid.as_deref());
    let body = match restart::step(prior, planned, &written) {
        Step::Nothing => {
            let restarts = restart::is_asked(prior, planned);
            return Ok((written, restarts));
        }
        Step::Forget(body) => {
            let written = objects
                .patch_merge(&written.name_any(), &of_written(body))
                .await?;
            return Ok((written, false));
        }
        Step::Begin(body) => body,
    };
    if is_stopped(&written) {
        return Err(paused(objects, &written));
    }
    let written = objects
        .patch_merge(&written.name_any(), &of_written(body))
        .await?;
    Ok((written, true))
}

/// Stopped for good, not for a restart.
fn is_stopped(database: &DatabaseCluster) -> bool {
    database.spec.paused.known() == Some(&true) && !restart::is_running(database)
}

fn paused(objects: &Objects<DatabaseCluster>, database: &DatabaseCluster) -> ClusterError {
    super::blocked(
        objects,
        &database.name_any(),
        "it has been paused by somebody else, and a restart would start it. Set paused = false, \
         or leave restart_trigger as it was",
        Some(FieldPath::of("restartTrigger")),
    )
}
