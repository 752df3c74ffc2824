//! DatabaseClusterRestore: a restore into a database, carried out by its
//! engine.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::CLUSTER_NAME;
use super::backup::mark_in_use;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::engine_cr::{prefix, repo_of};
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, items, text};

/// Whether a restore ended, well or not.
pub fn finished(restore: &DynamicObject) -> bool {
    !matches!(
        text(&restore.data, "/status/state"),
        "" | "Starting" | "Restoring"
    )
}

/// Everest's word for a state of an engine's restore.
fn state_of(engine_state: &str) -> &str {
    match engine_state {
        "requested" | "waiting" => "Starting",
        "running" | "Running" => "Restoring",
        "ready" => "Succeeded",
        "error" | "rejected" => "Failed",
        other => other,
    }
}

/// 1. A restore whose database is gone stays as it is, and so does one that is being deleted.
/// 2. Label and owner are written.
/// 3. The engine's restore is made once the engine is ready for it; also when it was made
///    before, and somebody deleted it since. One that is left of another restore must have gone
///    first: the garbage collector may need a while to find it.
/// 4. The status is computed from the engine's restore; without one there is none.
pub async fn reconcile(
    restore: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let namespace = restore.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) || object::deleting(&restore) {
        return Ok(Action::await_change());
    }
    let name = restore.name_any();
    let database_name = text(&restore.data, "/spec/dbClusterName");
    let database = cluster.get(&kinds::DATABASE_CLUSTER, &namespace, database_name);
    let Some(database) = database else {
        return Ok(Action::await_change());
    };
    let Some(engine) = Engine::of_type(text(&database.data, "/spec/engine/type")) else {
        return Ok(Action::await_change());
    };
    let mut marked = (*restore).clone();
    let mut changed = object::add_label(&mut marked, CLUSTER_NAME, database_name);
    changed |= object::adopt(&mut marked, &kinds::DATABASE_CLUSTER, &database);
    if changed {
        cluster
            .update(&kinds::RESTORE, EVEREST_OPERATOR, &marked)
            .await?;
        return Ok(Action::await_change());
    }
    let kind = engine.restore_kind();
    let made = cluster.read(kind, &namespace, &name).await?;
    if let Some(made) = &made {
        let uid = restore.metadata.uid.as_deref();
        let mut owners = made.owner_references().iter();
        if !owners.any(|owner| Some(owner.uid.as_str()) == uid) {
            let left = format!("{} {name:?} is left of another restore", kind.name);
            return Err(Error::Waiting(left));
        }
        write_status(&cluster, &restore, engine, made).await?;
        return Ok(Action::await_change());
    }
    let Some(spec) = engine_spec(&cluster, &restore, &database, engine)? else {
        return Ok(Action::requeue(cluster.pace().retry));
    };
    let mut make = object::new(kind, &namespace, &name, json!({ "spec": spec }));
    object::adopt(&mut make, &kinds::RESTORE, &restore);
    cluster.create(kind, EVEREST_OPERATOR, &make).await?;
    Ok(Action::await_change())
}

async fn write_status(
    cluster: &Cluster,
    restore: &DynamicObject,
    engine: Engine,
    made: &DynamicObject,
) -> Result<(), Error> {
    // By the state before: a restore that has ended is in use for one more reconcile.
    let used = !finished(restore);
    let mut marked = restore.clone();
    if mark_in_use(&mut marked, used) {
        marked = cluster
            .update(&kinds::RESTORE, EVEREST_OPERATOR, &marked)
            .await?;
    }
    let mut status = json!({ "inUse": used });
    let state = state_of(text(&made.data, "/status/state"));
    if !state.is_empty() {
        status["state"] = state.into();
    }
    let completed = at(&made.data, "/status/completed");
    if !completed.is_null() {
        status["completed"] = completed.clone();
    }
    let message = match engine {
        Engine::Pxc => text(&made.data, "/status/comments"),
        Engine::Psmdb => text(&made.data, "/status/error"),
        // PostgreSQL's restores do not say why they failed.
        Engine::Postgresql => "",
    };
    if !message.is_empty() {
        status["message"] = message.into();
    }
    cluster
        .update_status(&kinds::RESTORE, EVEREST_OPERATOR, &marked, status)
        .await
}

/// MongoDB must have been ready for a while before a restore may start.
fn settles(cluster: &Cluster, database: &DynamicObject, engine_cr: &DynamicObject) -> bool {
    let namespace = database.namespace().unwrap_or_default();
    let faults = Faults::of(cluster, &namespace, &database.name_any(), Some(database));
    let ready = items(&engine_cr.data, "/status/conditions")
        .iter()
        .find(|c| text(c, "/type") == "ready" && text(c, "/status") == "True");
    let since = ready.and_then(|c| {
        text(c, "/lastTransitionTime")
            .parse::<jiff::Timestamp>()
            .ok()
    });
    let stood = since
        .and_then(|since| Duration::try_from(cluster.clock().now().duration_since(since)).ok());
    stood.is_none_or(|stood| stood < faults.grace())
}

fn missing(what: &str, name: &str) -> Error {
    Error::Waiting(format!("{what} {name:?} not found"))
}

/// Spec of the engine's restore; `None` while the engine does not know the storage or MongoDB
/// has just become ready.
fn engine_spec(
    cluster: &Cluster,
    restore: &DynamicObject,
    database: &DynamicObject,
    engine: Engine,
) -> Result<Option<Value>, Error> {
    let namespace = restore.namespace().unwrap_or_default();
    let name = database.name_any();
    let kind = engine.cluster_kind();
    let engine_cr = cluster
        .get(kind, &namespace, &name)
        .ok_or_else(|| missing(kind.name, &name))?;
    if engine == Engine::Psmdb && settles(cluster, database, &engine_cr) {
        return Ok(None);
    }
    let source = at(&restore.data, "/spec/dataSource");
    let backup_name = text(source, "/dbClusterBackupName");
    let backup = cluster.get(&kinds::BACKUP, &namespace, backup_name);
    if backup.is_none() && !backup_name.is_empty() {
        return Err(missing("DatabaseClusterBackup", backup_name));
    }
    let storage_name = match &backup {
        Some(backup) => text(&backup.data, "/spec/backupStorageName"),
        None => text(source, "/backupSource/backupStorageName"),
    };
    let storage = cluster
        .get(&kinds::BACKUP_STORAGE, &namespace, storage_name)
        .ok_or_else(|| missing("BackupStorage", storage_name))?;
    let mut spec = json!({});
    spec[engine.cluster_field()] = name.as_str().into();
    if engine == Engine::Postgresql {
        let Some(repo) = repo_of(&engine_cr, at(&storage.data, "/spec")) else {
            return Ok(None);
        };
        let path = match &backup {
            Some(backup) => text(&backup.data, "/status/destination"),
            None => text(source, "/backupSource/path"),
        };
        let set = path.rsplit('/').next().unwrap_or_default();
        let until = match text(source, "/pitr/date") {
            "" => "--type=immediate".to_owned(),
            date => format!("--type=time --target={date}"),
        };
        spec["repoName"] = repo.into();
        spec["options"] = json!([format!("--set={set}"), until]);
        return Ok(Some(spec));
    }
    if backup.is_some() && !engine_cr.data["spec"]["backup"]["storages"][storage_name].is_object() {
        return Ok(None);
    }
    if engine == Engine::Pxc {
        spec["resources"] = json!({});
    }
    if backup_name.is_empty() {
        let path = text(source, "/backupSource/path");
        spec["backupSource"] = by_path(engine, path, &storage)?;
    } else {
        spec["backupName"] = backup_name.into();
    }
    let date = text(source, "/pitr/date");
    if !date.is_empty() {
        let date = date.replace('T', " ").replace('Z', "");
        spec["pitr"] = json!({"type": "date", "date": date});
        if engine == Engine::Pxc {
            spec["pitr"]["backupSource"] = log(cluster, &namespace, backup_name)?;
        }
    }
    Ok(Some(spec))
}

/// A backup by its path, as an engine's restore names it: of PXC with the bucket before the path, of
/// MongoDB with the path as it is, from whose end the prefix is taken.
fn by_path(engine: Engine, path: &str, storage: &DynamicObject) -> Result<Value, Error> {
    let bucket = text(&storage.data, "/spec/bucket");
    let destination = match engine {
        Engine::Pxc => format!("s3://{bucket}/{path}"),
        Engine::Psmdb | Engine::Postgresql => path.to_owned(),
    };
    if engine == Engine::Psmdb && path.split('/').count() < 3 {
        return Err(Error::Waiting("panic: index out of range [-1]".to_owned()));
    }
    Ok(match text(&storage.data, "/spec/type") {
        "azure" => json!({"destination": destination, "azure": {"container": bucket}}),
        _ => json!({"destination": destination, "s3": {"bucket": bucket}}),
    })
}

/// The log of a PXC database: it is found by the name of the backup alone, in the storage that the
/// database of the backup names.
fn log(cluster: &Cluster, namespace: &str, backup_name: &str) -> Result<Value, Error> {
    let backup = cluster
        .get(&kinds::BACKUP, namespace, backup_name)
        .ok_or_else(|| missing("DatabaseClusterBackup", backup_name))?;
    let of = text(&backup.data, "/spec/dbClusterName");
    let database = cluster
        .get(&kinds::DATABASE_CLUSTER, namespace, of)
        .ok_or_else(|| missing("DatabaseCluster", of))?;
    let name = text(&database.data, "/spec/backup/pitr/backupStorageName");
    let storage = cluster
        .get(&kinds::BACKUP_STORAGE, namespace, name)
        .ok_or_else(|| missing("BackupStorage", name))?;
    if text(&storage.data, "/spec/type") == "azure" {
        let why = format!("unsupported backup storage type azure for {name}");
        return Err(Error::Waiting(why));
    }
    let bucket = text(&storage.data, "/spec/bucket");
    let bucket = format!("{bucket}/{}/pitr", prefix(&database));
    Ok(json!({"s3": {"bucket": bucket}}))
}
