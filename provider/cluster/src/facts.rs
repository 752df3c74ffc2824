//! The facts of the cluster for the rules, in few requests.
//!
//! Each kind is one LIST for all resources of a run, remembered by the
//! [`read_cache`](crate::read_cache). Objects that cannot be read are omitted: rules report nothing
//! about them, and a plan continues ([`load`]). A write waits until the cluster has answered
//! ([`against_write`]): kinds that may not be read are left out there too, but a missing answer is
//! an error.

mod everest;
mod remembered;
mod served;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use everest_core::facts::{
    All, Bucket, DefinedKind, EverestFacts, Facts, Kind, Lines, Seen, SomeStorages, Wanted,
};
use everest_core::finding::{Finding, Severity};
use everest_core::passwords;
use everest_core::rights::Right;
use everest_core::rules::{Stage, Validate};
use everest_schemas::everest::{BackupStorage, DatabaseCluster};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::error::ClusterError;
use crate::objects::{self, Objects};
use crate::unresponsive::PATIENCE;
use crate::{Cluster, Patience};
pub(crate) use everest::api_groups;
pub(crate) use remembered::Remembered;
pub(crate) use served::served_kinds;

/// The pause before a cluster that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// Reads the `wanted` facts from `cluster`.
///
/// 1. Nothing is requested if a request has just gone unanswered. Of a namespace that is not known,
///    nothing is. What a cluster-scoped model needs is of every namespace.
/// 2. The namespace comes first: if it does not exist, there is nothing in it.
/// 3. The kinds are listed concurrently, and the Secrets read by their metadata.
///
/// Kinds that are forbidden, not served or not answered in time are not in the result. The rights that
/// were missing are noted: see [`Cluster::missing_rights`].
pub async fn load(cluster: &Cluster, wanted: &Wanted) -> Facts {
    gather(cluster, wanted).await.0
}

/// Returns the errors that the rules find in a write, by the state of the cluster right before it.
///
/// Remembered reads may be from before another write of this run, so an error counts only if a
/// fresh read finds it too. A server that restarts is waited for, for as long as `patience`.
///
/// # Errors
/// If the cluster does not answer one of the requests (refused, timed out, overloaded, unreadable).
/// The write has not been judged then.
pub async fn against_write<M: Validate + Sync>(
    cluster: &Cluster,
    planned: &M,
    prior: Option<&M>,
    patience: Duration,
) -> Result<Vec<Finding>, ClusterError> {
    let wanted = planned.wanted_of_cluster(prior);
    let errors = |facts: &Facts| {
        let mut found = planned.check_cluster(prior, facts, Stage::Apply);
        found.retain(|finding| finding.severity == Severity::Error);
        found
    };
    let found = errors(&demand(cluster, &wanted, patience).await?);
    if found.is_empty() {
        return Ok(found);
    }
    Ok(errors(&demand_afresh(cluster, &wanted, patience).await?))
}

/// What the cluster shows of Everest itself.
///
/// # Errors
/// The first request that was not answered. What may not be read is left open.
pub async fn everest(cluster: &Cluster) -> Result<EverestFacts, ClusterError> {
    let wanted = Wanted {
        everest: true,
        ..Wanted::default()
    };
    match gather(cluster, &wanted).await {
        (facts, None) => Ok(facts.everest),
        (_, Some(error)) => Err(error),
    }
}

/// Refuses a cluster that runs Everest v2, alone or beside v1.
///
/// # Errors
/// `EverestV2` or `EverestV2Beside` if it does. If the lines of Everest cannot be read, nothing is
/// refused: what is asked for next fails by itself.
pub async fn require_v1(cluster: &Cluster) -> Result<(), ClusterError> {
    let wanted = Wanted {
        lines: true,
        ..Wanted::default()
    };
    match load(cluster, &wanted).await.everest.lines {
        Some(Lines { v1, v2: true }) => Err(match v1 {
            true => ClusterError::EverestV2Beside,
            false => ClusterError::EverestV2,
        }),
        _ => Ok(()),
    }
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

/// Returns true if another attempt may succeed. False for an untrusted certificate or an unknown
/// host.
fn may_pass(error: &ClusterError) -> bool {
    let unreachable = matches!(error, ClusterError::Unreachable { .. });
    !unreachable || error.is_transient() || error.is_unanswered() || error.is_refused()
}

/// [`demand`] without remembered reads.
async fn demand_afresh(
    cluster: &Cluster,
    wanted: &Wanted,
    patience: Duration,
) -> Result<Facts, ClusterError> {
    cluster.read_cache.forget_all();
    cluster.remembered.forget().await;
    demand(cluster, wanted, patience).await
}

/// The facts, and the error of the first request that was not answered.
async fn gather(cluster: &Cluster, wanted: &Wanted) -> (Facts, Option<ClusterError>) {
    let of_everest = wanted.lines || wanted.everest || wanted.served.is_some();
    if wanted.namespace.is_none() && !of_everest && wanted.everywhere.is_empty() {
        return Default::default();
    }
    if let Some(error) = cluster.unresponsive() {
        return (Facts::default(), Some(error));
    }
    if let Err(error) = cluster.logged_in().await {
        return (Facts::default(), Some(error));
    }
    let unanswered = Unanswered::default();
    // All requests at once are a large state, which does not belong on the stack of whoever asks.
    let asked = Box::pin(ask(cluster, wanted, &unanswered));
    match timeout(PATIENCE, asked).await {
        Ok(facts) => {
            let (error, missing) = unanswered.take();
            cluster.note_missing_rights(missing);
            (facts, error)
        }
        Err(_) => {
            let error = cluster.gave_up(PATIENCE);
            cluster.note_contact(Some(&error));
            (Facts::default(), Some(error))
        }
    }
}

/// The first request that the cluster did not answer, and the rights of those that it refused.
#[derive(Default)]
struct Unanswered(Mutex<(Option<ClusterError>, BTreeSet<Right>)>);

impl Unanswered {
    /// Notes `error` unless it is an answer: not served or not found. Of one that is forbidden, the
    /// right is noted.
    fn note(&self, error: ClusterError, what: &str) {
        tracing::debug!(%error, "{what} was not read for the rules");
        if let Some(right) = error.missing_right() {
            self.note_missing([right]);
        } else if !(error.is_not_served() || error.is_not_found()) {
            self.held().0.get_or_insert(error);
        }
    }

    /// Notes rights that were missing.
    fn note_missing(&self, rights: impl IntoIterator<Item = Right>) {
        self.held().1.extend(rights);
    }

    fn take(&self) -> (Option<ClusterError>, BTreeSet<Right>) {
        std::mem::take(&mut *self.held())
    }

    fn held(&self) -> MutexGuard<'_, (Option<ClusterError>, BTreeSet<Right>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(cluster: &Cluster, wanted: &Wanted, unanswered: &Unanswered) -> Facts {
    let everest = async {
        let lines = match wanted.lines || wanted.everest {
            true => everest::lines(cluster, unanswered).await,
            false => None,
        };
        match wanted.everest {
            true => everest::read(cluster, lines, unanswered).await,
            false => EverestFacts {
                lines,
                ..EverestFacts::default()
            },
        }
    };
    let served = async {
        match &wanted.served {
            Some(kind) => served::read(cluster, kind, unanswered).await,
            None => None,
        }
    };
    let within = async {
        match wanted.namespace.as_deref() {
            Some(namespace) => ask_within(cluster, namespace, wanted, unanswered).await,
            None => Facts::default(),
        }
    };
    let databases_everywhere = async {
        let is_wanted = wanted.everywhere.contains(&Kind::DatabasesEverywhere);
        everywhere(is_wanted.then_some(unanswered), cluster.global()).await
    };
    let import_jobs_everywhere = async {
        let is_wanted = wanted.everywhere.contains(&Kind::ImportJobsEverywhere);
        everywhere(is_wanted.then_some(unanswered), cluster.global()).await
    };
    let (everest, served, within, databases_everywhere, import_jobs_everywhere) = tokio::join!(
        everest,
        served,
        within,
        databases_everywhere,
        import_jobs_everywhere
    );
    let lacks = |kind: &DefinedKind| {
        let served = served.as_ref();
        served.is_some_and(|served| !served.has(&kind.kind, &[]))
    };
    // For the message alone, which names the version.
    let everest = match wanted.served.as_ref().is_some_and(lacks) {
        true => everest::read(cluster, everest.lines, unanswered).await,
        false => everest,
    };
    Facts {
        everest,
        served,
        databases_everywhere,
        import_jobs_everywhere,
        ..within
    }
}

async fn ask_within(
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
        storages(want(Kind::Storages), cluster.objects(namespace), wanted),
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
    let mut facts = Facts {
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
    };
    facts.passwords_written =
        passwords_written(cluster, namespace, wanted, &facts, unanswered).await;
    facts
}

/// All objects of a kind by name, if it is wanted and can be read.
async fn all<K: objects::Kind>(wanted: Option<&Unanswered>, objects: Objects<K>) -> All<K> {
    Some(by_name(everywhere(wanted, objects).await?))
}

/// The storages that are wanted, if they can be read.
async fn storages(
    of: Option<&Unanswered>,
    objects: Objects<BackupStorage>,
    wanted: &Wanted,
) -> All<BackupStorage> {
    let Some(some) = &wanted.storages else {
        return all(of, objects).await;
    };
    let unanswered = of?;
    let SomeStorages { name, buckets } = some;
    match objects
        .read_some(name.as_deref(), buckets, |storage| {
            Bucket::of(&storage.spec)
        })
        .await
    {
        Ok(found) => Some(by_name(found)),
        Err(error) => {
            unanswered.note(error, "a kind");
            None
        }
    }
}

fn by_name<K: objects::Kind>(found: Vec<K>) -> BTreeMap<String, K> {
    let named = found
        .into_iter()
        .filter_map(|object| Some((object.meta().name.clone()?, object)));
    named.collect()
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

/// The time at which the passwords were last written that the database of the wanted backup has, if
/// that can be read. A rule warns by it, so a write does not ask.
async fn passwords_written(
    cluster: &Cluster,
    namespace: &str,
    wanted: &Wanted,
    facts: &Facts,
    unanswered: &Unanswered,
) -> Option<Timestamp> {
    if cluster.patience == Patience::Operation {
        return None;
    }
    let (engine, secret) = facts.users_of_backup(wanted.passwords_since.as_deref()?)?;
    match cluster.objects::<Secret>(namespace).metadata(&secret).await {
        Ok(found) => passwords::written_at(&found?, engine),
        Err(error) => {
            unanswered.note(error, "a Secret");
            None
        }
    }
}

/// The existence of the Secrets, without those that may not be read.
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
