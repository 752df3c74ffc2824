//! On-demand backups: DatabaseClusterBackup objects.

mod users;

use std::sync::Arc;

use everest_core::path::FieldPath;
use everest_core::readiness::{self, Readiness};
use everest_core::v1;
use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::BackupModel;
use kube::ResourceExt;
use serde_json::Value;

use crate::error::{ClusterError, Object};
use crate::looking::{Ended, Verdict, look_until};
use crate::mapped::key;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::Awaited;
use crate::{
    Change, Cluster, Creation, Unacknowledged, Wait, creation, database, engine, rehearsal,
    sighting, upgrade_lock,
};

/// Makes a backup and waits until it has succeeded.
///
/// 1. The database must exist and be ready.
/// 2. Another unfinished backup of the database is waited for: Everest's API allows one at a
///    time. Backups made by one run queue up behind each other.
/// 3. The object is created; unless `wait` is false, its end is waited for.
///
/// Ends: `Created`; `NotCreated` if the database is missing or not ready, or if the queue
/// did not clear in time; `Pending` after the deadline or an interruption; `Failed` if the
/// backup failed.
pub async fn create(
    cluster: &Cluster,
    planned: &BackupModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<BackupModel> {
    let clock = wait.start();
    let created = match start(cluster, planned, made, &clock).await {
        Ok(created) => created,
        Err(error) => return Creation::NotCreated(error),
    };
    let last_known = cluster.observed(&created);
    if planned.wait.known() == Some(&false) {
        return Creation::Created(last_known);
    }
    let namespace = created.namespace().unwrap_or_default();
    let objects = cluster.objects::<DatabaseClusterBackup>(&namespace);
    let name = created.name_any();
    match until_succeeded(&objects, created, &clock).await {
        Ok(backup) => Creation::Created(cluster.observed(&*backup)),
        Err(error) => Creation::unfinished(error, objects.latest(&name, last_known)).await,
    }
}

/// Goes on waiting for a backup that was pending. Nothing of a backup can be changed.
///
/// # Errors
/// In the outcome: `Pending` as for [`create`], also when the backup failed meanwhile.
pub async fn update(
    cluster: &Cluster,
    _prior: &BackupModel,
    planned: &BackupModel,
    wait: &Wait,
) -> Change<BackupModel> {
    let clock = wait.start();
    let (namespace, name) = match key(planned) {
        Ok(key) => key,
        Err(error) => return Change::Refused(error),
    };
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    let found = match objects.existing(name).await {
        Ok(found) => found,
        Err(error) => return Change::Refused(error),
    };
    if let Err(error) = creation::acknowledge(&objects, &found).await {
        return Change::Refused(error);
    }
    let last_known = cluster.observed(&found);
    if planned.wait.known() == Some(&false) {
        return Change::Done(last_known);
    }
    match until_succeeded(&objects, found, &clock).await {
        Ok(backup) => Change::Done(cluster.observed(&*backup)),
        Err(error) => Change::Pending {
            observed: objects.latest(name, last_known).await,
            error,
        },
    }
}

/// Deletes a backup and waits until it and the engine's own backup are gone. With `keep_backup_data` (the default) the
/// bucket keeps its data.
///
/// # Errors
/// `Refused` while a restore uses it (Everest's webhook); `TimedOut` and `Cancelled` name the
/// finalizers that hold it.
pub async fn delete(
    cluster: &Cluster,
    model: &BackupModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    let clock = wait.start();
    let (namespace, name) = key(model)?;
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    if model.keep_backup_data.known() != Some(&false)
        && let Some(backup) = objects.get(name).await?
    {
        database::protect_backup_data(&objects, backup).await?;
    }
    users::until_unused(cluster, &objects, name, &clock).await?;
    engine::delete_with_own(&objects, name, |kinds| kinds.backup, &clock).await
}

/// Asks the cluster what it says of the backup that an apply of this plan would take.
///
/// # Errors
/// `Refused` with what stands against it; whatever keeps the cluster from being asked.
pub async fn rehearse(
    cluster: &Cluster,
    planned: &BackupModel,
    timely: bool,
) -> Result<(), ClusterError> {
    let known = [
        &planned.namespace,
        &planned.name,
        &planned.database_name,
        &planned.backup_storage_name,
    ];
    if !timely || !known.into_iter().all(Field::is_known) {
        return Ok(());
    }
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    rehearsal::creation(&objects, name, &v1::backup::desired(planned)).await
}

/// Asks the cluster what it says of the backup's deletion: Everest refuses it while a restore
/// or a new database needs the backup.
///
/// # Errors
/// As [`rehearse`].
pub async fn rehearse_deletion(cluster: &Cluster, model: &BackupModel) -> Result<(), ClusterError> {
    let (namespace, name) = key(model)?;
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    rehearsal::ask(cluster, objects.rehearse_deletion(name)).await
}

/// Creates the object once the database is free for a backup.
async fn start(
    cluster: &Cluster,
    planned: &BackupModel,
    made: &Unacknowledged,
    clock: &Clock,
) -> Result<DatabaseClusterBackup, ClusterError> {
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<DatabaseClusterBackup>(namespace);
    let database = planned.database_name.known_str().unwrap_or_default();
    let body = v1::backup::desired(planned);
    if let Some(existing) = objects.get(name).await?
        && creation::is_ours(&objects, &existing, &body)
    {
        made.note(&objects, &existing);
        return Ok(existing);
    }
    upgrade_lock::released(&objects, name, clock).await?;
    ready_database(cluster, namespace, database, &objects.named(name)).await?;
    begin(&objects, name, database, body, made, clock).await
}

/// Creates the object `name` from an apply body once no other backup of the database runs.
pub(crate) async fn begin(
    objects: &Objects<DatabaseClusterBackup>,
    name: &str,
    database: &str,
    body: Value,
    made: &Unacknowledged,
    clock: &Clock,
) -> Result<DatabaseClusterBackup, ClusterError> {
    let namespace = objects.namespace().unwrap_or_default();
    // Of the backups of this run only one looks and creates at a time, or two would both
    // find the database free.
    let turn = objects
        .cluster()
        .turn(&format!("backup of {namespace}/{database}"));
    let _turn = match clock.bound(turn.lock()).await {
        Ok(turn) => turn,
        Err(stopped) => {
            let missing = "another backup of the same database in this run to begin".to_owned();
            let ended = Ended::Stopped(stopped, missing);
            return Err(not_started(&objects.named(name), ended, clock));
        }
    };
    until_no_other_runs(objects, name, database, clock).await?;
    creation::create(objects, name, body, made).await
}

/// The database to back up or restore, which must be ready. `dependent` is what needs it.
pub(crate) async fn ready_database(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    dependent: &Object,
) -> Result<DatabaseCluster, ClusterError> {
    let databases = cluster.objects::<DatabaseCluster>(namespace);
    let blocked = |message: String| ClusterError::Blocked {
        object: Box::new(dependent.clone()),
        message,
        attribute: Some(FieldPath::of("databaseName")),
    };
    let Some(database) = databases.get(name).await? else {
        return Err(blocked(format!(
            "the database {namespace}/{name} does not exist"
        )));
    };
    let status = v1::database::status(&database);
    if database.metadata.deletion_timestamp.is_some() {
        return Err(blocked(format!(
            "the database {namespace}/{name} is being deleted"
        )));
    }
    if status != "ready" {
        return Err(blocked(format!(
            "the database {namespace}/{name} is not ready (its status is {status:?}). Apply again \
             once it is; a postcondition {{ condition = self.ready }} on the database stops what \
             depends on it earlier"
        )));
    }
    Ok(database)
}

/// Waits until no other backup of the database is unfinished.
async fn until_no_other_runs(
    objects: &Objects<DatabaseClusterBackup>,
    name: &str,
    database: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let object = objects.named(name);
    let mut look = || async {
        let running = objects.list("").await?.into_iter().find(|backup| {
            backup.name_any() != name && v1::backup::is_being_taken(backup, database)
        });
        Ok(match running {
            None => Verdict::Done(()),
            Some(running) => Verdict::Wait(format!(
                "backup {} of the same database to end: one runs at a time",
                running.name_any()
            )),
        })
    };
    match look_until(clock, &object, Vec::new(), &mut look).await {
        Ok(()) => Ok(()),
        // Where backups may not be listed, the engine itself queues them.
        Err(Ended::Error(error)) if error.is_forbidden() => Ok(()),
        Err(ended) => Err(not_started(&object, ended, clock)),
    }
}

pub(crate) fn not_started(object: &Object, ended: Ended, clock: &Clock) -> ClusterError {
    let what = format!("{object} was not started");
    ended.report(what, clock.waited(), sighting::waiting_for)
}

pub(crate) async fn until_succeeded(
    objects: &Objects<DatabaseClusterBackup>,
    created: DatabaseClusterBackup,
    clock: &Clock,
) -> Result<Arc<DatabaseClusterBackup>, ClusterError> {
    let feed = objects.cluster().hub.feed(objects);
    let name = created.name_any();
    let seed = Some(Arc::new(created));
    let what = "did not succeed";
    let awaited = Awaited {
        objects,
        name: &name,
        seed,
        what,
        clock,
        also: Vec::new(),
    };
    awaited
        .until(&feed, |found: Option<Arc<DatabaseClusterBackup>>| async {
            let Some(backup) = found else {
                return Err(ClusterError::NotFound {
                    object: objects.named(&name),
                });
            };
            Ok(match readiness::backup(&backup) {
                Readiness::Ready => Verdict::Done(backup),
                Readiness::Pending(missing) => Verdict::Wait(missing),
                Readiness::Failed(reason) => Verdict::Failed(reason),
            })
        })
        .await
}

#[cfg(test)]
mod tests;
