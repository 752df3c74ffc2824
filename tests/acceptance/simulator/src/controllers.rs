//! Watches, queues and the controllers they feed.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::api::Api;
use kube::core::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::controller::{Action, Config, ReconcileRequest, applier};
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, Event, watcher};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::cluster::{Cluster, Error};
use crate::engine::Engine;
use crate::kinds::{self, Kind};
use crate::object::Key;
use crate::{engines, everest, routes};

type Reconciled = Pin<Box<dyn Future<Output = Result<Action, Error>> + Send>>;
type Reconcile = fn(Arc<DynamicObject>, Arc<Cluster>) -> Reconciled;

/// The controller of a kind, if it has one.
fn reconcile_of(kind: &Kind) -> Option<Reconcile> {
    if let Some(engine) = Engine::of_kind(kind) {
        return Some(if kind == engine.cluster_kind() {
            |o, c| Box::pin(engines::cluster::reconcile(o, c))
        } else if kind == engine.backup_kind() {
            |o, c| Box::pin(engines::backup::reconcile(o, c))
        } else {
            |o, c| Box::pin(engines::restore::reconcile(o, c))
        });
    }
    Some(match kind.name {
        "Namespace" => |o, c| Box::pin(everest::namespace::reconcile(o, c)),
        "DatabaseEngine" => |o, c| Box::pin(everest::database_engine::reconcile(o, c)),
        "DatabaseCluster" => |o, c| Box::pin(everest::database_cluster::reconcile(o, c)),
        "DatabaseClusterBackup" => |o, c| Box::pin(everest::backup::reconcile(o, c)),
        "DatabaseClusterRestore" => |o, c| Box::pin(everest::restore::reconcile(o, c)),
        "BackupStorage" => |o, c| Box::pin(everest::backup_storage::reconcile(o, c)),
        "DataImportJob" => |o, c| Box::pin(everest::data_import_job::reconcile(o, c)),
        "MonitoringConfig"
        | "PodSchedulingPolicy"
        | "LoadBalancerConfig"
        | "SplitHorizonDNSConfig" => |o, c| Box::pin(everest::in_use::reconcile(o, c)),
        _ => return None,
    })
}

/// First pause before a watch that broke down is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Pauses that double up to a longest one.
struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    fn up_to(longest: Duration) -> Self {
        Self {
            next: AGAIN,
            longest,
        }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next.min(self.longest);
        self.next = pause.saturating_mul(2);
        Some(pause)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.next = AGAIN;
    }
}

/// Feeds changes to the controllers' queues.
struct Router {
    cluster: Arc<Cluster>,
    queues: HashMap<&'static Kind, UnboundedSender<Key>>,
}

impl Router {
    fn route(&self, kind: &'static Kind, object: &DynamicObject, before: Option<&DynamicObject>) {
        for (kind, key) in routes::concerned(&self.cluster, kind, object, before) {
            if let Some(queue) = self.queues.get(kind) {
                let _ = queue.unbounded_send(key);
            }
        }
    }
}

/// Starts all watches and controllers; returns once the caches of the kinds
/// that exist from the start are filled.
pub async fn start(cluster: Arc<Cluster>, tasks: &TaskTracker, stop: &CancellationToken) {
    let mut queues = HashMap::new();
    let mut receivers = HashMap::new();
    for kind in kinds::FIRST.iter().chain(kinds::LATER).copied() {
        if reconcile_of(kind).is_some() {
            let (sender, receiver) = unbounded();
            queues.insert(kind, sender);
            receivers.insert(kind, receiver);
        }
    }
    let router = Arc::new(Router {
        cluster: cluster.clone(),
        queues,
    });
    let mut stores = Vec::new();
    for kind in kinds::FIRST.iter().copied() {
        let store = spawn(tasks, stop, watch(router.clone(), kind));
        cluster.add_store(kind, store.clone());
        stores.push((kind, store));
    }
    for (_, store) in &stores {
        let _ = store.wait_until_ready().await;
    }
    for (kind, store) in stores {
        if let Some(queue) = receivers.remove(kind) {
            control(&cluster, kind, store, queue, tasks, stop);
        }
    }
    let later = follow_definitions(router, receivers, tasks.clone(), stop.clone());
    let stop = stop.clone();
    tasks.spawn(async move { stop.run_until_cancelled_owned(later).await });
}

fn spawn(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    (store, run): (
        Store<DynamicObject>,
        impl Future<Output = ()> + Send + 'static,
    ),
) -> Store<DynamicObject> {
    tasks.spawn(stop.clone().run_until_cancelled_owned(run));
    store
}

/// The cache of a kind and the future that keeps it and routes its changes.
fn watch(
    router: Arc<Router>,
    kind: &'static Kind,
) -> (Store<DynamicObject>, impl Future<Output = ()> + Send) {
    let resource = kind.resource();
    let mut writer = Writer::<DynamicObject>::new(resource.clone());
    let store = writer.as_reader();
    let known = store.clone();
    let api: Api<DynamicObject> = router.cluster.api(kind, "");
    let mut config = watcher::Config::default();
    if kind == &kinds::CONFIG_MAP {
        config = config.fields("metadata.name=everest-simulator");
    }
    let run = async move {
        let mut events = watcher(api, config)
            .backoff(Pauses::up_to(router.cluster.pace().watch))
            .map_ok(|event| event.modify(slim(kind)))
            .boxed();
        let mut first = Vec::new();
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    debug!(kind = kind.name, %error, "watch interrupted");
                    continue;
                }
            };
            let before = match &event {
                Event::Apply(object) => {
                    known.get(&ObjectRef::from_obj_with(object, resource.clone()))
                }
                _ => None,
            };
            writer.apply_watcher_event(&event);
            match event {
                Event::Init => first.clear(),
                Event::InitApply(object) => first.push(object),
                Event::InitDone => first.drain(..).for_each(|o| router.route(kind, &o, None)),
                Event::Apply(object) => router.route(kind, &object, before.as_deref()),
                Event::Delete(object) => {
                    router.cluster.forget(&object.uid().unwrap_or_default());
                    everest::backup::follow(&router.cluster, kind, &object).await;
                    router.route(kind, &object, None);
                }
            }
        }
    };
    (store, run)
}

/// Drops what is large and of no use before it is cached.
fn slim(kind: &'static Kind) -> impl FnMut(&mut DynamicObject) + Send + 'static {
    move |object| {
        if kind == &kinds::INSTALL_PLAN
            && let Some(status) = object.data["status"].as_object_mut()
        {
            status.remove("plan");
            status.remove("bundleLookups");
        }
        if kind == &kinds::CLUSTER_SERVICE_VERSION
            && let Some(data) = object.data.as_object_mut()
        {
            data.remove("spec");
        }
    }
}

/// Waits for the engines' definitions and starts their watches as they come.
async fn follow_definitions(
    router: Arc<Router>,
    mut receivers: HashMap<&'static Kind, UnboundedReceiver<Key>>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let api: Api<PartialObjectMeta<CustomResourceDefinition>> =
        Api::all(router.cluster.client().clone());
    let mut names = watcher(api, watcher::Config::default())
        .backoff(Pauses::up_to(router.cluster.pace().watch))
        .applied_objects()
        .boxed();
    while let Some(definition) = names.next().await {
        let Ok(definition) = definition else { continue };
        let name = definition.name_any();
        let Some(kind) = kinds::LATER.iter().copied().find(|k| k.crd_name() == name) else {
            continue;
        };
        let Some(queue) = receivers.remove(kind) else {
            continue;
        };
        let (router, spawner, token) = (router.clone(), tasks.clone(), stop.clone());
        let begin = async move {
            // A definition is served a moment after it is stored.
            while router
                .cluster
                .api(kind, "")
                .list(&kube::api::ListParams::default().limit(1))
                .await
                .is_err()
            {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            let store = spawn(&spawner, &token, watch(router.clone(), kind));
            let _ = store.wait_until_ready().await;
            router.cluster.add_store(kind, store.clone());
            control(&router.cluster, kind, store, queue, &spawner, &token);
            debug!(kind = kind.name, "watching");
        };
        tasks.spawn(stop.clone().run_until_cancelled_owned(begin));
    }
}

/// Runs the controller of a kind on its queue.
fn control(
    cluster: &Arc<Cluster>,
    kind: &'static Kind,
    store: Store<DynamicObject>,
    queue: UnboundedReceiver<Key>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let Some(reconcile) = reconcile_of(kind) else {
        return;
    };
    let resource = kind.resource();
    let requests =
        queue.map(move |key| Ok::<_, std::convert::Infallible>(request(&resource, &key)));
    let run = applier(
        move |object: Arc<DynamicObject>, cluster: Arc<Cluster>| {
            Box::pin(async move {
                let key = Key::of(&object);
                let result = reconcile(object, cluster.clone()).await;
                if result.is_ok() {
                    cluster.succeeded(kind, key);
                }
                result
            })
        },
        move |object, error: &Error, cluster: Arc<Cluster>| {
            let key = Key::of(&object);
            if !matches!(error, Error::Unfinished) && !error.is_conflict() {
                warn!(kind = kind.name, namespace = key.namespace, name = key.name, %error, "will try again");
            }
            let failures = cluster.failed(kind, key);
            Action::requeue(cluster.pace().after_failures(failures))
        },
        cluster.clone(),
        store,
        requests,
        Config::default().concurrency(8),
    )
    .for_each(|_| std::future::ready(()));
    tasks.spawn(stop.clone().run_until_cancelled_owned(run));
}

fn request(resource: &ApiResource, key: &Key) -> ReconcileRequest<DynamicObject> {
    let mut object = ObjectRef::new_with(&key.name, resource.clone());
    if !key.namespace.is_empty() {
        object = object.within(&key.namespace);
    }
    object.into()
}
