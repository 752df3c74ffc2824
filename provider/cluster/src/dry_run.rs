//! Dry runs, which ask the cluster at plan whether it would accept a write.

use everest_core::Operation;
use everest_core::v1::ObjectMapping;
use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::Cluster;
use crate::apply::{self, ForcePolicy};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::{Kind, Objects, Typed};
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

/// Asks the cluster what it says of the write that an apply of this plan would send. An object that
/// exists where one is to be made is left to the apply.
///
/// What the apply would take over from another manager is noted: see [`Cluster::taken`].
///
/// # Errors
/// `Conflict` where another manager holds a value that would be overwritten and that the plan does
/// not show; `Refused` with what the cluster says against it; whatever keeps it from being asked.
pub async fn write<M, K>(
    cluster: &Cluster,
    prior: Option<&M>,
    planned: &M,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError>
where
    M: ObjectMapping<Object = K>,
    K: Typed + Serialize,
{
    let Ok((namespace, name)) = key(planned) else {
        return Ok(());
    };
    let objects = cluster.objects::<K>(namespace);
    let mut body = planned.desired(Operation::Create);
    let live = objects.read(name).await?;
    match (prior, &live) {
        (None, None) => {}
        (Some(prior), Some(live)) => {
            body = planned.desired(Operation::Update);
            let prior = prior.desired(Operation::Update);
            let force_policy = ForcePolicy::of(planned.force_conflicts(), &prior);
            cluster.note_taken(apply::taken(&objects, name, live, &body, force_policy)?);
            if body == prior {
                return Ok(());
            }
        }
        _ => return Ok(()),
    }
    if dry_run_is_meaningful {
        ask(cluster, objects.dry_run_apply(name, &body)).await?;
    }
    Ok(())
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
