//! An engine operator's work on its restores.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::json;

use crate::cluster::{Cluster, Error};
use crate::engine::Engine;
use crate::everest::database_engine;
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, items, text};

use super::buckets;

/// The states of a restore: start, run, success, failure.
fn states(engine: Engine) -> [&'static str; 4] {
    match engine {
        Engine::Pxc => ["Starting", "Restoring", "Succeeded", "Failed"],
        Engine::Psmdb => ["requested", "running", "ready", "error"],
        Engine::Postgresql => ["Starting", "Running", "Succeeded", "Failed"],
    }
}

/// Why an engine's operator refuses a restore before it begins, if it does.
fn refusal(cluster: &Cluster, engine: Engine, restore: &DynamicObject) -> Option<&'static str> {
    if engine == Engine::Psmdb && names_another_ones_backup(cluster, restore) {
        return Some("failed to validate restore: get backup meta: not found");
    }
    let source = at(&restore.data, "/spec/backupSource");
    let destination = text(source, "/destination");
    match engine {
        Engine::Psmdb if source["s3"].is_object() && !destination.starts_with("s3://") => {
            Some("backupSource destination should use s3 protocol format")
        }
        Engine::Pxc if destination.matches("://").count() > 1 => Some("backup not found"),
        _ => None,
    }
}

/// Whether a restore of MongoDB names the backup of another database, which it looks for below its
/// own prefix.
fn names_another_ones_backup(cluster: &Cluster, restore: &DynamicObject) -> bool {
    let namespace = restore.namespace().unwrap_or_default();
    let spec = at(&restore.data, "/spec");
    let name = text(spec, "/backupName");
    let backup = cluster.get(Engine::Psmdb.backup_kind(), &namespace, name);
    backup
        .is_some_and(|backup| text(&backup.data, "/spec/clusterName") != text(spec, "/clusterName"))
}

/// Whether a restore of PostgreSQL finds its backup: in the repository of its own database alone.
async fn finds_set(
    cluster: &Cluster,
    namespace: &str,
    restore: &DynamicObject,
) -> Result<bool, Error> {
    let spec = at(&restore.data, "/spec");
    let name = text(spec, "/pgCluster");
    let Some(database) = cluster.get(&kinds::PG_CLUSTER, namespace, name) else {
        return Ok(false);
    };
    let repo = text(spec, "/repoName");
    let path = format!("/spec/backups/pgbackrest/global/{repo}-path");
    let set = buckets::set_of(items(spec, "/options"));
    buckets::has_set(cluster, namespace, text(&database.data, &path), set).await
}

/// Plays the states of a restore.
pub async fn reconcile(
    restore: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let namespace = restore.namespace().unwrap_or_default();
    let name = restore.name_any();
    let kind = restore.types.as_ref().map_or("", |t| t.kind.as_str());
    let Some(engine) = Engine::ALL
        .into_iter()
        .find(|e| e.restore_kind().name == kind)
    else {
        return Ok(Action::await_change());
    };
    if object::deleting(&restore)
        || database_engine::running(&cluster, &namespace, engine).is_none()
    {
        return Ok(Action::await_change());
    }
    let ours = cluster.get(&kinds::RESTORE, &namespace, &name);
    let faults = Faults::of(&cluster, &namespace, &name, ours.as_deref());
    let [start, run, success, failure] = states(engine);
    let state = text(&restore.data, "/status/state");
    let refusal = refusal(&cluster, engine, &restore);
    let fails = faults.get("restore-fails").or(refusal);
    let next = match state {
        "" if refusal.is_some() => failure,
        "" => start,
        s if s == start => run,
        s if s == run && fails.is_some() => failure,
        s if s == run && engine == Engine::Postgresql => {
            match finds_set(&cluster, &namespace, &restore).await? {
                true => success,
                false => failure,
            }
        }
        s if s == run => success,
        _ => return Ok(Action::await_change()),
    };
    if faults.holds(state) && !state.is_empty() {
        return Ok(Action::await_change());
    }
    let takes = if state == run {
        faults.restore()
    } else {
        faults.phase()
    };
    let stood = cluster.dwell(&restore.uid().unwrap_or_default(), state);
    if stood < takes {
        return Ok(Action::requeue(takes - stood));
    }
    let mut status = at(&restore.data, "/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    status["state"] = next.into();
    if next == success {
        status["completed"] = cluster.clock().stamp().into();
    }
    if next == failure {
        let message = fails.unwrap_or_default();
        // PostgreSQL's operator does not say why.
        match engine {
            Engine::Pxc => status["comments"] = message.into(),
            Engine::Psmdb => status["error"] = message.into(),
            Engine::Postgresql => {}
        }
    }
    cluster
        .update_status(engine.restore_kind(), engine.operator(), &restore, status)
        .await?;
    Ok(Action::await_change())
}
