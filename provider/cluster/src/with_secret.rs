//! Objects that are made and changed together with the Secret that they read.

use std::time::Duration;

use everest_core::lifecycle::{
    ChangeWithSecret, CreateWithSecret, Lifecycle, ReadsSecret, RemoveWithSecret, Used,
};
use everest_core::v1::credentials::{
    Credentials, SecretMapping, SecretState, is_untried, secret_name, tried_version, with_secret_of,
};
use k8s_openapi::api::core::v1::Secret;
use serde::Serialize;

use crate::drive::{self, Driver};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Typed;
use crate::update::Update;
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
    let changed = async {
        let (update, apply) = Update::of(cluster, prior, planned).await?;
        // Before the Secret is written.
        update.refuse_conflicts(&apply)?;
        let content = credentials.map(|given| given.secret(planned));
        let manager = cluster.field_manager();
        let lifecycle = ChangeWithSecret::of(planned, content, manager, Some(apply));
        update.run::<M, _>(lifecycle, wait).await
    };
    changed.await.into()
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
    let (namespace, name) = key(model)?;
    let secrets = cluster.objects::<Secret>(namespace);
    let metadata = secrets.metadata(secret_name(model)).await?;
    let manager = cluster.field_manager();
    let state = SecretState::of(metadata.as_ref(), K::KEYS, manager);
    let Some(secret) = metadata.filter(|secret| K::IS_TRIED && tried_version(secret).is_some())
    else {
        return Ok(state);
    };
    let object = cluster.objects::<K>(namespace).get(name).await?;
    let is_untried = object.is_some_and(|object| is_untried(&secret, object.metadata()));
    Ok(match state {
        SecretState::AsWritten if is_untried => SecretState::Untried,
        state => state,
    })
}

/// Asks the cluster what it says of the write that an apply of this plan would send, the Secret
/// apart: see [`dry_run::write`].
///
/// # Errors
/// As [`dry_run::write`].
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
    let planned = match prior {
        Some(prior) => &with_secret_of(planned, prior),
        None => planned,
    };
    dry_run::write(cluster, prior, planned, dry_run_is_meaningful).await
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

#[cfg(test)]
mod tests;
