//! Databases: DatabaseCluster objects.

mod classes;
mod credentials;
mod dry_run;

use std::time::Duration;

use everest_core::lifecycle::Lifecycle;
use everest_core::lifecycle::backup::{FinalBackup, TakeFinalBackup};
use everest_core::lifecycle::database::{
    After, AwaitReady, Bodies, ChangeDatabase, CreateDatabase, RemoveDatabase, RemoveUserSecret,
    SwitchDatabase, concerns_the_provider_alone, is_from_backup,
};
use everest_core::passwords::{self, Users};
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use k8s_openapi::api::core::v1::Secret;

use crate::apply::{self, ForcePolicy};
use crate::drive::{self, Driver};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, with_secret};

pub use classes::{observe, with_classes};
pub use credentials::{Credentials, CredentialsError, credentials};
pub use dry_run::dry_run;
pub use everest_core::lifecycle::database::Switch;

/// Creates a database and waits until it is really ready: see [`CreateDatabase`]. The passwords that
/// the model gives are written first; if the database is refused, their Secret is deleted again.
///
/// Ends: `Created`; `Pending` after the deadline or an interruption; `Failed` if the import
/// of the first data failed; `NotCreated` if nothing was written.
pub async fn create(
    cluster: &Cluster,
    planned: &DatabaseModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<DatabaseModel> {
    let manager = cluster.field_manager();
    let mut lifecycle = CreateDatabase::of(planned).with_users(Users::given(planned), manager);
    let mut created = drive::created(cluster, planned, &mut lifecycle, made, wait).await;
    if let Creation::NotCreated(error) = &created
        && !error.leaves_it_open()
        && let Some(taken_back) = lifecycle.taken_back(manager)
    {
        with_secret::take_back(cluster, taken_back).await;
    }
    match &mut created {
        // What was waited for was found ready by more than its status.
        Creation::Created(model) if planned.wait.known() != Some(&false) => {
            model.ready = true.into();
        }
        Creation::Pending { observed, .. } | Creation::Failed { observed, .. } => {
            observed.ready = false.into();
        }
        _ => {}
    }
    created
}

/// Pauses, resumes or restarts a database and waits until that is done: see [`SwitchDatabase`].
///
/// # Errors
/// `Blocked` if it may not be done; `Failed`, `TimedOut` and `Cancelled` once it was begun.
pub async fn switch(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    switch: Switch,
    wait: &Wait,
) -> Result<(), ClusterError> {
    let lifecycle = SwitchDatabase::of(namespace, name, switch);
    drive::settled(cluster, lifecycle, &wait.start()).await
}

/// Changes a database to what is planned, and waits until it is ready again: see
/// [`ChangeDatabase`]. A change of how the database is destroyed waits for nothing. A value that
/// another manager has set is overwritten if the plan showed it, and listed in [`Cluster::taken`];
/// otherwise the change is refused, unless `force_conflicts` is set.
///
/// # Errors
/// In the outcome: `Refused` if nothing was changed; `Pending` once something may have been.
pub async fn update(
    cluster: &Cluster,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
    config: &DatabaseModel,
    wait: &Wait,
) -> Change<DatabaseModel> {
    let clock = wait.start();
    let (namespace, name) = match key(planned) {
        Ok(key) => key,
        Err(error) => return Change::Refused(error),
    };
    let objects = cluster.objects::<DatabaseCluster>(namespace);
    let live = match objects.existing(name).await {
        Ok(live) => live,
        Err(error) => return Change::Refused(error),
    };
    if concerns_the_provider_alone(prior, planned) {
        return looked_at_once(&objects, live, prior, planned, &clock).await;
    }
    // Nothing is waited for that cannot be written in the end.
    let bodies = Bodies::of(prior, planned, config, &live);
    let body = bodies.ours(&live, cluster.field_manager());
    let force_policy = ForcePolicy::of(&planned.force_conflicts, &bodies.prior);
    if let Err(error) = apply::taken(&objects, name, &live, &body, force_policy) {
        return Change::Refused(error);
    }
    let mut lifecycle = ChangeDatabase::of(prior, planned, config, cluster.field_manager());
    let object = lifecycle.subject();
    let mut driver = Driver::new(cluster, &clock).following();
    driver.note_read(&object, live);
    let made = Unacknowledged::default();
    let ended = driver.run(&mut lifecycle, &made).await;
    let last_known = driver.seen::<DatabaseCluster>(&object);
    let last_known = last_known.map(|found| cluster.observed(&*found));
    let error = match (ended, last_known) {
        (Ok(()), Some(observed)) => {
            return Change::Done(match planned.wait.known() {
                Some(&false) => observed,
                _ => ready(observed, true),
            });
        }
        (Ok(()), None) => return Change::Refused(gone(&objects, name)),
        (Err(error), Some(last_known)) if lifecycle.is_begun(driver.may_be_written) => {
            let observed = objects.latest(name, last_known).await;
            return Change::Pending {
                observed: ready(observed, false),
                error,
            };
        }
        (Err(error), _) => error,
    };
    Change::Refused(error)
}

/// Ends a change that does not reach the cluster: the database is observed once and not waited for.
async fn looked_at_once(
    objects: &Objects<DatabaseCluster>,
    live: DatabaseCluster,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
    clock: &Clock,
) -> Change<DatabaseModel> {
    let observed = objects.cluster().observed(&live);
    if planned.wait.known() == Some(&false) {
        return Change::Done(observed);
    }
    let after = match prior.ready.known() {
        Some(false) => After::Resumed,
        _ => After::NoChange,
    };
    let mut lifecycle = AwaitReady::of(&live, after, is_from_backup(planned));
    let clock = clock.at_most(Duration::ZERO);
    let mut driver = Driver::new(objects.cluster(), &clock);
    driver.note_written(&lifecycle.subject(), live);
    match driver.run(&mut lifecycle, &Unacknowledged::default()).await {
        Ok(()) => Change::Done(ready(observed, true)),
        Err(error) => Change::Pending {
            observed: ready(observed, false),
            error,
        },
    }
}

/// Takes the final backup that a database asks for: see [`TakeFinalBackup`].
///
/// # Errors
/// `Blocked` if it cannot be taken; `Failed`, `TimedOut` and `Cancelled` if it did not succeed. The
/// database must stay then.
pub async fn take_final_backup(
    cluster: &Cluster,
    database: &DatabaseModel,
    wait: &Wait,
) -> Result<Option<FinalBackup>, ClusterError> {
    key(database)?;
    drive::settled(cluster, TakeFinalBackup::of(database), &wait.start()).await
}

/// Returns true if the Secret with the users of a database has lost the passwords that were sent
/// last: it is gone, or the engine's operator has made another one. Judged by its metadata alone.
///
/// # Errors
/// Any error that prevents reading the Secret.
pub async fn has_lost_users(
    cluster: &Cluster,
    model: &DatabaseModel,
) -> Result<bool, ClusterError> {
    let (namespace, _) = key(model)?;
    let name = model.credentials_secret_name.known_str();
    let secrets = cluster.objects::<Secret>(namespace);
    let found = secrets.metadata(name.unwrap_or_default()).await?;
    Ok(!found.is_some_and(|found| passwords::is_sent(&found)))
}

/// Removes a database whose final backup is taken: see [`RemoveDatabase`].
///
/// # Errors
/// `Blocked` while `deletion_protection` is on; `TimedOut` and `Cancelled` name the finalizers
/// that hold it.
pub async fn delete(
    cluster: &Cluster,
    model: &DatabaseModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    // Where no passwords were sent, there is no Secret of ours.
    let sent = model.users_wo_version.is_known();
    let users = sent.then(|| RemoveUserSecret::of(model, cluster.field_manager()));
    let removal = RemoveDatabase::of(model)
        .with_users(users)
        .after_its_final_backup();
    drive::settled(cluster, removal, &wait.start()).await
}

/// The observed model with the result of the readiness check.
fn ready(mut observed: DatabaseModel, is_ready: bool) -> DatabaseModel {
    observed.ready = is_ready.into();
    observed
}

fn gone(objects: &Objects<DatabaseCluster>, name: &str) -> ClusterError {
    ClusterError::NotFound {
        object: objects.named(name),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod upgrade_tests;
