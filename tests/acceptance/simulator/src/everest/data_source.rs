//! A database made from a backup or from imported data.

use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use super::{CLUSTER_NAME, restore, write_back};
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, items, text};

/// Goes on with `spec.dataSource` of a database; returns when to look again.
///
/// 1. PXC and MongoDB: nothing happens until the database is ready; then a
///    restore named like the database is made.
/// 2. PostgreSQL starts from the backup, so ready is done.
/// 3. Done: `spec.dataSource` is cleared, unless it is an import.
/// 4. An import gets its job once the database is ready.
pub async fn advance(
    cluster: &Cluster,
    database: &DynamicObject,
    engine: Engine,
    engine_cr: Option<&DynamicObject>,
    status: &Value,
) -> Result<Option<Duration>, Error> {
    let source = at(&database.data, "/spec/dataSource");
    let engine_state = engine_cr.map_or("", |cr| text(&cr.data, "/status/state"));
    if source.is_null() || engine_state != "ready" {
        return Ok(None);
    }
    if engine == Engine::Psmdb {
        let cr = engine_cr.map_or(&Value::Null, |cr| &cr.data);
        if text(cr, "/status/backupVersion").is_empty() {
            return Ok(Some(Duration::from_millis(500)));
        }
    }
    if source["dataImport"].is_object() {
        return import(cluster, database, source, status).await;
    }
    if text(source, "/dbClusterBackupName").is_empty() && source["backupSource"].is_null() {
        return Ok(None);
    }
    if engine == Engine::Postgresql {
        clear(cluster, database).await?;
        return Ok(None);
    }
    let namespace = database.namespace().unwrap_or_default();
    let name = database.name_any();
    match cluster.get(&kinds::RESTORE, &namespace, &name) {
        None => {
            if let Some(wait) = settling(cluster, database, engine, engine_cr) {
                return Ok(Some(wait));
            }
            let spec = json!({"spec": {"dbClusterName": name, "dataSource": source}});
            let mut made = object::new(&kinds::RESTORE, &namespace, &name, spec);
            object::add_label(&mut made, CLUSTER_NAME, &name);
            object::adopt(&mut made, &kinds::DATABASE_CLUSTER, database);
            cluster
                .create(&kinds::RESTORE, EVEREST_OPERATOR, &made)
                .await?;
            Ok(None)
        }
        Some(made) if restore::succeeded(&made) => {
            clear(cluster, database).await?;
            Ok(None)
        }
        Some(_) => Ok(None),
    }
}

/// MongoDB must have been ready for a while before a restore may start; 30 s
/// with the real operator, scaled down here.
fn settling(
    cluster: &Cluster,
    database: &DynamicObject,
    engine: Engine,
    engine_cr: Option<&DynamicObject>,
) -> Option<Duration> {
    if engine != Engine::Psmdb {
        return None;
    }
    let namespace = database.namespace().unwrap_or_default();
    let faults = Faults::of(cluster, &namespace, &database.name_any(), Some(database));
    let grace = faults.duration("restore-grace", Duration::from_secs(1));
    let ready = engine_cr.and_then(|cr| {
        items(&cr.data, "/status/conditions")
            .iter()
            .find(|c| text(c, "/type") == "ready" && text(c, "/status") == "True")
            .and_then(|c| {
                text(c, "/lastTransitionTime")
                    .parse::<jiff::Timestamp>()
                    .ok()
            })
    });
    let stood = ready
        .and_then(|since| Duration::try_from(jiff::Timestamp::now().duration_since(since)).ok())
        .unwrap_or_default();
    (stood < grace).then(|| grace.saturating_sub(stood) + Duration::from_millis(50))
}

async fn clear(cluster: &Cluster, database: &DynamicObject) -> Result<(), Error> {
    let cleared = write_back::with_spec(database, |spec: &mut Map<String, Value>| {
        spec.remove("dataSource");
    });
    cluster
        .update(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, &cleared)
        .await?;
    Ok(())
}

/// Name of the job that imports into a database.
pub fn import_job_name(database: &str) -> String {
    format!("data-import-{database}")
}

async fn import(
    cluster: &Cluster,
    database: &DynamicObject,
    source: &Value,
    status: &Value,
) -> Result<Option<Duration>, Error> {
    let namespace = database.namespace().unwrap_or_default();
    let name = database.name_any();
    let job = import_job_name(&name);
    if cluster
        .get(&kinds::DATA_IMPORT_JOB, &namespace, &job)
        .is_none()
    {
        let import = &source["dataImport"];
        let mut spec = json!({
            "targetClusterName": name,
            "dataImporterName": text(import, "/dataImporterName"),
            "source": import["source"],
        });
        if !import["config"].is_null() {
            spec["config"] = import["config"].clone();
        }
        let mut made = object::new(
            &kinds::DATA_IMPORT_JOB,
            &namespace,
            &job,
            json!({ "spec": spec }),
        );
        object::add_label(&mut made, CLUSTER_NAME, &name);
        object::adopt(&mut made, &kinds::DATABASE_CLUSTER, database);
        cluster
            .create(&kinds::DATA_IMPORT_JOB, EVEREST_OPERATOR, &made)
            .await?;
    }
    if text(status, "/dataImportJobName") != job {
        let mut status = status.clone();
        status["dataImportJobName"] = job.into();
        cluster
            .update_status(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, database, status)
            .await?;
    }
    Ok(None)
}

/// Copies the source database's user Secret when a database starts from a
/// backup and has no Secret yet.
pub async fn copy_user_secret(cluster: &Cluster, database: &DynamicObject) -> Result<(), Error> {
    let backup = text(&database.data, "/spec/dataSource/dbClusterBackupName");
    if backup.is_empty() {
        return Ok(());
    }
    let namespace = database.namespace().unwrap_or_default();
    let secret = text(&database.data, "/spec/engine/userSecretsName");
    if cluster
        .read(&kinds::SECRET, &namespace, secret)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let missing = |what: &str, name: &str| Error::Waiting(format!("{what} {name:?} not found"));
    let found = cluster
        .get(&kinds::BACKUP, &namespace, backup)
        .ok_or_else(|| missing("DatabaseClusterBackup", backup))?;
    let source_name = text(&found.data, "/spec/dbClusterName");
    let source = cluster
        .get(&kinds::DATABASE_CLUSTER, &namespace, source_name)
        .ok_or_else(|| missing("DatabaseCluster", source_name))?;
    let source_secret = text(&source.data, "/spec/engine/userSecretsName");
    let from = cluster
        .read(&kinds::SECRET, &namespace, source_secret)
        .await?
        .ok_or_else(|| missing("Secret", source_secret))?;
    let copy = object::new(
        &kinds::SECRET,
        &namespace,
        secret,
        json!({"type": "Opaque", "data": from.data["data"]}),
    );
    cluster
        .create(&kinds::SECRET, EVEREST_OPERATOR, &copy)
        .await
}
