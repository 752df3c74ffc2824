//! What the rules want to know of a cluster, in few requests.
//!
//! Each kind is one LIST for all resources of a run, remembered by the
//! [`hub`](crate::hub). Whatever cannot be read is left out and stops nothing:
//! rules say nothing of what they have not seen.

use std::collections::BTreeMap;

use everest_core::facts::{All, Facts, Kind, Seen, Wanted};
use everest_schemas::everest::DatabaseCluster;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use serde_json::Value;
use tokio::time::timeout;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::{self, Objects};
use crate::silence::PATIENCE;

/// What `cluster` shows of what is `wanted`.
///
/// 1. Nothing is asked while the namespace is not known, or when the cluster did not answer a
///    moment ago.
/// 2. The namespace comes first: if it does not exist, there is nothing in it.
/// 3. The kinds are listed at the same time, and the Secrets looked for by their metadata.
///
/// What is forbidden, not served or not answered in time is not in the result.
pub async fn load(cluster: &Cluster, wanted: &Wanted) -> Facts {
    let Some(namespace) = wanted.namespace.as_deref() else {
        return Facts::default();
    };
    if cluster.is_silent() {
        return Facts::default();
    }
    // All requests at once are a large state, which does not belong on the stack of whoever asks.
    match timeout(PATIENCE, Box::pin(ask(cluster, namespace, wanted))).await {
        Ok(facts) => facts,
        Err(_) => {
            cluster.note_contact(Some(&cluster.unanswered(PATIENCE)));
            Facts::default()
        }
    }
}

/// The same without anything that was remembered, before an error is made of it.
pub async fn load_afresh(cluster: &Cluster, wanted: &Wanted) -> Facts {
    cluster.hub.forget_all();
    load(cluster, wanted).await
}

async fn ask(cluster: &Cluster, namespace: &str, wanted: &Wanted) -> Facts {
    let seen = match cluster.global::<Namespace>().read(namespace).await {
        Ok(Some(found)) => Seen::Found(found),
        Ok(None) => Seen::Absent,
        Err(error) => {
            if matches!(error, ClusterError::Unreachable { .. }) {
                cluster.note_contact(Some(&error));
                return Facts::default();
            }
            tracing::debug!(%error, "the namespace was not read for the rules");
            Seen::Unread
        }
    };
    if seen == Seen::Absent {
        // Without Everest the namespace is not what is missing first, and the write says so.
        let databases = cluster.objects::<DatabaseCluster>(namespace);
        if let Err(error) = databases.read_all().await
            && error.is_not_served()
        {
            return Facts::default();
        }
        return Facts {
            namespace: seen,
            ..Facts::default()
        };
    }
    let want = |kind: Kind| wanted.kinds.contains(&kind);
    let (engines, databases, backups, storages, monitoring_configs, split_horizons) = tokio::join!(
        all(want(Kind::Engines), cluster.objects(namespace)),
        all(want(Kind::Databases), cluster.objects(namespace)),
        all(want(Kind::Backups), cluster.objects(namespace)),
        all(want(Kind::Storages), cluster.objects(namespace)),
        all(want(Kind::MonitoringConfigs), cluster.objects(namespace)),
        all(want(Kind::SplitHorizons), cluster.objects(namespace)),
    );
    let (subscriptions, install_plans, engines_everywhere) = tokio::join!(
        all(want(Kind::Subscriptions), cluster.objects(namespace)),
        all(want(Kind::InstallPlans), cluster.objects(namespace)),
        everywhere(want(Kind::EnginesEverywhere), cluster.global()),
    );
    let (policies, load_balancer_configs, importers, storage_classes, secrets) = tokio::join!(
        all(want(Kind::Policies), cluster.global()),
        all(want(Kind::LoadBalancerConfigs), cluster.global()),
        all(want(Kind::Importers), cluster.global()),
        all(want(Kind::StorageClasses), cluster.global()),
        secrets(cluster, namespace, wanted),
    );
    let engine_object = engine_object(cluster, namespace, wanted).await;
    Facts {
        namespace: seen,
        engines,
        engines_everywhere,
        subscriptions,
        install_plans,
        databases,
        backups,
        storages,
        monitoring_configs,
        split_horizons,
        policies,
        load_balancer_configs,
        importers,
        storage_classes,
        engine_object,
        secrets,
        ..Facts::default()
    }
}

/// All objects of a kind by name, if it is wanted and can be read.
async fn all<K: objects::Kind>(wanted: bool, objects: Objects<K>) -> All<K> {
    let found = everywhere(wanted, objects).await?;
    let named = found
        .into_iter()
        .filter_map(|object| Some((object.meta().name.clone()?, object)));
    Some(named.collect())
}

/// All objects of a kind, if it is wanted and can be read; names may repeat in other namespaces.
async fn everywhere<K: objects::Kind>(wanted: bool, objects: Objects<K>) -> Option<Vec<K>> {
    if !wanted {
        return None;
    }
    match objects.read_all().await {
        Ok(found) => Some(found),
        Err(error) => {
            tracing::debug!(%error, "a kind was not read for the rules");
            None
        }
    }
}

/// The engine's own object of a database, if it is wanted and can be read.
async fn engine_object(cluster: &Cluster, namespace: &str, wanted: &Wanted) -> Seen<Value> {
    let Some((engine, name)) = &wanted.engine_object else {
        return Seen::Unread;
    };
    match cluster.engine_databases(*engine, namespace).get(name).await {
        Ok(Some(found)) => serde_json::to_value(found).map_or(Seen::Unread, Seen::Found),
        Ok(None) => Seen::Absent,
        Err(error) => {
            tracing::debug!(%error, "the engine's own object was not read for the rules");
            Seen::Unread
        }
    }
}

/// Which of the Secrets exist; those that may not be looked at are left out.
async fn secrets(cluster: &Cluster, namespace: &str, wanted: &Wanted) -> BTreeMap<String, bool> {
    let objects = cluster.objects::<Secret>(namespace);
    let mut seen = BTreeMap::new();
    for name in &wanted.secrets {
        match objects.exists(name).await {
            Ok(exists) => {
                seen.insert(name.clone(), exists);
            }
            Err(error) => tracing::debug!(%error, "a Secret was not looked for"),
        }
    }
    seen
}

#[cfg(test)]
mod tests;
