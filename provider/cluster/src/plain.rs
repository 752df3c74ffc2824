//! Objects that stand alone: they read no Secret, and whoever refers to them does it by name.

use everest_core::Operation;
use everest_core::lifecycle::{
    Agreed, Apply, ChangeAlone, CreateAlone, HandOver, ObjectRef, RemoveUsed, Used,
};
use everest_core::v1::ObjectMapping;
use everest_schemas::Field;
use serde::Serialize;

use crate::apply::{self, ForcePolicy};
use crate::drive::{self, Driver};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Typed;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, dry_run};

/// Makes the object of a model: see [`CreateAlone`].
///
/// Ends: `Created` or `NotCreated`.
pub async fn create<M, K>(
    cluster: &Cluster,
    planned: &M,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<M>
where
    M: ObjectMapping<Object = K> + Clone + Send + Sync,
    K: Typed + Used,
{
    drive::created(cluster, planned, CreateAlone::of(planned), made, wait).await
}

/// Applies a change. `force` is the setting `force_conflicts`.
///
/// # Errors
/// In the outcome: `Refused` if the server refused it.
pub async fn update<M, K>(
    cluster: &Cluster,
    prior: &M,
    planned: &M,
    force: &Field<bool>,
    wait: &Wait,
) -> Change<M>
where
    M: ObjectMapping<Object = K>,
    K: Typed + Used + Serialize,
{
    match change(cluster, prior, planned, force, wait).await {
        Ok(observed) => Change::Done(observed),
        Err(error) => Change::Refused(error),
    }
}

async fn change<M, K>(
    cluster: &Cluster,
    before: &M,
    model: &M,
    force: &Field<bool>,
    wait: &Wait,
) -> Result<M, ClusterError>
where
    M: ObjectMapping<Object = K>,
    K: Typed + Used + Serialize,
{
    let (namespace, name) = key(model)?;
    let objects = cluster.objects::<K>(namespace);
    let gone = || ClusterError::Superseded {
        object: objects.named(name),
        replaced: false,
    };
    let live = objects.look(name).await?.ok_or_else(gone)?;
    let [prior, planned] = [before, model].map(|model| model.desired(Operation::Update));
    let body = apply::pinned(planned.clone(), live.meta().uid.as_deref());
    let object = ObjectRef::of::<K>(namespace, name);
    let mut lifecycle = ChangeAlone::<K>::of(Apply {
        object: object.clone(),
        body: body.into(),
        agreed: Agreed::of(force.known() == Some(&true), &prior),
        hand_over: Some(HandOver { planned, prior }),
    });
    let clock = wait.start();
    let mut driver = Driver::new(cluster, &clock);
    driver.note_read(&object, live);
    driver
        .run(&mut lifecycle, &Unacknowledged::default())
        .await?;
    let changed = driver.seen::<K>(&object).ok_or_else(gone)?;
    Ok(cluster.observed(&*changed))
}

/// Asks the cluster what it says of the write that an apply of this plan would send. An object that
/// exists where one is to be made is left to the apply. `force` is the setting `force_conflicts`.
///
/// What the apply would take over from another manager is noted: see [`Cluster::taken`].
///
/// # Errors
/// `Conflict` where another manager holds a value that would be overwritten and that the plan does
/// not show; `Refused` with what the cluster says against it; whatever keeps it from being asked.
pub async fn dry_run<M, K>(
    cluster: &Cluster,
    prior: Option<&M>,
    planned: &M,
    force: &Field<bool>,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError>
where
    M: ObjectMapping<Object = K>,
    K: Typed + Used + Serialize,
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
            let force_policy = ForcePolicy::of(force, &prior);
            cluster.note_taken(apply::taken(&objects, name, live, &body, force_policy)?);
            if body == prior {
                return Ok(());
            }
        }
        _ => return Ok(()),
    }
    if dry_run_is_meaningful {
        dry_run::ask(cluster, objects.dry_run_apply(name, &body)).await?;
    }
    Ok(())
}

/// Removes an object that others may use: see [`RemoveUsed`].
///
/// # Errors
/// `InUse` names the users; `Refused` if Everest ships the object; `TimedOut` and `Cancelled` name
/// the finalizers.
pub async fn delete<M, K>(cluster: &Cluster, model: &M, wait: &Wait) -> Result<(), ClusterError>
where
    M: ObjectMapping<Object = K>,
    K: Typed + Used,
{
    key(model)?;
    let mut removal = RemoveUsed::of(model);
    let clock = wait.start();
    let mut driver = Driver::new(cluster, &clock).following();
    driver.run(&mut removal, &Unacknowledged::default()).await
}

#[cfg(test)]
mod tests;
