//! DataImportJob: Pending → Running → Succeeded or Failed, or Error while it cannot begin.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::RECONCILE_PAUSED;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, items, text};

/// Finalizer that takes along the rights that the job was given.
const RBAC_CLEANUP: &str = "everest.percona.com/rbac-cleanup";

/// Who writes as the program of an importer.
const DATA_IMPORTER: &str = "data-importer";

/// Plays the states of the job; the job itself is not run.
///
/// 1. The job becomes the controller of the Secret that it names, which goes with it. A Secret that
///    has another controller keeps it, and the job never begins.
/// 2. The job itself has an owner only if Everest has made it for a new database.
/// 3. An importer that may update databases is one of those of Everest that pause the
///    reconciliation of their database while they work, for PXC and PostgreSQL. One that is stopped
///    ends the pause too, but not one that is killed.
pub async fn reconcile(job: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, Error> {
    let namespace = job.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) {
        return Ok(Action::await_change());
    }
    let mut marked = (*job).clone();
    let target = text(&job.data, "/spec/targetClusterName");
    if object::deleting(&job) {
        if text(&job.data, "/status/state") == "Running" {
            set_pause(&cluster, &namespace, target, false).await?;
        }
        if object::remove_finalizers(&mut marked, &[RBAC_CLEANUP]) {
            cluster
                .update(&kinds::DATA_IMPORT_JOB, EVEREST_OPERATOR, &marked)
                .await?;
        }
        return Ok(Action::await_change());
    }
    let state = text(&job.data, "/status/state").to_owned();
    if matches!(state.as_str(), "Succeeded" | "Failed") {
        return Ok(Action::await_change());
    }
    let database = cluster.get(&kinds::DATABASE_CLUSTER, &namespace, target);
    let faults = Faults::of(&cluster, &namespace, target, database.as_deref());
    let importer = match ready(&cluster, &job, database.as_deref(), &faults).await {
        Ok(importer) => importer,
        Err(error) => {
            let mut status = base(&job);
            status["state"] = "Error".into();
            status["message"] = error.to_string().into();
            cluster
                .update_status(&kinds::DATA_IMPORT_JOB, EVEREST_OPERATOR, &job, status)
                .await?;
            return Err(error);
        }
    };
    let permits = |list| !items(&importer.data, list).is_empty();
    if (permits("/spec/permissions") || permits("/spec/clusterPermissions"))
        && object::add_finalizer(&mut marked, RBAC_CLEANUP)
    {
        cluster
            .update(&kinds::DATA_IMPORT_JOB, EVEREST_OPERATOR, &marked)
            .await?;
        return Ok(Action::await_change());
    }
    let pauses = pauses(&importer);
    play(&cluster, &job, &faults, &state, pauses).await
}

/// Whether the importer may update databases.
fn pauses(importer: &DynamicObject) -> bool {
    let has = |rule: &Value, list: &str, item: &str| items(rule, list).iter().any(|i| i == item);
    let mut rules = items(&importer.data, "/spec/permissions").iter();
    rules.any(|rule| has(rule, "/resources", "databaseclusters") && has(rule, "/verbs", "update"))
}

/// Pauses the reconciliation of a database, or ends that.
async fn set_pause(
    cluster: &Cluster,
    namespace: &str,
    target: &str,
    paused: bool,
) -> Result<(), Error> {
    let kind = &kinds::DATABASE_CLUSTER;
    let Some(mut database) = cluster.read(kind, namespace, target).await? else {
        return Ok(());
    };
    let annotations = database.annotations_mut();
    let before = match paused {
        true => annotations.insert(RECONCILE_PAUSED.to_owned(), "true".to_owned()),
        false => annotations.remove(RECONCILE_PAUSED),
    };
    if before.is_some() == paused {
        return Ok(());
    }
    if database.annotations().is_empty() {
        database.metadata.annotations = None;
    }
    cluster.update(kind, DATA_IMPORTER, &database).await?;
    Ok(())
}

/// The importer, if all that the job needs is there.
async fn ready(
    cluster: &Cluster,
    job: &DynamicObject,
    database: Option<&DynamicObject>,
    faults: &Faults,
) -> Result<Arc<DynamicObject>, Error> {
    if let Some(why) = faults.get("import-error") {
        return Err(Error::Waiting(why.to_owned()));
    }
    let missing = |what: &str, name: &str| {
        Error::Waiting(format!("failed to get {what}: {name:?} not found"))
    };
    let name = text(&job.data, "/spec/dataImporterName");
    let importer = cluster
        .get(&kinds::DATA_IMPORTER, "", name)
        .ok_or_else(|| missing("data importer", name))?;
    let target = text(&job.data, "/spec/targetClusterName");
    let database = database.ok_or_else(|| missing("database cluster", target))?;
    let namespace = job.namespace().unwrap_or_default();
    let users = text(&database.data, "/spec/engine/userSecretsName");
    let found = cluster.read(&kinds::SECRET, &namespace, users);
    if !users.is_empty() && found.await?.is_none() {
        return Err(missing("database root user credentials", users));
    }
    own_secret(cluster, job, &namespace).await?;
    Ok(importer)
}

/// Makes the job the controller of the Secret with the keys of its bucket.
async fn own_secret(cluster: &Cluster, job: &DynamicObject, namespace: &str) -> Result<(), Error> {
    const FAILED: &str = "failed to create data import payload secret: failed to get S3 info";
    if at(&job.data, "/spec/source/s3").is_null() {
        return Err(Error::Waiting(format!("{FAILED}: s3 info not provided")));
    }
    let name = text(&job.data, "/spec/source/s3/credentialsSecretName");
    let Some(mut secret) = cluster.read(&kinds::SECRET, namespace, name).await? else {
        return Err(Error::Waiting(format!("{FAILED}: {name:?} not found")));
    };
    if object::adopt(&mut secret, &kinds::DATA_IMPORT_JOB, job) {
        cluster
            .update(&kinds::SECRET, EVEREST_OPERATOR, &secret)
            .await?;
        return Ok(());
    }
    let uid = job.uid().unwrap_or_default();
    let mut owners = secret.owner_references().iter();
    match owners.find(|owner| owner.controller == Some(true)) {
        Some(owner) if owner.uid != uid => Err(Error::Waiting(format!(
            "{FAILED}: Object {namespace}/{name} is already owned by another {} controller {}",
            owner.kind, owner.name
        ))),
        _ => Ok(()),
    }
}

/// The status is made anew each time, but for the start.
fn base(job: &DynamicObject) -> Value {
    let mut status = json!({"lastObservedGeneration": object::generation(job)});
    let started = at(&job.data, "/status/startedAt");
    if !started.is_null() {
        status["startedAt"] = started.clone();
    }
    status
}

/// How the import fails, if it does.
fn fails_with(faults: &Faults) -> Option<&str> {
    faults
        .get("import-killed")
        .or_else(|| faults.get("import-fails"))
}

async fn play(
    cluster: &Cluster,
    job: &DynamicObject,
    faults: &Faults,
    state: &str,
    pauses: bool,
) -> Result<Action, Error> {
    let next = match state {
        "" | "Error" => "Pending",
        "Pending" => "Running",
        _ if fails_with(faults).is_some() => "Failed",
        _ => "Succeeded",
    };
    if faults.holds(&format!("import:{state}")) {
        return Ok(Action::await_change());
    }
    let takes = match state {
        "Running" => faults.import(),
        _ => faults.phase(),
    };
    let stood = cluster.dwell(&job.uid().unwrap_or_default(), state);
    if next != "Pending" && stood < takes {
        return Ok(Action::requeue(takes - stood));
    }
    let is_killed = next == "Failed" && faults.get("import-killed").is_some();
    if pauses && next != "Pending" && !is_killed {
        let namespace = job.namespace().unwrap_or_default();
        let target = text(&job.data, "/spec/targetClusterName");
        set_pause(cluster, &namespace, target, next == "Running").await?;
    }
    let now = cluster.clock().stamp();
    let mut status = base(job);
    status["state"] = next.into();
    match next {
        "Pending" => status["startedAt"] = now.into(),
        "Running" => {}
        "Failed" => {
            let why = fails_with(faults).unwrap_or_default();
            status["message"] = why.into();
        }
        _ => status["completedAt"] = now.into(),
    }
    if next != "Pending" {
        status["jobName"] = job.name_any().into();
    }
    cluster
        .update_status(&kinds::DATA_IMPORT_JOB, EVEREST_OPERATOR, job, status)
        .await?;
    Ok(Action::await_change())
}
