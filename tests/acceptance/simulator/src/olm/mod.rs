//! A stand-in for the Operator Lifecycle Manager.

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::stream::select_all;
use kube::core::DynamicObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watcher};
use kube::{Client, ResourceExt};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;

use crate::cluster::{Cluster, Error};
use crate::kinds::{self, Kind};
use crate::simulator::Settings;

mod catalog;
mod install_plan;
mod service_version;
mod subscription;

pub use catalog::PREVIOUS_CHANNEL;

/// Field manager of OLM's operators.
const OLM: &str = "olm";

/// Stands in for the Operator Lifecycle Manager where the real one cannot run: in the process of
/// a test, until it is dropped.
///
/// A Subscription is resolved to the head of its channel; Subscriptions that wait together share
/// an InstallPlan, which waits for its approval unless that is automatic, and which somebody has to
/// delete before what waits in it is planned anew; a plan makes definitions
/// and ClusterServiceVersions, a ClusterServiceVersion its Deployment, which is ready after a
/// phase. The packages are those of the engines, with two versions each. Nothing happens in a
/// namespace without an OperatorGroup.
///
/// Keys of the ConfigMap `everest-simulator` in the namespace:
///
/// | Key | Value | What happens |
/// |---|---|---|
/// | `unpacking` | anything | bundles are unpacked for ever: no plan |
/// | `csv-fails` | message | a ClusterServiceVersion fails instead of installing |
/// | `plan-fails` | message | an approved plan fails instead of making anything |
pub struct Olm {
    _end: DropGuard,
}

impl Olm {
    /// Starts to watch.
    pub fn start(client: Client, settings: Settings) -> Self {
        let stop = CancellationToken::new();
        let cluster = Cluster::new(client, settings.clock, settings.pace);
        tokio::spawn(stop.clone().run_until_cancelled_owned(run(cluster)));
        Self {
            _end: stop.drop_guard(),
        }
    }
}

/// Looks at a namespace whenever something of OLM's changed in it, and again after a phase as
/// long as there is something to do.
async fn run(cluster: Cluster) {
    let watched: [&Kind; 5] = [
        &kinds::SUBSCRIPTION,
        &kinds::OPERATOR_GROUP,
        &kinds::INSTALL_PLAN,
        &kinds::CLUSTER_SERVICE_VERSION,
        &kinds::DEPLOYMENT,
    ];
    let mut changes = select_all(watched.map(|kind| {
        watcher(cluster.api(kind, ""), watcher::Config::default())
            .default_backoff()
            .touched_objects()
            .boxed()
    }));
    let mut busy: BTreeSet<String> = BTreeSet::new();
    loop {
        let changed = match busy.is_empty() {
            true => Ok(changes.next().await),
            false => tokio::time::timeout(cluster.pace().phase, changes.next()).await,
        };
        match changed {
            Ok(None) => return,
            Ok(Some(Ok(changed))) => {
                busy.extend(changed.namespace());
                continue;
            }
            Ok(Some(Err(error))) => {
                debug!(%error, "watch interrupted");
                continue;
            }
            Err(_) => {}
        }
        for namespace in std::mem::take(&mut busy) {
            match look(&cluster, &namespace).await {
                Ok(false) => {}
                Ok(true) => {
                    busy.insert(namespace);
                }
                Err(error) => {
                    debug!(namespace, %error, "will try again");
                    busy.insert(namespace);
                }
            }
        }
    }
}

/// One step for each object of a namespace; true if there is more to do without a change.
async fn look(cluster: &Cluster, namespace: &str) -> Result<bool, Error> {
    let groups = list(cluster, &kinds::OPERATOR_GROUP, namespace).await?;
    if groups.is_empty() {
        return Ok(false);
    }
    let mut more = service_version::step(cluster, namespace).await?;
    more |= install_plan::step(cluster, namespace).await?;
    more |= subscription::step(cluster, namespace).await?;
    Ok(more)
}

async fn list(
    cluster: &Cluster,
    kind: &Kind,
    namespace: &str,
) -> Result<Vec<DynamicObject>, Error> {
    let api = cluster.api(kind, namespace);
    let mut found = api.list(&kube::api::ListParams::default()).await?.items;
    found.sort_by_key(ResourceExt::name_any);
    Ok(found)
}

/// The value of a key of the ConfigMap with which tests steer a namespace.
async fn steered(cluster: &Cluster, namespace: &str, key: &str) -> Result<Option<String>, Error> {
    let map = cluster
        .read(&kinds::CONFIG_MAP, namespace, crate::faults::CONFIG_MAP)
        .await?;
    Ok(map.and_then(|map| Some(map.data["data"][key].as_str()?.to_owned())))
}

/// Label that ties what OLM makes to an operator of a namespace.
fn label(package: &str, namespace: &str) -> String {
    format!("operators.coreos.com/{package}.{namespace}")
}
