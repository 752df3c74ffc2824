//! Watches of the objects that managed resources wait for: a resource goes on as soon as the object
//! comes, and a watch runs only while somebody waits for its kind.
//!
//! A resource that waits is reconciled every few seconds as well: a kind may only be listed, a watch
//! may not be permitted, and the object may come between the check and the beginning of the wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossplane_managed::relations::ResourceKey;
use everest_cluster::Cluster;
use everest_core::rules::Awaited;
use everest_schemas::everest::{BackupStorage, DatabaseCluster, DatabaseEngine, MonitoringConfig};
use k8s_openapi::api::core::v1::Namespace;

use super::kind::companion;
use super::kind::{Companion, Tell};

/// A kind of object, and the namespace that it is waited for in.
type Place = (Awaited, String);

/// The resources that wait, by what they wait for.
#[derive(Default)]
struct Waiting(Mutex<BTreeMap<Place, BTreeSet<ResourceKey>>>);

impl Waiting {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Place, BTreeSet<ResourceKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The watches in one cluster.
pub struct Prerequisites {
    cluster: Cluster,
    wake: Arc<dyn Fn(&ResourceKey) + Send + Sync>,
    waiting: Arc<Waiting>,
    open: Mutex<BTreeMap<Awaited, Companion>>,
}

impl Prerequisites {
    /// No watch yet; `wake` is called for each managed resource that may go on.
    pub fn new(cluster: Cluster, wake: impl Fn(&ResourceKey) + Send + Sync + 'static) -> Self {
        Prerequisites {
            cluster,
            wake: Arc::new(wake),
            waiting: Arc::default(),
            open: Mutex::default(),
        }
    }

    /// Notes that a managed resource waits for these objects in a namespace, and for nothing else
    /// any more.
    pub fn waits(&self, key: &ResourceKey, namespace: &str, awaited: &BTreeSet<Awaited>) {
        // Nobody ends a watch meanwhile that is needed from now on.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let needed: BTreeSet<Awaited> = {
            let mut waiting = self.waiting.held();
            waiting.retain(|_, keys| {
                keys.remove(key);
                !keys.is_empty()
            });
            for one in awaited {
                let place = (*one, namespace.to_owned());
                waiting.entry(place).or_default().insert(key.clone());
            }
            waiting.keys().map(|(one, _)| *one).collect()
        };
        open.retain(|one, _| needed.contains(one));
        for one in needed {
            if !open.contains_key(&one)
                && let Some(watch) = self.watch(one)
            {
                open.insert(one, watch);
            }
        }
    }

    /// Begins a watch of a kind, if the provider may watch it.
    fn watch(&self, awaited: Awaited) -> Option<Companion> {
        let (waiting, wake) = (self.waiting.clone(), self.wake.clone());
        let tell: Tell = Arc::new(move |namespace: &str| {
            let place = (awaited, namespace.to_owned());
            let keys = waiting.held().get(&place).cloned().unwrap_or_default();
            keys.iter().for_each(|key| wake(key));
        });
        let cluster = &self.cluster;
        Some(match awaited {
            Awaited::Namespace => companion::watch::<Namespace>(cluster, &tell),
            Awaited::Engine => companion::watch::<DatabaseEngine>(cluster, &tell),
            Awaited::Storage => companion::watch::<BackupStorage>(cluster, &tell),
            Awaited::MonitoringConfig => companion::watch::<MonitoringConfig>(cluster, &tell),
            Awaited::Database => companion::watch::<DatabaseCluster>(cluster, &tell),
            Awaited::Other => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use everest_cluster::Catalog;
    use serde_json::{Value, json};
    use test_apiserver::{ApiServer, Process};

    use super::*;

    /// The kinds that were listed or watched.
    fn looked_at(process: &Process) -> BTreeSet<String> {
        let requests = process.requests();
        let looks = requests.iter().map(|made| made.asked.resource.clone());
        looks.collect()
    }

    fn key(name: &str) -> ResourceKey {
        ("shop".to_owned(), name.to_owned())
    }

    fn begin(process: &Process) -> (Prerequisites, Arc<Mutex<Vec<String>>>) {
        let woken = Arc::new(Mutex::new(Vec::new()));
        let wake = woken.clone();
        let cluster = Cluster::new(process.client(), Catalog::default());
        let prerequisites = Prerequisites::new(cluster, move |(_, name): &ResourceKey| {
            wake.lock().unwrap().push(name.clone());
        });
        (prerequisites, woken)
    }

    fn everest(kind: &str, namespace: &str) -> Value {
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind,
            "metadata": {"name": "one", "namespace": namespace}, "spec": {}})
    }

    async fn passes() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_woken_by_what_it_waits_for_where_it_waits_for_it() {
        let server = ApiServer::new().with_everest();
        let process = server.process();
        let (prerequisites, woken) = begin(&process);
        prerequisites.waits(
            &key("orders"),
            "shop",
            &[Awaited::Engine, Awaited::Other].into(),
        );
        prerequisites.waits(&key("billing"), "fresh", &[Awaited::Namespace].into());
        passes().await;
        server.put(everest("DatabaseEngine", "elsewhere"));
        passes().await;
        assert_eq!(*woken.lock().unwrap(), [""; 0]);
        server.put(everest("DatabaseEngine", "shop"));
        passes().await;
        assert_eq!(*woken.lock().unwrap(), ["orders"]);
        server.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fresh"}}));
        passes().await;
        assert_eq!(*woken.lock().unwrap(), ["orders", "billing"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_kind_is_watched_only_while_somebody_waits_for_it() {
        let server = ApiServer::new().with_everest();
        let process = server.process();
        let (prerequisites, _) = begin(&process);
        passes().await;
        assert_eq!(looked_at(&process), BTreeSet::new());
        prerequisites.waits(&key("orders"), "shop", &[Awaited::Engine].into());
        prerequisites.waits(&key("billing"), "shop", &[Awaited::Engine].into());
        passes().await;
        assert_eq!(looked_at(&process), ["databaseengines".to_owned()].into());
        let is_open = || !prerequisites.open.lock().unwrap().is_empty();
        prerequisites.waits(&key("orders"), "shop", &BTreeSet::new());
        assert!(is_open(), "the other one still waits");
        prerequisites.waits(&key("billing"), "shop", &BTreeSet::new());
        assert!(!is_open());
    }
}
