//! A database made from a backup or from imported data.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use super::{CLUSTER_NAME, restore, write_back};
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::kinds;
use crate::object::{self, at, text};

/// Goes on with `spec.dataSource` of a database; returns the database if its spec changes.
///
/// 1. Nothing happens until the status says `ready` and, for MongoDB, backups are set up.
/// 2. PXC and MongoDB: then a restore named like the database is made. Once that has ended,
///    well or not, `spec.dataSource` is cleared.
/// 3. PostgreSQL starts from the backup, so ready is done.
/// 4. An import gets its job; its `spec.dataSource` stays.
pub async fn advance(
    cluster: &Cluster,
    database: &DynamicObject,
    engine: Engine,
    engine_cr: Option<&DynamicObject>,
) -> Result<Option<DynamicObject>, Error> {
    let source = at(&database.data, "/spec/dataSource");
    if source.is_null() || text(&database.data, "/status/status") != "ready" {
        return Ok(None);
    }
    if engine == Engine::Psmdb {
        let cr = engine_cr.map_or(&Value::Null, |cr| &cr.data);
        if text(cr, "/status/backupVersion").is_empty() {
            return Ok(None);
        }
    }
    if source["dataImport"].is_object() {
        import(cluster, database, source).await?;
        return Ok(None);
    }
    let namespace = database.namespace().unwrap_or_default();
    let name = database.name_any();
    let made = cluster.get(&kinds::RESTORE, &namespace, &name);
    if engine == Engine::Postgresql || made.as_deref().is_some_and(restore::finished) {
        let cleared = write_back::with_spec(database, |spec: &mut Map<String, Value>| {
            spec.remove("dataSource");
        });
        return Ok(Some(cleared));
    }
    if text(source, "/dbClusterBackupName").is_empty() == source["backupSource"].is_null() {
        let why = "either DBClusterBackupName or BackupSource must be specified";
        return Err(Error::Waiting(why.to_owned()));
    }
    if made.is_none() {
        let source = restore_source(cluster, &namespace, engine, source);
        let spec = json!({"spec": {"dbClusterName": name, "dataSource": source}});
        let mut made = object::new(&kinds::RESTORE, &namespace, &name, spec);
        object::adopt(&mut made, &kinds::DATABASE_CLUSTER, database);
        cluster
            .create(&kinds::RESTORE, EVEREST_OPERATOR, &made)
            .await?;
    }
    Ok(None)
}

/// MongoDB finds a backup of another database only by its path.
fn restore_source(cluster: &Cluster, namespace: &str, engine: Engine, source: &Value) -> Value {
    let name = text(source, "/dbClusterBackupName");
    if engine != Engine::Psmdb || name.is_empty() {
        return source.clone();
    }
    let Some(made) = cluster.get(engine.backup_kind(), namespace, name) else {
        return json!({});
    };
    let mut by_path = json!({"backupSource": {
        "path": text(&made.data, "/status/destination"),
        "backupStorageName": text(&made.data, "/spec/storageName"),
    }});
    if !source["pitr"].is_null() {
        by_path["pitr"] = source["pitr"].clone();
    }
    by_path
}

/// Name of the job that imports into a database.
pub fn import_job_name(database: &str) -> String {
    format!("data-import-{database}")
}

async fn import(cluster: &Cluster, database: &DynamicObject, source: &Value) -> Result<(), Error> {
    let namespace = database.namespace().unwrap_or_default();
    let name = database.name_any();
    let job = import_job_name(&name);
    if cluster
        .get(&kinds::DATA_IMPORT_JOB, &namespace, &job)
        .is_some()
    {
        return Ok(());
    }
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
        .await
}

/// Copies the source database's user Secret when a database starts from a backup and has no
/// Secret yet. Fails when the source database or its Secret is gone, also long after the start.
pub async fn copy_user_secret(cluster: &Cluster, database: &DynamicObject) -> Result<(), Error> {
    let backup = text(&database.data, "/spec/dataSource/dbClusterBackupName");
    if backup.is_empty() {
        return Ok(());
    }
    let namespace = database.namespace().unwrap_or_default();
    let secret = text(&database.data, "/spec/engine/userSecretsName");
    let missing = |what: &str, name: &str| Error::Waiting(format!("{what} {name:?} not found"));
    // Without the backup nothing can be copied, which is no failure.
    let Some(found) = cluster.get(&kinds::BACKUP, &namespace, backup) else {
        return Ok(());
    };
    let source_name = text(&found.data, "/spec/dbClusterName");
    let source = cluster
        .get(&kinds::DATABASE_CLUSTER, &namespace, source_name)
        .ok_or_else(|| missing("DatabaseCluster", source_name))?;
    let source_secret = text(&source.data, "/spec/engine/userSecretsName");
    let from = cluster
        .read(&kinds::SECRET, &namespace, source_secret)
        .await?
        .ok_or_else(|| missing("Secret", source_secret))?;
    if cluster
        .read(&kinds::SECRET, &namespace, secret)
        .await?
        .is_some()
    {
        return Ok(());
    }
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
