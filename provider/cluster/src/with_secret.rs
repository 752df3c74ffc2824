//! Objects that are made and changed together with the Secret that they read.

use std::time::Duration;

use everest_core::Operation;
use everest_core::lifecycle::{
    Agreed, Apply, ChangeWithSecret, CreateWithSecret, HandOver, ObjectRef, ReadsSecret,
};
use everest_core::v1::ObjectMapping;
use everest_core::v1::credentials::SecretState;
use everest_schemas::Field;
use k8s_openapi::api::core::v1::Secret;
use serde::Serialize;

use crate::apply::{self, ForcePolicy};
use crate::drive::{self, Driver};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Typed;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait};

/// How long the garbage collector is given to let go of a Secret that is taken back.
const LETS_GO: Duration = Duration::from_secs(20);

/// Makes the object of a model, and takes its Secret back where the object was refused.
///
/// Ends: as [`drive::created`].
pub(crate) async fn created<M, K>(
    cluster: &Cluster,
    planned: &M,
    mut lifecycle: CreateWithSecret<K>,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<M>
where
    M: ObjectMapping<Object = K>,
    K: Typed + ReadsSecret,
{
    let created = drive::created(cluster, planned, &mut lifecycle, made, wait).await;
    if let Creation::NotCreated(error) = &created
        && !error.leaves_it_open()
        && let Some(taken_back) = lifecycle.taken_back()
    {
        // What is interrupted cleans up all the same.
        let wait = Wait::new(LETS_GO, tokio_util::sync::CancellationToken::new());
        if let Err(error) = drive::settled(cluster, taken_back, &wait.start()).await {
            tracing::warn!(%error, "the Secret of an object that was not created is left over");
        }
    }
    created
}

/// Changes the object of a model from what the state holds to what is planned, as the lifecycle
/// that `of` makes from its apply does.
///
/// # Errors
/// In the outcome: `Refused` if the server refused a part.
pub(crate) async fn changed<M, K>(
    cluster: &Cluster,
    (prior, planned): (&M, &M),
    force_conflicts: &Field<bool>,
    wait: &Wait,
    of: impl FnOnce(Apply) -> ChangeWithSecret<K>,
) -> Change<M>
where
    M: ObjectMapping<Object = K>,
    K: Typed + ReadsSecret + Serialize,
{
    match change(cluster, (prior, planned), force_conflicts, wait, of).await {
        Ok(observed) => Change::Done(observed),
        Err(error) => Change::Refused(error),
    }
}

async fn change<M, K>(
    cluster: &Cluster,
    (prior, planned): (&M, &M),
    force_conflicts: &Field<bool>,
    wait: &Wait,
    of: impl FnOnce(Apply) -> ChangeWithSecret<K>,
) -> Result<M, ClusterError>
where
    M: ObjectMapping<Object = K>,
    K: Typed + ReadsSecret + Serialize,
{
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<K>(namespace);
    let gone = || ClusterError::Superseded {
        object: objects.named(name),
        replaced: false,
    };
    let live = objects.get(name).await?.ok_or_else(gone)?;
    let [prior, planned] = [prior, planned].map(|model| model.desired(Operation::Update));
    let body = apply::pinned(planned.clone(), live.meta().uid.as_deref());
    // Before the Secret is written.
    let force_policy = ForcePolicy::of(force_conflicts, &prior);
    apply::taken(&objects, name, &live, &body, force_policy)?;
    let agreed = match force_policy {
        ForcePolicy::Everything => Agreed::Everything,
        _ => Agreed::Shown {
            prior: prior.clone(),
        },
    };
    let object = ObjectRef::of::<K>(namespace, name);
    let mut lifecycle = of(Apply {
        object: object.clone(),
        body: body.into(),
        agreed,
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

/// The state of the Secret that an object of a kind reads, by its metadata alone.
///
/// # Errors
/// Whatever keeps it from being looked at.
pub(crate) async fn state<K: ReadsSecret>(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<SecretState, ClusterError> {
    let secrets = cluster.objects::<Secret>(namespace);
    let metadata = secrets.metadata(name).await?;
    let manager = cluster.field_manager();
    Ok(SecretState::of(metadata.as_ref(), K::KEYS, manager))
}
