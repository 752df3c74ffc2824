//! One request for many readers.
//!
//! A refresh reads every resource by itself, ten at a time; asking the server for each is
//! what makes large plans slow. The cache turns that into one GET when a single object of a
//! kind and namespace is asked for, and one LIST as soon as a second one is. Whoever waits
//! for objects of one kind and namespace shares one watch. Where LIST or WATCH is forbidden,
//! single GETs do the same more slowly. Secrets are never listed.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::error::ClusterError;
use crate::objects::{Kind, Objects};
use crate::watch_cache::WatchCache;

/// Kind and namespace.
type Key = (String, Option<String>);

/// What one run has read and is watching. Cheap to clone; clones share.
#[derive(Clone, Default)]
pub struct ReadCache {
    entries: Arc<Mutex<HashMap<Key, Arc<tokio::sync::Mutex<CacheEntry>>>>>,
    watch_caches: Arc<Mutex<HashMap<Key, Weak<dyn Any + Send + Sync>>>>,
}

/// What has been read of one kind and namespace.
#[derive(Default)]
struct CacheEntry {
    /// The only name asked for so far.
    first: Option<String>,
    /// All objects by name, once listed: a `HashMap<String, K>`.
    listed: Option<Box<dyn Any + Send + Sync>>,
    /// LIST is not allowed, as the server said: every read is a GET.
    list_forbidden: Option<Refusal>,
}

impl CacheEntry {
    fn listed<K: Kind>(&self) -> Option<&HashMap<String, K>> {
        self.listed.as_ref()?.downcast_ref()
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

    /// The watch that everyone waiting for these objects shares; it ends with the last of
    /// them.
    pub(crate) fn watch_cache<K: Kind>(&self, objects: &Objects<K>) -> Arc<WatchCache<K>> {
        let key = (
            objects.resource().to_owned(),
            objects.namespace().map(str::to_owned),
        );
        let mut watch_caches = self
            .watch_caches
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(watch_cache) = watch_caches.get(&key).and_then(Weak::upgrade)
            && let Ok(watch_cache) = watch_cache.downcast::<WatchCache<K>>()
        {
            return watch_cache;
        }
        let watch_cache = Arc::new(WatchCache::start(objects));
        let shared: Arc<dyn Any + Send + Sync> = watch_cache.clone();
        watch_caches.insert(key, Arc::downgrade(&shared));
        watch_cache
    }
}

impl<K: Kind> Objects<K> {
    /// Reads all as a refresh does: one LIST, remembered, and so is that it is not allowed.
    pub(crate) async fn read_all(&self) -> Result<Vec<K>, ClusterError> {
        let entry = self.entry();
        let mut entry = entry.lock().await;
        if let Some(listed) = entry.listed() {
            return Ok(listed.values().cloned().collect());
        }
        if let Some(refusal) = entry.list_forbidden.clone() {
            return Err(refusal.into());
        }
        match self.list("").await {
            Ok(objects) => {
                entry.listed = Some(Box::new(by_name(objects.clone())));
                Ok(objects)
            }
            Err(error) => {
                entry.list_forbidden = Refusal::of(&error);
                Err(error)
            }
        }
    }

    /// Reads `name` as it was listed, and by a GET where nobody has listed.
    pub(crate) async fn read_alone(&self, name: &str) -> Result<Option<K>, ClusterError> {
        let entry = self.entry();
        let entry = entry.lock().await;
        if let Some(listed) = entry.listed::<K>() {
            return Ok(listed.get(name).cloned());
        }
        drop(entry);
        self.get(name).await
    }

    fn entry(&self) -> Arc<tokio::sync::Mutex<CacheEntry>> {
        let key = (
            self.resource().to_owned(),
            self.namespace().map(str::to_owned),
        );
        self.cluster().read_cache.entry(key)
    }

    /// Reads `name` as a refresh does: see the module.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<K>, ClusterError> {
        if self.resource() == "secrets" {
            return self.get(name).await;
        }
        let entry = self.entry();
        let mut entry = entry.lock().await;
        if let Some(listed) = entry.listed::<K>() {
            return Ok(listed.get(name).cloned());
        }
        let only_one = entry.first.as_deref().is_none_or(|first| first == name);
        if only_one || entry.list_forbidden.is_some() {
            entry.first = Some(name.to_owned());
            drop(entry);
            return self.get(name).await;
        }
        match self.list("").await {
            Ok(objects) => {
                let listed = by_name(objects);
                let found = listed.get(name).cloned();
                entry.listed = Some(Box::new(listed));
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

fn by_name<K: Kind>(objects: Vec<K>) -> HashMap<String, K> {
    objects
        .into_iter()
        .map(|object| (object.meta().name.clone().unwrap_or_default(), object))
        .collect()
}

#[cfg(test)]
mod tests;
