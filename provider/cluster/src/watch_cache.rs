//! A watch on the objects of one kind and namespace, for all who wait for one of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::ClusterError;
use crate::objects::{Kind, Objects};

/// How long a waiter waits for the watch's first list before it asks by itself.
const FIRST_LIST: Duration = Duration::from_secs(3);

/// How often the server itself is asked for an object that somebody waits for, in case the watch
/// has died unnoticed.
const CROSS_CHECK: Duration = Duration::from_secs(60);

/// How long the watch may take to show what the server has said.
const BEHIND: Duration = Duration::from_secs(5);

/// A watch on the objects of one kind and namespace, shared by all who wait for one of them.
pub(crate) struct WatchCache<K> {
    view: Arc<RwLock<View<K>>>,
    changes: Arc<watch::Sender<u64>>,
    task: Mutex<JoinHandle<()>>,
    check: Mutex<Check>,
}

/// The last comparison of the watch with the server.
struct Check {
    at: Instant,
    /// What the server said then, until the watch has been compared with it: the name of an object
    /// and its version, none where it did not exist.
    said: Option<(String, Option<u64>)>,
}

impl Default for Check {
    fn default() -> Self {
        Check {
            at: Instant::now(),
            said: None,
        }
    }
}

struct View<K> {
    objects: HashMap<String, Arc<K>>,
    /// All of them, until one changes.
    all: Option<Arc<Vec<Arc<K>>>>,
    mode: Mode,
    /// When the last list was asked for.
    listed: Option<Instant>,
    /// The UIDs of objects that are gone.
    gone: HashSet<String>,
    /// What this process has written, and when it was answered, until the watch has shown it.
    written: HashMap<String, (Arc<K>, Instant)>,
}

impl<K: Kind> View<K> {
    fn new() -> Self {
        View {
            objects: HashMap::new(),
            all: None,
            mode: Mode::Starting,
            listed: None,
            gone: HashSet::new(),
            written: HashMap::new(),
        }
    }

    /// Takes over all objects that were asked for at the time `asked`: what was written since may
    /// be missing among them.
    fn replace(&mut self, mut listed: HashMap<String, Arc<K>>, asked: Instant) {
        for (name, (written, at)) in std::mem::take(&mut self.written) {
            let shown = listed.get(&name);
            let is_behind = shown.is_none_or(|shown| is_older(&**shown, &*written));
            if at >= asked && is_behind && !self.is_gone(&*written) {
                listed.insert(name.clone(), written.clone());
                self.written.insert(name, (written, at));
            }
        }
        let left = std::mem::replace(&mut self.objects, listed);
        for (name, object) in left {
            let follower = self.objects.get(&name);
            if follower.is_none_or(|follower| follower.uid() != object.uid()) {
                self.gone.extend(object.uid());
            }
        }
        self.listed = Some(asked);
        self.mode = Mode::Watching;
    }

    /// Takes over an object as the watch shows it. An answer to a write may have been faster.
    fn show(&mut self, object: K) {
        self.mode = Mode::Watching;
        let name = object.name_any();
        let known = self.objects.get(&name);
        if known.is_some_and(|known| is_older(&object, &**known)) {
            return;
        }
        self.written.remove(&name);
        self.objects.insert(name, Arc::new(object));
    }

    /// Takes over an object as the server has answered to a write.
    fn write(&mut self, object: Arc<K>) {
        let name = object.name_any();
        let known = self.objects.get(&name);
        let is_older = known.is_some_and(|known| is_older(&*object, &**known));
        if !is_older && !self.is_gone(&*object) {
            self.written
                .insert(name.clone(), (object.clone(), Instant::now()));
            self.objects.insert(name, object);
        }
    }

    fn remove(&mut self, object: &K) {
        let name = object.name_any();
        let known = self.objects.get(&name);
        if known.is_some_and(|known| known.uid() == object.uid()) {
            self.objects.remove(&name);
            self.written.remove(&name);
        }
        self.gone.extend(object.uid());
    }

    fn is_gone(&self, object: &K) -> bool {
        object.uid().is_some_and(|uid| self.gone.contains(&uid))
    }
}

/// Whether an object was shown before another state of the same one.
pub(crate) fn is_older<K: kube::Resource>(object: &K, other: &K) -> bool {
    object.meta().uid == other.meta().uid && version(object) < version(other)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The first list has not come yet.
    Starting,
    /// The view follows the server.
    Watching,
    /// LIST or WATCH is forbidden: waiters ask by themselves.
    Polling,
    /// The kind is not served: there are no objects of it.
    Unserved,
}

impl<K> Drop for WatchCache<K> {
    fn drop(&mut self) {
        held(&self.task).abort();
    }
}

impl<K: Kind> WatchCache<K> {
    pub(crate) fn start(objects: &Objects<K>) -> Self {
        let view = Arc::new(RwLock::new(View::new()));
        let changes = Arc::new(watch::Sender::new(0));
        // The watch is kept by what is read through it, not by itself.
        let reflected = reflect(objects.without_cache(), view.clone(), changes.clone());
        WatchCache {
            task: Mutex::new(tokio::spawn(reflected)),
            check: Mutex::default(),
            view,
            changes,
        }
    }

    /// Whether the server itself is to be asked for what somebody looks at here: one of all who do
    /// does, now and then. Its answer is told by [`WatchCache::compare`] or
    /// [`WatchCache::compare_all`].
    pub(crate) fn is_to_be_checked(&self, objects: &Objects<K>) -> bool {
        let mut check = held(&self.check);
        let elapsed = check.at.elapsed();
        if elapsed >= BEHIND
            && let Some((name, said)) = check.said.take()
            && self.is_behind(&name, said)
        {
            tracing::debug!(resource = objects.resource(), "a watch starts again");
            let reflected = reflect(
                objects.without_cache(),
                self.view.clone(),
                self.changes.clone(),
            );
            let mut task = held(&self.task);
            task.abort();
            *task = tokio::spawn(reflected);
        }
        let is_due = elapsed >= CROSS_CHECK;
        if is_due {
            check.at = Instant::now();
        }
        is_due
    }

    /// Notes what the server has said of an object, to see that the watch follows.
    pub(crate) fn compare(&self, name: &str, found: Option<&K>) {
        held(&self.check).said = Some((name.to_owned(), found.map(version)));
    }

    /// The same of all objects: one that the watch has not followed is enough.
    fn compare_all(&self, found: &[Arc<K>]) {
        let behind = {
            let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
            let names: HashSet<_> = found.iter().map(|object| object.name_any()).collect();
            let newer = found.iter().find(|object| {
                let shown = view.objects.get(&object.name_any());
                shown.is_none_or(|shown| version(&**shown) < version(&***object))
            });
            let gone = || view.objects.keys().find(|name| !names.contains(*name));
            match newer {
                Some(object) => Some((object.name_any(), Some(version(&**object)))),
                None => gone().map(|name| (name.clone(), None)),
            }
        };
        if behind.is_some() {
            held(&self.check).said = behind;
        }
    }

    /// Whether the watch shows an object as it was before the server has said this of it.
    fn is_behind(&self, name: &str, said: Option<u64>) -> bool {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let shown = view.objects.get(name).map(|object| version(&**object));
        view.mode == Mode::Watching && shown < said || said.is_none() && shown.is_some()
    }

    /// Tells of every change in the view.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes over what the server has answered to a write: the watch may show it later.
    pub(crate) fn note(&self, written: &K) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        view.all = None;
        view.write(Arc::new(written.clone()));
        drop(view);
        self.changes.send_modify(|version| *version += 1);
    }

    /// Whether the object `uid` of which the watch shows nothing is gone for sure: it went while
    /// the watch looked on, or was there at the time `known` and not in a list that was asked for
    /// later. Else the watch may be behind.
    pub(crate) fn saw_the_end(&self, uid: &str, known: Instant) -> bool {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let is_watching = view.mode == Mode::Watching;
        let listed_since = view.listed.is_some_and(|asked| asked > known);
        is_watching && (view.gone.contains(uid) || listed_since)
    }

    /// All objects as the watch shows them, once it does; none where it cannot.
    pub(crate) async fn followed(&self, objects: &Objects<K>) -> Option<Arc<Vec<Arc<K>>>> {
        self.begun(objects).await;
        self.shown()
    }

    /// All objects as the watch shows them at the moment, if it does.
    pub(crate) fn shown(&self) -> Option<Arc<Vec<Arc<K>>>> {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let View {
            objects, all, mode, ..
        } = &mut *view;
        (*mode == Mode::Watching).then(|| {
            let all = all.get_or_insert_with(|| Arc::new(objects.values().cloned().collect()));
            all.clone()
        })
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
            match view.mode {
                Mode::Watching => return Ok(view.objects.get(name).cloned()),
                Mode::Unserved => return Ok(None),
                Mode::Starting | Mode::Polling => {}
            }
        }
        Ok(objects.get(name).await?.map(Arc::new))
    }

    /// All objects as the watch shows them, or as a LIST does while there is no watch, and now and
    /// then beside it.
    pub(crate) async fn all(&self, objects: &Objects<K>) -> Result<Arc<Vec<Arc<K>>>, ClusterError> {
        let shown = self.followed(objects).await;
        if let Some(shown) = &shown
            && !self.is_to_be_checked(objects)
        {
            return Ok(shown.clone());
        }
        match (objects.list("").await, shown) {
            (Ok(found), shown) => {
                let found: Vec<_> = found.into_iter().map(Arc::new).collect();
                if shown.is_some() {
                    self.compare_all(&found);
                }
                Ok(Arc::new(found))
            }
            (Err(error), Some(shown)) => {
                tracing::debug!(%error, resource = objects.resource(), "a watch was not compared");
                Ok(shown)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Waits for the first list, for a while.
    async fn begun(&self, objects: &Objects<K>) {
        if self.mode() == Mode::Starting {
            let mut changes = self.changes();
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

/// What an event changes in a view.
type Change<K> = Box<dyn FnOnce(&mut View<K>) + Send>;

/// Keeps the view up to date until nobody holds the watch cache.
async fn reflect<K: Kind>(
    objects: Objects<K>,
    view: Arc<RwLock<View<K>>>,
    changes: Arc<watch::Sender<u64>>,
) {
    let write = |change: Change<K>| {
        let mut view = view.write().unwrap_or_else(PoisonError::into_inner);
        view.all = None;
        change(&mut view);
        drop(view);
        changes.send_modify(|version| *version += 1);
    };
    let mut listed = HashMap::new();
    let mut asked = Instant::now();
    let mut has_watched = false;
    let mut events = std::pin::pin!(
        watcher(objects.api().clone(), watcher::Config::default()).default_backoff()
    );
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Init) => {
                listed = HashMap::new();
                asked = Instant::now();
            }
            Ok(watcher::Event::InitApply(object)) => {
                listed.insert(object.name_any(), Arc::new(object));
            }
            Ok(watcher::Event::InitDone) => {
                let listed = std::mem::take(&mut listed);
                write(Box::new(move |view| view.replace(listed, asked)));
            }
            Ok(watcher::Event::Apply(object)) => {
                has_watched = true;
                write(Box::new(move |view| view.show(object)));
            }
            Ok(watcher::Event::Delete(object)) => {
                write(Box::new(move |view| view.remove(&object)));
            }
            Err(error) => {
                tracing::debug!(%error, resource = objects.resource(), "watch");
                if is_unserved(&error) {
                    // The kind may come: it is asked for again after a pause, which grows.
                    write(Box::new(|view| view.mode = Mode::Unserved));
                } else if is_forbidden(&error) {
                    write(Box::new(|view| view.mode = Mode::Polling));
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

/// Whether the server will not serve this watch.
fn is_forbidden(error: &watcher::Error) -> bool {
    code(error) == Some(403)
}

/// Whether the server has no such kind.
fn is_unserved(error: &watcher::Error) -> bool {
    code(error) == Some(404)
}

fn code(error: &watcher::Error) -> Option<u16> {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => Some(status.code),
        _ => None,
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests;
