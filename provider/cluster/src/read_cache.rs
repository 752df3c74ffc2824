//! One request for many readers.
//!
//! A refresh reads every resource by itself, ten at a time; asking the server for each is
//! what makes large plans slow. The cache turns that into a GET for each of the first objects of a
//! kind and namespace, and one LIST as soon as more are asked for. What this process writes is
//! taken over, and an operation looks at nothing that was read more than a minute ago. Whoever
//! waits for objects of one kind and namespace, or decides by all of them, shares one watch. Where
//! LIST or WATCH is forbidden, single GETs do the same more slowly. Secrets are never listed.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Patience;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects};
use crate::watch_cache::WatchCache;

/// Objects of a kind and namespace that are read one by one before all are listed: a plan of a few
/// objects does not list a namespace of many.
const ONE_BY_ONE: usize = 10;

/// How long before a write something may have been read that the write is judged by, unless a
/// watch shows it.
const FRESH: Duration = Duration::from_secs(60);

/// How long a watch goes on that nobody looks at: the next operation may.
const LINGERS: Duration = Duration::from_secs(60);

/// Kind and namespace.
type Key = (String, Option<String>);

/// What one run has read and is watching. Cheap to clone; clones share.
#[derive(Clone, Default)]
pub struct ReadCache {
    entries: Arc<Mutex<HashMap<Key, Arc<tokio::sync::Mutex<CacheEntry>>>>>,
    watch_caches: Arc<Mutex<HashMap<Key, Kept>>>,
}

/// A watch that is kept.
struct Kept {
    watch_cache: Arc<dyn Any + Send + Sync>,
    /// When somebody last began to look at it.
    used: Instant,
}

impl Kept {
    fn is_used(&self) -> bool {
        Arc::strong_count(&self.watch_cache) > 1 || self.used.elapsed() < LINGERS
    }
}

/// What has been read of one kind and namespace.
#[derive(Default)]
struct CacheEntry {
    /// The names that were asked for one by one.
    asked: HashSet<String>,
    /// What was found one by one: a `HashMap<String, Slim<K>>`.
    found: Option<Remembered>,
    /// All objects, once listed: the same.
    listed: Option<Remembered>,
    /// LIST is not allowed, as the server said: every read is a GET.
    list_forbidden: Option<Refusal>,
}

/// Objects by name as they were read.
struct Remembered {
    objects: Box<dyn Any + Send + Sync>,
    /// When the first of them was read.
    at: Instant,
}

/// An object without what says who wrote which field: that is more than the rest, and few ask.
struct Slim<K> {
    object: K,
    /// The managed fields as JSON.
    managers: Option<Box<[u8]>>,
}

impl<K: Kind> Slim<K> {
    fn new(mut object: K) -> Self {
        let managers = object.meta_mut().managed_fields.take();
        let managers = managers.and_then(|managers| serde_json::to_vec(&managers).ok());
        Slim {
            object,
            managers: managers.map(Vec::into_boxed_slice),
        }
    }

    fn whole(&self) -> K {
        let mut object = self.object.clone();
        let managers = self.managers.as_deref();
        object.meta_mut().managed_fields =
            managers.and_then(|managers| serde_json::from_slice(managers).ok());
        object
    }
}

/// Objects by their names.
type Named<K> = HashMap<String, Slim<K>>;

impl Remembered {
    fn new<K: Kind>(objects: Named<K>) -> Self {
        Remembered {
            objects: Box::new(objects),
            at: Instant::now(),
        }
    }

    /// The objects, unless they are too old for a request with that patience.
    fn of<K: Kind>(&self, patience: Patience) -> Option<&Named<K>> {
        let is_fresh = patience != Patience::Operation || self.at.elapsed() < FRESH;
        self.objects.downcast_ref().filter(|_| is_fresh)
    }

    /// Takes over an object; false if there are others of the kind here.
    fn note<K: Kind>(&mut self, object: &K) -> bool {
        let Some(objects) = self.objects.downcast_mut::<Named<K>>() else {
            return false;
        };
        let name = object.meta().name.clone().unwrap_or_default();
        objects.insert(name, Slim::new(object.clone()));
        true
    }
}

impl CacheEntry {
    fn listed<K: Kind>(&self, patience: Patience) -> Option<&Named<K>> {
        self.listed.as_ref()?.of(patience)
    }

    /// Takes over an object that was found by itself.
    fn note_found<K: Kind>(&mut self, object: &K, patience: Patience) {
        let found = self.found.take();
        let found = found.filter(|found| found.of::<K>(patience).is_some());
        let found = self
            .found
            .insert(found.unwrap_or_else(|| Remembered::new(Named::<K>::new())));
        found.note(object);
    }

    /// Takes over an object that was written; false if what is remembered cannot.
    fn note_written<K: Kind>(&mut self, object: &K) -> bool {
        let mut remembered = self.found.iter_mut().chain(&mut self.listed);
        remembered.all(|remembered| remembered.note(object))
    }
}

/// What a [`ClusterError::Forbidden`] says.
#[derive(Clone)]
struct Refusal {
    verb: String,
    resource: String,
    namespace: Option<String>,
    message: String,
}

impl Refusal {
    fn of(error: &ClusterError) -> Option<Self> {
        match error {
            ClusterError::Forbidden {
                verb,
                resource,
                namespace,
                message,
            } => Some(Refusal {
                verb: verb.clone(),
                resource: resource.clone(),
                namespace: namespace.clone(),
                message: message.clone(),
            }),
            _ => None,
        }
    }
}

impl From<Refusal> for ClusterError {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            verb,
            resource,
            namespace,
            message,
        } = refusal;
        ClusterError::Forbidden {
            verb,
            resource,
            namespace,
            message,
        }
    }
}

impl ReadCache {
    fn entry(&self, key: Key) -> Arc<tokio::sync::Mutex<CacheEntry>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.entry(key).or_default().clone()
    }

    /// Drops what was read of a kind and namespace, after a write.
    pub(crate) fn forget(&self, resource: &str, namespace: Option<&str>) {
        let key = (resource.to_owned(), namespace.map(str::to_owned));
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
    }

    /// Takes over what the server has answered to a write.
    pub(crate) fn note_written<K: Kind>(&self, objects: &Objects<K>, written: &K) {
        if let Some(watch_cache) = self.open_watch(objects) {
            watch_cache.note(written);
        }
        let key = objects.key();
        let entry = {
            let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.get(&key).cloned()
        };
        let Some(entry) = entry else {
            return;
        };
        // What is being read now may be from before the write.
        let is_noted = entry
            .try_lock()
            .is_ok_and(|mut entry| entry.note_written(written));
        if !is_noted {
            self.forget(objects.resource(), objects.namespace());
        }
    }

    /// Drops everything that was read.
    pub(crate) fn forget_all(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clear();
    }

    /// Drops what was read in a namespace, after operators have changed it.
    pub(crate) fn forget_namespace(&self, namespace: &str) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(_, of), _| of.as_deref() != Some(namespace));
    }

    /// The watch that is open on these objects.
    fn open_watch<K: Kind>(&self, objects: &Objects<K>) -> Option<Arc<WatchCache<K>>> {
        let watch_caches = self
            .watch_caches
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let kept = watch_caches.get(&objects.key())?;
        kept.watch_cache.clone().downcast().ok()
    }

    /// The watch that everyone shares who looks at these objects; it ends a while after the last
    /// of them has begun to.
    pub(crate) fn watch_cache<K: Kind>(&self, objects: &Objects<K>) -> Arc<WatchCache<K>> {
        let mut watch_caches = self
            .watch_caches
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        watch_caches.retain(|_, kept| kept.is_used());
        let key = objects.key();
        if let Some(kept) = watch_caches.get_mut(&key)
            && let Ok(watch_cache) = kept.watch_cache.clone().downcast::<WatchCache<K>>()
        {
            kept.used = Instant::now();
            return watch_cache;
        }
        let watch_cache = Arc::new(WatchCache::start(objects));
        let kept = Kept {
            watch_cache: watch_cache.clone(),
            used: Instant::now(),
        };
        watch_caches.insert(key, kept);
        watch_cache
    }
}

impl<K: Kind> Objects<K> {
    fn key(&self) -> Key {
        (
            self.resource().to_owned(),
            self.namespace().map(str::to_owned),
        )
    }

    fn entry(&self) -> Arc<tokio::sync::Mutex<CacheEntry>> {
        self.cluster().read_cache.entry(self.key())
    }

    /// All objects as the watch shows them that an operation has open.
    fn watched(&self) -> Option<Vec<K>> {
        if self.cluster().patience != Patience::Operation {
            return None;
        }
        let shown = self.cluster().read_cache.open_watch(self)?.shown()?;
        let shown = shown.iter().map(|object| {
            let mut object = K::clone(object);
            object.meta_mut().managed_fields = None;
            object
        });
        Some(shown.collect())
    }

    /// Reads all as a refresh does: one LIST, remembered, and so is that it is not allowed. Who
    /// wrote which field of them is left out.
    pub(crate) async fn read_all(&self) -> Result<Vec<K>, ClusterError> {
        if let Some(watched) = self.watched() {
            return Ok(watched);
        }
        let entry = self.entry();
        let mut entry = entry.lock().await;
        if let Some(listed) = entry.listed(self.cluster().patience) {
            return Ok(objects_of(listed));
        }
        if let Some(refusal) = entry.list_forbidden.clone() {
            return Err(refusal.into());
        }
        match self.list("").await {
            Ok(objects) => {
                let listed = self.by_name(objects);
                let objects = objects_of(&listed);
                entry.listed = Some(Remembered::new(listed));
                Ok(objects)
            }
            Err(error) => {
                entry.list_forbidden = Refusal::of(&error);
                Err(error)
            }
        }
    }

    /// Objects by their names; of a list of all namespaces, in which names repeat, by namespace and
    /// name.
    fn by_name(&self, objects: Vec<K>) -> Named<K> {
        let named = objects.into_iter().map(|object| {
            let metadata = object.meta();
            let name = metadata.name.clone().unwrap_or_default();
            let name = match (self.namespace(), &metadata.namespace) {
                (None, Some(namespace)) => format!("{namespace}/{name}"),
                _ => name,
            };
            (name, Slim::new(object))
        });
        named.collect()
    }

    /// Whether `name` existed when this run last read it, as far as it has.
    pub(crate) fn existed(&self, name: &str) -> bool {
        let entry = self.entry();
        let Ok(entry) = entry.try_lock() else {
            return false;
        };
        let mut remembered = entry.listed.iter().chain(&entry.found);
        remembered.any(|remembered| {
            let objects = remembered.of::<K>(Patience::Plan);
            objects.is_some_and(|objects| objects.contains_key(name))
        })
    }

    /// Reads `name` as a refresh does: see the module.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<K>, ClusterError> {
        if self.resource() == "secrets" {
            return self.get(name).await;
        }
        let patience = self.cluster().patience;
        let shared = self.entry();
        let mut entry = shared.lock().await;
        if let Some(listed) = entry.listed::<K>(patience) {
            return Ok(listed.get(name).map(Slim::whole));
        }
        let found = entry.found.as_ref().and_then(|found| found.of(patience));
        if let Some(found) = found.and_then(|found: &Named<K>| found.get(name)) {
            return Ok(Some(found.whole()));
        }
        let is_alone = entry.asked.contains(name) || entry.asked.len() < ONE_BY_ONE;
        if is_alone || entry.list_forbidden.is_some() {
            entry.asked.insert(name.to_owned());
            drop(entry);
            let found = self.get(name).await?;
            if let Some(found) = &found {
                shared.lock().await.note_found(found, patience);
            }
            return Ok(found);
        }
        match self.list("").await {
            Ok(objects) => {
                let listed = self.by_name(objects);
                let found = listed.get(name).map(Slim::whole);
                entry.listed = Some(Remembered::new(listed));
                Ok(found)
            }
            Err(error) if error.is_forbidden() => {
                entry.list_forbidden = Refusal::of(&error);
                drop(entry);
                self.get(name).await
            }
            Err(error) => Err(error),
        }
    }
}

fn objects_of<K: Kind>(named: &Named<K>) -> Vec<K> {
    named.values().map(|slim| slim.object.clone()).collect()
}

#[cfg(test)]
mod tests;
