//! Database namespaces: a Namespace with Everest's label, an OperatorGroup, and a
//! Subscription for each engine operator.

mod inhabitants;
mod install;
mod made;
mod observation;
mod olm;
mod problem;
mod removal;
mod subscribe;
mod upgrade;

use std::time::Duration;

use everest_core::v1;
use everest_core::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};
use everest_schemas::models::{EngineInstall, Engines, NamespaceModel};
use everest_schemas::olm::{ClusterServiceVersion, Subscription};
use everest_schemas::{Engine, Field};
use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use serde_json::json;

use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, apply, creation, delete};
use made::{Keys, Made};
pub use observation::observe;
use removal::Clears;
pub use removal::release_storages;
use subscribe::Group;

/// How many namespaces are read at once: each takes several requests.
const AT_ONCE: usize = 8;

/// How long rolling back may take.
const ROLL_BACK: Duration = Duration::from_secs(120);

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
    Ok(Some(observe(cluster, &namespace, prior).await?))
}

/// Lists the engines in `found` that `prior` lists and that are only half removed: the Subscription
/// is gone, the ClusterServiceVersion is not. Whoever forgets them never removes the rest, and OLM
/// installs nothing in the namespace while it is there. All that is said of them is that they are
/// listed.
///
/// # Errors
/// Whatever keeps the ClusterServiceVersions from being listed, unless that is forbidden.
pub async fn keep_half_removed(
    cluster: &Cluster,
    prior: &NamespaceModel,
    found: &mut NamespaceModel,
) -> Result<(), ClusterError> {
    let (_, name) = key(prior)?;
    let Some(engines) = found.engines.known_mut() else {
        return Ok(());
    };
    let mut missing = removed(prior, engines);
    if missing.is_empty() {
        return Ok(());
    }
    let versions = removal::served(cluster.objects::<ClusterServiceVersion>(name)).await;
    let versions = match versions {
        Err(error) if error.is_forbidden() => return Ok(()),
        other => other?,
    };
    missing.retain(|engine| {
        versions
            .iter()
            .any(|version| removal::is_of(version, *engine))
    });
    for engine in missing {
        *engines.get_mut(engine) = Field::Known(EngineInstall::default());
    }
    Ok(())
}

/// The engines that `prior` lists and `engines` do not.
fn removed(prior: &NamespaceModel, engines: &Engines) -> Vec<Engine> {
    let before = install::wanted(prior).into_iter();
    before
        .map(|before| before.engine)
        .filter(|engine| engines.get(*engine).is_null())
        .collect()
}

/// Whether a change takes engines out.
pub fn removes(prior: &NamespaceModel, planned: &NamespaceModel) -> bool {
    let engines = planned.engines.known();
    engines.is_some_and(|engines| !removed(prior, engines).is_empty())
}

/// Reads all namespaces that Everest manages, with every engine they have.
///
/// # Errors
/// Whatever keeps them from being listed: see [`ClusterError`].
pub async fn list(cluster: &Cluster) -> Result<Vec<NamespaceModel>, ClusterError> {
    let managed = format!("{MANAGED_BY_LABEL}={MANAGED_BY}");
    let namespaces = cluster.global::<Namespace>().list(&managed).await?;
    let checks = namespaces.into_iter().map(|namespace| {
        let cluster = cluster.clone();
        async move { observation::observe(&cluster, &namespace, None).await }
    });
    stream::iter(checks).buffered(AT_ONCE).try_collect().await
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
///    or a creation of the same made it and was killed), an OperatorGroup of somebody else's, a cluster without OLM.
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
    unacknowledged: &Unacknowledged,
    wait: &Wait,
) -> Creation<NamespaceModel> {
    let clock = wait.start();
    let mut made = Made::default();
    let error = match make(cluster, planned, unacknowledged, &clock, &mut made).await {
        Ok(()) => match observation::current(cluster, planned).await {
            Ok(observed) => return Creation::Created(observed),
            Err(error) => error,
        },
        Err(error) => error,
    };
    if is_undone(cluster, planned, &made, &error, wait).await {
        return Creation::NotCreated(error);
    }
    Creation::Pending {
        observed: observation::pending(cluster, planned).await,
        error,
    }
}

async fn make(
    cluster: &Cluster,
    planned: &NamespaceModel,
    unacknowledged: &Unacknowledged,
    clock: &Clock,
    made: &mut Made,
) -> Result<(), ClusterError> {
    let (_, name) = key(planned)?;
    let take_ownership = planned.take_ownership.known() == Some(&true);
    let namespaces = cluster.global::<Namespace>();
    let existing = namespaces.get(name).await?;
    let body = v1::namespace::desired(planned);
    let ours = existing
        .as_ref()
        .is_some_and(|existing| creation::is_ours(&namespaces, existing, &body));
    if let Some(existing) = &existing
        && !ours
        && !take_ownership
    {
        return Err(exists(&namespaces, existing));
    }
    let group = subscribe::group(cluster, name, take_ownership).await?;
    let wanted = install::wanted(planned);
    let object = namespaces.named(name);
    let subscriptions = cluster.objects::<Subscription>(name).list("").await?;
    problem::refuse_older(&object, &wanted, &subscriptions)?;

    match &existing {
        // Taking over means that what the configuration says holds, whoever said otherwise. It is
        // not marked as made: it is not to go when that is undone.
        Some(existing) if !ours => {
            // Noted first: an answer that is lost may still have been a write.
            made.keys = Some(Keys::set_by(&body, existing));
            let body = apply::pinned(body, existing.uid().as_deref());
            if let Err(error) = namespaces.patch_apply(name, &body, true).await {
                if is_final(&error) {
                    made.keys = None;
                }
                return Err(error);
            }
        }
        _ => {
            creation::create(&namespaces, name, body, unacknowledged).await?;
            made.namespace = true;
        }
    }
    if matches!(group, Group::Missing) {
        subscribe::create_group(cluster, name).await?;
        made.operator_group = true;
    }
    subscribe::subscribe(cluster, name, &wanted, &subscriptions, made, clock).await?;
    install::converge(cluster, name, &object, &wanted, clock).await
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
            | ClusterError::Superseded { .. }
    )
}

/// Whether nothing is left of a call that ended in `error`: nothing was written yet, or it was
/// refused for good and undone.
async fn is_undone(
    cluster: &Cluster,
    planned: &NamespaceModel,
    made: &Made,
    error: &ClusterError,
    wait: &Wait,
) -> bool {
    if made.is_nothing() {
        return true;
    }
    let Some(name) = planned.name.known_str().filter(|_| is_final(error)) else {
        return false;
    };
    let fresh = Wait::new(ROLL_BACK, wait.cancel.clone()).start();
    match made.roll_back(cluster, name, &fresh).await {
        Ok(()) => true,
        Err(failure) => {
            tracing::warn!(%failure, "what was refused is not undone");
            false
        }
    }
}

/// Brings a namespace's engines, labels and annotations to what is planned.
///
/// Refused before anything is written: taking out an engine that databases use. Operators
/// are upgraded only to a version that is asked for; a pending upgrade of another stays
/// pending. A wait that was pending goes on. Subscriptions of this provider's that an earlier
/// change left without anything installed go, unless their engines are asked for.
///
/// # Errors
/// In the outcome: `Refused` if a step was refused, and the Subscriptions made for it are gone
/// again; `Pending` after the deadline or an interruption.
pub async fn update(
    cluster: &Cluster,
    prior: &NamespaceModel,
    planned: &NamespaceModel,
    wait: &Wait,
) -> Change<NamespaceModel> {
    let clock = wait.start();
    let mut made = Made::default();
    let result = match change(cluster, prior, planned, &clock, &mut made).await {
        Ok(()) => observation::current(cluster, planned).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(observed) => Change::Done(observed),
        Err(error)
            if is_final(&error) && is_undone(cluster, planned, &made, &error, wait).await =>
        {
            Change::Refused(error)
        }
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
    made: &mut Made,
) -> Result<(), ClusterError> {
    let (_, name) = key(planned)?;
    let namespaces = cluster.global::<Namespace>();
    let object = namespaces.named(name);
    let Some(live) = namespaces.get(name).await? else {
        return Err(ClusterError::Superseded {
            object,
            replaced: false,
        });
    };
    let mut wanted = install::wanted(planned);
    let before = install::wanted(prior);
    for wanted in &mut wanted {
        let unchanged = before
            .iter()
            .any(|before| before.engine == wanted.engine && before.version == wanted.version);
        wanted.firm = !unchanged;
    }
    let subscriptions = cluster.objects::<Subscription>(name).list("").await?;
    problem::refuse_older(&object, &wanted, &subscriptions)?;
    let removed: Vec<_> = before
        .iter()
        .map(|before| before.engine)
        .filter(|engine| wanted.iter().all(|wanted| wanted.engine != *engine))
        .collect();
    for engine in &removed {
        removal::refuse_used(cluster, name, &object, *engine).await?;
    }
    let listed: Vec<_> = wanted
        .iter()
        .chain(&before)
        .map(|listed| listed.engine)
        .collect();
    let left_behind = left_behind(cluster, name, &listed, &subscriptions).await?;
    let body = apply::pinned(v1::namespace::desired(planned), live.uid().as_deref());
    apply::apply(&namespaces, name, &body, apply::ForcePolicy::Everything).await?;
    if !removed.is_empty() {
        removal::engine_objects_gone(cluster, name, &removed, clock).await?;
        removal::remove_operators(cluster, name, &removed, clock).await?;
    }
    removal::unsubscribe(cluster, name, &left_behind, clock).await?;
    let take_ownership = planned.take_ownership.known() == Some(&true);
    if matches!(
        subscribe::group(cluster, name, take_ownership).await?,
        Group::Missing
    ) {
        subscribe::create_group(cluster, name).await?;
    }
    subscribe::subscribe(cluster, name, &wanted, &subscriptions, made, clock).await?;
    install::converge(cluster, name, &object, &wanted, clock).await
}

/// The engines beside the `listed` ones that an earlier change subscribed to without getting
/// anything installed. One such Subscription keeps OLM from resolving any other of the namespace.
async fn left_behind(
    cluster: &Cluster,
    name: &str,
    listed: &[Engine],
    subscriptions: &[Subscription],
) -> Result<Vec<Engine>, ClusterError> {
    let mut found = Vec::new();
    for subscription in subscriptions {
        let Some(engine) = Engine::from_operator(&subscription.name_any()) else {
            continue;
        };
        if !listed.contains(&engine)
            && subscribe::is_unfulfilled(cluster, subscription)
            && !subscribe::is_used(cluster, name, engine).await?
        {
            found.push(engine);
        }
    }
    Ok(found)
}

/// Takes a namespace out of Everest's hands, in Everest's order: databases, other Everest
/// objects, Subscriptions, CSVs, OperatorGroup, Namespace; and waits until all are gone.
///
/// With `keep_namespace` (by default the value of `take_ownership`) the Namespace and what
/// the model does not list stay: only the listed engines' operators, and the label and
/// annotations that this provider set, are removed.
///
/// What is going, or may be in a moment because the same run destroys it, is waited for.
///
/// # Errors
/// `Blocked` while there are databases or, with `keep_namespace`, objects that nobody could delete
/// any more, unless `force_destroy`; `TimedOut` and `Cancelled` name the object that does not go,
/// and its finalizers.
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
    let object = namespaces.named(name);
    inhabitants::without_databases(cluster, name, &object, force, &clock).await?;

    let keep = match model.keep_namespace.known() {
        Some(keep) => *keep,
        None => model.take_ownership.known() == Some(&true),
    };
    if keep {
        inhabitants::without_held_objects(cluster, name, &object, force, &clock).await?;
        let engines: Vec<_> = install::wanted(model)
            .iter()
            .map(|wanted| wanted.engine)
            .collect();
        let subscriptions = removal::served(cluster.objects::<Subscription>(name)).await?;
        let left_behind = left_behind(cluster, name, &engines, &subscriptions).await?;
        removal::engine_objects_gone(cluster, name, &engines, &clock).await?;
        removal::remove_operators(cluster, name, &engines, &clock).await?;
        removal::unsubscribe(cluster, name, &left_behind, &clock).await?;
        // An operator that is left needs the group.
        let left = removal::served(cluster.objects::<Subscription>(name)).await?;
        if left.is_empty() {
            removal::remove_group(cluster, name, &clock).await?;
        }
        return release(&namespaces, name).await;
    }
    if namespace.metadata.deletion_timestamp.is_none() {
        removal::clear(cluster, name, Clears::Everything, &clock).await?;
        removal::engine_objects_gone(cluster, name, &Engine::ALL, &clock).await?;
        removal::remove_operators(cluster, name, &Engine::ALL, &clock).await?;
        removal::remove_group(cluster, name, &clock).await?;
    }
    delete::deleted_with(&namespaces, name, &clock, |_| async {
        match removal::release_storages(cluster, name).await {
            // Who may not look at storages only waits.
            Err(error) if error.is_forbidden() => Ok(()),
            released => released.map(|_| ()),
        }
    })
    .await?;
    Ok(())
}

/// Gives up the labels and annotations that this provider set, and Everest's label whoever
/// set it.
async fn release(namespaces: &Objects<Namespace>, name: &str) -> Result<(), ClusterError> {
    let Some(live) = namespaces.get(name).await? else {
        return Ok(());
    };
    let empty = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let empty = apply::pinned(empty, live.uid().as_deref());
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
