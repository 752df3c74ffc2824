//! DatabaseCluster: from spec to the engine's object, and back to a status.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Map, Value, json};

use super::engine_object::Pass;
use super::status::{self, Sighting, Volumes};
use super::{
    RECONCILE_PAUSED, RESTART, data_source, database_engine, deletion, known_members, restore,
    scheduled_backup, split_horizon, user_interface, write_back,
};
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, text, truth};

/// One pass over a database:
///
/// 1. write finalizers, what a restart asks for and, for PXC, the defaults that the spec lacks;
/// 2. copy the Secret of the database that the data come from, and read engine and operator:
///    what fails so far leaves the status as it was, generation included;
/// 3. build the engine's object and store it if it differs (not while PXC restores), and write
///    back into the spec what came of it;
/// 4. compute the status from what the engine's object said before, also when step 3 failed:
///    the reason is lost then, a database that was ready says that it is and has seen
///    everything, and nothing is tried again until something changes;
/// 5. mirror the engine's scheduled backups.
pub async fn reconcile(
    database: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let namespace = database.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) {
        return Ok(Action::await_change());
    }
    let name = database.name_any();
    let faults = Faults::of(&cluster, &namespace, &name, Some(&database));
    if faults.get("ui-restart").is_some() {
        user_interface::restart(&cluster, &database).await?;
        return Ok(Action::await_change());
    }
    let gone = object::deleting(&database);
    let paused = database.annotations().get(RECONCILE_PAUSED);
    if paused.is_some_and(|v| v == "true") && !gone {
        return Ok(Action::await_change());
    }
    let Some(engine) = Engine::of_type(text(&database.data, "/spec/engine/type")) else {
        return Ok(Action::await_change());
    };
    let written = match gone {
        true => None,
        false => restarted(&database).or_else(|| write_back::marked(&database)),
    };
    if let Some(written) = written {
        store(&cluster, &faults, written).await?;
        return Ok(Action::await_change());
    }
    let defaulted = write_back::defaulted(&database, engine);
    let full = defaulted.as_ref().unwrap_or(&database);
    data_source::copy_user_secret(&cluster, full).await?;
    let offered = offered(&cluster, &namespace, engine)?;
    let operator = operator(&cluster, &namespace, engine)?;
    if engine == Engine::Pxc && defaulted.is_some() {
        store(&cluster, &faults, full.clone()).await?;
        return Ok(Action::await_change());
    }
    if gone {
        return deletion::finish(&cluster, &database, engine).await;
    }
    let before = cluster
        .read(engine.cluster_kind(), &namespace, &name)
        .await?;
    let restoring = restoring(&cluster, &namespace, &name);
    let mut pass = Pass {
        cluster: &cluster,
        database: full,
        engine,
        namespace: &namespace,
        operator,
        volumes: Volumes::Unseen,
    };
    let mut engine_cr = before.clone();
    let mut seen = database.clone();
    if !(restoring && engine == Engine::Pxc) {
        let carried = carry_out(&mut pass, &faults, &database, &offered, before.as_ref()).await;
        match carried {
            Ok((stored, written)) => {
                engine_cr = Some(stored);
                if faults.get("late-generation").is_none() {
                    seen = written.map_or(seen, Arc::new);
                }
            }
            Err(reason) => tracing::warn!(namespace, name, %reason, "not carried out"),
        }
    }
    let status = write_status(&pass, &faults, &seen, engine_cr.as_ref(), restoring).await?;
    scheduled_backup::mirror(&cluster, &database, engine, before.as_ref()).await?;
    Ok(match text(&status, "/status") {
        "ready" => Action::await_change(),
        _ => Action::requeue(cluster.pace().look_again),
    })
}

fn offered(
    cluster: &Cluster,
    namespace: &str,
    engine: Engine,
) -> Result<Arc<DynamicObject>, Error> {
    let name = engine.operator();
    cluster
        .get(&kinds::DATABASE_ENGINE, namespace, name)
        .ok_or_else(|| Error::Waiting(format!("DatabaseEngine {name:?} not found")))
}

/// Version of the engine's operator, which only PostgreSQL's databases can do without.
fn operator(cluster: &Cluster, namespace: &str, engine: Engine) -> Result<String, Error> {
    match database_engine::deployed(cluster, namespace, engine) {
        Some(version) => Ok(version),
        None if engine == Engine::Postgresql => Ok(String::new()),
        None => {
            let name = engine.operator();
            Err(Error::Waiting(format!("Deployment {name:?} not found")))
        }
    }
}

fn restoring(cluster: &Cluster, namespace: &str, name: &str) -> bool {
    cluster
        .list(&kinds::RESTORE, namespace)
        .iter()
        .any(|r| text(&r.data, "/spec/dbClusterName") == name && !restore::finished(r))
}

/// Stores a full object, without the members that the operator's types lack.
async fn store(
    cluster: &Cluster,
    faults: &Faults,
    mut written: DynamicObject,
) -> Result<DynamicObject, Error> {
    if let Some(pointers) = faults.get("forgets") {
        known_members::forget(&mut written.data["spec"], pointers);
    }
    cluster
        .update(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, &written)
        .await
}

/// The engine's object, then the data source, then what both change in the spec; returns the
/// engine's object and the database if it was written.
async fn carry_out(
    pass: &mut Pass<'_>,
    faults: &Faults,
    database: &DynamicObject,
    offered: &DynamicObject,
    before: Option<&DynamicObject>,
) -> Result<(DynamicObject, Option<DynamicObject>), Error> {
    let stored = pass.apply(offered, before).await?;
    let advanced = data_source::advance(pass.cluster, pass.database, pass.engine, before).await?;
    let written = advanced.as_ref().unwrap_or(pass.database);
    if written.data["spec"] == database.data["spec"] {
        return Ok((stored, None));
    }
    let written = store(pass.cluster, faults, written.clone()).await?;
    Ok((stored, Some(written)))
}

async fn write_status(
    pass: &Pass<'_>,
    faults: &Faults,
    database: &DynamicObject,
    engine_cr: Option<&DynamicObject>,
    restoring: bool,
) -> Result<Value, Error> {
    let job = data_source::import_job_name(&database.name_any());
    let found = pass
        .cluster
        .get(&kinds::DATA_IMPORT_JOB, pass.namespace, &job)
        .filter(|_| at(&database.data, "/spec/dataSource/dataImport").is_object());
    let mut status = status::compute(&Sighting {
        database,
        engine: pass.engine,
        engine_cr,
        operator: &pass.operator,
        restoring,
        import_job: found
            .as_deref()
            .map(|found| (job.as_str(), text(&found.data, "/status/state"))),
        volumes: pass.volumes,
        resize_failed: faults.get("resize-fails").filter(|_| {
            engine_cr.is_some_and(|cr| cr.annotations().contains_key(status::RESIZING))
        }),
        now: &pass.cluster.clock().stamp(),
    });
    let config = split_horizon::config(database);
    let config = config.and_then(|name| {
        let kind = &kinds::SPLIT_HORIZON;
        pass.cluster.get(kind, pass.namespace, name)
    });
    if let Some(config) = config {
        let engine_status = engine_cr.map_or(&Value::Null, |cr| at(&cr.data, "/status"));
        status["engineFeatures"] = split_horizon::status(database, &config, engine_status);
    }
    pass.cluster
        .update_status(
            &kinds::DATABASE_CLUSTER,
            EVEREST_OPERATOR,
            database,
            status.clone(),
        )
        .await?;
    Ok(status)
}

/// A restart is a pause that ends by itself.
fn restarted(database: &DynamicObject) -> Option<DynamicObject> {
    if !database.annotations().contains_key(RESTART) {
        return None;
    }
    let status = at(&database.data, "/status");
    let down = text(status, "/status") == "paused" && status["ready"].is_null();
    if !down && truth(&database.data, "/spec/paused") {
        return None;
    }
    let mut changed = write_back::with_spec(database, |spec: &mut Map<String, Value>| {
        spec.insert("paused".to_owned(), json!(true));
        if down {
            spec.remove("paused");
        }
    });
    if down {
        changed.annotations_mut().remove(RESTART);
        if changed.annotations().is_empty() {
            changed.metadata.annotations = None;
        }
    }
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restarting(paused: bool, status: Value) -> DynamicObject {
        let spec = json!({"engine": {"type": "pxc"}, "paused": paused});
        let mut database = object::new(
            &kinds::DATABASE_CLUSTER,
            "n",
            "orders",
            json!({"spec": spec, "status": status}),
        );
        let annotations = [(RESTART.to_owned(), "true".to_owned())];
        database.metadata.annotations = Some(annotations.into());
        database
    }

    #[test]
    fn a_restart_pauses_waits_until_all_is_down_and_goes_on() {
        let up = restarting(false, json!({"status": "ready", "ready": 3}));
        let pausing = restarted(&up).unwrap();
        assert_eq!(pausing.data["spec"]["paused"], true);
        assert!(pausing.annotations().contains_key(RESTART));
        let stopping = restarting(true, json!({"status": "stopping", "ready": 3}));
        assert!(restarted(&stopping).is_none());
        let down = restarting(true, json!({"status": "paused"}));
        let up_again = restarted(&down).unwrap();
        assert!(up_again.data["spec"]["paused"].is_null());
        assert!(!up_again.annotations().contains_key(RESTART));
    }
}
