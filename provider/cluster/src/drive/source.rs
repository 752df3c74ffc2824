//! The objects of one kind and namespace, whatever their type: read, watched and written.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use everest_core::facts::Seen;
use everest_core::lifecycle::{Answer, Apply, EngineRole, HandOver, ObjectKind, SecretMetadata};
use everest_schemas::everest::{
    BackupStorage, DataImportJob, DataImporter, DatabaseCluster, DatabaseClusterBackup,
    DatabaseClusterRestore, DatabaseEngine, LoadBalancerConfig, MonitoringConfig,
    PodSchedulingPolicy, SplitHorizonDnsConfig,
};
use everest_schemas::olm::{
    CatalogSource, ClusterServiceVersion, InstallPlan, OperatorGroup, PackageManifest,
    PackageManifestStatus, Subscription,
};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{ApiResource, DynamicObject};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::acknowledgement::Unacknowledged;
use crate::apply::{self, ForcePolicy};
use crate::error::{ClusterError, LastSeen, Object};
use crate::objects::{Kind, Objects, Scope, Typed};
use crate::watch_cache::{WatchCache, version};
use crate::{Cluster, creation, engine, last_seen};

/// How long a write rests that somebody else's has come before.
pub(super) const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// An object of any type.
type Shared = Arc<dyn Any + Send + Sync>;

/// Where an object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// From the server, unless it was just written.
    Server,
    /// From a watch.
    Watch,
    /// The same. That one is not there, which the watch has not shown yet, is asked for.
    SureWatch,
}

/// The objects of one kind and namespace.
#[async_trait]
pub(super) trait Source: Send + Sync {
    /// The object as errors name it.
    fn named(&self, name: &str) -> Box<Object>;

    /// Reads an object: from a watch that is shared, or from the server.
    async fn object(&mut self, name: &str, from: From) -> Result<Answer, ClusterError>;

    /// Reads an object from the server.
    async fn now(&mut self, name: &str) -> Result<Answer, ClusterError> {
        self.object(name, From::Server).await
    }

    /// Reads all objects.
    async fn all(&mut self, watches: bool) -> Result<Answer, ClusterError>;

    /// What has changed until now is looked at next.
    fn mark(&mut self);

    /// Whether there may be a watch.
    fn is_watched(&self) -> bool;

    /// Tells of changes since then, where there is a watch.
    fn changes(&self) -> Option<watch::Receiver<u64>>;

    /// Takes an object for ours if a creation from the same body has made it before it was cut
    /// off; whether it did. That one is not there is believed; whose it is the server is asked for.
    async fn adopt(
        &mut self,
        name: &str,
        body: &Value,
        from: From,
        made: &Unacknowledged,
    ) -> Result<bool, ClusterError>;

    /// Makes an object, without taking over one of somebody else's.
    async fn create(
        &mut self,
        name: &str,
        body: Value,
        made: &Unacknowledged,
    ) -> Result<(), ClusterError>;

    /// Makes an object that carries no mark, without a look before it; whether it did: what exists
    /// is left as it is and has to be looked at.
    async fn add(&mut self, name: &str, body: &Value) -> Result<bool, ClusterError> {
        let _ = (name, body);
        Ok(false)
    }

    /// Applies a body, whoever owns its fields.
    async fn put(&mut self, name: &str, body: &Value) -> Result<(), ClusterError>;

    /// Applies a body, owning only the fields in it and taking no more than was agreed to. Returns
    /// the generation before.
    async fn apply(&mut self, apply: &Apply) -> Result<Option<i64>, ClusterError>;

    /// Merges a body into an object.
    async fn merge(&mut self, name: &str, body: &Value) -> Result<(), ClusterError>;

    /// Asks for a deletion; false if there was nothing to delete.
    async fn delete(&mut self, name: &str, uid: Option<&str>) -> Result<bool, ClusterError>;

    /// Describes an object that was last seen so.
    async fn last_seen(&self, name: &str, seen: Shared, missing: &str) -> LastSeen;

    /// The UID of an object as it was last read or written.
    fn uid(&self, name: &str) -> Option<String>;

    /// Notes what the server answered to a write of the caller's.
    fn note(&mut self, name: &str, written: Shared);

    /// The object that was last written.
    fn written(&self, name: &str) -> Option<Shared>;
}

/// The objects of a kind in a namespace; in all of them, where it is empty.
pub(super) fn of(cluster: &Cluster, kind: ObjectKind, namespace: &str) -> Box<dyn Source> {
    fn typed<K: Typed + Serialize>(cluster: &Cluster, namespace: &str) -> Box<dyn Source> {
        let is_everywhere = K::Scope::NAMESPACED && namespace.is_empty();
        let mut known = TypedSource::new(
            match is_everywhere {
                true => cluster.global::<K>(),
                false => cluster.objects::<K>(namespace),
            },
            |found| found,
        );
        known.is_unwatched = is_everywhere;
        Box::new(known)
    }
    match kind {
        ObjectKind::Database => typed::<DatabaseCluster>(cluster, namespace),
        ObjectKind::Backup => typed::<DatabaseClusterBackup>(cluster, namespace),
        ObjectKind::Restore => typed::<DatabaseClusterRestore>(cluster, namespace),
        ObjectKind::BackupStorage => typed::<BackupStorage>(cluster, namespace),
        ObjectKind::DatabaseEngine => typed::<DatabaseEngine>(cluster, namespace),
        ObjectKind::DataImportJob => typed::<DataImportJob>(cluster, namespace),
        ObjectKind::Namespace => typed::<Namespace>(cluster, namespace),
        ObjectKind::MonitoringConfig => typed::<MonitoringConfig>(cluster, namespace),
        ObjectKind::PodSchedulingPolicy => typed::<PodSchedulingPolicy>(cluster, namespace),
        ObjectKind::LoadBalancerConfig => typed::<LoadBalancerConfig>(cluster, namespace),
        ObjectKind::DataImporter => typed::<DataImporter>(cluster, namespace),
        ObjectKind::SplitHorizonDnsConfig => typed::<SplitHorizonDnsConfig>(cluster, namespace),
        ObjectKind::Subscription => typed::<Subscription>(cluster, namespace),
        ObjectKind::InstallPlan => typed::<InstallPlan>(cluster, namespace),
        ObjectKind::ClusterServiceVersion => typed::<ClusterServiceVersion>(cluster, namespace),
        ObjectKind::OperatorGroup => typed::<OperatorGroup>(cluster, namespace),
        ObjectKind::CatalogSource => typed::<CatalogSource>(cluster, namespace),
        ObjectKind::PackageManifest => {
            // Read untyped: not every server of this kind writes the empty spec. It is not waited for
            // as the API server itself is: what is decided by a package is decided without it, too.
            let kind = ApiResource::erase::<PackageManifest>(&());
            let cluster = match cluster.patience {
                crate::Patience::Operation => cluster.fail_fast(),
                crate::Patience::Plan | crate::Patience::Once => cluster.clone(),
            };
            let mut known = TypedSource::new(cluster.of_kind(&kind, namespace), package);
            known.is_unwatched = true;
            Box::new(known)
        }
        ObjectKind::Secret => Box::new(Secrets(cluster.objects(namespace))),
        ObjectKind::Engine(engine, role) => {
            let kinds = engine::kinds(engine);
            let kind = match role {
                EngineRole::Database => kinds.database,
                EngineRole::Backup => kinds.backup,
                EngineRole::Restore => kinds.restore,
            };
            let objects: Objects<DynamicObject> = cluster.of_kind(&kind, namespace);
            Box::new(TypedSource::new(objects, |found: Arc<DynamicObject>| {
                Arc::new(serde_json::to_value(&*found).unwrap_or_default())
            }))
        }
    }
}

fn package(found: Arc<DynamicObject>) -> Arc<PackageManifest> {
    let status: Option<PackageManifestStatus> =
        serde_json::from_value(found.data["status"].clone()).ok();
    Arc::new(PackageManifest {
        status,
        ..PackageManifest::default()
    })
}

/// What comes of a question about an object that a decision gets on without. The server of
/// PackageManifests is not the cluster's own, and may be down where nothing else is.
pub(super) fn beside(
    kind: ObjectKind,
    found: Result<Answer, ClusterError>,
) -> Result<Answer, ClusterError> {
    match found {
        Err(error) if error.is_not_served() => Ok(Answer::Object(Seen::Absent)),
        Err(error) if !error.passes() || kind == ObjectKind::PackageManifest => {
            tracing::debug!(%error, "could not read an object");
            Ok(Answer::Object(Seen::Unread))
        }
        other => other,
    }
}

/// What comes of a question about all objects of a kind.
pub(super) fn allowed(found: Result<Answer, ClusterError>) -> Result<Answer, ClusterError> {
    match found {
        Err(error) if error.is_forbidden() => Ok(Answer::All(Seen::Unread)),
        Err(error) if error.is_not_served() => Ok(Answer::All(Seen::Absent)),
        other => other,
    }
}

/// What comes of a question about all objects of a kind that have to be readable.
pub(super) fn served(found: Result<Answer, ClusterError>) -> Result<Answer, ClusterError> {
    match found {
        Err(error) if error.is_not_served() => Ok(Answer::All(Seen::Absent)),
        other => other,
    }
}

/// Objects of one type.
struct TypedSource<K, T> {
    objects: Objects<K>,
    /// They are always read from the server.
    is_unwatched: bool,
    watch_cache: Option<(Arc<WatchCache<K>>, watch::Receiver<u64>)>,
    /// What decisions are made of: the object itself, or its JSON.
    shown: fn(Arc<K>) -> Arc<T>,
    /// The last of each, as it was shown.
    last: HashMap<String, (Arc<K>, Arc<T>)>,
    /// What the server answered to our writes; a watch may still show what was before.
    written: HashMap<String, Arc<K>>,
    /// What was just read, for the first look.
    read: HashMap<String, Option<Arc<K>>>,
    /// Whose writes were not taken: they are read from the server.
    stale: HashSet<String>,
    /// What was last found, ours or not.
    looked: HashMap<String, Option<Arc<K>>>,
    /// The UIDs of what was last read or written, and when the server had answered.
    known: HashMap<String, (String, Instant)>,
    /// UID and mark of what the caller has made.
    made: HashMap<String, (Option<String>, String)>,
    /// What the watch has shown: that one is gone is believed.
    seen: HashSet<String>,
    all: Option<(Arc<Vec<Arc<K>>>, Shared)>,
}

impl<K: Kind + Serialize, T: Any + Send + Sync> TypedSource<K, T> {
    fn new(objects: Objects<K>, shown: fn(Arc<K>) -> Arc<T>) -> Self {
        Self {
            objects,
            is_unwatched: false,
            watch_cache: None,
            shown,
            last: HashMap::new(),
            written: HashMap::new(),
            read: HashMap::new(),
            stale: HashSet::new(),
            looked: HashMap::new(),
            known: HashMap::new(),
            made: HashMap::new(),
            seen: HashSet::new(),
            all: None,
        }
    }

    fn watch_cache(&mut self) -> Arc<WatchCache<K>> {
        let objects = &self.objects;
        let (watch_cache, _) = self.watch_cache.get_or_insert_with(|| {
            let watch_cache = objects.cluster().read_cache.watch_cache(objects);
            let changes = watch_cache.changes();
            (watch_cache, changes)
        });
        watch_cache.clone()
    }

    async fn ask(&mut self, name: &str) -> Result<Option<Arc<K>>, ClusterError> {
        let found = self.objects.get(name).await?.map(Arc::new);
        self.know(name, found.as_deref());
        Ok(found)
    }

    /// Notes that the server has just had an object.
    fn know(&mut self, name: &str, found: Option<&K>) {
        if let Some(uid) = found.and_then(|found| found.meta().uid.clone()) {
            self.known.insert(name.to_owned(), (uid, Instant::now()));
        }
    }

    /// Whether what was known of an object is gone, of which the watch shows nothing.
    fn has_ended(&mut self, name: &str) -> bool {
        let known = self.known.get(name).cloned();
        known.is_some_and(|(uid, at)| self.watch_cache().saw_the_end(&uid, at))
    }

    async fn find(&mut self, name: &str, from: From) -> Result<Option<Arc<K>>, ClusterError> {
        if self.stale.remove(name) {
            return self.ask(name).await;
        }
        if let Some(read) = self.read.remove(name) {
            return Ok(read);
        }
        if from == From::Server || self.is_unwatched {
            if let Some(written) = self.written.get(name) {
                return Ok(Some(written.clone()));
            }
            if let Some(looked) = self.objects.take_look(name) {
                self.know(name, Some(&looked));
                return Ok(Some(Arc::new(looked)));
            }
            return self.ask(name).await;
        }
        let watch_cache = self.watch_cache();
        if watch_cache.is_to_be_checked(&self.objects) {
            let found = self.ask(name).await?;
            watch_cache.compare(name, found.as_deref());
            return Ok(found);
        }
        let found = watch_cache.current(&self.objects, name).await?;
        let Some(written) = self.written.get(name).cloned() else {
            if found.is_some() {
                self.seen.insert(name.to_owned());
            } else if from == From::SureWatch && !self.seen.contains(name) && !self.has_ended(name)
            {
                return self.ask(name).await;
            }
            return Ok(found);
        };
        match found {
            Some(found) if version(&*found) >= version(&*written) => {
                self.seen.insert(name.to_owned());
                self.written.remove(name);
                Ok(Some(found))
            }
            Some(_) => Ok(Some(written)),
            None if self.seen.contains(name) || self.has_ended(name) => {
                self.written.remove(name);
                Ok(None)
            }
            // The watch may lag behind the write.
            None => {
                let found = self.ask(name).await?;
                if found.is_none() {
                    self.written.remove(name);
                }
                Ok(found)
            }
        }
    }

    fn show(&mut self, name: &str, found: Arc<K>) -> Shared {
        match self.last.get(name) {
            Some((before, shown)) if Arc::ptr_eq(before, &found) => shown.clone(),
            _ => {
                let shown = (self.shown)(found.clone());
                self.last.insert(name.to_owned(), (found, shown.clone()));
                shown
            }
        }
    }

    /// Notes what the caller has made, with the mark that it carries.
    fn has_made(&mut self, name: &str, made: &K) {
        if let Some(mark) = creation::mark_on(made) {
            let uid = made.meta().uid.clone();
            self.made.insert(name.to_owned(), (uid, mark.clone()));
        }
    }

    fn wrote(&mut self, name: &str, written: K) {
        self.know(name, Some(&written));
        self.read.remove(name);
        self.written.insert(name.to_owned(), Arc::new(written));
    }
}

#[async_trait]
impl<K: Kind + Serialize, T: Any + Send + Sync> Source for TypedSource<K, T> {
    fn named(&self, name: &str) -> Box<Object> {
        self.objects.named(name)
    }

    async fn object(&mut self, name: &str, from: From) -> Result<Answer, ClusterError> {
        let found = self.find(name, from).await?;
        if let (Some(found), Some((uid, mark))) = (&found, self.made.get(name))
            && *uid == found.meta().uid
        {
            creation::defend(&self.objects, &**found, mark).await;
        }
        self.looked.insert(name.to_owned(), found.clone());
        Ok(Answer::Object(match found {
            Some(found) => Seen::Found(self.show(name, found)),
            None => Seen::Absent,
        }))
    }

    async fn now(&mut self, name: &str) -> Result<Answer, ClusterError> {
        let found = self.ask(name).await?;
        Ok(Answer::Object(match found {
            Some(found) => Seen::Found(self.show(name, found)),
            None => Seen::Absent,
        }))
    }

    async fn all(&mut self, watches: bool) -> Result<Answer, ClusterError> {
        let found = if watches && !self.is_unwatched {
            self.watch_cache().all(&self.objects).await?
        } else {
            let found = self.objects.list("").await?;
            Arc::new(found.into_iter().map(Arc::new).collect())
        };
        if let Some((before, shown)) = &self.all
            && Arc::ptr_eq(before, &found)
        {
            return Ok(Answer::All(Seen::Found(shown.clone())));
        }
        let shown: Vec<_> = found.iter().cloned().map(self.shown).collect();
        let shown: Shared = Arc::new(shown);
        self.all = Some((found, shown.clone()));
        Ok(Answer::All(Seen::Found(shown)))
    }

    fn mark(&mut self) {
        if let Some((_, changes)) = &mut self.watch_cache {
            changes.borrow_and_update();
        }
    }

    fn is_watched(&self) -> bool {
        !self.is_unwatched
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.watch_cache
            .as_ref()
            .map(|(_, changes)| changes.clone())
    }

    async fn adopt(
        &mut self,
        name: &str,
        body: &Value,
        from: From,
        made: &Unacknowledged,
    ) -> Result<bool, ClusterError> {
        // The decision that comes after this look may have looked already.
        let mut found = match self.looked.get(name) {
            Some(None) if from == From::Server => return Ok(false),
            _ => self.find(name, from).await?,
        };
        if found.is_some() && from != From::Server {
            found = self.ask(name).await?;
        }
        if let Some(existing) = &found
            && creation::may_be_ours(&self.objects, &**existing, body)
        {
            let existing = (**existing).clone();
            let ours = creation::held(&self.objects, name, existing, body).await?;
            made.note(&self.objects, &ours);
            self.has_made(name, &ours);
            self.wrote(name, ours);
            return Ok(true);
        }
        self.read.insert(name.to_owned(), found);
        Ok(false)
    }

    async fn create(
        &mut self,
        name: &str,
        body: Value,
        made: &Unacknowledged,
    ) -> Result<(), ClusterError> {
        // Where nothing was found, or nobody has looked, the server says what exists.
        let exists = self.looked.remove(name).flatten().is_some() || self.objects.existed(name);
        let created = match exists || creation::has_credentials(&body) {
            true => creation::create(&self.objects, name, body, made).await?,
            false => creation::make(&self.objects, name, body, made).await?,
        };
        self.has_made(name, &created);
        self.wrote(name, created);
        Ok(())
    }

    async fn apply(&mut self, apply: &Apply) -> Result<Option<i64>, ClusterError> {
        let name = &apply.object.name;
        let live = self.looked.get(name).cloned().flatten();
        // Until it is taken, what there is has to be read anew.
        self.written.remove(name);
        self.stale.insert(name.clone());
        if let (Some(live), Some(HandOver { planned, prior })) = (&live, &apply.hand_over) {
            apply::hand_over(&self.objects, name, &**live, planned, prior).await?;
        }
        let force_policy = ForcePolicy::from(&apply.agreed);
        let applied = apply::apply(&self.objects, name, apply.body.expose(), force_policy).await?;
        self.stale.remove(name);
        self.wrote(name, applied);
        Ok(live.and_then(|live| live.meta().generation))
    }

    async fn put(&mut self, name: &str, body: &Value) -> Result<(), ClusterError> {
        let applied = self.objects.patch_apply(name, body, true).await?;
        self.wrote(name, applied);
        Ok(())
    }

    async fn merge(&mut self, name: &str, body: &Value) -> Result<(), ClusterError> {
        self.written.remove(name);
        self.stale.insert(name.to_owned());
        let merged = if body.pointer("/metadata/resourceVersion").is_some() {
            self.objects.patch_merge_once(name, body).await?
        } else {
            self.objects.patch_merge(name, body).await?
        };
        self.stale.remove(name);
        self.wrote(name, merged);
        Ok(())
    }

    async fn delete(&mut self, name: &str, uid: Option<&str>) -> Result<bool, ClusterError> {
        self.written.remove(name);
        self.objects.request_deletion(name, uid).await
    }

    async fn last_seen(&self, name: &str, seen: Shared, missing: &str) -> LastSeen {
        let seen = seen.downcast_ref::<K>();
        last_seen::of(&self.objects, name, seen, missing).await
    }

    fn uid(&self, name: &str) -> Option<String> {
        let looked = self.looked.get(name).and_then(Option::as_ref);
        let object = looked.or_else(|| self.written.get(name))?;
        object.meta().uid.clone()
    }

    fn note(&mut self, name: &str, written: Shared) {
        if let Ok(written) = written.downcast::<K>() {
            self.know(name, Some(&*written));
            self.written.insert(name.to_owned(), written);
        }
    }

    fn written(&self, name: &str) -> Option<Shared> {
        let written = self.written.get(name)?.clone();
        Some(written)
    }
}

/// Secrets, of which nobody reads more than the metadata and which nobody watches.
struct Secrets(Objects<Secret>);

#[async_trait]
impl Source for Secrets {
    fn named(&self, name: &str) -> Box<Object> {
        self.0.named(name)
    }

    async fn object(&mut self, name: &str, _: From) -> Result<Answer, ClusterError> {
        let found = self.0.metadata(name).await?;
        Ok(Answer::Object(match found {
            Some(metadata) => Seen::Found(Arc::new(SecretMetadata(metadata))),
            None => Seen::Absent,
        }))
    }

    async fn all(&mut self, _: bool) -> Result<Answer, ClusterError> {
        Ok(Answer::All(Seen::Unread))
    }

    fn mark(&mut self) {}

    fn is_watched(&self) -> bool {
        false
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    async fn adopt(
        &mut self,
        name: &str,
        body: &Value,
        _: From,
        made: &Unacknowledged,
    ) -> Result<bool, ClusterError> {
        let found = self.0.get(name).await?;
        let Some(found) = found.filter(|found| creation::may_be_ours(&self.0, found, body)) else {
            return Ok(false);
        };
        let ours = creation::held(&self.0, name, found, body).await?;
        made.note(&self.0, &ours);
        Ok(true)
    }

    async fn create(
        &mut self,
        name: &str,
        body: Value,
        made: &Unacknowledged,
    ) -> Result<(), ClusterError> {
        creation::create(&self.0, name, body, made).await?;
        Ok(())
    }

    async fn apply(&mut self, apply: &Apply) -> Result<Option<i64>, ClusterError> {
        self.put(&apply.object.name, apply.body.expose()).await?;
        Ok(None)
    }

    async fn add(&mut self, name: &str, body: &Value) -> Result<bool, ClusterError> {
        match self.0.apply_new(name, body).await {
            Ok(_) => Ok(true),
            Err(ClusterError::Api { code: 409, .. } | ClusterError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn put(&mut self, name: &str, body: &Value) -> Result<(), ClusterError> {
        self.0.patch_apply(name, body, true).await?;
        Ok(())
    }

    async fn merge(&mut self, name: &str, body: &Value) -> Result<(), ClusterError> {
        self.0.patch_merge(name, body).await?;
        Ok(())
    }

    async fn delete(&mut self, name: &str, uid: Option<&str>) -> Result<bool, ClusterError> {
        self.0.request_deletion(name, uid).await
    }

    async fn last_seen(&self, _: &str, _: Shared, missing: &str) -> LastSeen {
        last_seen::waiting_for(missing)
    }

    fn uid(&self, _: &str) -> Option<String> {
        None
    }

    fn note(&mut self, _: &str, _: Shared) {}

    fn written(&self, _: &str) -> Option<Shared> {
        None
    }
}
