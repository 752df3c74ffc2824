//! Taking engine operators out of a namespace, and the namespace down.

use std::collections::BTreeSet;

use everest_core::lifecycle::database::KeepBackupData;
use everest_core::olm;
use everest_core::path::FieldPath;
use everest_core::text::Text;
use everest_core::v1;
use everest_core::v1::namespace::OPERATOR_GROUP;
use everest_schemas::Engine;
use everest_schemas::everest::{
    BackupStorage, DatabaseClusterBackup, DatabaseClusterRestore, MonitoringConfig,
};
use everest_schemas::olm::{ClusterServiceVersion, OperatorGroup, Subscription};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::DynamicObject;
use kube::{Resource, ResourceExt};
use serde::Serialize;

use super::inhabitants;
use crate::backup_storage::users as storage_users;
use crate::error::{ClusterError, Object};
use crate::leaving::IN_USE;
use crate::objects::{Kind, Objects};
use crate::wait::Clock;
use crate::wait_until::{Progress, wait_until};
use crate::{Cluster, delete, drive, engine, last_seen};

/// Refuses to take out an engine that databases use.
///
/// # Errors
/// `Blocked` names the databases.
pub(super) async fn refuse_used(
    cluster: &Cluster,
    namespace: &str,
    object: &Object,
    engine: Engine,
) -> Result<(), ClusterError> {
    let databases = inhabitants::databases(cluster, namespace, &[engine]).await?;
    if databases.is_empty() {
        return Ok(());
    }
    let path = FieldPath::of("engines").field(engine.as_str());
    Err(ClusterError::Blocked {
        object: Box::new(object.clone()),
        message: Text::from(format!(
            "the engine {engine} is used by {}, so its operator stays. Destroy these databases \
             first, or keep ",
            inhabitants::names(&databases)
        ))
        .and(&path)
        .render(cluster.dialect()),
        attribute: Some(path),
    })
}

/// Removes the operators of `engines`: Subscription first, or OLM would install again, then
/// the CSV, which takes the Deployment along. Engine CRDs stay, as OLM leaves them.
pub(super) async fn remove_operators(
    cluster: &Cluster,
    namespace: &str,
    engines: &[Engine],
    clock: &Clock,
) -> Result<(), ClusterError> {
    let versions = cluster.objects::<ClusterServiceVersion>(namespace);
    // A CSV that is being installed or replaced is not the installed one yet.
    let mut csvs = BTreeSet::new();
    for csv in served(versions).await? {
        if engines.iter().any(|engine| is_of(&csv, *engine)) {
            csvs.insert(csv.name_any());
        }
    }
    remove(cluster, namespace, engines, csvs, clock).await
}

/// Whether a version is one of an engine's operator.
pub(super) fn is_of(csv: &ClusterServiceVersion, engine: Engine) -> bool {
    olm::parse_csv(&csv.name_any()).is_some_and(|(package, _)| package == engine.operator())
}

/// Removes the Subscriptions of `engines` and what came of them. A CSV that was there before its
/// Subscription stays.
pub(super) async fn unsubscribe(
    cluster: &Cluster,
    namespace: &str,
    engines: &[Engine],
    clock: &Clock,
) -> Result<(), ClusterError> {
    if engines.is_empty() {
        return Ok(());
    }
    remove(cluster, namespace, engines, BTreeSet::new(), clock).await
}

async fn remove(
    cluster: &Cluster,
    namespace: &str,
    engines: &[Engine],
    mut csvs: BTreeSet<String>,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let subscriptions = cluster.objects::<Subscription>(namespace);
    let versions = cluster.objects::<ClusterServiceVersion>(namespace);
    let found: Vec<_> = served(subscriptions.clone())
        .await?
        .into_iter()
        .filter(|found| {
            engines
                .iter()
                .any(|engine| engine.operator() == found.name_any())
        })
        .collect();
    for found in &found {
        let facts = olm::subscription(found);
        csvs.extend(facts.installed_csv);
        csvs.extend(facts.pending_csv);
    }
    try_join_all(found.iter().map(|found| {
        let subscriptions = subscriptions.clone();
        async move { delete::delete(&subscriptions, &found.name_any(), clock).await }
    }))
    .await?;
    try_join_all(csvs.iter().map(|csv| delete::delete(&versions, csv, clock))).await?;
    Ok(())
}

/// Which of Everest's objects are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clears {
    Everything,
    /// What has a finalizer, which only Everest takes off.
    Held,
}

/// Deletes what Everest keeps in a namespace besides databases, in Everest's own order. The data
/// of backups is kept.
pub(super) async fn clear(
    cluster: &Cluster,
    namespace: &str,
    clears: Clears,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let backups = cluster.objects::<DatabaseClusterBackup>(namespace);
    drive::settled(cluster, KeepBackupData::of(namespace, None), clock).await?;
    let restores = cluster.objects::<DatabaseClusterRestore>(namespace);
    delete_all(restores, clears, clock).await?;
    delete_all(backups, clears, clock).await?;
    release_storages(cluster, namespace).await?;
    delete_all(cluster.objects::<BackupStorage>(namespace), clears, clock).await?;
    delete_all(
        cluster.objects::<MonitoringConfig>(namespace),
        clears,
        clock,
    )
    .await
}

/// Takes Everest's finalizer off the storages of a namespace that were deleted while in use and
/// that nothing uses any more: Everest does not look at them again, so they would hold the
/// namespace for ever. Returns their names.
///
/// # Errors
/// Whatever keeps them from being listed or written.
pub async fn release_storages(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Vec<String>, ClusterError> {
    let storages = cluster.objects::<BackupStorage>(namespace);
    let mut released = Vec::new();
    for storage in served(storages.clone()).await? {
        if storage_users::release(&storages, &storage).await? {
            released.push(storage.name_any());
        }
    }
    Ok(released)
}

impl Clears {
    fn includes<K: Resource>(self, object: &K) -> bool {
        self == Clears::Everything || !object.finalizers().is_empty()
    }
}

/// Waits until what Everest had the operators of `engines` make is gone.
///
/// An engine's backup can outlive the object of Everest's that owns it: the garbage collector
/// learns of a kind only half a minute after its definition. Without its operator nobody would
/// take the finalizer off it, and the namespace could never go. What somebody made by hand is
/// not waited for.
///
/// # Errors
/// `TimedOut` and `Cancelled` name what is left.
pub(super) async fn engine_objects_gone(
    cluster: &Cluster,
    namespace: &str,
    engines: &[Engine],
    clock: &Clock,
) -> Result<(), ClusterError> {
    let subscribed = served(cluster.objects::<Subscription>(namespace)).await?;
    let kinds: Vec<_> = engines
        .iter()
        .filter(|engine| {
            subscribed
                .iter()
                .any(|subscription| subscription.name_any() == engine.operator())
        })
        .flat_map(|engine| {
            let kinds = engine::kinds(*engine);
            [kinds.restore, kinds.backup, kinds.database]
        })
        .collect();
    let object = cluster.global::<Namespace>().named(namespace);
    let ended = wait_until(clock, &object, Vec::new(), &mut || async {
        let mut left = Vec::new();
        for kind in &kinds {
            let found = match served(cluster.of_kind(kind, namespace)).await {
                // Who may not look can not wait.
                Err(error) if error.is_forbidden() => Vec::new(),
                other => other?,
            };
            left.extend(
                found
                    .iter()
                    .filter(|found| is_going(found))
                    .map(|found| format!("{} {}", kind.kind, found.name_any())),
            );
        }
        Ok(if left.is_empty() {
            Progress::Done(())
        } else {
            Progress::Wait(format!("{} to go", list(&left)))
        })
    })
    .await;
    match ended {
        Ok(()) => Ok(()),
        Err(ended) => {
            let what = format!("the engines' objects in {object} were not gone");
            Err(ended.report(what, clock.waited(), last_seen::waiting_for))
        }
    }
}

/// Whether an engine's object is being deleted, or will be: its owner, an object of Everest's,
/// is gone already when this is asked.
fn is_going(object: &DynamicObject) -> bool {
    let group = v1::API_VERSION.split('/').next().unwrap_or_default();
    object.metadata.deletion_timestamp.is_some()
        || object
            .owner_references()
            .iter()
            .any(|owner| owner.api_version.split('/').next() == Some(group))
}

/// Deletes Everest's OperatorGroup; another's stays.
pub(super) async fn remove_group(
    cluster: &Cluster,
    namespace: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    delete::delete(
        &cluster.objects::<OperatorGroup>(namespace),
        OPERATOR_GROUP,
        clock,
    )
    .await
}

async fn delete_all<K: Kind + Serialize>(
    objects: Objects<K>,
    clears: Clears,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let names: Vec<_> = served(objects.clone())
        .await?
        .iter()
        .map(ResourceExt::name_any)
        .collect();
    try_join_all(names.iter().map(|name| async {
        if until_unused(&objects, name, clears, clock).await? {
            delete::delete(&objects, name, clock).await?;
        }
        Ok::<_, ClusterError>(())
    }))
    .await?;
    Ok(())
}

/// Waits until Everest no longer holds an object as one that is used; whether it is to be deleted
/// then. Deleted earlier, it would never go.
async fn until_unused<K: Kind>(
    objects: &Objects<K>,
    name: &str,
    clears: Clears,
    clock: &Clock,
) -> Result<bool, ClusterError> {
    let object = objects.named(name);
    let ended = wait_until(clock, &object, Vec::new(), &mut || async {
        let Some(found) = objects.get(name).await? else {
            return Ok(Progress::Done(false));
        };
        let going = found.meta().deletion_timestamp.is_some();
        let in_use = found.finalizers().iter().any(|held| held == IN_USE);
        Ok(if in_use && !going {
            Progress::Wait("Everest to let go of it: it was used until now".to_owned())
        } else {
            Progress::Done(clears.includes(&found))
        })
    })
    .await;
    match ended {
        Ok(is_left) => Ok(is_left),
        Err(ended) => {
            let what = format!("{object} was not deleted");
            Err(ended.report(what, clock.waited(), last_seen::waiting_for))
        }
    }
}

/// All objects; none where the kind is not served, as after Everest was uninstalled.
pub(super) async fn served<K: Kind>(objects: Objects<K>) -> Result<Vec<K>, ClusterError> {
    match objects.list("").await {
        Err(error) if error.is_not_served() => Ok(Vec::new()),
        other => other,
    }
}

fn list(names: &[String]) -> String {
    names.join(", ")
}
