//! One request for many readers.
//!
//! A refresh reads every resource by itself, ten at a time; asking the server for each is
//! what makes large plans slow. The cache turns that into a GET for each of the first objects of a
//! kind and namespace, and one LIST as soon as more are asked for. What this process writes is
//! taken over, and an operation looks at nothing that was read more than a minute ago. Whoever
//! waits for objects of one kind and namespace, or decides by all of them, shares one watch. Where
//! LIST or WATCH is forbidden, single GETs do the same more slowly. Secrets are never listed, and only
//! the one that all accounts are in is remembered.

use std::any::Any;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use everest_core::facts::{Bucket, SYSTEM_NAMESPACE};
use everest_core::server::accounts;
use tokio::time::Instant;

use crate::Patience;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects};
use crate::watch_cache::{WatchCache, is_older};

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
    entries: Arc<Mutex<HashMap<Key, Arc<Entry>>>>,
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

/// What has been read of one kind and namespace, for all who read it one after the other.
#[derive(Default)]
struct Entry {
    read: tokio::sync::Mutex<CacheEntry>,
    /// What was written while somebody was reading.
    written: Mutex<Vec<Written>>,
}

/// Takes over what was written; false if what is remembered cannot.
type Written = Box<dyn FnOnce(&mut CacheEntry) -> bool + Send>;

impl Entry {
    async fn lock(&self) -> tokio::sync::MutexGuard<'_, CacheEntry> {
        let mut read = self.read.lock().await;
        self.catch_up(&mut read);
        read
    }

    /// Takes over what was written, at once or when whoever reads has done so: what is being read
    /// now may be from before the write.
    fn note(&self, written: Written) {
        let mut all = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(written);
        drop(all);
        if let Ok(mut read) = self.read.try_lock() {
            self.catch_up(&mut read);
        }
    }

    fn catch_up(&self, read: &mut CacheEntry) {
        let mut all = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        for written in all.drain(..) {
            if !written(read) {
                *read = CacheEntry::default();
            }
        }
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
struct Named<K> {
    objects: HashMap<String, Slim<K>>,
    /// The names of those that are the same bucket, once somebody looks for them.
    by_bucket: OnceLock<ByBucket<K>>,
}

/// Names of objects by their buckets.
struct ByBucket<K> {
    bucket_of: BucketOf<K>,
    names: HashMap<Bucket, BTreeSet<String>>,
}

/// The bucket that an object is, if it is any.
type BucketOf<K> = fn(&K) -> Option<Bucket>;

impl<K: Kind> Named<K> {
    fn new(objects: HashMap<String, Slim<K>>) -> Self {
        Named {
            objects,
            by_bucket: OnceLock::new(),
        }
    }

    /// Takes over an object, unless it is known as it was later.
    fn insert(&mut self, name: String, object: K) {
        let known = self.objects.get(&name);
        if known.is_some_and(|known| is_older(&object, &known.object)) {
            return;
        }
        if let Some(ByBucket { bucket_of, names }) = self.by_bucket.get_mut() {
            let before = self.objects.get(&name);
            let before = before.and_then(|before| bucket_of(&before.object));
            if let Some(same) = before.and_then(|before| names.get_mut(&before)) {
                same.remove(&name);
            }
            if let Some(bucket) = bucket_of(&object) {
                names.entry(bucket).or_default().insert(name.clone());
            }
        }
        self.objects.insert(name, Slim::new(object));
    }

    fn all(&self) -> Vec<K> {
        let objects = self.objects.values();
        objects.map(|slim| slim.object.clone()).collect()
    }

    /// The object of that name, and those that are one of the buckets.
    fn some(
        &self,
        name: Option<&str>,
        buckets: &BTreeSet<Bucket>,
        bucket_of: BucketOf<K>,
    ) -> Vec<K> {
        let by_bucket = self.by_bucket.get_or_init(|| {
            let mut names = HashMap::<_, BTreeSet<_>>::new();
            for (name, slim) in &self.objects {
                if let Some(bucket) = bucket_of(&slim.object) {
                    names.entry(bucket).or_default().insert(name.clone());
                }
            }
            ByBucket { bucket_of, names }
        });
        let same = buckets
            .iter()
            .filter_map(|bucket| by_bucket.names.get(bucket));
        let mut found: BTreeSet<_> = same.flatten().map(String::as_str).collect();
        found.extend(name);
        let found = found.into_iter().filter_map(|name| self.objects.get(name));
        found.map(|slim| slim.object.clone()).collect()
    }
}

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
        objects.insert(name, object.clone());
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
            .insert(found.unwrap_or_else(|| Remembered::new(Named::<K>::new(HashMap::new()))));
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
    fn entry(&self, key: Key) -> Arc<Entry> {
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
        if let Some(entry) = entry {
            let written = written.clone();
            entry.note(Box::new(move |read| read.note_written(&written)));
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

    fn entry(&self) -> Arc<Entry> {
        self.cluster().read_cache.entry(self.key())
    }

    /// All objects as the watch shows them that an operation has open.
    fn watched(&self) -> Option<Arc<Vec<Arc<K>>>> {
        if self.cluster().patience != Patience::Operation {
            return None;
        }
        self.cluster().read_cache.open_watch(self)?.shown()
    }

    /// Reads all as a refresh does: one LIST, remembered, and so is that it is not allowed. Who
    /// wrote which field of them is left out.
    pub(crate) async fn read_all(&self) -> Result<Vec<K>, ClusterError> {
        if let Some(watched) = self.watched() {
            return Ok(watched.iter().map(|object| unmanaged(&**object)).collect());
        }
        self.of_listed(Named::all).await
    }

    /// The same of the object `name` and of those that are one of the buckets, alone.
    pub(crate) async fn read_some(
        &self,
        name: Option<&str>,
        buckets: &BTreeSet<Bucket>,
        bucket_of: BucketOf<K>,
    ) -> Result<Vec<K>, ClusterError> {
        if let Some(watched) = self.watched() {
            let found = watched.iter().filter(|object| {
                object.meta().name.as_deref() == name
                    || bucket_of(object).is_some_and(|bucket| buckets.contains(&bucket))
            });
            return Ok(found.map(|object| unmanaged(&**object)).collect());
        }
        self.of_listed(|listed| listed.some(name, buckets, bucket_of))
            .await
    }

    /// What is taken from all objects, which are listed if they have not been.
    async fn of_listed<T>(&self, take: impl FnOnce(&Named<K>) -> T) -> Result<T, ClusterError> {
        let shared = self.entry();
        let mut entry = shared.lock().await;
        if let Some(listed) = entry.listed(self.cluster().patience) {
            return Ok(take(listed));
        }
        if let Some(refusal) = entry.list_forbidden.clone() {
            return Err(refusal.into());
        }
        match self.list("").await {
            Ok(objects) => {
                let listed = self.by_name(objects);
                let taken = take(&listed);
                entry.listed = Some(Remembered::new(listed));
                shared.catch_up(&mut entry);
                Ok(taken)
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
        Named::new(named.collect())
    }

    /// Whether `name` existed when this run last read it, as far as it has.
    pub(crate) fn existed(&self, name: &str) -> bool {
        let entry = self.entry();
        let Ok(entry) = entry.read.try_lock() else {
            return false;
        };
        let mut remembered = entry.listed.iter().chain(&entry.found);
        remembered.any(|remembered| {
            let objects = remembered.of::<K>(Patience::Plan);
            objects.is_some_and(|named| named.objects.contains_key(name))
        })
    }

    /// Returns true for the Secret that all accounts are in.
    fn has_accounts(&self, name: &str) -> bool {
        self.namespace() == Some(SYSTEM_NAMESPACE) && name == accounts::SECRET
    }

    /// Reads `name` as a refresh does: see the module.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<K>, ClusterError> {
        if self.resource() == "secrets" && !self.has_accounts(name) {
            return self.get(name).await;
        }
        let patience = self.cluster().patience;
        let shared = self.entry();
        let mut entry = shared.lock().await;
        if let Some(listed) = entry.listed::<K>(patience) {
            return Ok(listed.objects.get(name).map(Slim::whole));
        }
        let found = entry.found.as_ref().and_then(|found| found.of(patience));
        if let Some(found) = found.and_then(|found: &Named<K>| found.objects.get(name)) {
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
                let found = listed.objects.get(name).map(Slim::whole);
                entry.listed = Some(Remembered::new(listed));
                shared.catch_up(&mut entry);
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

/// An object without who wrote which field.
fn unmanaged<K: Kind>(object: &K) -> K {
    let mut object = object.clone();
    object.meta_mut().managed_fields = None;
    object
}

#[cfg(test)]
mod tests;
