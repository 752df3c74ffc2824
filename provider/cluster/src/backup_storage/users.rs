//! Letting go of a backup storage that was deleted while it was used.

use std::sync::Arc;

use everest_core::lifecycle::backup_storage::ReleaseStorage;
use everest_schemas::everest::BackupStorage;
use kube::ResourceExt;

use crate::error::ClusterError;
use crate::objects::Objects;
use crate::{Stepped, Stepper, Times};

/// Takes Everest's finalizer off a deleted storage that nothing uses. Returns true if it did.
///
/// # Errors
/// Whatever keeps the users from being listed, or the storage from being written.
pub(crate) async fn release(
    storages: &Objects<BackupStorage>,
    storage: &BackupStorage,
) -> Result<bool, ClusterError> {
    let name = storage.name_any();
    let namespace = storages.namespace().unwrap_or_default();
    let mut times = Times::default();
    let mut lifecycle = ReleaseStorage::of(namespace, &name);
    let mut stepper = Stepper::new(storages.cluster(), &mut times);
    let seen = Some(Arc::new(storage.clone()) as _);
    match stepper.walk(&mut lifecycle, seen).await {
        Ok(Stepped::Done(released)) => {
            if released {
                let object = storages.named(&name);
                tracing::warn!(%object, "nothing uses it: Everest's finalizer was taken off");
            }
            Ok(released)
        }
        Ok(_) => Ok(false),
        // Somebody was faster; what is there now is looked at again.
        Err(ClusterError::NotFound { .. } | ClusterError::Api { code: 409, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
