//! DatabaseClusterRestore: a restore into a database, carried out by its
//! engine.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::backup::mark_in_use;
use super::{CLUSTER_NAME, IN_USE};
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::engine_cr::repo_of;
use crate::kinds;
use crate::object::{self, at, text};

/// Whether a restore ended, well or not.
pub fn finished(restore: &DynamicObject) -> bool {
    matches!(text(&restore.data, "/status/state"), "Succeeded" | "Failed")
}

/// Whether a restore ended well.
pub fn succeeded(restore: &DynamicObject) -> bool {
    text(&restore.data, "/status/state") == "Succeeded"
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

/// Makes the engine's restore and copies its state. A restore whose database
/// is gone stays as it is.
pub async fn reconcile(
    restore: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let namespace = restore.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) {
        return Ok(Action::await_change());
    }
    let name = restore.name_any();
    let database_name = text(&restore.data, "/spec/dbClusterName");
    let database = cluster.get(&kinds::DATABASE_CLUSTER, &namespace, database_name);
    let used = !finished(&restore) && !object::deleting(&restore);
    let mut marked = (*restore).clone();
    if object::deleting(&restore) {
        if object::remove_finalizers(&mut marked, &[IN_USE]) {
            cluster
                .update(&kinds::RESTORE, EVEREST_OPERATOR, &marked)
                .await?;
        }
        return Ok(Action::await_change());
    }
    let Some(database) = database else {
        return Ok(Action::await_change());
    };
    let Some(engine) = Engine::of_type(text(&database.data, "/spec/engine/type")) else {
        return Ok(Action::await_change());
    };
    let mut changed = object::add_label(&mut marked, CLUSTER_NAME, database_name);
    changed |= object::adopt(&mut marked, &kinds::DATABASE_CLUSTER, &database);
    changed |= mark_in_use(&mut marked, used);
    if changed {
        cluster
            .update(&kinds::RESTORE, EVEREST_OPERATOR, &marked)
            .await?;
        return Ok(Action::await_change());
    }
    let kind = engine.restore_kind();
    let made = cluster.get(kind, &namespace, &name);
    if made.is_none() && !finished(&restore) {
        let Some(spec) = engine_spec(&cluster, &restore, engine)? else {
            return Ok(Action::requeue(Duration::from_secs(1)));
        };
        let mut make = object::new(kind, &namespace, &name, json!({ "spec": spec }));
        object::adopt(&mut make, &kinds::RESTORE, &restore);
        cluster.create(kind, EVEREST_OPERATOR, &make).await?;
    }
    let mut status = at(&restore.data, "/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    status["inUse"] = used.into();
    if let Some(made) = made {
        let state = state_of(text(&made.data, "/status/state"));
        if !state.is_empty() {
            status["state"] = state.into();
        }
        let completed = at(&made.data, "/status/completed");
        if !completed.is_null() {
            status["completed"] = completed.clone();
        }
        for member in ["comments", "error"] {
            let message = text(&made.data, &format!("/status/{member}"));
            if !message.is_empty() {
                status["message"] = message.into();
            }
        }
    }
    cluster
        .update_status(&kinds::RESTORE, EVEREST_OPERATOR, &restore, status)
        .await?;
    Ok(Action::await_change())
}

/// Spec of the engine's restore; `None` while PostgreSQL does not know the
/// storage.
fn engine_spec(
    cluster: &Cluster,
    restore: &DynamicObject,
    engine: Engine,
) -> Result<Option<Value>, Error> {
    let namespace = restore.namespace().unwrap_or_default();
    let database = text(&restore.data, "/spec/dbClusterName");
    let source = at(&restore.data, "/spec/dataSource");
    let backup_name = text(source, "/dbClusterBackupName");
    let backup = cluster.get(&kinds::BACKUP, &namespace, backup_name);
    let storage_name = match &backup {
        Some(backup) => text(&backup.data, "/spec/backupStorageName"),
        None => text(source, "/backupSource/backupStorageName"),
    };
    let storage = cluster
        .get(&kinds::BACKUP_STORAGE, &namespace, storage_name)
        .ok_or_else(|| Error::Waiting(format!("BackupStorage {storage_name:?} not found")))?;
    let mut spec = json!({});
    spec[engine.cluster_field()] = database.into();
    if engine == Engine::Postgresql {
        let engine_cr = cluster.get(engine.cluster_kind(), &namespace, database);
        let repo = engine_cr.and_then(|cr| repo_of(&cr, at(&storage.data, "/spec")));
        let Some(repo) = repo else {
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
    if engine == Engine::Pxc {
        spec["resources"] = json!({});
    }
    if backup_name.is_empty() {
        spec["backupSource"] = json!({
            "destination": text(source, "/backupSource/path"),
            "storageName": storage_name,
        });
    } else {
        spec["backupName"] = backup_name.into();
    }
    let date = text(source, "/pitr/date");
    if !date.is_empty() {
        let date = date.replace('T', " ").replace('Z', "");
        spec["pitr"] = json!({"type": "date", "date": date});
    }
    Ok(Some(spec))
}
