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

/// The same for a database that was just created: its claims are newer than a remembered list.
pub async fn with_classes(cluster: &Cluster, made: DatabaseModel) -> DatabaseModel {
    let claims = <PersistentVolumeClaim as kube::Resource>::plural(&());
    cluster
        .read_cache
        .forget(&claims, made.namespace.known_str());
    named(cluster, made).await
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
        Err(error) => tracing::debug!(%error, "the classes of volumes were not looked for"),
    }
    found
}
