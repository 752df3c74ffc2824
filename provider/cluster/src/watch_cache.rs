//! Waiting for an object to become what it should be.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::{WatchStreamExt, watcher};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::{ClusterError, LastSeen};
use crate::last_seen;
use crate::objects::{Kind, Objects};
use crate::wait::Clock;
use crate::wait_until::{ObjectCondition, Progress, TICK, WaitCondition, wait_until};

/// How often a waiter asks the server itself, in case the watch has died unnoticed.
const CROSS_CHECK: Duration = Duration::from_secs(60);

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

/// One wait: for which object, for what, and what is known at its begin.
pub(crate) struct Awaited<'a, K> {
    pub(crate) objects: &'a Objects<K>,
    pub(crate) name: &'a str,
    /// What the server answered to our write; the watch may still show what was before.
    pub(crate) seed: Option<Arc<K>>,
    /// For messages, as `did not become ready`.
    pub(crate) what: &'a str,
    pub(crate) clock: &'a Clock,
    /// Other watch caches whose changes matter to the judgement.
    pub(crate) also: Vec<watch::Receiver<u64>>,
}

impl<K> Awaited<'_, K>
where
    K: Kind + Serialize,
{
    /// Looks at the object whenever something changes, until `condition` is satisfied.
    ///
    /// # Errors
    /// `TimedOut`, `Cancelled` and `Failed` with what was last seen and the last events;
    /// whatever the condition fails with; an error of the server that does not pass.
    pub(crate) async fn until<J: ObjectCondition<K>>(
        mut self,
        watch_cache: &WatchCache<K>,
        condition: J,
    ) -> Result<J::Found, ClusterError> {
        let Self {
            objects,
            name,
            clock,
            ..
        } = self;
        let object = objects.named(name);
        let mut changes = std::mem::take(&mut self.also);
        let beside = changes.clone();
        changes.push(watch_cache.changes());
        let mut checks = Checks {
            last: self.seed.clone(),
            awaited: self,
            watch_cache,
            condition,
            checked: Instant::now(),
            beside,
            last_check: None,
        };
        match wait_until(clock, &object, changes, &mut checks).await {
            Ok(done) => Ok(done),
            Err(ended) => {
                let what = format!("{object} {}", checks.awaited.what);
                let waited = clock.waited();
                let last = match ended.missing() {
                    Some(missing) => {
                        last_seen::of(objects, name, checks.last.as_deref(), missing).await
                    }
                    None => LastSeen::default(),
                };
                Err(ended.report(what, waited, |_| last))
            }
        }
    }
}

/// The checks of one wait.
struct Checks<'a, K, J> {
    awaited: Awaited<'a, K>,
    watch_cache: &'a WatchCache<K>,
    condition: J,
    /// As it was last seen.
    last: Option<Arc<K>>,
    /// When the server itself was last asked.
    checked: Instant,
    /// Other watch caches whose changes matter to the judgement.
    beside: Vec<watch::Receiver<u64>>,
    /// The last judgement that nothing has come yet.
    last_check: Option<LastCheck<K>>,
}

/// A judgement, which holds for a moment while nothing changes that it was made of.
struct LastCheck<K> {
    of: Option<Arc<K>>,
    at: Instant,
    missing: String,
}

impl<K> LastCheck<K> {
    /// Whether it would be the same of `found`.
    fn holds_of(&self, found: Option<&Arc<K>>) -> bool {
        let same = match (&self.of, found) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        same && self.at.elapsed() < TICK
    }
}

impl<K: Kind, J: ObjectCondition<K>> WaitCondition for Checks<'_, K, J> {
    type Found = J::Found;

    async fn check(&mut self) -> Result<Progress<J::Found>, ClusterError> {
        let Awaited { objects, name, .. } = self.awaited;
        let found = if self.checked.elapsed() >= CROSS_CHECK {
            self.checked = Instant::now();
            objects.get(name).await?.map(Arc::new)
        } else {
            self.watch_cache.current(objects, name).await?
        };
        let found = self.not_older(found).await?;
        self.last = found.clone().or_else(|| self.last.take());
        // A watch cache tells of every object of its kind: where many wait, most of what it tells
        // is about others.
        let news = self.is_news_beside();
        if !news
            && let Some(last_check) = &self.last_check
            && last_check.holds_of(found.as_ref())
        {
            return Ok(Progress::Wait(last_check.missing.clone()));
        }
        self.last_check = None;
        let (at, of) = (Instant::now(), found.clone());
        let progress = self.condition.check(found).await?;
        if let Progress::Wait(missing) = &progress {
            let missing = missing.clone();
            self.last_check = Some(LastCheck { of, at, missing });
        }
        Ok(progress)
    }
}

impl<K: Kind, J> Checks<'_, K, J> {
    /// Whether another watch cache has told of something since this was asked last.
    fn is_news_beside(&mut self) -> bool {
        self.beside.iter_mut().fold(false, |news, watch_cache| {
            let changed = watch_cache.has_changed().unwrap_or(true);
            watch_cache.borrow_and_update();
            news || changed
        })
    }

    /// The newer of what was found and what our own write returned. Absence is asked for
    /// once more: the watch may lag behind the write.
    async fn not_older(&mut self, found: Option<Arc<K>>) -> Result<Option<Arc<K>>, ClusterError> {
        let awaited = &mut self.awaited;
        let Some(seed) = &awaited.seed else {
            return Ok(found);
        };
        match found {
            Some(found) if version(&*found) >= version(&**seed) => {
                awaited.seed = None;
                Ok(Some(found))
            }
            Some(_) => Ok(Some(seed.clone())),
            None => {
                let found = awaited.objects.get(awaited.name).await?.map(Arc::new);
                if found.is_none() {
                    awaited.seed = None;
                }
                Ok(found)
            }
        }
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
