//! What the rules want to know of a cluster, in few requests.
//!
//! Each kind is one LIST for all resources of a run, remembered by the
//! [`read_cache`](crate::read_cache). Whatever cannot be read is left out: rules say nothing of
//! what they have not seen. That stops no plan ([`load`]). A write waits until the cluster has
//! answered ([`against_write`]): what may not be read is left out there too, but what was only not
//! answered is an error.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use everest_core::facts::{All, Facts, Kind, Seen, Wanted};
use everest_core::finding::{Finding, Severity};
use everest_core::rules::{Stage, Validate};
use everest_schemas::everest::DatabaseCluster;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::error::ClusterError;
use crate::objects::{self, Objects};
use crate::unresponsive::PATIENCE;
use crate::{Cluster, Patience};

/// How long until a cluster that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// What `cluster` shows of what is `wanted`.
///
/// 1. Nothing is asked while the namespace is not known, or when the cluster did not answer a
///    moment ago.
/// 2. The namespace comes first: if it does not exist, there is nothing in it.
/// 3. The kinds are listed at the same time, and the Secrets looked for by their metadata.
///
/// What is forbidden, not served or not answered in time is not in the result.
pub async fn load(cluster: &Cluster, wanted: &Wanted) -> Facts {
    gather(cluster, wanted).await.0
}

/// The errors that the rules find in a write, by what the cluster says right before it.
///
/// What was read earlier in this run may be from before something else that it has made, so an
/// error counts only once it is found in what was read afresh. A server that starts anew is waited
/// for while there is `patience`.
///
/// # Errors
/// When the cluster does not answer one of the requests: refused, timed out, overloaded, with what
/// cannot be read. Nobody has judged the write then.
pub async fn against_write<M: Validate + Sync>(
    cluster: &Cluster,
    planned: &M,
    prior: Option<&M>,
    patience: Duration,
) -> Result<Vec<Finding>, ClusterError> {
    let wanted = planned.wanted(prior);
    let errors = |facts: &Facts| {
        let mut found = planned.check_online(prior, facts, Stage::Apply);
        found.retain(|finding| finding.severity == Severity::Error);
        found
    };
    let found = errors(&demand(cluster, &wanted, patience).await?);
    if found.is_empty() {
        return Ok(found);
    }
    Ok(errors(&demand_afresh(cluster, &wanted, patience).await?))
}

/// The same as [`load`], as soon as the cluster answers.
async fn demand(
    cluster: &Cluster,
    wanted: &Wanted,
    patience: Duration,
) -> Result<Facts, ClusterError> {
    let begun = Instant::now();
    loop {
        match gather(cluster, wanted).await {
            (facts, None) => return Ok(facts),
            (_, Some(error)) if may_pass(&error) && begun.elapsed() < patience => {
                tracing::info!(%error, "the cluster is asked again before a write");
            }
            (_, Some(error)) => return Err(error),
        }
        sleep(PAUSE).await;
    }
}

/// Whether another attempt may end otherwise: not where the server is not the one that is trusted,
/// or nothing has its name.
fn may_pass(error: &ClusterError) -> bool {
    let unreachable = matches!(error, ClusterError::Unreachable { .. });
    !unreachable || error.is_transient() || error.is_unanswered() || error.is_refused()
}

/// [`demand`] without anything that was remembered.
async fn demand_afresh(
    cluster: &Cluster,
    wanted: &Wanted,
    patience: Duration,
) -> Result<Facts, ClusterError> {
    cluster.read_cache.forget_all();
    demand(cluster, wanted, patience).await
}

/// What there is, and the first request that was not answered.
async fn gather(cluster: &Cluster, wanted: &Wanted) -> (Facts, Option<ClusterError>) {
    let Some(namespace) = wanted.namespace.as_deref() else {
        return Default::default();
    };
    if let Some(error) = cluster.unresponsive() {
        return (Facts::default(), Some(error));
    }
    let unanswered = Unanswered::default();
    // All requests at once are a large state, which does not belong on the stack of whoever asks.
    let asked = Box::pin(ask(cluster, namespace, wanted, &unanswered));
    match timeout(PATIENCE, asked).await {
        Ok(facts) => (facts, unanswered.take()),
        Err(_) => {
            let error = cluster.unanswered(PATIENCE);
            cluster.note_contact(Some(&error));
            (Facts::default(), Some(error))
        }
    }
}

/// The first request that the cluster did not answer.
#[derive(Default)]
struct Unanswered(Mutex<Option<ClusterError>>);

impl Unanswered {
    /// Notes `error` unless it is an answer: that something may not be read, is not served or is
    /// not there.
    fn note(&self, error: ClusterError, what: &str) {
        tracing::debug!(%error, "{what} was not read for the rules");
        if !(error.is_forbidden() || error.is_not_served() || error.is_not_found()) {
            self.held().get_or_insert(error);
        }
    }

    fn take(&self) -> Option<ClusterError> {
        self.held().take()
    }

    fn held(&self) -> MutexGuard<'_, Option<ClusterError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(
    cluster: &Cluster,
    namespace: &str,
    wanted: &Wanted,
    unanswered: &Unanswered,
) -> Facts {
    let seen = match cluster.global::<Namespace>().read(namespace).await {
        Ok(Some(found)) => Seen::Found(found),
        Ok(None) => Seen::Absent,
        Err(error) => {
            let is_gone = matches!(error, ClusterError::Unreachable { .. });
            if is_gone {
                cluster.note_contact(Some(&error));
            }
            unanswered.note(error, "the namespace");
            if is_gone {
                return Facts::default();
            }
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
    let want = |kind: Kind| wanted.kinds.contains(&kind).then_some(unanswered);
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
        secrets(cluster, namespace, wanted, unanswered),
    );
    let databases = match &wanted.database {
        Some(name) if databases.is_none() => {
            alone(cluster.objects(namespace), name, unanswered).await
        }
        _ => databases,
    };
    let engine_object = engine_object(cluster, namespace, wanted, unanswered).await;
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
async fn all<K: objects::Kind>(wanted: Option<&Unanswered>, objects: Objects<K>) -> All<K> {
    let found = everywhere(wanted, objects).await?;
    let named = found
        .into_iter()
        .filter_map(|object| Some((object.meta().name.clone()?, object)));
    Some(named.collect())
}

/// All objects of a kind, if it is wanted and can be read; names may repeat in other namespaces.
async fn everywhere<K: objects::Kind>(
    wanted: Option<&Unanswered>,
    objects: Objects<K>,
) -> Option<Vec<K>> {
    let unanswered = wanted?;
    match objects.read_all().await {
        Ok(found) => Some(found),
        Err(error) => {
            unanswered.note(error, "a kind");
            None
        }
    }
}

/// An object by its name, if it can be read: what an operation changes is read right before.
async fn alone<K: objects::Kind>(
    objects: Objects<K>,
    name: &str,
    unanswered: &Unanswered,
) -> All<K> {
    let found = match objects.cluster().patience {
        Patience::Operation => objects.look(name).await,
        Patience::Plan | Patience::Once => objects.read(name).await,
    };
    match found {
        Ok(found) => Some(
            found
                .map(|found| (name.to_owned(), found))
                .into_iter()
                .collect(),
        ),
        Err(error) => {
            unanswered.note(error, "an object");
            None
        }
    }
}

/// The engine's own object of a database, if it is wanted and can be read.
async fn engine_object(
    cluster: &Cluster,
    namespace: &str,
    wanted: &Wanted,
    unanswered: &Unanswered,
) -> Seen<Value> {
    let Some((engine, name)) = &wanted.engine_object else {
        return Seen::Unread;
    };
    match cluster.engine_databases(*engine, namespace).get(name).await {
        Ok(Some(found)) => serde_json::to_value(found).map_or(Seen::Unread, Seen::Found),
        Ok(None) => Seen::Absent,
        Err(error) => {
            unanswered.note(error, "the engine's own object");
            Seen::Unread
        }
    }
}

/// Which of the Secrets exist; those that may not be looked at are left out.
async fn secrets(
    cluster: &Cluster,
    namespace: &str,
    wanted: &Wanted,
    unanswered: &Unanswered,
) -> BTreeMap<String, bool> {
    let objects = cluster.objects::<Secret>(namespace);
    let mut seen = BTreeMap::new();
    for name in &wanted.secrets {
        match objects.exists(name).await {
            Ok(exists) => {
                seen.insert(name.clone(), exists);
            }
            Err(error) => unanswered.note(error, "a Secret"),
        }
    }
    seen
}

#[cfg(test)]
mod tests;
