//! The lock on a namespace in which the operator of an engine is being upgraded.

use everest_core::facts::UPGRADE_LOCK;
use everest_schemas::everest::DatabaseEngine;
use kube::ResourceExt;

use crate::Cluster;

/// The operator of the namespace that is being upgraded, if one is. Not being allowed to
/// look is no reason to hold a change back.
pub(crate) async fn holder(cluster: &Cluster, namespace: &str) -> Option<String> {
    let engines = cluster
        .objects::<DatabaseEngine>(namespace)
        .list("")
        .await
        .ok()?;
    engines
        .into_iter()
        .find(|engine| engine.annotations().contains_key(UPGRADE_LOCK))
        .map(|engine| engine.name_any())
}
