//! The end of a DatabaseCluster.

use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::json;

use super::UPSTREAM_CLEANUP;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::kinds;
use crate::object::{self, text, truth};

/// Takes a deleted database down:
///
/// 1. the Secret of an import goes; MongoDB's PITR is switched off;
/// 2. wait until no backup names the database (the garbage collector deletes
///    them, because of `foregroundDeletion`);
/// 3. delete the engine's object and wait until it is gone;
/// 4. remove the operator's finalizer.
pub async fn finish(
    cluster: &Cluster,
    database: &DynamicObject,
    engine: Engine,
) -> Result<Action, Error> {
    if !object::has_finalizer(database, UPSTREAM_CLEANUP) {
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
    if backups {
        return Ok(Action::requeue(Duration::from_secs(5)));
    }
    if let Some(cr) = engine_cr {
        if !object::deleting(&cr) {
            cluster.delete(kind, &namespace, &name).await?;
        }
        return Ok(Action::requeue(Duration::from_secs(2)));
    }
    // The status was written in this reconcile: read again before the Update.
    if let Some(mut fresh) = cluster
        .read(&kinds::DATABASE_CLUSTER, &namespace, &name)
        .await?
        && object::remove_finalizers(&mut fresh, &[UPSTREAM_CLEANUP])
    {
        cluster
            .update(&kinds::DATABASE_CLUSTER, EVEREST_OPERATOR, &fresh)
            .await?;
    }
    Ok(Action::await_change())
}
