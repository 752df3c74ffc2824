//! The cluster as the simulator's controllers see it: caches filled by
//! watches, and writes under the operators' field managers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, ResourceExt};
use serde_json::Value;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::kinds::{self, Kind};
use crate::object::{self, Key};
use crate::pace::Pace;

/// Field manager of everest-operator.
pub const EVEREST_OPERATOR: &str = "everest-operator";

/// How often a status that met a conflict is written again.
const STATUS_CONFLICTS: usize = 4;

/// What a reconcile can fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API refused or could not be reached; the object is tried again.
    #[error(transparent)]
    Kube(#[from] kube::Error),
    /// Something that the object names is not there (yet), or is of no use.
    #[error("{0}")]
    Waiting(String),
    /// Nothing is wrong, but there is more to do: tried again like a failure.
    #[error("not finished")]
    Unfinished,
}

impl Error {
    /// Whether the write lost against another one and only needs fresh data.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Error::Kube(kube::Error::Api(status)) if status.code == 409)
    }
}

/// Caches, client and the engines' working memory, shared by all controllers.
pub struct Cluster {
    client: Client,
    clock: Clock,
    pace: Pace,
    stores: RwLock<HashMap<&'static Kind, Store<DynamicObject>>>,
    phases: Mutex<HashMap<String, (String, Instant)>>,
    notes: Mutex<HashMap<String, String>>,
    failures: Mutex<HashMap<(&'static Kind, Key), u32>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cluster {
    /// A cluster with no caches yet.
    pub fn new(client: Client, clock: Clock, pace: Pace) -> Self {
        Self {
            client,
            clock,
            pace,
            stores: RwLock::default(),
            phases: Mutex::default(),
            notes: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// The time now.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// How long things take.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// The client that everything goes through.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Adds the filled cache of a kind.
    pub fn add_store(&self, kind: &'static Kind, store: Store<DynamicObject>) {
        self.stores
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(kind, store);
    }

    fn store(&self, kind: &Kind) -> Option<Store<DynamicObject>> {
        self.stores
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(kind)
            .cloned()
    }

    /// The API of a kind, in a namespace if it has them.
    pub fn api(&self, kind: &Kind, namespace: &str) -> Api<DynamicObject> {
        let resource = kind.resource();
        if kind.namespaced && !namespace.is_empty() {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        }
    }

    /// An object from the cache.
    pub fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<Arc<DynamicObject>> {
        let mut key = ObjectRef::new_with(name, kind.resource());
        if kind.namespaced {
            key = key.within(namespace);
        }
        self.store(kind)?.get(&key)
    }

    /// All cached objects of a kind in a namespace (all of them if it is
    /// empty).
    pub fn list(&self, kind: &Kind, namespace: &str) -> Vec<Arc<DynamicObject>> {
        let Some(store) = self.store(kind) else {
            return Vec::new();
        };
        store
            .state()
            .into_iter()
            .filter(|o| namespace.is_empty() || o.metadata.namespace.as_deref() == Some(namespace))
            .collect()
    }

    /// An object straight from the API; `None` also when its kind is not
    /// served.
    pub async fn read(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<DynamicObject>, Error> {
        match self.api(kind, namespace).get(name).await {
            Ok(object) => Ok(Some(object)),
            // A kind without a definition is answered with a bare 404, without a reason.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates an object; one that is there already is left as it is.
    pub async fn create(
        &self,
        kind: &Kind,
        manager: &str,
        object: &DynamicObject,
    ) -> Result<(), Error> {
        let namespace = object.namespace().unwrap_or_default();
        match self
            .api(kind, &namespace)
            .create(&params(manager), object)
            .await
        {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores a full object, as an Update does.
    pub async fn update(
        &self,
        kind: &Kind,
        manager: &str,
        object: &DynamicObject,
    ) -> Result<DynamicObject, Error> {
        let namespace = object.namespace().unwrap_or_default();
        Ok(self
            .api(kind, &namespace)
            .replace(&object.name_any(), &params(manager), object)
            .await?)
    }

    /// Stores the status of an object if it differs from what the object holds. Where the
    /// object has changed meanwhile, its newest version gets the status, as the operators do.
    pub async fn update_status(
        &self,
        kind: &Kind,
        manager: &str,
        object: &DynamicObject,
        status: Value,
    ) -> Result<(), Error> {
        if object.data["status"] == status {
            return Ok(());
        }
        let namespace = object.namespace().unwrap_or_default();
        let name = object.name_any();
        let api = self.api(kind, &namespace);
        let mut object = object.clone();
        for _ in 0..STATUS_CONFLICTS {
            object.data["status"] = status.clone();
            match api.replace_status(&name, &params(manager), &object).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(refused)) if refused.code == 404 => return Ok(()),
                Err(kube::Error::Api(refused)) if refused.code == 409 => {}
                Err(error) => return Err(error.into()),
            }
            match self.read(kind, &namespace, &name).await? {
                Some(newest) if newest.metadata.uid == object.metadata.uid => object = newest,
                _ => return Ok(()),
            }
        }
        object.data["status"] = status;
        api.replace_status(&name, &params(manager), &object).await?;
        Ok(())
    }

    /// Merges fields into an object, made first if it is not there.
    pub async fn merge(
        &self,
        kind: &Kind,
        manager: &str,
        key: &Key,
        fields: Value,
    ) -> Result<(), Error> {
        self.create(
            kind,
            manager,
            &object::new(kind, &key.namespace, &key.name, Value::Null),
        )
        .await?;
        let params = PatchParams {
            field_manager: Some(manager.to_owned()),
            ..PatchParams::default()
        };
        self.api(kind, &key.namespace)
            .patch(&key.name, &params, &Patch::Merge(&fields))
            .await?;
        Ok(())
    }

    /// Asks for the deletion of an object; one that is gone is fine.
    pub async fn delete(&self, kind: &Kind, namespace: &str, name: &str) -> Result<(), Error> {
        match self
            .api(kind, namespace)
            .delete(name, &DeleteParams::default())
            .await
        {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Counts a reconcile of an object that failed; how often it has now failed in a row.
    pub fn failed(&self, kind: &'static Kind, key: Key) -> u32 {
        let mut failures = lock(&self.failures);
        let failed = failures.entry((kind, key)).or_default();
        *failed = failed.saturating_add(1);
        *failed
    }

    /// A reconcile of an object succeeded.
    pub fn succeeded(&self, kind: &'static Kind, key: Key) {
        lock(&self.failures).remove(&(kind, key));
    }

    /// How long an object has been in a phase; zero when it just entered it.
    pub fn dwell(&self, uid: &str, phase: &str) -> Duration {
        let mut phases = lock(&self.phases);
        match phases.get(uid) {
            Some((known, since)) if known == phase => since.elapsed(),
            _ => {
                phases.insert(uid.to_owned(), (phase.to_owned(), Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// What an engine remembers of one of its objects.
    pub fn recall(&self, uid: &str) -> Option<String> {
        lock(&self.notes).get(uid).cloned()
    }

    /// Remembers something of an object until it is gone.
    pub fn remember(&self, uid: &str, note: String) {
        lock(&self.notes).insert(uid.to_owned(), note);
    }

    /// Forgets an object that is gone, and all topics that begin with its uid.
    pub fn forget(&self, uid: &str) {
        lock(&self.notes).remove(uid);
        lock(&self.phases).retain(|topic, _| !topic.starts_with(uid));
    }

    /// Whether a namespace is one that everest-operator looks after.
    pub fn manages(&self, namespace: &str) -> bool {
        self.get(&kinds::NAMESPACE, "", namespace).is_some_and(|n| {
            n.labels()
                .get("app.kubernetes.io/managed-by")
                .is_some_and(|v| v == "everest")
        })
    }
}

fn params(manager: &str) -> PostParams {
    PostParams {
        field_manager: Some(manager.to_owned()),
        ..PostParams::default()
    }
}
