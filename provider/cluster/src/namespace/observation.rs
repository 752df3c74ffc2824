//! The present state of a namespace.

use everest_core::v1;
use everest_schemas::Engine;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::NamespaceModel;
use everest_schemas::olm::Subscription;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects};

/// A namespace with the engines that `prior` lists, or all.
///
/// # Errors
/// Any error that keeps its engines from being read: see [`ClusterError`].
pub async fn observe(
    cluster: &Cluster,
    namespace: &Namespace,
    prior: Option<&NamespaceModel>,
) -> Result<NamespaceModel, ClusterError> {
    let name = namespace.name_any();
    let subscriptions = named_like_operators(cluster.objects::<Subscription>(&name)).await?;
    let engines = named_like_operators(cluster.objects::<DatabaseEngine>(&name)).await?;
    let owned = cluster.owned_keys(&namespace.metadata);
    Ok(v1::namespace::observed(
        namespace,
        &subscriptions,
        &engines,
        prior,
        &owned,
    ))
}

/// The objects of a kind that have the names of the engine operators: one LIST, or three GETs if
/// that is forbidden.
pub(super) async fn named_like_operators<K: Kind>(
    objects: Objects<K>,
) -> Result<Vec<K>, ClusterError> {
    match objects.read_all().await {
        Err(error) if error.is_forbidden() => {
            let mut found = Vec::new();
            for engine in Engine::ALL {
                found.extend(objects.get(engine.operator()).await?);
            }
            Ok(found)
        }
        other => other,
    }
}

/// The namespace from a fresh read, not from the cache.
pub(super) async fn current(
    cluster: &Cluster,
    planned: &NamespaceModel,
) -> Result<NamespaceModel, ClusterError> {
    let (_, name) = super::key(planned)?;
    cluster.read_cache.forget_namespace(name);
    let namespaces = cluster.global::<Namespace>();
    let Some(namespace) = namespaces.get(name).await? else {
        return Err(ClusterError::NotFound {
            object: namespaces.named(name),
        });
    };
    observe(cluster, &namespace, Some(planned)).await
}

/// The model of a namespace that is not finished; the planned one if it cannot be read.
pub(super) async fn pending(cluster: &Cluster, planned: &NamespaceModel) -> NamespaceModel {
    let mut model = current(cluster, planned)
        .await
        .unwrap_or_else(|_| planned.clone());
    model.ready = false.into();
    model
}
