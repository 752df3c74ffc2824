//! Dry runs, which ask the cluster at plan whether it would accept a write.

use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects};
use crate::unresponsive::PATIENCE;

/// Awaits a dry run, unless a request has just gone unanswered.
///
/// # Errors
/// The refusal of the cluster; `Unreachable` only once.
pub(crate) async fn ask(
    cluster: &Cluster,
    dry_run: impl Future<Output = Result<(), ClusterError>>,
) -> Result<(), ClusterError> {
    if cluster.is_unresponsive() {
        return Ok(());
    }
    let Ok(answer) = timeout(PATIENCE, dry_run).await else {
        cluster.note_contact(Some(&cluster.unanswered(PATIENCE)));
        return Ok(());
    };
    if let Err(error @ ClusterError::Unreachable { .. }) = &answer {
        cluster.note_contact(Some(error));
    }
    answer
}

/// Dry-runs the creation of `name` from an apply body, unless the object exists: in a replacement
/// it is the object that goes, and otherwise the apply reports it.
///
/// # Errors
/// As [`ask`].
pub(crate) async fn creation<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: &Value,
) -> Result<(), ClusterError> {
    if objects.read(name).await?.is_some() {
        return Ok(());
    }
    ask(objects.cluster(), objects.dry_run_apply(name, body)).await
}
