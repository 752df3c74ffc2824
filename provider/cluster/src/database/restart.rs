//! Restarting a database on request.

use everest_core::path::FieldPath;
use everest_core::restart::{self, Step};
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use kube::ResourceExt;

use crate::error::ClusterError;
use crate::objects::Objects;

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
    let body = match restart::step(prior, planned, &written) {
        Step::Nothing => {
            let restarts = restart::is_asked(prior, planned);
            return Ok((written, restarts));
        }
        Step::Forget(body) => {
            let written = objects.patch_merge(&written.name_any(), &body).await?;
            return Ok((written, false));
        }
        Step::Begin(body) => body,
    };
    let paused = written.spec.paused.known() == Some(&true);
    if paused && !restart::is_running(&written) {
        return Err(super::blocked(
            objects,
            &written.name_any(),
            "it has been paused by somebody else, and a restart would start it. Set paused = false, \
             or leave restart_trigger as it was",
            Some(FieldPath::of("restartTrigger")),
        ));
    }
    let written = objects.patch_merge(&written.name_any(), &body).await?;
    Ok((written, true))
}
