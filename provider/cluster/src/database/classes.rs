//! The storage classes of volumes, which a DatabaseCluster need not name.

use everest_core::storage_class;
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use crate::Cluster;

/// The model of a database with the storage classes of its volumes.
///
/// If the object names no class, the class comes from `prior` if that is the same database, and
/// otherwise from the claims of the volumes. If claims may not be listed, the class stays open.
pub async fn observe(
    cluster: &Cluster,
    object: &DatabaseCluster,
    prior: &DatabaseModel,
) -> DatabaseModel {
    let mut found = cluster.observed(object);
    storage_class::keep(&mut found, prior);
    named(cluster, found).await
}

/// The same of a database that was just made: its claims are newer than what was listed before. A
/// watch shows them to all that are made.
pub async fn with_classes(cluster: &Cluster, mut made: DatabaseModel) -> DatabaseModel {
    let Some(namespace) = made.namespace.known().cloned() else {
        return made;
    };
    if !storage_class::is_open(&made) {
        return made;
    }
    let claims = cluster.objects::<PersistentVolumeClaim>(&namespace);
    let watch_cache = cluster.read_cache.watch_cache(&claims);
    match watch_cache.followed(&claims).await {
        Some(shown) => storage_class::fill_in(&mut made, &shown),
        None => {
            let (resource, namespace) = (claims.resource(), claims.namespace());
            cluster.read_cache.forget(resource, namespace);
            return named(cluster, made).await;
        }
    }
    made
}

/// The same model with the classes from the claims, where the object names none.
async fn named(cluster: &Cluster, mut found: DatabaseModel) -> DatabaseModel {
    let Some(namespace) = found.namespace.known() else {
        return found;
    };
    if !storage_class::is_open(&found) {
        return found;
    }
    let claims = cluster.objects::<PersistentVolumeClaim>(namespace);
    match claims.read_all().await {
        Ok(claims) => storage_class::fill_in(&mut found, &claims),
        Err(error) => {
            tracing::debug!(%error, "the classes of volumes were not looked for");
            cluster.note_unread(&error);
        }
    }
    found
}
