//! The end of a DatabaseCluster.

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::json;

use super::UPSTREAM_CLEANUP;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::kinds;
use crate::object::{self, at, text, truth};

/// Takes a deleted database down:
///
/// 1. the Secret of an import goes; MongoDB's PITR is switched off;
/// 2. wait until no backup names the database (the garbage collector deletes
///    them, because of `foregroundDeletion`);
/// 3. delete the engine's object and wait until it is gone;
/// 4. remove the operator's finalizer.
///
/// While there are backups the reconcile counts as unfinished: the next one comes when a backup
/// changes, or after a pause that doubles.
pub async fn finish(
    cluster: &Cluster,
    database: &DynamicObject,
    engine: Engine,
) -> Result<Action, Error> {
    if !object::has_finalizer(database, UPSTREAM_CLEANUP) {
        say_so(cluster, database).await?;
        return Ok(Action::await_change());
    }
    let namespace = database.namespace().unwrap_or_default();
    let name = database.name_any();
    let secret = text(
        &database.data,
        "/spec/dataSource/dataImport/source/s3/credentialsSecretName",
    );
    if !secret.is_empty() {
        cluster.delete(&kinds::SECRET, &namespace, secret).await?;
    }
    let kind = engine.cluster_kind();
    let engine_cr = cluster.read(kind, &namespace, &name).await?;
    if let Some(cr) = &engine_cr
        && engine == Engine::Psmdb
        && truth(&cr.data, "/spec/backup/pitr/enabled")
        && !object::deleting(cr)
    {
        let mut off = cr.clone();
        off.data["spec"]["backup"]["pitr"] = json!({});
        cluster.update(kind, EVEREST_OPERATOR, &off).await?;
    }
    let backups = cluster
        .list(&kinds::BACKUP, &namespace)
        .iter()
        .any(|b| text(&b.data, "/spec/dbClusterName") == name);
    let mut left = database.clone();
    match engine_cr {
        _ if backups => {}
        Some(_) => cluster.delete(kind, &namespace, &name).await?,
        None => {
            object::remove_finalizers(&mut left, &[UPSTREAM_CLEANUP]);
            left = cluster
                .update(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, &left)
                .await?;
            if left.finalizers().is_empty() {
                return Ok(Action::await_change());
            }
        }
    }
    say_so(cluster, &left).await?;
    match backups {
        true => Err(Error::Unfinished),
        false => Ok(Action::await_change()),
    }
}

/// The status keeps all that it said but the state: the generation of the deletion is never
/// observed.
async fn say_so(cluster: &Cluster, database: &DynamicObject) -> Result<(), Error> {
    let mut status = at(&database.data, "/status").clone();
    if !status.is_object() {
        status = json!({});
    }
    status["status"] = "deleting".into();
    cluster
        .update_status(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, database, status)
        .await
}
