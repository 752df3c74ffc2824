//! The allowed versions of engines: [`everest_core::lifecycle::engine_version_policy`] has the order
//! of steps.

use everest_core::Operation;
use everest_core::lifecycle::Agreed;
use everest_core::lifecycle::engine_version_policy::{ApplyVersionPolicy, RemoveVersionPolicy};
use everest_core::v1::ObjectMapping;
use everest_core::v1::engine_version_policy::allowed;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::EngineVersionPolicyModel;
use serde_json::Value;

use crate::apply::{self, ForcePolicy};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, drive};

/// Sets the allowed versions of an engine for a new policy: see [`ApplyVersionPolicy`].
///
/// Ends: `Created`; `NotCreated` if the engine does not come, or another policy or field manager has
/// set the list.
pub async fn create(
    cluster: &Cluster,
    planned: &EngineVersionPolicyModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<EngineVersionPolicyModel> {
    let applying = applying(planned, &Value::Null).created();
    drive::created(cluster, planned, applying, made, wait).await
}

/// Sets the allowed versions to what is planned.
///
/// # Errors
/// In the outcome: `Refused` if another field manager has set the list, or the server refused it.
pub async fn update(
    cluster: &Cluster,
    prior: &EngineVersionPolicyModel,
    planned: &EngineVersionPolicyModel,
    wait: &Wait,
) -> Change<EngineVersionPolicyModel> {
    let applying = applying(planned, &prior.desired(Operation::Update));
    let made = Unacknowledged::default();
    match drive::created(cluster, planned, applying, &made, wait).await {
        Creation::Created(observed) => Change::Done(observed),
        Creation::Pending { error, .. }
        | Creation::NotCreated(error)
        | Creation::Failed { error, .. } => Change::Refused(error),
    }
}

fn applying(planned: &EngineVersionPolicyModel, prior: &Value) -> ApplyVersionPolicy {
    let is_forced = planned.force_conflicts().known() == Some(&true);
    ApplyVersionPolicy::of(planned, Agreed::of(is_forced, prior))
}

/// Restores the list from before a policy: see [`RemoveVersionPolicy`].
///
/// # Errors
/// Whatever keeps the engine from being read or written.
pub async fn delete(
    cluster: &Cluster,
    model: &EngineVersionPolicyModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    let removal = RemoveVersionPolicy::of(model, cluster.field_manager());
    drive::settled(cluster, removal, &wait.start()).await
}

/// Reads the policies of a namespace, or of all: the engines that a label selector chooses and that
/// have a list of allowed versions.
///
/// # Errors
/// Any error that keeps the engines from being listed.
pub async fn list(
    cluster: &Cluster,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Vec<EngineVersionPolicyModel>, ClusterError> {
    let engines = match namespace {
        Some(namespace) => cluster.objects::<DatabaseEngine>(namespace),
        None => cluster.global(),
    };
    let found = engines.list(selector).await?;
    let restricted = found.iter().filter(|engine| !allowed(engine).is_empty());
    Ok(restricted.map(|engine| cluster.observed(engine)).collect())
}

/// Checks a planned policy against the list that the engine has; nothing is written.
///
/// What the apply would take over from another manager is noted: see [`Cluster::taken`].
///
/// # Errors
/// `Conflict` if another field manager has set a list that the plan does not show; `Refused` if
/// another policy has set it.
pub async fn dry_run(
    cluster: &Cluster,
    prior: Option<&EngineVersionPolicyModel>,
    planned: &EngineVersionPolicyModel,
) -> Result<(), ClusterError> {
    let Ok((namespace, name)) = key(planned) else {
        return Ok(());
    };
    let engines = cluster.objects::<DatabaseEngine>(namespace);
    let Some(live) = engines.read(name).await? else {
        return Ok(());
    };
    let body = planned.desired(Operation::Update);
    let before = prior.map_or(Value::Null, |prior| prior.desired(Operation::Update));
    if prior.is_none()
        && let Some(message) = applying(planned, &before).created().refusal(&live)
    {
        return Err(ClusterError::Refused {
            object: engines.named(name),
            message,
            causes: Vec::new(),
        });
    }
    let force_policy = ForcePolicy::of(planned.force_conflicts(), &before);
    cluster.note_taken(apply::taken(&engines, name, &live, &body, force_policy)?);
    Ok(())
}

#[cfg(test)]
mod tests;
