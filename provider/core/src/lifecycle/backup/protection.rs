//! Keeping the data of a backup when its object goes.

use everest_schemas::everest::DatabaseClusterBackup;
use serde_json::{Value, json};

use crate::api::STORAGE_PROTECTION;

/// Whether the data stays in the bucket when the object goes. One that is going already takes no
/// new finalizers.
pub fn keeps_its_data(backup: &DatabaseClusterBackup) -> bool {
    let finalizers = backup.metadata.finalizers.iter().flatten();
    let protected = finalizers.into_iter().any(|own| own == STORAGE_PROTECTION);
    protected || backup.metadata.deletion_timestamp.is_some()
}

/// The merge patch that keeps the data; none where that is so or cannot be changed any more. The
/// whole list of finalizers is written, so it has to be the one that was read.
pub fn protect(backup: &DatabaseClusterBackup) -> Option<Value> {
    if keeps_its_data(backup) {
        return None;
    }
    let mut finalizers = backup.metadata.finalizers.clone().unwrap_or_default();
    finalizers.push(STORAGE_PROTECTION.to_owned());
    Some(json!({"metadata": {
        "resourceVersion": backup.metadata.resource_version, "finalizers": finalizers}}))
}
