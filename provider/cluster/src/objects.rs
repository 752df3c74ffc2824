//! Requests for objects of one kind: bounded in time, retried if that helps, with typed errors.

use std::fmt::Debug;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use everest_core::api::{ALLOWED_BEFORE, GROUP};
use everest_core::facts::V2_GROUP;
use everest_core::restart::{RESTART, RESTARTED_FOR};
use everest_core::rules::served::older_everest;
use everest_core::schema;
use everest_core::v1::managed_fields::{self, OwnedKeys};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::Resource;
use kube::api::{
    Api, DeleteParams, ListParams, Patch, PatchParams, Preconditions, PropagationPolicy,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::error::{ClusterError, Object};
use crate::read_cache::ReadCache;
use crate::server::deployment;
use crate::{CREATED_BY_APPLY, Cluster, Patience, apply, unresponsive};

/// Longest time for one request. Admission webhooks may take 30 s of it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Objects a LIST asks for at a time.
const PAGE: u32 = 500;

/// The maximum number of times that a LIST with expired pages is started.
const LISTS_BEGUN: usize = 3;

/// A resource version that no object has: a write that names it succeeds only if the object does
/// not exist.
pub(crate) const NO_VERSION: &str = "1";

/// An object kind that can be read.
pub trait Kind: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static {}
impl<K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static> Kind for K {}

/// The objects of one kind, in a namespace or in the whole cluster.
pub(crate) struct Objects<K> {
    cluster: Cluster,
    api: Api<K>,
    kind: String,
    resource: String,
    namespace: Option<String>,
}

impl<K: Clone> Clone for Objects<K> {
    fn clone(&self) -> Self {
        Objects {
            cluster: self.cluster.clone(),
            api: self.api.clone(),
            kind: self.kind.clone(),
            resource: self.resource.clone(),
            namespace: self.namespace.clone(),
        }
    }
}

/// The longest wait for a read after the operation was stopped: its answer may be the last
/// information about an object.
const AFTER_STOP: Duration = Duration::from_secs(1);

impl Cluster {
    /// Ends a short time after the stop of the operation, or at once if another read has already
    /// waited that time in vain, because an operation may make several reads.
    pub(crate) async fn soon_after_stop(&self) {
        self.stop.cancelled().await;
        if !self.deaf.load(Ordering::Relaxed) {
            tokio::time::sleep(AFTER_STOP).await;
            self.deaf.store(true, Ordering::Relaxed);
        }
    }
}

/// The time for which an operation repeats a request to a server that is overloaded or restarting.
const PERSEVERANCE: Duration = Duration::from_secs(60);

/// The same for a request that is denied soon after the server was gone: an authoriser that has just
/// started knows no roles yet, and an authenticator not the keys of its issuer.
const JUST_STARTED: Duration = Duration::from_secs(30);

/// The longest pause between two attempts, unless the server asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Retries of one request: about 8 s in all.
fn retries() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(300))
        .with_factor(2.0)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(5)
        .with_jitter()
}

/// The scope of a kind.
pub trait Scope: Sized {
    /// True if the objects are in namespaces.
    const NAMESPACED: bool;

    /// The objects in `namespace`, which is ignored for a cluster-scoped kind.
    fn api<K>(client: kube::Client, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = Self>;
}

impl Scope for NamespaceResourceScope {
    const NAMESPACED: bool = true;

    fn api<K>(client: kube::Client, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = Self>,
    {
        Api::namespaced(client, namespace)
    }
}

impl Scope for ClusterResourceScope {
    const NAMESPACED: bool = false;

    fn api<K>(client: kube::Client, _: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = Self>,
    {
        Api::all(client)
    }
}

/// A `Kind` that has a type of its own.
pub trait Typed: Kind + Resource<DynamicType = (), Scope: Scope> {}
impl<K: Kind + Resource<DynamicType = (), Scope: Scope>> Typed for K {}

impl Cluster {
    /// The objects of a kind in `namespace`, which is ignored for a cluster-scoped kind.
    pub(crate) fn objects<K: Typed>(&self, namespace: &str) -> Objects<K> {
        let within = K::Scope::NAMESPACED.then_some(namespace);
        Objects::new(
            self,
            K::Scope::api(self.client.clone(), namespace),
            &(),
            within,
        )
    }

    /// The objects of a cluster-scoped kind; of a namespaced one, those of every namespace.
    pub(crate) fn global<K>(&self) -> Objects<K>
    where
        K: Kind + Resource<DynamicType = ()>,
    {
        Objects::new(self, Api::all(self.client.clone()), &(), None)
    }
}

impl<K: Kind> Objects<K> {
    pub(crate) fn new(
        cluster: &Cluster,
        api: Api<K>,
        kind: &K::DynamicType,
        namespace: Option<&str>,
    ) -> Self {
        let group = K::group(kind);
        let plural = K::plural(kind);
        Objects {
            cluster: cluster.clone(),
            api,
            kind: K::kind(kind).into_owned(),
            resource: if group.is_empty() {
                plural.into_owned()
            } else {
                format!("{plural}.{group}")
            },
            namespace: namespace.map(str::to_owned),
        }
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The same without what others have read.
    pub(crate) fn without_cache(&self) -> Self {
        Objects {
            cluster: Cluster {
                read_cache: ReadCache::default(),
                ..self.cluster.clone()
            },
            ..self.clone()
        }
    }

    pub(crate) fn api(&self) -> &Api<K> {
        &self.api
    }

    pub(crate) fn resource(&self) -> &str {
        &self.resource
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The object `name` as errors name it.
    pub(crate) fn named(&self, name: &str) -> Box<Object> {
        Box::new(Object {
            kind: self.kind.clone(),
            resource: self.resource.clone(),
            namespace: self.namespace.clone(),
            name: name.to_owned(),
        })
    }

    /// Sends one request, and again while its failure is transient.
    async fn send<T, F, R>(
        &self,
        verb: &'static str,
        name: &str,
        request: R,
    ) -> Result<T, ClusterError>
    where
        R: Fn() -> F,
        F: Future<Output = kube::Result<T>>,
    {
        self.send_while(verb, name, ClusterError::is_transient, request)
            .await
    }

    /// Sends one request, and again while `passes` returns true for its failure. A read that was
    /// not answered is sent once more: a connection may have died unnoticed. An operation goes on
    /// longer if the server is overloaded or restarts, but not after its stop.
    async fn send_while<T, F, R>(
        &self,
        verb: &'static str,
        name: &str,
        passes: impl Fn(&ClusterError) -> bool,
        request: R,
    ) -> Result<T, ClusterError>
    where
        R: Fn() -> F,
        F: Future<Output = kube::Result<T>>,
    {
        let patience = self.cluster.patience;
        let reads = ["get", "list"].contains(&verb);
        // What awaits requests is deep already.
        let attempts = Box::pin(self.attempts((verb, name), reads, passes, request));
        let answer = async {
            match patience {
                Patience::Plan => self.promptly(attempts).await,
                Patience::Operation | Patience::Once => attempts.await,
            }
        };
        let result = match reads {
            true => tokio::select! {
                biased;
                result = answer => result,
                () = self.cluster.soon_after_stop() => Err(self.cluster.unanswered(AFTER_STOP)),
            },
            // Whether a write was done is worth waiting for.
            false => answer.await,
        };
        match result {
            Err(ClusterError::NotEverest { resource }) => {
                Err(self.cluster.unserved(&self.kind, resource).await)
            }
            other => other,
        }
    }

    /// The attempts of [`Objects::send_while`].
    async fn attempts<T, F, R>(
        &self,
        (verb, name): (&'static str, &str),
        reads: bool,
        passes: impl Fn(&ClusterError) -> bool,
        request: R,
    ) -> Result<T, ClusterError>
    where
        R: Fn() -> F,
        F: Future<Output = kube::Result<T>>,
    {
        let (patience, stop) = (self.cluster.patience, &self.cluster.stop);
        let begun = Instant::now();
        let mut denied = None;
        let mut pauses = retries().build();
        let mut once_more = reads;
        loop {
            let (error, asked) = match self.attempt(verb, name, request()).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if patience == Patience::Once || stop.is_cancelled() {
                return Err(error);
            }
            let asked = asked.unwrap_or_default();
            let next = pauses.next();
            let since = if error.is_denied() {
                *denied.get_or_insert_with(Instant::now)
            } else {
                begun
            };
            let left = self.perseverance(&error).saturating_sub(since.elapsed());
            let pause = if !left.is_zero() {
                next.unwrap_or(LONGEST_PAUSE).max(asked).min(left)
            } else if passes(&error) && asked <= LONGEST_PAUSE {
                match next {
                    Some(next) => next.max(asked),
                    None => return Err(error),
                }
            } else if error.is_unanswered() && std::mem::take(&mut once_more) {
                next.unwrap_or(LONGEST_PAUSE)
            } else {
                return Err(error);
            };
            self.cluster.note_attempt(&error);
            tracing::debug!(%error, ?pause, "retrying the request");
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(error),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The time for which an operation repeats a request with this failure, counted from the first
    /// attempt or from the first time that it was denied.
    fn perseverance(&self, error: &ClusterError) -> Duration {
        if self.cluster.patience != Patience::Operation {
            return Duration::ZERO;
        }
        match error {
            ClusterError::Api {
                code: 429 | 503, ..
            } => PERSEVERANCE,
            ClusterError::Unreachable { .. } if error.is_refused() || error.is_transient() => {
                PERSEVERANCE
            }
            error if error.is_denied() && self.cluster.was_lost() => JUST_STARTED,
            _ => Duration::ZERO,
        }
    }

    /// Awaits a request of a plan: see [`unresponsive`].
    async fn promptly<T>(
        &self,
        attempts: impl Future<Output = Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        if let Some(unresponsive) = self.cluster.unresponsive() {
            return Err(unresponsive);
        }
        self.cluster.logged_in().await?;
        let result = tokio::time::timeout(unresponsive::PATIENCE, attempts)
            .await
            .unwrap_or_else(|_| Err(self.cluster.unanswered(unresponsive::PATIENCE)));
        self.cluster.note_contact(result.as_ref().err());
        result
    }

    /// Sends one request once.
    async fn once<T>(
        &self,
        verb: &'static str,
        name: &str,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        let answer = self.attempt(verb, name, request).await;
        answer.map_err(|(error, _)| error)
    }

    /// Sends one request once. A failure includes the time that the server asks clients to wait.
    async fn attempt<T>(
        &self,
        verb: &'static str,
        name: &str,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, (ClusterError, Option<Duration>)> {
        if let Err(error) = self.cluster.logged_in().await {
            return Err((error, None));
        }
        let (error, asked) = match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => {
                let asked = retry_after(&error);
                let error = ClusterError::from_kube(error, verb, &self.named(name));
                (error, asked)
            }
            Err(_) => (self.cluster.unanswered(REQUEST_TIMEOUT), None),
        };
        if matches!(error, ClusterError::Unreachable { .. }) {
            self.cluster.note_lost();
        }
        Err((error, asked))
    }

    /// Reads `name`; `None` if it does not exist.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<K>, ClusterError> {
        match self.send("get", name, || self.api.get(name)).await {
            Ok(object) => Ok(Some(object)),
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads `name`, which has to be there, unless this operation has a moment ago.
    ///
    /// # Errors
    /// `NotFound` if it does not.
    pub(crate) async fn existing(&self, name: &str) -> Result<K, ClusterError> {
        let found = self.look(name).await?;
        found.ok_or_else(|| ClusterError::NotFound {
            object: self.named(name),
        })
    }

    /// Reads only the metadata of `name`; `None` if it does not exist.
    pub(crate) async fn metadata(&self, name: &str) -> Result<Option<ObjectMeta>, ClusterError> {
        match self.send("get", name, || self.api.get_metadata(name)).await {
            Ok(object) => Ok(Some(object.metadata)),
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns true if `name` exists; reads only its metadata.
    pub(crate) async fn exists(&self, name: &str) -> Result<bool, ClusterError> {
        Ok(self.metadata(name).await?.is_some())
    }

    /// Reads all objects, page by page. `labels` is a label selector, or empty.
    pub(crate) async fn list(&self, labels: &str) -> Result<Vec<K>, ClusterError> {
        let mut objects = Vec::new();
        let mut first = ListParams::default().limit(PAGE);
        if !labels.is_empty() {
            first = first.labels(labels);
        }
        let mut page = first.clone();
        let mut beginnings_left = LISTS_BEGUN;
        loop {
            let list = match self.send("list", "", || self.api.list(&page)).await {
                // The pages that are left are no longer kept for us: the list begins anew.
                Err(error)
                    if error.is_expired()
                        && page.continue_token.is_some()
                        && beginnings_left > 0 =>
                {
                    beginnings_left -= 1;
                    objects.clear();
                    page = first.clone();
                    continue;
                }
                other => other?,
            };
            objects.extend(list.items);
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page.continue_token = Some(token),
                None => return Ok(objects),
            }
        }
    }

    /// Server-side apply with our field manager. A body that names its base version is not sent
    /// again, because it would have to be built again.
    pub(crate) async fn patch_apply(
        &self,
        name: &str,
        body: &Value,
        force: bool,
    ) -> Result<K, ClusterError> {
        let mut parameters = PatchParams::apply(&self.cluster.field_manager);
        parameters.force = force;
        let patch = Patch::Apply(body);
        let request = || self.api.patch(name, &parameters, &patch);
        let object = if body.pointer("/metadata/resourceVersion").is_some() {
            self.once("patch", name, request()).await?
        } else {
            self.send("patch", name, request).await?
        };
        self.wrote(&object);
        Ok(object)
    }

    /// Server-side apply that creates `name`, and changes nothing if it exists.
    ///
    /// # Errors
    /// `Api` with code 409, or `Conflict`, if it exists.
    pub(crate) async fn apply_new(&self, name: &str, body: &Value) -> Result<K, ClusterError> {
        let parameters = PatchParams::apply(&self.cluster.field_manager);
        let mut body = body.clone();
        body["metadata"]["resourceVersion"] = json!(NO_VERSION);
        let patch = Patch::Apply(&body);
        let passes = |error: &ClusterError| {
            error.is_transient() && !matches!(error, ClusterError::Api { code: 409, .. })
        };
        let request = || self.api.patch(name, &parameters, &patch);
        let object = self.send_while("patch", name, passes, request).await?;
        self.wrote(&object);
        Ok(object)
    }

    /// Takes the mark of its creation off the object `name` with `uid`. Cached reads stay valid: no
    /// model shows the mark.
    ///
    /// # Errors
    /// Any error of the server; an object that is gone is no error.
    pub(crate) async fn unmark(&self, name: &str, uid: Option<&str>) -> Result<(), ClusterError> {
        match self.mark(name, uid, None).await {
            Err(ClusterError::NotFound { .. } | ClusterError::Superseded { .. }) => Ok(()),
            other => other,
        }
    }

    /// Sets the mark of a creation on the object `uid`, or takes it off.
    pub(crate) async fn mark(
        &self,
        name: &str,
        uid: Option<&str>,
        mark: Option<&str>,
    ) -> Result<(), ClusterError> {
        let parameters = PatchParams {
            field_manager: Some(self.cluster.field_manager.to_string()),
            ..PatchParams::default()
        };
        let body = apply::pinned(
            json!({"metadata": {"annotations": {CREATED_BY_APPLY: mark}}}),
            uid,
        );
        let patch = Patch::Merge(&body);
        let request = || self.api.patch_metadata(name, &parameters, &patch);
        self.send("patch", name, request).await?;
        Ok(())
    }

    /// The response to a dry run of a server-side apply of `body` with force. Values that the
    /// response changes are recorded ([`Cluster::rewritten`]). Nothing is written, and a failed
    /// request is not retried, because a plan does not wait for a server to recover.
    pub(crate) async fn dry_run_apply(&self, name: &str, body: &Value) -> Result<(), ClusterError>
    where
        K: Serialize,
    {
        let mut parameters = PatchParams::apply(&self.cluster.field_manager);
        parameters.force = true;
        parameters.dry_run = true;
        let patch = Patch::Apply(body);
        let answer = self
            .once("patch", name, self.api.patch(name, &parameters, &patch))
            .await?;
        self.cluster.note_rewritten(&answer, body);
        Ok(())
    }

    /// Dry run of the deletion of `name`. Nothing is deleted.
    pub(crate) async fn dry_run_deletion(&self, name: &str) -> Result<(), ClusterError> {
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Foreground),
            dry_run: true,
            ..DeleteParams::default()
        };
        self.once("delete", name, self.api.delete(name, &parameters))
            .await?;
        Ok(())
    }

    /// JSON merge patch. Its fields are owned by an update, not by an apply.
    pub(crate) async fn patch_merge(&self, name: &str, body: &Value) -> Result<K, ClusterError> {
        let parameters = PatchParams {
            field_manager: Some(self.cluster.field_manager.to_string()),
            ..Default::default()
        };
        let patch = Patch::Merge(body);
        let object = self
            .send("patch", name, || self.api.patch(name, &parameters, &patch))
            .await?;
        self.wrote(&object);
        Ok(object)
    }

    /// [`Objects::patch_merge`] that is not sent again, for a body that names the version it
    /// was made from.
    pub(crate) async fn patch_merge_once(
        &self,
        name: &str,
        body: &Value,
    ) -> Result<K, ClusterError> {
        let parameters = PatchParams {
            field_manager: Some(self.cluster.field_manager.to_string()),
            ..Default::default()
        };
        let patch = Patch::Merge(body);
        let object = self
            .once("patch", name, self.api.patch(name, &parameters, &patch))
            .await?;
        self.wrote(&object);
        Ok(object)
    }

    /// Requests the deletion of `name` in the foreground: dependents first. With background
    /// propagation, a database that has a backup never goes. `uid` protects another object of the
    /// same name. Returns true if the object was there.
    pub(crate) async fn request_deletion(
        &self,
        name: &str,
        uid: Option<&str>,
    ) -> Result<bool, ClusterError> {
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Foreground),
            preconditions: uid.map(|uid| Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        let result = self
            .send("delete", name, || self.api.delete(name, &parameters))
            .await;
        self.changed();
        match result {
            Ok(_) => Ok(true),
            // Another object has the name: the one that was meant is gone.
            Err(ClusterError::NotFound { .. } | ClusterError::Superseded { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What was remembered of an object is what it is after a write.
    fn wrote(&self, object: &K) {
        self.cluster.forget_looked();
        self.cluster.read_cache.note_written(self, object);
    }

    /// What was remembered of these objects no longer holds.
    fn changed(&self) {
        self.cluster.forget_looked();
        self.cluster
            .read_cache
            .forget(&self.resource, self.namespace.as_deref());
    }
}

/// The time that an overloaded server asks clients to wait. The client does not expose the
/// Retry-After header; the API server writes the same value into its Status.
fn retry_after(error: &kube::Error) -> Option<Duration> {
    let kube::Error::Api(status) = error else {
        return None;
    };
    let seconds = status.details.as_ref()?.retry_after_seconds;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

impl Cluster {
    /// The labels and annotations of an object that this provider set, or all of them after
    /// [`Cluster::with_every_key`], less its own marks.
    pub fn owned_keys(&self, metadata: &ObjectMeta) -> OwnedKeys {
        let mut owned = match self.shows_every_key {
            true => managed_fields::every_key(metadata),
            false => managed_fields::owned_keys(metadata, &self.field_manager),
        };
        for key in [ALLOWED_BEFORE, CREATED_BY_APPLY, RESTART, RESTARTED_FOR] {
            owned.annotations.remove(key);
        }
        owned
    }

    /// The reason why the cluster does not serve a kind that Everest or OLM brings.
    async fn unserved(&self, kind: &str, resource: String) -> ClusterError {
        if self.serves(V2_GROUP).await {
            return ClusterError::EverestV2;
        }
        if schema::release_of(kind).is_none() || !self.serves(GROUP).await {
            return ClusterError::NotEverest { resource };
        }
        let read = deployment::version(&self.client);
        let version = tokio::time::timeout(REQUEST_TIMEOUT, read).await;
        let version = version.ok().flatten();
        ClusterError::OlderEverest {
            message: older_everest(kind, version.as_ref()),
        }
    }

    /// Returns true if the cluster serves a group.
    async fn serves(&self, group: &str) -> bool {
        let Ok(request) = http::Request::get(format!("/apis/{group}")).body(Vec::new()) else {
            return false;
        };
        tokio::time::timeout(REQUEST_TIMEOUT, self.client.request_text(request))
            .await
            .is_ok_and(|answer| answer.is_ok())
    }
}
