//! BackupStorage: adopts its Secret and knows who uses it.

use std::sync::Arc;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::backup::mark_in_use;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::kinds;
use crate::object::{self, at, items, text};

/// 1. `verifyTLS` is written back as true when absent.
/// 2. While the Secret is missing, nothing more happens, and nothing is said. When the Secret
///    comes back, that alone changes nothing: something else must touch the storage.
/// 3. The Secret without a controller gets this storage as its controller.
/// 4. The in-use finalizer follows the use; the status says both.
/// 5. A storage that is being deleted is not looked at any more: the in-use
///    finalizer that it has then stays, also once nothing uses it.
pub async fn reconcile(
    storage: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let namespace = storage.namespace().unwrap_or_default();
    if !cluster.manages(&namespace) || object::deleting(&storage) {
        return Ok(Action::await_change());
    }
    if at(&storage.data, "/spec/verifyTLS").is_null() {
        let mut verifying = (*storage).clone();
        verifying.data["spec"]["verifyTLS"] = true.into();
        cluster
            .update(&kinds::BACKUP_STORAGE, EVEREST_OPERATOR, &verifying)
            .await?;
        return Ok(Action::await_change());
    }
    let secret = text(&storage.data, "/spec/credentialsSecretName");
    let Some(mut secret) = cluster.read(&kinds::SECRET, &namespace, secret).await? else {
        return Ok(Action::await_change());
    };
    if object::adopt(&mut secret, &kinds::BACKUP_STORAGE, &storage) {
        cluster
            .update(&kinds::SECRET, EVEREST_OPERATOR, &secret)
            .await?;
    }
    let used = in_use(&cluster, &storage);
    let mut marked = (*storage).clone();
    if mark_in_use(&mut marked, used) {
        marked = cluster
            .update(&kinds::BACKUP_STORAGE, EVEREST_OPERATOR, &marked)
            .await?;
    }
    let status = json!({
        "inUse": used,
        "lastObservedGeneration": object::generation(&storage),
    });
    cluster
        .update_status(&kinds::BACKUP_STORAGE, EVEREST_OPERATOR, &marked, status)
        .await?;
    Ok(Action::await_change())
}

/// Used by schedules, PITR and data sources of databases, by backups and by
/// restores.
fn in_use(cluster: &Cluster, storage: &DynamicObject) -> bool {
    let namespace = storage.namespace().unwrap_or_default();
    let name = storage.name_any();
    let names = |value: &Value, pointer: &str| text(value, pointer) == name;
    let databases = cluster.list(&kinds::DATABASE_CLUSTER, &namespace);
    let by_database = databases.iter().any(|d| {
        (names(&d.data, "/spec/backup/pitr/backupStorageName")
            && at(&d.data, "/spec/backup/pitr/enabled") == true)
            || names(&d.data, "/spec/dataSource/backupSource/backupStorageName")
            || items(&d.data, "/spec/backup/schedules")
                .iter()
                .any(|s| names(s, "/backupStorageName"))
    });
    by_database
        || cluster
            .list(&kinds::BACKUP, &namespace)
            .iter()
            .any(|b| names(&b.data, "/spec/backupStorageName"))
        || cluster
            .list(&kinds::RESTORE, &namespace)
            .iter()
            .any(|r| names(&r.data, "/spec/dataSource/backupSource/backupStorageName"))
}
