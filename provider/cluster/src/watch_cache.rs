//! A watch on the objects of one kind and namespace, for all who wait for one of them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::ClusterError;
use crate::objects::{Kind, Objects};

/// How long a waiter waits for the watch's first list before it asks by itself.
const FIRST_LIST: Duration = Duration::from_secs(3);

/// A watch on the objects of one kind and namespace, shared by all who wait for one of them.
pub(crate) struct WatchCache<K> {
    view: Arc<RwLock<View<K>>>,
    changes: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

struct View<K> {
    objects: HashMap<String, Arc<K>>,
    /// All of them, until one changes.
    all: Option<Arc<Vec<Arc<K>>>>,
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The first list has not come yet.
    Starting,
    /// The view follows the server.
    Watching,
    /// LIST or WATCH is forbidden, or the kind is not served: waiters ask by themselves.
    Polling,
}

impl<K> Drop for WatchCache<K> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<K: Kind> WatchCache<K> {
    pub(crate) fn start(objects: &Objects<K>) -> Self {
        let view = Arc::new(RwLock::new(View {
            objects: HashMap::new(),
            all: None,
            mode: Mode::Starting,
        }));
        let (sender, changes) = watch::channel(0);
        let task = tokio::spawn(reflect(objects.clone(), view.clone(), sender));
        WatchCache {
            view,
            changes,
            task,
        }
    }

    /// Tells of every change in the view.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// `name` as the watch shows it, or as a GET does while there is no watch.
    pub(crate) async fn current(
        &self,
        objects: &Objects<K>,
        name: &str,
    ) -> Result<Option<Arc<K>>, ClusterError> {
        self.begun(objects).await;
        {
            let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
            if view.mode == Mode::Watching {
                return Ok(view.objects.get(name).cloned());
            }
        }
        Ok(objects.get(name).await?.map(Arc::new))
    }

    /// All objects as the watch shows them, or as a LIST does while there is no watch.
    pub(crate) async fn all(&self, objects: &Objects<K>) -> Result<Arc<Vec<Arc<K>>>, ClusterError> {
        self.begun(objects).await;
        {
            let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
            if view.mode == Mode::Watching {
                let View { objects, all, .. } = &mut *view;
                let all = all.get_or_insert_with(|| Arc::new(objects.values().cloned().collect()));
                return Ok(all.clone());
            }
        }
        let found = objects.list("").await?;
        Ok(Arc::new(found.into_iter().map(Arc::new).collect()))
    }

    /// Waits for the first list, for a while.
    async fn begun(&self, objects: &Objects<K>) {
        if self.mode() == Mode::Starting {
            let mut changes = self.changes.clone();
            let begun = async {
                while self.mode() == Mode::Starting {
                    if changes.changed().await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                biased;
                _ = tokio::time::timeout(FIRST_LIST, begun) => {}
                () = objects.cluster().soon_after_stop() => {}
            }
        }
    }

    fn mode(&self) -> Mode {
        self.view
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .mode
    }
}

/// Keeps the view up to date until nobody holds the watch cache.
async fn reflect<K: Kind>(
    objects: Objects<K>,
    view: Arc<RwLock<View<K>>>,
    changes: watch::Sender<u64>,
) {
    let write = |change: &mut dyn FnMut(&mut View<K>)| {
        let mut view = view.write().unwrap_or_else(PoisonError::into_inner);
        view.all = None;
        change(&mut view);
        drop(view);
        changes.send_modify(|version| *version += 1);
    };
    let mut listed = HashMap::new();
    let mut has_watched = false;
    let mut events = std::pin::pin!(
        watcher(objects.api().clone(), watcher::Config::default()).default_backoff()
    );
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Init) => listed = HashMap::new(),
            Ok(watcher::Event::InitApply(object)) => {
                listed.insert(object.name_any(), Arc::new(object));
            }
            Ok(watcher::Event::InitDone) => {
                let listed = &mut listed;
                write(&mut |view| {
                    view.objects = std::mem::take(listed);
                    view.mode = Mode::Watching;
                });
            }
            Ok(watcher::Event::Apply(object)) => {
                has_watched = true;
                let object = Arc::new(object);
                write(&mut |view| {
                    view.mode = Mode::Watching;
                    view.objects.insert(object.name_any(), object.clone());
                });
            }
            Ok(watcher::Event::Delete(object)) => write(&mut |view| {
                view.objects.remove(&object.name_any());
            }),
            Err(error) => {
                let cannot = refused(&error);
                tracing::debug!(%error, resource = objects.resource(), "watch");
                if cannot {
                    write(&mut |view| view.mode = Mode::Polling);
                    // A server that has just started may refuse what it granted before: it is
                    // asked again after a pause, which grows.
                    if !has_watched && !objects.cluster().was_lost() {
                        return;
                    }
                } else if is_gone(&error) {
                    objects.cluster().note_lost();
                }
            }
        }
    }
}

/// Whether the server was not to be reached.
fn is_gone(error: &watcher::Error) -> bool {
    matches!(
        error,
        watcher::Error::InitialListFailed(kube::Error::Service(_) | kube::Error::HyperError(_))
            | watcher::Error::WatchStartFailed(
                kube::Error::Service(_) | kube::Error::HyperError(_)
            )
            | watcher::Error::WatchFailed(kube::Error::Service(_) | kube::Error::HyperError(_))
    )
}

/// Whether the server will not serve this watch: forbidden, or no such kind.
fn refused(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.is_forbidden() || status.is_not_found(),
        _ => false,
    }
}

/// Resource versions grow; one that is no number counts as newest.
pub(crate) fn version<K: kube::Resource>(object: &K) -> u64 {
    object
        .meta()
        .resource_version
        .as_deref()
        .and_then(|v| v.parse().ok())
        .unwrap_or(u64::MAX)
}
