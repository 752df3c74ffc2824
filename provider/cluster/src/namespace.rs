//! Database namespaces: a Namespace with Everest's label, an OperatorGroup, and a
//! Subscription for each engine operator.

mod install;
mod observation;
mod olm;
mod removal;
mod subscribe;
mod upgrade;

use std::time::Duration;

use everest_core::v1;
use everest_core::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};
use everest_schemas::Engine;
use everest_schemas::models::NamespaceModel;
use everest_schemas::olm::Subscription;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use serde_json::json;

use crate::error::ClusterError;
use crate::mapped::key;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::{Change, Cluster, Creation, Wait, apply, creation, delete};
use install::Wanted;
use subscribe::Group;

/// How long rolling back may take.
const ROLL_BACK: Duration = Duration::from_secs(120);

/// What a creation has made so far, for rolling it back.
#[derive(Debug, Default)]
struct Made {
    namespace: bool,
    label: bool,
    operator_group: bool,
    subscriptions: Vec<Engine>,
}

/// Reads a namespace and the engines it has; none if there is no such Namespace.
///
/// Engines that `prior` does not list are left out: they are somebody else's. Without a
/// prior (import) all are taken in. `ready` is false when Everest's label is missing or a
/// listed engine is not installed.
///
/// # Errors
/// Whatever keeps it from being read: see [`ClusterError`].
pub async fn read(
    cluster: &Cluster,
    name: &str,
    prior: Option<&NamespaceModel>,
) -> Result<Option<NamespaceModel>, ClusterError> {
    let Some(namespace) = cluster.global::<Namespace>().read(name).await? else {
        return Ok(None);
    };
    Ok(Some(
        observation::observe(cluster, &namespace, prior).await?,
    ))
}

/// Reads all namespaces that Everest manages, with every engine they have.
///
/// # Errors
/// Whatever keeps them from being listed: see [`ClusterError`].
pub async fn list(cluster: &Cluster) -> Result<Vec<NamespaceModel>, ClusterError> {
    let managed = format!("{MANAGED_BY_LABEL}={MANAGED_BY}");
    let namespaces = cluster.global::<Namespace>().list(&managed).await?;
    try_join_all(
        namespaces
            .iter()
            .map(|namespace| observation::observe(cluster, namespace, None)),
    )
    .await
}

/// The engines of a namespace that have a Subscription but are not in `model`: they are left
/// alone, and a front end says so.
///
/// # Errors
/// Whatever keeps the Subscriptions from being read.
pub async fn unlisted_engines(
    cluster: &Cluster,
    model: &NamespaceModel,
) -> Result<Vec<Engine>, ClusterError> {
    let name = model.name.known_str().unwrap_or_default();
    let listed: Vec<_> = install::wanted(model)
        .into_iter()
        .map(|wanted| wanted.engine)
        .collect();
    let found = observation::named_like_operators(cluster.objects::<Subscription>(name)).await?;
    Ok(Engine::ALL
        .into_iter()
        .filter(|engine| !listed.contains(engine))
        .filter(|engine| {
            found
                .iter()
                .any(|found| found.name_any() == engine.operator())
        })
        .collect())
}

/// Makes a namespace one that Everest manages, with its engines installed.
///
/// 1. Refuses, before anything is written: a Namespace that exists (unless `take_ownership`,
///    or this apply made it), an OperatorGroup of somebody else's, a cluster without OLM.
/// 2. Applies the Namespace with Everest's label.
/// 3. Creates the OperatorGroup and a Subscription for each listed engine that has none. One
///    that exists is left as it is, but for its channel.
/// 4. Approves OLM's plan if everything in it was asked for, and waits for the operators and
///    for Everest to offer their versions.
///
/// A step that is refused for good undoes what this call has made and ends as `NotCreated`;
/// if that does not work either, and for anything that a later apply can go on with, the end
/// is `Pending`. Never `Failed`: a taint would destroy the namespace.
pub async fn create(
    cluster: &Cluster,
    planned: &NamespaceModel,
    nonce: &str,
    wait: &Wait,
) -> Creation<NamespaceModel> {
    let clock = wait.start();
    let mut made = Made::default();
    let error = match make(cluster, planned, nonce, &clock, &mut made).await {
        Ok(()) => match observation::current(cluster, planned).await {
            Ok(observed) => return Creation::Created(observed),
            Err(error) => error,
        },
        Err(error) => error,
    };
    if !made.label {
        return Creation::NotCreated(error);
    }
    if is_final(&error) {
        let fresh = Wait::new(ROLL_BACK, wait.cancel.clone()).start();
        match roll_back(cluster, planned, &made, &fresh).await {
            Ok(()) => return Creation::NotCreated(error),
            Err(failure) => tracing::warn!(%failure, "could not undo a namespace that was refused"),
        }
    }
    Creation::Pending {
        observed: observation::pending(cluster, planned).await,
        error,
    }
}

async fn make(
    cluster: &Cluster,
    planned: &NamespaceModel,
    nonce: &str,
    clock: &Clock,
    made: &mut Made,
) -> Result<(), ClusterError> {
    let (_, name) = key(planned)?;
    let take_ownership = planned.take_ownership.known() == Some(&true);
    let namespaces = cluster.global::<Namespace>();
    let existing = namespaces.get(name).await?;
    let ours = existing
        .as_ref()
        .is_some_and(|existing| creation::is_ours(existing, nonce));
    if let Some(existing) = &existing
        && !ours
        && !take_ownership
    {
        return Err(exists(&namespaces, existing));
    }
    let group = subscribe::group(cluster, name, take_ownership).await?;

    let body = v1::namespace::desired(planned);
    if existing.is_none() || ours {
        creation::create(&namespaces, name, body, nonce).await?;
    } else {
        // Taking over means that what the configuration says holds, whoever said otherwise.
        namespaces
            .patch_apply(name, &creation::with_nonce(body, nonce), true)
            .await?;
    }
    made.label = true;
    made.namespace = existing.is_none() || ours;
    if matches!(group, Group::Missing) {
        subscribe::create_group(cluster, name).await?;
        made.operator_group = true;
    }
    let wanted = install::wanted(planned);
    subscribe_all(cluster, name, &wanted, &mut made.subscriptions).await?;
    install::converge(cluster, name, &namespaces.named(name), &wanted, clock).await
}

async fn subscribe_all(
    cluster: &Cluster,
    namespace: &str,
    wanted: &[Wanted],
    created: &mut Vec<Engine>,
) -> Result<(), ClusterError> {
    let existing = cluster.objects::<Subscription>(namespace).list("").await?;
    for wanted in wanted {
        let found = existing
            .iter()
            .find(|found| found.name_any() == wanted.engine.operator());
        if subscribe::subscribe(cluster, namespace, wanted, found).await? {
            created.push(wanted.engine);
        }
    }
    Ok(())
}

fn exists(namespaces: &Objects<Namespace>, existing: &Namespace) -> ClusterError {
    let name = existing.name_any();
    let managed = existing
        .labels()
        .get(MANAGED_BY_LABEL)
        .is_some_and(|value| value == MANAGED_BY);
    let remedy = if existing.metadata.deletion_timestamp.is_some() {
        "It is being deleted: apply again once it is gone".to_owned()
    } else if managed {
        format!("Everest manages it already: import it with the id {name:?}")
    } else {
        "To have Everest manage it set take_ownership = true: it then stays when the resource is \
         destroyed, unless keep_namespace = false"
            .to_owned()
    };
    ClusterError::AlreadyExists {
        object: namespaces.named(&name),
        remedy,
    }
}

/// Whether trying again would end the same way.
fn is_final(error: &ClusterError) -> bool {
    matches!(
        error,
        ClusterError::Blocked { .. }
            | ClusterError::Refused { .. }
            | ClusterError::Conflict { .. }
            | ClusterError::Forbidden { .. }
            | ClusterError::NotEverest { .. }
            | ClusterError::EverestV2
            | ClusterError::AlreadyExists { .. }
            | ClusterError::NotFound { .. }
    )
}

async fn roll_back(
    cluster: &Cluster,
    planned: &NamespaceModel,
    made: &Made,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let (_, name) = key(planned)?;
    removal::remove_operators(cluster, name, &made.subscriptions, clock).await?;
    if made.operator_group {
        removal::remove_group(cluster, name, clock).await?;
    }
    let namespaces = cluster.global::<Namespace>();
    if made.namespace {
        delete::delete(&namespaces, name, clock).await
    } else {
        release(&namespaces, name).await
    }
}

/// Brings a namespace's engines, labels and annotations to what is planned.
///
/// Refused before anything is written: taking out an engine that databases use. Operators
/// are upgraded only to a version that is asked for; a pending upgrade of another stays
/// pending. A wait that was pending goes on.
///
/// # Errors
/// In the outcome: `Refused` if a step was refused, `Pending` after the deadline or an
/// interruption.
pub async fn update(
    cluster: &Cluster,
    prior: &NamespaceModel,
    planned: &NamespaceModel,
    wait: &Wait,
) -> Change<NamespaceModel> {
    let clock = wait.start();
    let result = match change(cluster, prior, planned, &clock).await {
        Ok(()) => observation::current(cluster, planned).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(observed) => Change::Done(observed),
        Err(error) if is_final(&error) => Change::Refused(error),
        Err(error) => Change::Pending {
            observed: observation::pending(cluster, planned).await,
            error,
        },
    }
}

async fn change(
    cluster: &Cluster,
    prior: &NamespaceModel,
    planned: &NamespaceModel,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let (_, name) = key(planned)?;
    let namespaces = cluster.global::<Namespace>();
    let object = namespaces.named(name);
    if namespaces.get(name).await?.is_none() {
        return Err(ClusterError::NotFound { object });
    }
    let mut wanted = install::wanted(planned);
    let before = install::wanted(prior);
    for wanted in &mut wanted {
        let unchanged = before
            .iter()
            .any(|before| before.engine == wanted.engine && before.version == wanted.version);
        wanted.firm = !unchanged;
    }
    let removed: Vec<_> = before
        .iter()
        .map(|before| before.engine)
        .filter(|engine| wanted.iter().all(|wanted| wanted.engine != *engine))
        .collect();
    for engine in &removed {
        removal::refuse_used(cluster, name, &object, *engine).await?;
    }
    let body = v1::namespace::desired(planned);
    apply::apply(&namespaces, name, &body, apply::Takes::Everything).await?;
    if !removed.is_empty() {
        removal::engine_objects_gone(cluster, name, &removed, clock).await?;
        removal::remove_operators(cluster, name, &removed, clock).await?;
    }
    let take_ownership = planned.take_ownership.known() == Some(&true);
    if matches!(
        subscribe::group(cluster, name, take_ownership).await?,
        Group::Missing
    ) {
        subscribe::create_group(cluster, name).await?;
    }
    subscribe_all(cluster, name, &wanted, &mut Vec::new()).await?;
    install::converge(cluster, name, &object, &wanted, clock).await
}

/// Takes a namespace out of Everest's hands, in Everest's order: databases, other Everest
/// objects, Subscriptions, CSVs, OperatorGroup, Namespace; and waits until all are gone.
///
/// With `keep_namespace` (by default the value of `take_ownership`) the Namespace and what
/// the model does not list stay: only the listed engines' operators, and the label and
/// annotations that this provider set, are removed.
///
/// # Errors
/// `Blocked` while there are databases, unless `force_destroy`; `TimedOut` and `Cancelled`
/// name the object that does not go, and its finalizers.
pub async fn delete(
    cluster: &Cluster,
    model: &NamespaceModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    let clock = wait.start();
    let (_, name) = key(model)?;
    let namespaces = cluster.global::<Namespace>();
    let Some(namespace) = namespaces.get(name).await? else {
        return Ok(());
    };
    let force = model.force_destroy.known() == Some(&true);
    removal::empty(cluster, name, &namespaces.named(name), force, &clock).await?;

    let keep = match model.keep_namespace.known() {
        Some(keep) => *keep,
        None => model.take_ownership.known() == Some(&true),
    };
    if keep {
        let engines: Vec<_> = install::wanted(model)
            .iter()
            .map(|wanted| wanted.engine)
            .collect();
        removal::engine_objects_gone(cluster, name, &engines, &clock).await?;
        removal::remove_operators(cluster, name, &engines, &clock).await?;
        // An operator that is left needs the group.
        let left = cluster.objects::<Subscription>(name).list("").await;
        if left.is_ok_and(|left| left.is_empty()) {
            removal::remove_group(cluster, name, &clock).await?;
        }
        return release(&namespaces, name).await;
    }
    if namespace.metadata.deletion_timestamp.is_none() {
        removal::clear(cluster, name, &clock).await?;
        removal::engine_objects_gone(cluster, name, &Engine::ALL, &clock).await?;
        removal::remove_operators(cluster, name, &Engine::ALL, &clock).await?;
        removal::remove_group(cluster, name, &clock).await?;
    }
    delete::delete(&namespaces, name, &clock).await
}

/// Gives up the labels and annotations that this provider set, and Everest's label whoever
/// set it.
async fn release(namespaces: &Objects<Namespace>, name: &str) -> Result<(), ClusterError> {
    let empty = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let left = namespaces.patch_apply(name, &empty, false).await?;
    if left
        .labels()
        .get(MANAGED_BY_LABEL)
        .is_some_and(|value| value == MANAGED_BY)
    {
        let body = json!({"metadata": {"labels": {MANAGED_BY_LABEL: null}}});
        namespaces.patch_merge(name, &body).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
