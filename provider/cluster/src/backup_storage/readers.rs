//! The storages that read a Secret. Everest makes one of them its owner, and the Secret goes with
//! that one, whoever else reads it.

use everest_schemas::everest::BackupStorage;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::Objects;

/// The storages that read the Secret `secret`; none where they may not be listed.
///
/// # Errors
/// Whatever keeps them from being listed.
pub(super) async fn of(
    storages: &Objects<BackupStorage>,
    secret: &str,
) -> Result<Vec<BackupStorage>, ClusterError> {
    let mut readers = storages.listed().await?;
    readers.retain(|storage| storage.spec.credentials_secret_name.known_str() == Some(secret));
    Ok(readers)
}

/// Whether a storage of the namespace reads the Secret `secret`.
///
/// # Errors
/// Whatever keeps them from being listed.
pub async fn are_left(
    cluster: &Cluster,
    namespace: &str,
    secret: &str,
) -> Result<bool, ClusterError> {
    Ok(!of(&cluster.objects(namespace), secret).await?.is_empty())
}

/// The other storages that lose their Secret with `storage`.
///
/// # Errors
/// Whatever keeps them from being looked for.
pub(super) async fn bereft(
    cluster: &Cluster,
    storages: &Objects<BackupStorage>,
    storage: &BackupStorage,
) -> Result<Vec<BackupStorage>, ClusterError> {
    let Some(name) = storage.spec.credentials_secret_name.known_str() else {
        return Ok(Vec::new());
    };
    let mut others = of(storages, name).await?;
    others.retain(|other| other.name_any() != storage.name_any());
    if others.is_empty() {
        return Ok(others);
    }
    let namespace = storages.namespace().unwrap_or_default();
    let secret = cluster.objects::<Secret>(namespace).metadata(name).await?;
    let owned = secret
        .and_then(|secret| secret.owner_references)
        .into_iter()
        .flatten()
        .any(|owner| Some(owner.uid) == storage.metadata.uid);
    Ok(if owned { others } else { Vec::new() })
}
