//! The finalizer that keeps the data of a backup when its object is deleted.

use everest_schemas::everest::DatabaseClusterBackup;
use serde_json::{Value, json};

use crate::api::STORAGE_PROTECTION;

/// Returns true if the data stays in the bucket when the object goes. Also true if the object is
/// being deleted already: it accepts no new finalizer.
pub fn keeps_its_data(backup: &DatabaseClusterBackup) -> bool {
    let finalizers = backup.metadata.finalizers.iter().flatten();
    let protected = finalizers.into_iter().any(|own| own == STORAGE_PROTECTION);
    protected || backup.metadata.deletion_timestamp.is_some()
}

/// The merge patch that keeps the data; `None` if the data is kept already, or if that cannot be
/// changed any more. The patch writes the whole list of finalizers, so it names the resource
/// version that was read.
pub fn protect(backup: &DatabaseClusterBackup) -> Option<Value> {
    if keeps_its_data(backup) {
        return None;
    }
    let mut finalizers = backup.metadata.finalizers.clone().unwrap_or_default();
    finalizers.push(STORAGE_PROTECTION.to_owned());
    Some(json!({"metadata": {
        "resourceVersion": backup.metadata.resource_version, "finalizers": finalizers}}))
}
