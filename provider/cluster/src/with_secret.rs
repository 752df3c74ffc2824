//! Objects that are made and changed together with the Secret that they read.

use std::time::Duration;

use everest_core::Operation;
use everest_core::lifecycle::{
    Agreed, Apply, ChangeWithSecret, CreateWithSecret, HandOver, Lifecycle, ObjectRef, ReadsSecret,
    RemoveWithSecret, Used,
};
use everest_core::v1::credentials::{
    Credentials, SecretMapping, SecretState, secret_name, with_secret_of,
};
use k8s_openapi::api::core::v1::Secret;
use serde::Serialize;

use crate::apply::{self, ForcePolicy};
use crate::drive::{self, Driver};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Typed;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, dry_run};

/// How long the garbage collector is given to let go of a Secret that is taken back.
const LETS_GO: Duration = Duration::from_secs(20);

/// Makes the object of a model, and its Secret where credentials are given: see
/// [`CreateWithSecret`].
///
/// If the object is refused, the Secret goes again; if nobody knows whether it was written, the
/// Secret stays, since the object may read it.
///
/// Ends: `Created` or `NotCreated`.
pub async fn create<M, K>(
    cluster: &Cluster,
    planned: &M,
    credentials: Option<&Credentials>,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<M>
where
    M: SecretMapping<Object = K>,
    K: Typed + ReadsSecret,
{
    let content = credentials.map(|given| given.secret(planned));
    let mut lifecycle = CreateWithSecret::of(planned, content, cluster.field_manager());
    let created = drive::created(cluster, planned, &mut lifecycle, made, wait).await;
    if let Creation::NotCreated(error) = &created
        && !error.leaves_it_open()
        && let Some(taken_back) = lifecycle.taken_back()
    {
        take_back(cluster, taken_back).await;
    }
    created
}

/// Takes back the Secret of an object that was not created. If that fails, the Secret is left over.
pub(crate) async fn take_back<L: Lifecycle + Send>(cluster: &Cluster, taken_back: L) {
    // What is interrupted cleans up all the same.
    let wait = Wait::new(LETS_GO, tokio_util::sync::CancellationToken::new());
    if let Err(error) = drive::settled(cluster, taken_back, &wait.start()).await {
        tracing::warn!(%error, "the Secret of an object that was not created is left over");
    }
}

/// Applies changed settings and, if given, new credentials. Credentials left out leave the
/// Secret as it is.
///
/// # Errors
/// In the outcome: `Refused` if the server refused a part.
pub async fn update<M, K>(
    cluster: &Cluster,
    prior: &M,
    planned: &M,
    credentials: Option<&Credentials>,
    wait: &Wait,
) -> Change<M>
where
    M: SecretMapping<Object = K>,
    K: Typed + ReadsSecret + Serialize,
{
    let planned = &with_secret_of(planned, prior);
    match change(cluster, prior, planned, credentials, wait).await {
        Ok(observed) => Change::Done(observed),
        Err(error) => Change::Refused(error),
    }
}

async fn change<M, K>(
    cluster: &Cluster,
    before: &M,
    model: &M,
    credentials: Option<&Credentials>,
    wait: &Wait,
) -> Result<M, ClusterError>
where
    M: SecretMapping<Object = K>,
    K: Typed + ReadsSecret + Serialize,
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
    // Before the Secret is written.
    let agreed = Agreed::of(model.force_conflicts().known() == Some(&true), &prior);
    apply::taken(&objects, name, &live, &body, ForcePolicy::from(&agreed))?;
    let object = ObjectRef::of::<K>(namespace, name);
    let apply = Apply {
        object: object.clone(),
        body: body.into(),
        agreed,
        hand_over: Some(HandOver { planned, prior }),
    };
    let content = credentials.map(|given| given.secret(model));
    let mut lifecycle = ChangeWithSecret::of(model, content, cluster.field_manager(), Some(apply));
    let clock = wait.start();
    let mut driver = Driver::new(cluster, &clock);
    driver.note_read(&object, live);
    driver
        .run(&mut lifecycle, &Unacknowledged::default())
        .await?;
    let changed = driver.seen::<K>(&object).ok_or_else(gone)?;
    Ok(cluster.observed(&*changed))
}

/// The state of the Secret of an object, by its metadata alone.
///
/// # Errors
/// Whatever keeps it from being looked at.
pub async fn secret_state<M, K>(cluster: &Cluster, model: &M) -> Result<SecretState, ClusterError>
where
    M: SecretMapping<Object = K>,
    K: Typed + ReadsSecret,
{
    let (namespace, _) = key(model)?;
    let secrets = cluster.objects::<Secret>(namespace);
    let metadata = secrets.metadata(secret_name(model)).await?;
    let manager = cluster.field_manager();
    Ok(SecretState::of(metadata.as_ref(), K::KEYS, manager))
}

/// Asks the cluster what it says of the write that an apply of this plan would send, the Secret
/// apart. An object that exists where one is to be made is left to the apply.
///
/// What the apply would take over from another manager is noted: see [`Cluster::taken`].
///
/// # Errors
/// `Conflict` where another manager holds a value that would be overwritten and that the plan
/// does not show; `Refused` with what the cluster says against it; whatever keeps it from being asked.
pub async fn dry_run<M, K>(
    cluster: &Cluster,
    prior: Option<&M>,
    planned: &M,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError>
where
    M: SecretMapping<Object = K>,
    K: Typed + ReadsSecret + Serialize,
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
            body = with_secret_of(planned, prior).desired(Operation::Update);
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
        dry_run::ask(cluster, objects.dry_run_apply(name, &body)).await?;
    }
    Ok(())
}

/// Removes an object and its Secret: see [`RemoveWithSecret`].
///
/// # Errors
/// `InUse` names the users; `TimedOut` and `Cancelled` the finalizers.
pub async fn delete<M, K>(cluster: &Cluster, model: &M, wait: &Wait) -> Result<(), ClusterError>
where
    M: SecretMapping<Object = K>,
    K: Typed + ReadsSecret + Used,
{
    key(model)?;
    let mut removal = RemoveWithSecret::of(model, cluster.field_manager());
    let clock = wait.start();
    let mut driver = Driver::new(cluster, &clock).following();
    driver.run(&mut removal, &Unacknowledged::default()).await
}
