//! Asking the cluster at plan what it would say of a write.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects};

/// Longest time for one dry run: a plan is worth more than what it adds to it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Awaits a dry run, unless the cluster did not answer in this run already; one that it does
/// not answer is the last.
///
/// # Errors
/// What the cluster says; `Unreachable` only once.
pub(crate) async fn ask(
    cluster: &Cluster,
    dry_run: impl Future<Output = Result<(), ClusterError>>,
) -> Result<(), ClusterError> {
    if cluster.is_silent() {
        return Ok(());
    }
    let Ok(answer) = timeout(PATIENCE, dry_run).await else {
        cluster.silent.store(true, Ordering::Relaxed);
        return Ok(());
    };
    if matches!(answer, Err(ClusterError::Unreachable { .. })) {
        cluster.silent.store(true, Ordering::Relaxed);
    }
    answer
}

/// Rehearses the creation of `name` from an apply body, unless it exists: in a replacement that
/// is the one that goes, and otherwise the apply says so.
///
/// # Errors
/// As [`ask`].
pub(crate) async fn creation<K: Kind>(
    objects: &Objects<K>,
    name: &str,
    body: &Value,
) -> Result<(), ClusterError> {
    if objects.read(name).await?.is_some() {
        return Ok(());
    }
    ask(objects.cluster(), objects.rehearse_apply(name, body)).await
}
