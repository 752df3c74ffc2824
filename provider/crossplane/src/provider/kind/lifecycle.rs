//! Runs lifecycles of everest-core in a reconcile: carries out their writes and reports what they
//! wait for.

use std::sync::Arc;

use everest_cluster::{Rest, Stepped, Stepper, Waiting};
use everest_core::lifecycle::{Action, Lifecycle, Observable};
use everest_core::readiness::Readiness;

use super::{Kind, Scene};
use crate::provider::error::{ReconcileError, WAY_OUT};

/// The condition to wait for before the external object can be created.
///
/// # Errors
/// Any error that prevents reading the cluster.
pub async fn awaited<K: Kind, L: Lifecycle + Send>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
) -> Result<Option<String>, ReconcileError> {
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    let action = stepper.decide(lifecycle, |_| {}).await?;
    Ok(match stepper.rest(lifecycle, action)? {
        Rest::Is(Stepped::Waits(waiting)) => Some(match waiting {
            Waiting::Comes(missing) => format!("waiting for {missing}"),
            other => told(other),
        }),
        _ => None,
    })
}

/// Judges an existing external object by its lifecycle.
pub async fn readiness<K, L>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
    external: &Arc<K::External>,
) -> Readiness
where
    K: Kind<External: Observable>,
    L: Lifecycle + Send,
{
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    let subject = lifecycle.subject();
    let action = stepper
        .decide(lifecycle, |observed| {
            observed.note_ours(subject.clone());
            observed.note_object(&subject, Some(external.clone()));
        })
        .await;
    match action {
        Ok(Action::Done(_)) => Readiness::Ready,
        Ok(Action::Failed(reason)) => Readiness::Failed(reason),
        Ok(action) => match stepper.rest(lifecycle, action) {
            Ok(Rest::Is(Stepped::Waits(waiting))) => Readiness::Pending(told(waiting)),
            Ok(_) => Readiness::Pending("waiting for Everest to handle the change".to_owned()),
            Err(error) => Readiness::Pending(error.to_string()),
        },
        Err(error) => Readiness::Pending(error.to_string()),
    }
}

/// Does the next steps of a change. Returns the external object after the last write.
///
/// # Errors
/// `Held` if something has to be waited for before a write.
pub async fn change<K, L>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
    external: &K::External,
) -> Result<Arc<K::External>, ReconcileError>
where
    K: Kind<External: Observable>,
    L: Lifecycle + Send,
{
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    let stepped = stepper
        .walk(lifecycle, Some(Arc::new(external.clone())))
        .await?;
    let written = stepper.into_written();
    match (written.and_then(|written| written.downcast().ok()), stepped) {
        (Some(written), _) => Ok(written),
        (None, Stepped::Waits(waiting)) => Err(ReconcileError::Held(told(waiting))),
        (None, _) => Ok(Arc::new(external.clone())),
    }
}

/// Takes the steps before the external object, and creates it.
///
/// # Errors
/// `Held` if something else has to happen first.
pub async fn create<K, L>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
) -> Result<Arc<K::External>, ReconcileError>
where
    K: Kind<External: Observable>,
    L: Lifecycle + Send,
{
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    let stepped = stepper.walk(lifecycle, None).await?;
    let written = stepper.into_written();
    match (written.and_then(|written| written.downcast().ok()), stepped) {
        (Some(written), _) => Ok(written),
        (None, Stepped::Waits(waiting)) => Err(ReconcileError::Held(told(waiting))),
        (None, _) => Err(ReconcileError::Held(format!(
            "waiting for the creation of {}",
            lifecycle.subject()
        ))),
    }
}

/// Returns true if the next step creates something.
///
/// # Errors
/// Any error that prevents reading the cluster.
pub async fn creates<K: Kind, L: Lifecycle + Send>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
) -> Result<bool, ReconcileError> {
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    let action = stepper.decide(lifecycle, |_| {}).await?;
    Ok(matches!(action, Action::Create { .. }))
}

/// Does the steps before the deletion of the external object, and requests it.
///
/// # Errors
/// `Held` while something is waited for.
pub async fn delete<K: Kind, L: Lifecycle + Send>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
) -> Result<(), ReconcileError> {
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    match stepper.walk(lifecycle, None).await? {
        Stepped::Done(_) | Stepped::Deleting => Ok(()),
        Stepped::Failed(reason) => Err(ReconcileError::Held(reason)),
        Stepped::Waits(waiting) => Err(ReconcileError::Held(format!(
            "{}. {WAY_OUT}",
            told(waiting)
        ))),
    }
}

/// Does the work without which an external object that is being deleted cannot go. Returns whether
/// anything was written, and what is waited for.
///
/// # Errors
/// Any error that prevents reading or writing the cluster.
pub async fn attend<K: Kind, L: Lifecycle + Send>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
) -> Result<(bool, Option<Waiting>), ReconcileError> {
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    let stepped = stepper.walk(lifecycle, None).await?;
    let wrote = stepper.into_written().is_some();
    Ok(match stepped {
        Stepped::Waits(waiting) => (wrote, Some(waiting)),
        _ => (wrote, None),
    })
}

/// The condition that is still to be waited for after the external object is gone.
///
/// # Errors
/// Any error that keeps it from being looked for.
pub async fn remains<K: Kind, L: Lifecycle + Send>(
    scene: &mut Scene<'_, K>,
    lifecycle: &mut L,
) -> Result<Option<String>, ReconcileError> {
    let cluster = scene.cluster().clone();
    let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
    Ok(match stepper.walk(lifecycle, None).await? {
        Stepped::Done(_) => None,
        Stepped::Deleting => Some(format!("{} is being deleted", lifecycle.subject())),
        Stepped::Failed(reason) => Some(reason),
        Stepped::Waits(waiting) => Some(told(waiting)),
    })
}

/// The condition of the wait, as a sentence.
pub fn told(waiting: Waiting) -> String {
    match waiting {
        Waiting::Comes(missing) => format!("waiting for {missing}"),
        Waiting::Required(message, remedy) => format!("{message}. {remedy}"),
        Waiting::Users(users, remedy) => format!(
            "it is in use by {}, and is deleted once nothing uses it any more. {remedy}",
            users.join(", ")
        ),
    }
}
