//! An engine operator's work on its backups.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::buckets;
use crate::cluster::{Cluster, Error};
use crate::engine::Engine;
use crate::everest::database_engine;
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, items, text, truth};

/// Finalizer under which the engine wipes a backup's data.
pub const DELETE_BACKUP: &str = "percona.com/delete-backup";

/// Finalizer that MongoDB's operator puts on each backup that it begins.
const RELEASE_LOCK: &str = "internal.percona.com/release-lock";

/// Reason of the condition that the PXC operator gives a backup after which binary logs are missing.
pub const GAPS: &str = "BinlogGapDetected";

/// The most characters of a label's value.
const LONGEST_LABEL: usize = 63;

/// What Kubernetes says of the Job that the PXC operator makes of a backup with a longer name.
const UNLABELLED: &str = "create backup job: metadata.labels: Invalid value: must be no more than \
                          63 bytes";

/// The states of a backup: start, run, success, failure.
fn states(engine: Engine) -> [&'static str; 4] {
    match engine {
        Engine::Psmdb => ["requested", "running", "ready", "error"],
        _ => ["Starting", "Running", "Succeeded", "Failed"],
    }
}

/// Plays the states of a backup; on deletion wipes its data if the finalizer
/// for that is (still) there. MongoDB's operator connects to the members before it takes any
/// finalizer off, so the backups of a paused database stay.
pub async fn reconcile(backup: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, Error> {
    let namespace = backup.namespace().unwrap_or_default();
    let name = backup.name_any();
    let kind = backup.types.as_ref().map_or("", |t| t.kind.as_str());
    let Some(engine) = Engine::ALL
        .into_iter()
        .find(|e| e.backup_kind().name == kind)
    else {
        return Ok(Action::await_change());
    };
    if database_engine::running(&cluster, &namespace, engine).is_none() {
        return Ok(Action::await_change());
    }
    let ours = cluster.get(&kinds::BACKUP, &namespace, &name);
    let faults = Faults::of(&cluster, &namespace, &name, ours.as_deref());
    let uid = backup.uid().unwrap_or_default();
    let phase = faults.phase();
    if object::deleting(&backup) {
        if faults.holds("deleting") {
            return Ok(Action::await_change());
        }
        let stood = cluster.dwell(&uid, "deleting");
        if stood < phase {
            return Ok(Action::requeue(phase - stood));
        }
        if engine == Engine::Psmdb && is_paused(&cluster, &backup) {
            return Ok(Action::requeue(phase));
        }
        release(&cluster, engine, &backup).await?;
        return Ok(Action::await_change());
    }
    let [start, run, success, failure] = states(engine);
    let database = text(&backup.data, &format!("/spec/{}", engine.cluster_field()));
    let engine_cr = cluster.get(engine.cluster_kind(), &namespace, database);
    let state = text(&backup.data, "/status/state");
    let ready = engine_cr
        .as_deref()
        .is_some_and(|cr| text(&cr.data, "/status/state") == "ready");
    let refusal = (engine == Engine::Pxc && name.len() > LONGEST_LABEL).then_some(UNLABELLED);
    let fails = faults.get("backup-fails").or(refusal);
    let next = match state {
        "" if !ready => return Ok(Action::await_change()),
        "" if refusal.is_some() => failure,
        "" => start,
        s if s == start => run,
        s if s == run && fails.is_some() => failure,
        s if s == run => success,
        _ => return Ok(Action::await_change()),
    };
    if faults.holds(state) && !state.is_empty() {
        return Ok(Action::await_change());
    }
    let mut locked = (*backup).clone();
    if engine == Engine::Psmdb
        && state.is_empty()
        && object::add_finalizer(&mut locked, RELEASE_LOCK)
    {
        cluster
            .update(engine.backup_kind(), engine.operator(), &locked)
            .await?;
        return Ok(Action::await_change());
    }
    let takes = if state == run { faults.backup() } else { phase };
    let stood = cluster.dwell(&uid, state);
    if stood < takes {
        return Ok(Action::requeue(takes - stood));
    }
    let mut status = at(&backup.data, "/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    status["state"] = next.into();
    if next == success {
        let now = cluster.clock().stamp();
        let destination = destination(engine, &backup, engine_cr.as_deref(), &now);
        status["completed"] = now.as_str().into();
        status["destination"] = destination.as_str().into();
        let mut place = destination;
        if engine == Engine::Postgresql {
            let stamp = now.replace(['-', ':', 'Z'], "").replace('T', "-");
            let set = format!("{stamp}F");
            place = format!("{place}{}/{set}", buckets::SETS);
            status["backupName"] = set.into();
            status["latestRestorableTime"] = now.into();
        }
        if engine == Engine::Pxc && faults.get("gaps").is_some() {
            status["conditions"] = json!([{"reason": GAPS, "status": "True"}]);
        }
        buckets::record(&cluster, &namespace, &name, "stored", &place).await?;
    }
    if next == failure {
        status["error"] = fails.unwrap_or_default().into();
    }
    cluster
        .update_status(engine.backup_kind(), engine.operator(), &backup, status)
        .await?;
    Ok(Action::await_change())
}

/// Takes the finalizers off a backup that goes, and wipes its data if one of them says so.
async fn release(cluster: &Cluster, engine: Engine, backup: &DynamicObject) -> Result<(), Error> {
    let (namespace, name) = (backup.namespace().unwrap_or_default(), backup.name_any());
    // Read afresh: protection may just have taken the finalizer off.
    let fresh = cluster
        .read(engine.backup_kind(), &namespace, &name)
        .await?;
    let Some(mut fresh) = fresh else {
        return Ok(());
    };
    let wipes = object::remove_finalizers(&mut fresh, &[DELETE_BACKUP]);
    let is_released = object::remove_finalizers(&mut fresh, &[RELEASE_LOCK]);
    if wipes || is_released {
        cluster
            .update(engine.backup_kind(), engine.operator(), &fresh)
            .await?;
    }
    let destination = text(&backup.data, "/status/destination");
    if wipes && !destination.is_empty() {
        buckets::record(cluster, &namespace, &name, "deleted", destination).await?;
    }
    Ok(())
}

/// Whether the database of a MongoDB backup exists and has no members.
fn is_paused(cluster: &Cluster, backup: &DynamicObject) -> bool {
    let namespace = backup.namespace().unwrap_or_default();
    let member = format!("/spec/{}", Engine::Psmdb.cluster_field());
    let database = text(&backup.data, &member);
    let engine_cr = cluster.get(Engine::Psmdb.cluster_kind(), &namespace, database);
    engine_cr.is_some_and(|cr| truth(&cr.data, "/spec/pause"))
}

/// Makes the backup that a schedule is due for, unless it is there; the first
/// schedule's storage takes it.
pub async fn make_scheduled(
    cluster: &Cluster,
    engine: Engine,
    engine_cr: &DynamicObject,
    name: &str,
) -> Result<(), Error> {
    let namespace = engine_cr.namespace().unwrap_or_default();
    if cluster
        .get(engine.backup_kind(), &namespace, name)
        .is_some()
    {
        return Ok(());
    }
    let spec = at(&engine_cr.data, "/spec");
    let (member, storage) = match engine {
        Engine::Pxc => ("storageName", text(spec, "/backup/schedule/0/storageName")),
        Engine::Psmdb => ("storageName", text(spec, "/backup/tasks/0/storageName")),
        Engine::Postgresql => {
            let scheduled = items(spec, "/backups/pgbackrest/repos")
                .iter()
                .find(|r| r["schedules"].is_object());
            ("repoName", scheduled.map_or("", |r| text(r, "/name")))
        }
    };
    if storage.is_empty() {
        return Ok(());
    }
    let spec = json!({engine.cluster_field(): engine_cr.name_any(), member: storage});
    let made = object::new(
        engine.backup_kind(),
        &namespace,
        name,
        json!({ "spec": spec }),
    );
    cluster
        .create(engine.backup_kind(), engine.operator(), &made)
        .await
}

fn destination(
    engine: Engine,
    backup: &DynamicObject,
    engine_cr: Option<&DynamicObject>,
    now: &str,
) -> String {
    let storage = text(&backup.data, "/spec/storageName");
    let none = Value::Null;
    let storages = engine_cr.map_or(&none, |cr| at(&cr.data, "/spec/backup/storages"));
    let known = &storages[storage];
    let path = match engine {
        Engine::Pxc => text(known, "/s3/bucket").to_owned(),
        Engine::Psmdb => format!(
            "{}/{}",
            text(known, "/s3/bucket"),
            text(known, "/s3/prefix")
        ),
        Engine::Postgresql => {
            let backrest = engine_cr.map_or(&none, |cr| at(&cr.data, "/spec/backups/pgbackrest"));
            let repo = text(&backup.data, "/spec/repoName");
            let bucket = items(backrest, "/repos")
                .iter()
                .find(|r| text(r, "/name") == repo)
                .map_or("", |r| text(r, "/s3/bucket"));
            let path = text(backrest, &format!("/global/{repo}-path"));
            return format!("s3://{bucket}{path}");
        }
    };
    let database = text(&backup.data, &format!("/spec/{}", engine.cluster_field()));
    match engine {
        Engine::Pxc => {
            let stamp = now.replace('T', "-").replace('Z', "");
            format!("s3://{path}/{database}-{stamp}-full")
        }
        _ => format!("s3://{path}/{now}"),
    }
}
