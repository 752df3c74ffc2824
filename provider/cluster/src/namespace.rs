//! Database namespaces: a Namespace with Everest's label, an OperatorGroup, and a
//! Subscription for each engine operator.

mod install;
mod observation;

use std::time::Duration;

use everest_core::lifecycle::namespace::{
    ChangeNamespace, CreateNamespace, Made, RemoveNamespace, UndoNamespace, WantedEngine,
};
use everest_core::path::FieldPath;
use everest_core::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};
use everest_core::{olm, v1};
use everest_schemas::models::{EngineInstall, Engines, NamespaceModel};
use everest_schemas::olm::{ClusterServiceVersion, Subscription};
use everest_schemas::{Engine, Field};
use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;

use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Objects;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, creation, drive};
pub use install::{step, subscriber};
pub use observation::observe;

/// The number of namespaces that are read at once: each takes several requests.
const AT_ONCE: usize = 8;

/// The longest time for a rollback.
const ROLL_BACK: Duration = Duration::from_secs(120);

/// Reads a namespace and the engines it has; none if there is no such Namespace.
///
/// Engines that `prior` does not list are omitted, because this resource does not manage them.
/// Without a prior (import) all engines are included. `ready` is false if Everest's label is
/// missing or a listed engine is not installed.
///
/// # Errors
/// Any error that keeps it from being read: see [`ClusterError`].
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

/// Adds engines to `found` that `prior` lists and that are only half removed: the Subscription is
/// gone, but the ClusterServiceVersion is not. If the state forgot them, the rest would never be
/// removed, and OLM would install nothing in the namespace. They are added without any values.
///
/// # Errors
/// Any error that keeps the ClusterServiceVersions from being listed, unless that is forbidden.
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
    let versions = cluster.objects::<ClusterServiceVersion>(name);
    let versions = match versions.list("").await {
        Err(error) if error.is_forbidden() || error.is_not_served() => {
            cluster.note_unread(&error);
            return Ok(());
        }
        other => other?,
    };
    missing.retain(|engine| {
        versions.iter().any(|version| {
            let name = version.name_any();
            let package = olm::parse_csv(&name).map(|(package, _)| package);
            package == Some(engine.operator())
        })
    });
    for engine in missing {
        *engines.get_mut(engine) = Field::Known(EngineInstall::default());
    }
    Ok(())
}

/// The engines that `prior` lists and `engines` do not.
fn removed(prior: &NamespaceModel, engines: &Engines) -> Vec<Engine> {
    let before = WantedEngine::all_of(prior).into_iter();
    before
        .map(|before| before.engine)
        .filter(|engine| engines.get(*engine).is_null())
        .collect()
}

/// Returns true if a change takes engines out.
pub fn removes(prior: &NamespaceModel, planned: &NamespaceModel) -> bool {
    let engines = planned.engines.known();
    engines.is_some_and(|engines| !removed(prior, engines).is_empty())
}

/// Reads a namespace with every engine that it has.
///
/// # Errors
/// `NotFound` if there is none of the name; any error that keeps it from being read.
pub async fn existing(cluster: &Cluster, name: &str) -> Result<NamespaceModel, ClusterError> {
    let namespace = cluster.global::<Namespace>().existing(name).await?;
    observation::observe(cluster, &namespace, None).await
}

/// Reads the namespaces that Everest manages and that a label selector chooses, with every engine
/// they have; an empty selector chooses all.
///
/// # Errors
/// Any error that keeps them from being listed: see [`ClusterError`].
pub async fn list(cluster: &Cluster, selector: &str) -> Result<Vec<NamespaceModel>, ClusterError> {
    let mut managed = format!("{MANAGED_BY_LABEL}={MANAGED_BY}");
    if !selector.is_empty() {
        managed = format!("{managed},{selector}");
    }
    let namespaces = cluster.global::<Namespace>().list(&managed).await?;
    let checks = namespaces.into_iter().map(|namespace| {
        let cluster = cluster.clone();
        async move { observation::observe(&cluster, &namespace, None).await }
    });
    stream::iter(checks).buffered(AT_ONCE).try_collect().await
}

/// The engines of a namespace that have a Subscription but are not in `model`: they are not
/// managed, and the front end mentions them.
///
/// # Errors
/// Any error that keeps the Subscriptions from being read.
pub async fn unlisted_engines(
    cluster: &Cluster,
    model: &NamespaceModel,
) -> Result<Vec<Engine>, ClusterError> {
    let name = model.name.known_str().unwrap_or_default();
    let listed: Vec<_> = WantedEngine::all_of(model)
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

/// Creates a namespace that Everest manages, with its engines installed: see [`CreateNamespace`].
/// An existing Namespace is an error, unless `take_ownership` is set or a killed attempt of the
/// same creation made it.
///
/// After a final refusal of a step, the call undoes what it has made and ends as `NotCreated`. The
/// end is `Pending` if the rollback fails, if a killed creation has made the Namespace, and for
/// errors after which a later apply can go on. It is never `Failed`: a taint would destroy the
/// namespace.
pub async fn create(
    cluster: &Cluster,
    planned: &NamespaceModel,
    unacknowledged: &Unacknowledged,
    wait: &Wait,
) -> Creation<NamespaceModel> {
    if let Err(error) = refuse_existing(cluster, planned).await {
        return Creation::NotCreated(error);
    }
    let mut creation = CreateNamespace::of(planned, subscriber(cluster));
    let clock = wait.start();
    let ended = install::converge(cluster, &mut creation, unacknowledged, &clock).await;
    let ended = match ended {
        Ok(()) => observation::current(cluster, planned).await,
        Err(error) => Err(error),
    };
    let error = match ended {
        Ok(observed) => return Creation::Created(observed),
        Err(error) => error,
    };
    let made = creation.as_mut().made(error.leaves_it_open());
    let is_undone = is_undone(cluster, planned, made, &error, wait).await;
    if is_undone && !creation.is_resumed() {
        return Creation::NotCreated(error);
    }
    Creation::Pending {
        observed: observation::pending(cluster, planned).await,
        error,
    }
}

/// Refuses an existing Namespace that is not to be taken over and that no attempt of this creation
/// has made.
async fn refuse_existing(cluster: &Cluster, planned: &NamespaceModel) -> Result<(), ClusterError> {
    let (_, name) = key(planned)?;
    let namespaces = cluster.global::<Namespace>();
    match namespaces.get(name).await? {
        Some(existing)
            if planned.take_ownership.known() != Some(&true)
                && !creation::may_be_ours(
                    &namespaces,
                    &existing,
                    &v1::namespace::desired(planned),
                ) =>
        {
            Err(exists(&namespaces, &existing))
        }
        _ => Ok(()),
    }
}

fn exists(namespaces: &Objects<Namespace>, existing: &Namespace) -> ClusterError {
    let name = existing.name_any();
    let remedy = if existing.metadata.deletion_timestamp.is_some() {
        "It is being deleted: apply again once it is gone".to_owned()
    } else if is_managed(existing) {
        format!("Everest manages it already: import it with the id {name:?}")
    } else {
        "To let Everest manage it, set take_ownership = true: the namespace is then kept when the \
         resource is destroyed, unless keep_namespace = false"
            .to_owned()
    };
    ClusterError::AlreadyExists {
        object: namespaces.named(&name),
        remedy,
    }
}

/// Returns true if Everest manages a namespace.
fn is_managed(namespace: &Namespace) -> bool {
    let label = namespace.labels().get(MANAGED_BY_LABEL);
    label.is_some_and(|value| value == MANAGED_BY)
}

/// Returns true if trying again would end the same way.
fn is_final(error: &ClusterError) -> bool {
    matches!(
        error,
        ClusterError::Blocked { .. }
            | ClusterError::Refused { .. }
            | ClusterError::Conflict { .. }
            | ClusterError::Forbidden { .. }
            | ClusterError::NotEverest { .. }
            | ClusterError::OlderEverest { .. }
            | ClusterError::EverestV2
            | ClusterError::EverestV2Beside
            | ClusterError::AlreadyExists { .. }
            | ClusterError::NotFound { .. }
            | ClusterError::Superseded { .. }
    )
}

/// Returns true if nothing is left of a call that ended in `error`: nothing was written yet, or
/// everything was undone after a final refusal.
async fn is_undone(
    cluster: &Cluster,
    planned: &NamespaceModel,
    made: Made,
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
    match drive::settled(cluster, UndoNamespace::of(name, made), &fresh).await {
        Ok(()) => true,
        Err(failure) => {
            tracing::warn!(%failure, "what was refused is not undone");
            false
        }
    }
}

/// Changes a namespace's engines, labels and annotations to what is planned: see
/// [`ChangeNamespace`]. Also resumes a pending wait.
///
/// # Errors
/// In the outcome: `Refused` if a step was refused; the Subscriptions created for it are gone
/// again. `Pending` after the deadline or an interruption.
pub async fn update(
    cluster: &Cluster,
    prior: &NamespaceModel,
    planned: &NamespaceModel,
    wait: &Wait,
) -> Change<NamespaceModel> {
    let mut made = Made::default();
    let ended = match change(cluster, prior, planned, wait, &mut made).await {
        Ok(()) => observation::current(cluster, planned).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(observed) => Change::Done(observed),
        Err(error) if is_final(&error) && is_undone(cluster, planned, made, &error, wait).await => {
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
    wait: &Wait,
    made: &mut Made,
) -> Result<(), ClusterError> {
    let clock = wait.start();
    let (_, name) = key(planned)?;
    let namespaces = cluster.global::<Namespace>();
    let Some(live) = namespaces.get(name).await? else {
        return Err(ClusterError::Superseded {
            object: namespaces.named(name),
            replaced: false,
        });
    };
    let (uid, subscriber) = (live.uid(), subscriber(cluster));
    let mut change = ChangeNamespace::of(prior, planned, uid.as_deref(), subscriber);
    let nothing = Unacknowledged::default();
    let ended = install::converge(cluster, &mut change, &nothing, &clock).await;
    *made = change.made(false);
    ended
}

/// Upgrades the operators that `planned` lists, each to its version, and changes nothing else in the
/// namespace: see [`ChangeNamespace::upgrade`].
///
/// # Errors
/// `NotFound` if there is no such namespace, `Blocked` if Everest does not manage it or if a step was
/// refused; any error that keeps the upgrade from being made.
pub async fn upgrade(
    cluster: &Cluster,
    planned: &NamespaceModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    let clock = wait.start();
    let (_, name) = key(planned)?;
    let namespaces = cluster.global::<Namespace>();
    let live = namespaces.existing(name).await?;
    if !is_managed(&live) {
        return Err(ClusterError::Blocked {
            object: namespaces.named(name),
            message: format!(
                "Everest does not manage this namespace (label {MANAGED_BY_LABEL}={MANAGED_BY}), \
                 so its operators are not upgraded. Let Everest manage it first"
            ),
            attribute: Some(FieldPath::of("namespace")),
        });
    }
    let mut upgrade = ChangeNamespace::upgrade(planned, subscriber(cluster));
    let nothing = Unacknowledged::default();
    let ended = install::converge(cluster, &mut upgrade, &nothing, &clock).await;
    cluster.read_cache.forget_namespace(name);
    ended
}

/// Removes a namespace from Everest's management, and waits until it is gone: see
/// [`RemoveNamespace`].
///
/// # Errors
/// `Blocked` while there are databases or, with `keep_namespace`, objects that only Everest can
/// remove, unless `force_destroy` is set; `TimedOut` and `Cancelled` name the object that does not
/// go, and its finalizers.
pub async fn delete(
    cluster: &Cluster,
    model: &NamespaceModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    let removal = RemoveNamespace::of(model, subscriber(cluster));
    drive::settled(cluster, removal, &wait.start()).await
}

#[cfg(test)]
mod tests;
