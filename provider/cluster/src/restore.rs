//! Restores: DatabaseClusterRestore objects. Each is the record of one act.

use std::sync::Arc;

use everest_core::path::FieldPath;
use everest_core::readiness::{self, Readiness};
use everest_core::rehearsal::is_known;
use everest_core::v1;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use everest_schemas::models::RestoreModel;
use kube::ResourceExt;

use crate::error::ClusterError;
use crate::looking::{Ended, Verdict};
use crate::mapped::key;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::Awaited;
use crate::{
    Change, Cluster, Creation, Unacknowledged, Wait, backup, creation, engine, rehearsal,
    upgrade_lock,
};

/// Restores a database in place and waits until that has succeeded and the database is
/// ready again.
///
/// The database must exist and be ready, no other restore of it may be under way, and a
/// backup named in `backup_name` must have succeeded.
///
/// Ends: `Created`; `NotCreated` if one of these does not hold; `Pending` after the deadline
/// or an interruption, and with `NotFound` if the object went before its end was seen, which
/// nobody may take for a restore that was never begun; `Failed` if the restore failed.
pub async fn create(
    cluster: &Cluster,
    planned: &RestoreModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<RestoreModel> {
    let clock = wait.start();
    let created = match start(cluster, planned, made, &clock).await {
        Ok(created) => created,
        Err(error) => return Creation::NotCreated(error),
    };
    let last_known = cluster.observed(&created);
    let namespace = created.namespace().unwrap_or_default();
    let objects = cluster.objects::<DatabaseClusterRestore>(&namespace);
    let name = created.name_any();
    match until_succeeded(cluster, &objects, created, &clock).await {
        Ok(restore) => Creation::Created(cluster.observed(&*restore)),
        Err(error @ ClusterError::NotFound { .. }) => Creation::Pending {
            observed: last_known,
            error,
        },
        Err(error) => Creation::unfinished(error, objects.latest(&name, last_known)).await,
    }
}

/// Goes on waiting for a restore that was pending. Nothing of a restore can be changed: of one
/// that has ended only what the user's state alone holds is noted (triggers, timeouts), and the
/// cluster is not asked, because the record of it may be gone. One that is gone before its end was
/// seen stays the record that it was.
///
/// # Errors
/// In the outcome: `Pending` as for [`create`]; `Refused` when the restore failed meanwhile, since
/// no wait will change that.
pub async fn update(
    cluster: &Cluster,
    prior: &RestoreModel,
    planned: &RestoreModel,
    wait: &Wait,
) -> Change<RestoreModel> {
    let ended = matches!(prior.state.known_str(), Some("Succeeded" | "Failed"));
    // What goes on waiting has a state that is not known.
    if ended && planned.state == prior.state {
        return Change::Done(planned.clone());
    }
    let clock = wait.start();
    let (namespace, name) = match key(planned) {
        Ok(key) => key,
        Err(error) => return Change::Refused(error),
    };
    let objects = cluster.objects::<DatabaseClusterRestore>(namespace);
    let found = match objects.get(name).await {
        Ok(Some(found)) => found,
        Ok(None) => return Change::Done(prior.clone()),
        Err(error) => return Change::Refused(error),
    };
    if let Err(error) = creation::acknowledge(&objects, &found).await {
        return Change::Refused(error);
    }
    let last_known = cluster.observed(&found);
    match until_succeeded(cluster, &objects, found, &clock).await {
        Ok(restore) => Change::Done(cluster.observed(&*restore)),
        Err(error @ ClusterError::Failed { .. }) => Change::Refused(error),
        Err(error) => Change::Pending {
            observed: objects.latest(name, last_known).await,
            error,
        },
    }
}

/// Deletes the record of a restore; what was restored stays. One that is still running is
/// waited for, since Everest refuses to delete it.
///
/// # Errors
/// `TimedOut` and `Cancelled` name what holds it.
pub async fn delete(
    cluster: &Cluster,
    model: &RestoreModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    let clock = wait.start();
    let (namespace, name) = key(model)?;
    let objects = cluster.objects::<DatabaseClusterRestore>(namespace);
    let databases = cluster.objects::<DatabaseCluster>(namespace);
    let feed = cluster.hub.feed(&objects);
    let awaited = Awaited {
        objects: &objects,
        name,
        seed: None,
        what: "did not end, so it cannot be deleted",
        clock: &clock,
        also: Vec::new(),
    };
    awaited
        .until(&feed, |found: Option<Arc<DatabaseClusterRestore>>| async {
            let Some(restore) = found else {
                return Ok(Verdict::Done(()));
            };
            let database = restore.spec.db_cluster_name.known_str().unwrap_or_default();
            // Without its database a restore never moves again.
            if v1::restore::is_running(&restore) && databases.get(database).await?.is_some() {
                return Ok(Verdict::Wait("the running restore to end".to_owned()));
            }
            Ok(Verdict::Done(()))
        })
        .await?;
    engine::delete_with_own(&objects, name, |kinds| kinds.restore, &clock).await
}

/// Asks the cluster what it says of the restore that an apply of this plan would begin.
///
/// # Errors
/// `Refused` with what stands against it; whatever keeps the cluster from being asked.
pub async fn rehearse(
    cluster: &Cluster,
    planned: &RestoreModel,
    timely: bool,
) -> Result<(), ClusterError> {
    let known = planned.namespace.is_known()
        && planned.name.is_known()
        && planned.database_name.is_known()
        && is_known(&planned.backup_name)
        && is_known(&planned.backup_source)
        && is_known(&planned.pitr);
    if !timely || !known {
        return Ok(());
    }
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<DatabaseClusterRestore>(namespace);
    rehearsal::creation(&objects, name, &v1::restore::desired(planned)).await
}

/// Creates the object once everything it needs is there.
async fn start(
    cluster: &Cluster,
    planned: &RestoreModel,
    made: &Unacknowledged,
    clock: &Clock,
) -> Result<DatabaseClusterRestore, ClusterError> {
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<DatabaseClusterRestore>(namespace);
    let database = planned.database_name.known_str().unwrap_or_default();
    let body = v1::restore::desired(planned);
    if let Some(existing) = objects.get(name).await?
        && creation::is_ours(&objects, &existing, &body)
    {
        made.note(&objects, &existing);
        return Ok(existing);
    }
    upgrade_lock::released(&objects, name, clock).await?;
    let object = objects.named(name);
    let blocked = |message: String, attribute: &'static str| ClusterError::Blocked {
        object: object.clone(),
        message,
        attribute: Some(FieldPath::of(attribute)),
    };
    let turn = cluster.turn(&format!("restore of {namespace}/{database}"));
    let _turn = match clock.bound(turn.lock()).await {
        Ok(turn) => turn,
        Err(stopped) => {
            let missing = "another restore of the same database in this run to begin".to_owned();
            let ended = Ended::Stopped(stopped, missing);
            return Err(backup::not_started(&object, ended, clock));
        }
    };
    backup::ready_database(cluster, namespace, database, &object).await?;
    let others = objects.listed().await?;
    let running = others
        .iter()
        .find(|other| other.name_any() != name && v1::restore::is_under_way(other, database));
    if let Some(running) = running {
        let message = format!(
            "restore {} of the database {namespace}/{database} is under way. Apply again once it \
             has ended",
            running.name_any()
        );
        return Err(blocked(message, "databaseName"));
    }
    if let Some(wanted) = planned.backup_name.known_str() {
        let backups = cluster.objects::<DatabaseClusterBackup>(namespace);
        let Some(found) = backups.get(wanted).await? else {
            let message = format!("the backup {namespace}/{wanted} does not exist");
            return Err(blocked(message, "backupName"));
        };
        let state = v1::backup::state(&found);
        if state != "Succeeded" {
            let message = format!(
                "the backup {namespace}/{wanted} has not succeeded (its state is {state:?}): there \
                 is nothing to restore from"
            );
            return Err(blocked(message, "backupName"));
        }
    }
    creation::create(&objects, name, body, made).await
}

async fn until_succeeded(
    cluster: &Cluster,
    objects: &Objects<DatabaseClusterRestore>,
    created: DatabaseClusterRestore,
    clock: &Clock,
) -> Result<Arc<DatabaseClusterRestore>, ClusterError> {
    let feed = cluster.hub.feed(objects);
    let name = created.name_any();
    let namespace = created.namespace().unwrap_or_default();
    let databases = cluster.objects::<DatabaseCluster>(&namespace);
    let database_feed = cluster.hub.feed(&databases);
    let awaited = Awaited {
        objects,
        name: &name,
        seed: Some(Arc::new(created)),
        what: "did not succeed",
        clock,
        also: vec![database_feed.changes()],
    };
    awaited
        .until(&feed, |found: Option<Arc<DatabaseClusterRestore>>| async {
            let Some(restore) = found else {
                return Err(ClusterError::NotFound {
                    object: objects.named(&name),
                });
            };
            match readiness::restore(&restore) {
                Readiness::Pending(missing) => return Ok(Verdict::Wait(missing)),
                Readiness::Failed(reason) => return Ok(Verdict::Failed(reason)),
                Readiness::Ready => {}
            }
            // The engine starts again after a restore: what depends on this one wants to use
            // the database.
            let database = restore.spec.db_cluster_name.known_str().unwrap_or_default();
            let database = database_feed.current(&databases, database).await?;
            Ok(match database.as_deref().map(v1::database::status) {
                None | Some("ready" | "paused") => Verdict::Done(restore),
                Some(status) => Verdict::Wait(format!(
                    "the database to be ready again (its status is {status:?})"
                )),
            })
        })
        .await
}

#[cfg(test)]
mod tests;
