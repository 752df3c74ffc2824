//! DataImportJob: Pending → Running → Succeeded or Failed.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::json;

use super::CLUSTER_NAME;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, text};

/// Adopts the job and plays its states; the job itself is not run.
pub async fn reconcile(job: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, Error> {
    let namespace = job.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) || object::deleting(&job) {
        return Ok(Action::await_change());
    }
    let target = text(&job.data, "/spec/targetClusterName");
    let Some(database) = cluster.get(&kinds::DATABASE_CLUSTER, &namespace, target) else {
        return Ok(Action::await_change());
    };
    let mut marked = (*job).clone();
    let mut changed = object::add_label(&mut marked, CLUSTER_NAME, target);
    changed |= object::adopt(&mut marked, &kinds::DATABASE_CLUSTER, &database);
    if changed {
        cluster
            .update(&kinds::DATA_IMPORT_JOB, EVEREST_OPERATOR, &marked)
            .await?;
        return Ok(Action::await_change());
    }
    let mut status = at(&job.data, "/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    let state = text(&status, "/state").to_owned();
    let faults = Faults::of(&cluster, &namespace, target, Some(&database));
    let phase = faults.phase();
    let next = match state.as_str() {
        "" => "Pending",
        "Pending" => "Running",
        "Running" if faults.get("import-fails").is_some() => "Failed",
        "Running" => "Succeeded",
        _ => return Ok(Action::await_change()),
    };
    if faults.holds(&format!("import:{state}")) {
        return Ok(Action::await_change());
    }
    let stood = cluster.dwell(&job.uid().unwrap_or_default(), &state);
    if !state.is_empty() && stood < phase {
        return Ok(Action::requeue(phase - stood));
    }
    status["state"] = next.into();
    status["lastObservedGeneration"] = object::generation(&job).into();
    match next {
        "Pending" => status["startedAt"] = object::now().into(),
        "Running" => status["jobName"] = job.name_any().into(),
        _ => status["completedAt"] = object::now().into(),
    }
    if next == "Failed" {
        status["message"] = faults.get("import-fails").unwrap_or_default().into();
    }
    cluster
        .update_status(&kinds::DATA_IMPORT_JOB, EVEREST_OPERATOR, &job, status)
        .await?;
    Ok(Action::await_change())
}
