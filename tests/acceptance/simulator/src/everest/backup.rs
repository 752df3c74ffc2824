//! DatabaseClusterBackup: a backup of a database, carried out by its engine.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::{CLUSTER_NAME, FOREGROUND, IN_USE, STORAGE_PROTECTION, restore};
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::engine_cr::{prefix, repo_of};
use crate::engines::backup::{DELETE_BACKUP, GAPS};
use crate::kinds::{self, Kind};
use crate::object::{self, at, items, text};

/// Whether a backup ended, well or not.
pub fn finished(backup: &DynamicObject) -> bool {
    matches!(text(&backup.data, "/status/state"), "Succeeded" | "Failed")
}

/// Everest's word for a state of an engine's backup.
fn state_of(engine_state: &str) -> &str {
    match engine_state {
        "requested" | "waiting" => "Starting",
        "running" => "Running",
        "ready" => "Succeeded",
        "error" | "rejected" => "Failed",
        other => other,
    }
}

/// Whether a backup is new, starts or runs.
fn in_progress(backup: &DynamicObject) -> bool {
    matches!(
        text(&backup.data, "/status/state"),
        "" | "Starting" | "Running"
    )
}

/// 1. Without its database a backup is left alone, also in deletion.
/// 2. Finalizer, label and owner are written.
/// 3. The engine's backup is made once the engine knows the storage; in deletion the data are
///    kept if that was asked for.
/// 4. The status is computed from the engine's backup, whatever became of step 3.
pub async fn reconcile(backup: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, Error> {
    let namespace = backup.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) {
        return Ok(Action::await_change());
    }
    let database_name = text(&backup.data, "/spec/dbClusterName");
    let database = cluster.get(&kinds::DATABASE_CLUSTER, &namespace, database_name);
    let Some(database) = database else {
        return Ok(Action::await_change());
    };
    let Some(engine) = Engine::of_type(text(&database.data, "/spec/engine/type")) else {
        return Ok(Action::await_change());
    };
    let gone = object::deleting(&backup);
    let mut marked = (*backup).clone();
    let mut changed = !gone && object::add_finalizer(&mut marked, FOREGROUND);
    changed |= object::add_label(&mut marked, CLUSTER_NAME, database_name);
    changed |= object::adopt(&mut marked, &kinds::DATABASE_CLUSTER, &database);
    if changed {
        cluster
            .update(&kinds::BACKUP, EVEREST_OPERATOR, &marked)
            .await?;
        return Ok(Action::await_change());
    }
    let made = cluster
        .read(engine.backup_kind(), &namespace, &backup.name_any())
        .await?;
    let carried = match gone {
        true => protect(&cluster, &backup, engine, made.as_ref()).await,
        false => carry_out(&cluster, &backup, &database, engine, made.as_ref()).await,
    };
    if matches!(carried, Ok(Carried::Rewritten)) {
        return Ok(Action::await_change());
    }
    let used = in_use(&cluster, &backup);
    let status = status(&cluster, &backup, &database, engine, made.as_ref(), used);
    write_status(&cluster, &backup, status, used).await?;
    Ok(match carried? {
        Carried::Done | Carried::Rewritten => Action::await_change(),
        Carried::Waiting => Action::requeue(cluster.pace().retry),
    })
}

/// Deletes the backup of an engine's backup that is gone; if that fails, it is only logged.
pub async fn follow(cluster: &Cluster, kind: &Kind, gone: &DynamicObject) {
    let of_backups = Engine::ALL.into_iter().any(|e| e.backup_kind() == kind);
    let namespace = gone.namespace().unwrap_or_default();
    let name = gone.name_any();
    let known = cluster.get(&kinds::BACKUP, &namespace, &name);
    if !of_backups || known.is_none_or(|backup| object::deleting(&backup)) {
        return;
    }
    if let Err(error) = cluster.delete(&kinds::BACKUP, &namespace, &name).await {
        tracing::warn!(namespace, name, %error, "the backup of a lost backup stays");
    }
}

/// How far a reconcile came.
enum Carried {
    /// There is nothing more to do.
    Done,
    /// It is to come again.
    Waiting,
    /// The backup itself was written, which brings the next reconcile.
    Rewritten,
}

/// Makes the engine's backup, or gives one that the engine made on its schedule the owner and
/// finalizer of one that was asked for.
async fn carry_out(
    cluster: &Cluster,
    backup: &DynamicObject,
    database: &DynamicObject,
    engine: Engine,
    made: Option<&DynamicObject>,
) -> Result<Carried, Error> {
    let namespace = backup.namespace().unwrap_or_default();
    let kind = engine.backup_kind();
    // An update of a MongoDB backup that waits would start a second one.
    let waits =
        made.is_some_and(|made| matches!(text(&made.data, "/status/state"), "" | "waiting"));
    if engine == Engine::Psmdb && waits {
        return Ok(Carried::Waiting);
    }
    let Some(spec) = engine_spec(cluster, backup, database, engine)? else {
        return Ok(Carried::Waiting);
    };
    if finished(backup) || made.is_some_and(object::deleting) {
        return Ok(Carried::Done);
    }
    let empty = object::new(
        kind,
        &namespace,
        &backup.name_any(),
        json!({ "spec": spec }),
    );
    let mut wanted = made.unwrap_or(&empty).clone();
    let mut changed = object::adopt(&mut wanted, &kinds::BACKUP, backup);
    if engine != Engine::Postgresql {
        changed |= object::add_finalizer(&mut wanted, DELETE_BACKUP);
    }
    match made {
        None => cluster.create(kind, EVEREST_OPERATOR, &wanted).await?,
        Some(_) if changed => {
            cluster.update(kind, EVEREST_OPERATOR, &wanted).await?;
        }
        Some(_) => {}
    }
    Ok(Carried::Done)
}

/// Protected data: the engine's backup loses the finalizer that would wipe them, then the
/// protection goes. PostgreSQL never wipes.
async fn protect(
    cluster: &Cluster,
    backup: &DynamicObject,
    engine: Engine,
    made: Option<&DynamicObject>,
) -> Result<Carried, Error> {
    if !object::has_finalizer(backup, STORAGE_PROTECTION) {
        return Ok(Carried::Waiting);
    }
    if engine != Engine::Postgresql
        && let Some(made) = made
        && object::has_finalizer(made, DELETE_BACKUP)
    {
        let mut kept = made.clone();
        object::remove_finalizers(&mut kept, &[DELETE_BACKUP]);
        cluster
            .update(engine.backup_kind(), EVEREST_OPERATOR, &kept)
            .await?;
    }
    let mut released = backup.clone();
    object::remove_finalizers(&mut released, &[STORAGE_PROTECTION]);
    cluster
        .update(&kinds::BACKUP, EVEREST_OPERATOR, &released)
        .await?;
    Ok(Carried::Rewritten)
}

/// Sets or takes the in-use finalizer; true if it changed.
pub fn mark_in_use(object: &mut DynamicObject, used: bool) -> bool {
    if used {
        object::add_finalizer(object, IN_USE)
    } else {
        object::remove_finalizers(object, &[IN_USE])
    }
}

/// A backup is in use while it runs, while a restore reads it and while a database that is made
/// of it is not ready.
fn in_use(cluster: &Cluster, backup: &DynamicObject) -> bool {
    let namespace = backup.namespace().unwrap_or_default();
    let name = backup.name_any();
    let restored = cluster.list(&kinds::RESTORE, &namespace).iter().any(|r| {
        text(&r.data, "/spec/dataSource/dbClusterBackupName") == name && !restore::finished(r)
    });
    let awaited = cluster
        .list(&kinds::DATABASE_CLUSTER, &namespace)
        .iter()
        .filter(|d| text(&d.data, "/spec/dataSource/dbClusterBackupName") == name)
        .any(|d| {
            let state = text(&d.data, "/status/status");
            matches!(state, "" | "creating" | "initializing" | "restoring")
        });
    in_progress(backup) || restored || awaited
}

/// Spec of the engine's backup, or `None` while the engine does not know the
/// storage yet.
fn engine_spec(
    cluster: &Cluster,
    backup: &DynamicObject,
    database: &DynamicObject,
    engine: Engine,
) -> Result<Option<Value>, Error> {
    let namespace = backup.namespace().unwrap_or_default();
    let name = database.name_any();
    let storage = text(&backup.data, "/spec/backupStorageName");
    let missing = |what: &str, name: &str| Error::Waiting(format!("{what} {name:?} not found"));
    let kind = engine.cluster_kind();
    let engine_cr = cluster
        .get(kind, &namespace, &name)
        .ok_or_else(|| missing(kind.name, &name))?;
    let known = at(&engine_cr.data, "/spec/backup/storages");
    Ok(match engine {
        Engine::Pxc => known[storage]
            .is_object()
            .then(|| json!({"pxcCluster": name, "storageName": storage})),
        Engine::Psmdb => {
            let configured = !text(&engine_cr.data, "/status/backupConfigHash").is_empty();
            (configured && known[storage].is_object())
                .then(|| json!({"clusterName": name, "storageName": storage}))
        }
        Engine::Postgresql => {
            let found = cluster
                .get(&kinds::BACKUP_STORAGE, &namespace, storage)
                .ok_or_else(|| missing("BackupStorage", storage))?;
            repo_of(&engine_cr, at(&found.data, "/spec")).map(
                |repo| json!({"pgCluster": name, "repoName": repo, "options": ["--type=full"]}),
            )
        }
    })
}

/// In deletion a status says that alone; what was known of the backup is lost.
fn status(
    cluster: &Cluster,
    backup: &DynamicObject,
    database: &DynamicObject,
    engine: Engine,
    made: Option<&DynamicObject>,
    used: bool,
) -> Value {
    let mut status = json!({"gaps": false, "inUse": used});
    if object::deleting(backup) {
        status["state"] = "Deleting".into();
        return status;
    }
    let Some(made) = made else { return status };
    if let Some(created) = &made.metadata.creation_timestamp {
        status["created"] = serde_json::to_value(created).unwrap_or_default();
    }
    let state = state_of(text(&made.data, "/status/state"));
    if !state.is_empty() {
        status["state"] = state.into();
    }
    for time in ["completed", "latestRestorableTime"] {
        let value = at(&made.data, &format!("/status/{time}"));
        if !value.is_null() {
            status[time] = value.clone();
        }
    }
    let gap = |condition: &Value| text(condition, "/reason") == GAPS;
    status["gaps"] = items(&made.data, "/status/conditions")
        .iter()
        .any(gap)
        .into();
    status["destination"] = text(&made.data, "/status/destination").into();
    if engine == Engine::Postgresql {
        let storage = cluster.get(
            &kinds::BACKUP_STORAGE,
            &backup.namespace().unwrap_or_default(),
            text(&backup.data, "/spec/backupStorageName"),
        );
        let bucket = storage.map_or(String::new(), |s| text(&s.data, "/spec/bucket").to_owned());
        let name = text(&made.data, "/status/backupName");
        // Also while the backup has no name yet.
        let destination = format!("s3://{bucket}/{}/backup/db/{name}", prefix(database));
        status["destination"] = destination.into();
    }
    status
}

/// The in-use finalizer, then the status.
async fn write_status(
    cluster: &Cluster,
    backup: &DynamicObject,
    status: Value,
    used: bool,
) -> Result<(), Error> {
    let mut marked = backup.clone();
    let marks = match object::deleting(backup) {
        true => object::remove_finalizers(&mut marked, if used { &[] } else { &[IN_USE] }),
        false => mark_in_use(&mut marked, used),
    };
    if marks {
        marked = cluster
            .update(&kinds::BACKUP, EVEREST_OPERATOR, &marked)
            .await?;
    }
    if marked.metadata.deletion_timestamp.is_some() && marked.finalizers().is_empty() {
        return Ok(());
    }
    cluster
        .update_status(&kinds::BACKUP, EVEREST_OPERATOR, &marked, status)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_in_progress_until_it_ended_or_goes() {
        for (state, progresses) in [
            ("", true),
            ("Starting", true),
            ("Running", true),
            ("Succeeded", false),
            ("Failed", false),
            ("Deleting", false),
        ] {
            let status = json!({"status": {"state": state}});
            let backup = object::new(&kinds::BACKUP, "n", "b", status);
            assert_eq!(in_progress(&backup), progresses, "{state}");
        }
    }
}
