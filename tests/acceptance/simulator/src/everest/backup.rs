//! DatabaseClusterBackup: a backup of a database, carried out by its engine.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::{CLUSTER_NAME, FOREGROUND, IN_USE, STORAGE_PROTECTION, restore};
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::engine_cr::{prefix, repo_of};
use crate::engines::backup::DELETE_BACKUP;
use crate::kinds;
use crate::object::{self, at, text};

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

/// Makes the engine's backup once the engine knows the storage, and copies its
/// state; on deletion keeps the data if asked to.
pub async fn reconcile(backup: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, Error> {
    let namespace = backup.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) {
        return Ok(Action::await_change());
    }
    let name = backup.name_any();
    let database_name = text(&backup.data, "/spec/dbClusterName");
    let database = cluster.get(&kinds::DATABASE_CLUSTER, &namespace, database_name);
    let used = in_use(&cluster, &backup);
    if object::deleting(&backup) {
        return finalize(&cluster, &backup, used).await;
    }
    let Some(database) = database else {
        return Ok(Action::await_change());
    };
    let Some(engine) = Engine::of_type(text(&database.data, "/spec/engine/type")) else {
        return Ok(Action::await_change());
    };
    let mut marked = (*backup).clone();
    let mut changed = object::add_finalizer(&mut marked, FOREGROUND);
    changed |= object::add_label(&mut marked, CLUSTER_NAME, database_name);
    changed |= object::adopt(&mut marked, &kinds::DATABASE_CLUSTER, &database);
    changed |= mark_in_use(&mut marked, used);
    if changed {
        cluster
            .update(&kinds::BACKUP, EVEREST_OPERATOR, &marked)
            .await?;
        return Ok(Action::await_change());
    }
    let kind = engine.backup_kind();
    let made = cluster.get(kind, &namespace, &name);
    if let Some(made) = &made {
        own(&cluster, &backup, made, engine).await?;
    }
    if made.is_none() && !finished(&backup) {
        let Some(spec) = engine_spec(&cluster, &backup, &database, engine) else {
            return Ok(Action::requeue(Duration::from_secs(1)));
        };
        let mut make = object::new(kind, &namespace, &name, json!({ "spec": spec }));
        if engine != Engine::Postgresql {
            object::add_finalizer(&mut make, DELETE_BACKUP);
        }
        let owner = object::owner(&kinds::BACKUP, &backup, false);
        make.owner_references_mut().push(owner);
        cluster.create(kind, EVEREST_OPERATOR, &make).await?;
    }
    let status = status(&cluster, &backup, &database, engine, made.as_deref(), used);
    cluster
        .update_status(&kinds::BACKUP, EVEREST_OPERATOR, &backup, status)
        .await?;
    Ok(Action::await_change())
}

/// A backup that the engine made on its schedule gets the owner and finalizer
/// of one that was asked for.
async fn own(
    cluster: &Cluster,
    backup: &DynamicObject,
    made: &DynamicObject,
    engine: Engine,
) -> Result<(), Error> {
    let owner = object::owner(&kinds::BACKUP, backup, false);
    let owned = made.owner_references().iter().any(|o| o.uid == owner.uid);
    if owned || object::deleting(made) {
        return Ok(());
    }
    let mut changed = made.clone();
    changed.owner_references_mut().push(owner);
    if engine != Engine::Postgresql {
        object::add_finalizer(&mut changed, DELETE_BACKUP);
    }
    cluster
        .update(engine.backup_kind(), EVEREST_OPERATOR, &changed)
        .await?;
    Ok(())
}

/// Sets or takes the in-use finalizer; true if it changed.
pub fn mark_in_use(object: &mut DynamicObject, used: bool) -> bool {
    if used {
        object::add_finalizer(object, IN_USE)
    } else {
        object::remove_finalizers(object, &[IN_USE])
    }
}

/// A backup is in use while it runs, while a restore reads it and while a new
/// database waits for it.
fn in_use(cluster: &Cluster, backup: &DynamicObject) -> bool {
    let namespace = backup.namespace().unwrap_or_default();
    let name = backup.name_any();
    let running = !object::deleting(backup) && !finished(backup);
    let restored = cluster.list(&kinds::RESTORE, &namespace).iter().any(|r| {
        text(&r.data, "/spec/dataSource/dbClusterBackupName") == name && !restore::finished(r)
    });
    let awaited = cluster
        .list(&kinds::DATABASE_CLUSTER, &namespace)
        .iter()
        .any(|d| text(&d.data, "/spec/dataSource/dbClusterBackupName") == name);
    running || restored || awaited
}

/// Spec of the engine's backup, or `None` while the engine does not know the
/// storage yet.
fn engine_spec(
    cluster: &Cluster,
    backup: &DynamicObject,
    database: &DynamicObject,
    engine: Engine,
) -> Option<Value> {
    let namespace = backup.namespace()?;
    let name = database.name_any();
    let storage = text(&backup.data, "/spec/backupStorageName");
    let engine_cr = cluster.get(engine.cluster_kind(), &namespace, &name)?;
    let known = at(&engine_cr.data, "/spec/backup/storages");
    match engine {
        Engine::Pxc => known[storage]
            .is_object()
            .then(|| json!({"pxcCluster": name, "storageName": storage})),
        Engine::Psmdb => {
            let configured = !text(&engine_cr.data, "/status/backupConfigHash").is_empty();
            (configured && known[storage].is_object())
                .then(|| json!({"clusterName": name, "storageName": storage}))
        }
        Engine::Postgresql => {
            let storage = cluster.get(&kinds::BACKUP_STORAGE, &namespace, storage)?;
            let repo = repo_of(&engine_cr, at(&storage.data, "/spec"))?;
            Some(json!({"pgCluster": name, "repoName": repo, "options": ["--type=full"]}))
        }
    }
}

fn status(
    cluster: &Cluster,
    backup: &DynamicObject,
    database: &DynamicObject,
    engine: Engine,
    made: Option<&DynamicObject>,
    used: bool,
) -> Value {
    let Some(made) = made else {
        let mut status = at(&backup.data, "/status").clone();
        if !status.is_object() {
            status = json!({});
        }
        status["gaps"] = status["gaps"].as_bool().unwrap_or(false).into();
        status["inUse"] = used.into();
        return status;
    };
    let mut status = json!({"gaps": false, "inUse": used});
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
    if engine == Engine::Postgresql {
        let made_name = text(&made.data, "/status/backupName");
        let storage = cluster.get(
            &kinds::BACKUP_STORAGE,
            &backup.namespace().unwrap_or_default(),
            text(&backup.data, "/spec/backupStorageName"),
        );
        if let Some(storage) = storage.filter(|_| !made_name.is_empty()) {
            let bucket = text(&storage.data, "/spec/bucket");
            let destination = format!("s3://{bucket}/{}/backup/db/{made_name}", prefix(database));
            status["destination"] = destination.into();
        }
    } else {
        status["destination"] = text(&made.data, "/status/destination").into();
    }
    status
}

/// 1. Protected data: the engine's backup loses the finalizer that would wipe
///    them, then the protection goes.
/// 2. The in-use mark goes when nothing uses the backup.
async fn finalize(cluster: &Cluster, backup: &DynamicObject, used: bool) -> Result<Action, Error> {
    let namespace = backup.namespace().unwrap_or_default();
    let name = backup.name_any();
    let mut marked = backup.clone();
    let mut changed = mark_in_use(&mut marked, used && object::has_finalizer(backup, IN_USE));
    if object::has_finalizer(backup, STORAGE_PROTECTION) {
        for engine in Engine::ALL {
            let kind = engine.backup_kind();
            let made = cluster.read(kind, &namespace, &name).await?;
            if let Some(mut made) = made
                && object::remove_finalizers(&mut made, &[DELETE_BACKUP])
            {
                cluster.update(kind, EVEREST_OPERATOR, &made).await?;
            }
        }
        changed |= object::remove_finalizers(&mut marked, &[STORAGE_PROTECTION]);
    }
    if changed {
        cluster
            .update(&kinds::BACKUP, EVEREST_OPERATOR, &marked)
            .await?;
        return Ok(Action::await_change());
    }
    let mut status = at(&backup.data, "/status").clone();
    if status.is_object() && !backup.finalizers().is_empty() {
        status["state"] = "Deleting".into();
        cluster
            .update_status(&kinds::BACKUP, EVEREST_OPERATOR, backup, status)
            .await?;
    }
    Ok(Action::await_change())
}
