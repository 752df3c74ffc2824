//! The life of the target of one config: made, kept, made again, dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use crossplane_managed::namespace;
use crossplane_managed::provider_config::ProviderConfigKind;
use everest_cluster::error::Object;
use everest_cluster::identity::Identity;
use everest_cluster::{Cluster, ClusterError, ConnectError, connect_as, connect_with};
use everest_core::api;
use everest_core::dialect::Dialect;
use everest_schemas::managed::{ClusterProviderConfig, ProviderConfig};
use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::error::Wanted;
use super::kubeconfig_source::{self, Found, KubeconfigSource, Place, Sources};
use super::{FIELD_MANAGER, Shared, Target, TargetError, TargetKey};
use crate::provider::PROVIDER;

/// The time for which config and credentials count as unchanged without a watch event.
const TRUSTED: Duration = Duration::from_secs(30);

/// The time for which a failure is the answer to all calls before the next attempt.
const FAILED: Duration = Duration::from_secs(2);

/// The time for which the result of a check is valid.
pub(super) const CHECKED: Duration = Duration::from_secs(30);

/// The time for which a cache entry without a target is kept after its last failure: longer than
/// any caller waits before its next attempt.
const SPENT: Duration = Duration::from_secs(300);

/// Longest time for a request to a cluster that has not answered yet.
const PATIENCE: Duration = Duration::from_secs(15);

/// The group of Everest v2.
const EVEREST_V2: &str = "core.openeverest.io";

pub(super) struct CachedTarget {
    key: TargetKey,
    /// Something may have changed since the state was last brought up to date.
    doubted: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    failure: Option<(TargetError, Instant)>,
    checked: Option<Instant>,
    /// A client with an identity, for a cluster that has not answered yet. It knows when to ask for
    /// a token again.
    tried: Option<([u8; 32], kube::Client)>,
    kubeconfig: Watched,
    identity: Watched,
}

/// A Secret that a config may name.
#[derive(Default)]
struct Watched {
    /// The version that was read last.
    version: Arc<StdMutex<Option<String>>>,
    watch: Option<SecretWatch>,
}

impl Watched {
    fn note(&self, found: Option<&Found>) {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) =
            found.and_then(|found| found.version.clone());
    }
}

struct Current {
    target: Arc<Target>,
    fingerprint: [u8; 32],
    read: Instant,
}

/// A watch on the metadata of one Secret.
struct SecretWatch {
    namespace: String,
    name: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for SecretWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl CachedTarget {
    pub(super) fn new(key: TargetKey) -> Self {
        CachedTarget {
            key,
            doubted: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    pub(super) fn doubt(&self) {
        self.doubted.store(true, Ordering::Release);
    }

    pub(super) async fn target(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> Result<Arc<Target>, TargetError> {
        let mut state = self.state.lock().await;
        let doubted = self.doubted.swap(false, Ordering::AcqRel);
        if !doubted {
            if let Some((failure, at)) = &state.failure
                && at.elapsed() < FAILED
            {
                return Err(failure.clone());
            }
            if state.failure.is_none()
                && let Some(current) = &state.current
                && current.read.elapsed() < TRUSTED
            {
                return Ok(current.target.clone());
            }
        }
        let failed_before = state.failure.take().is_some();
        match self.refresh(shared, &mut state).await {
            Ok(target) => {
                if failed_before {
                    shared.changes.tell(&self.key);
                }
                Ok(target)
            }
            Err(error) => {
                state.failure = Some((error.clone(), Instant::now()));
                Err(error)
            }
        }
    }

    /// Returns true if the entry was not used for long and has nothing to keep.
    pub(super) fn is_spent(&self) -> bool {
        let Ok(state) = self.state.try_lock() else {
            return false;
        };
        let failed_long_ago = |(_, at): &(TargetError, Instant)| at.elapsed() > SPENT;
        state.current.is_none() && state.failure.as_ref().is_some_and(failed_long_ago)
    }

    /// Returns true if the config's namespace is being deleted; false if that is not known.
    async fn is_ending(&self, shared: &Shared) -> bool {
        let Some(namespace) = &self.key.namespace else {
            return false;
        };
        let asked = namespace::is_terminating(&PROVIDER, &shared.control, namespace);
        match timeout(PATIENCE, asked).await {
            Ok(Ok(ending)) => ending,
            Ok(Err(error)) => {
                tracing::debug!(%error, namespace, "whether it is being deleted is not known");
                false
            }
            Err(_) => false,
        }
    }

    /// Checks the cluster of an existing target, however recently it has answered. Several watches
    /// break at once, and one check serves all of them.
    pub(super) async fn suspect(&self, shared: &Shared) {
        let known = {
            let state = self.state.lock().await;
            state.failure.is_some()
        };
        if !known && let Err(error) = self.check(shared, FAILED).await {
            tracing::info!(config = %self.key, %error, "the cluster has stopped answering");
        }
    }

    /// Checks the cluster of an existing target, unless it answered less than `lately` ago.
    pub(super) async fn check(&self, shared: &Shared, lately: Duration) -> Result<(), TargetError> {
        let mut state = self.state.lock().await;
        let Some(current) = &state.current else {
            return Ok(());
        };
        if state.checked.is_some_and(|at| at.elapsed() < lately) {
            return Ok(());
        }
        match probe(&self.key, current.target.cluster.client()).await {
            Ok(()) => {
                state.checked = Some(Instant::now());
                Ok(())
            }
            Err(error) => {
                // Whoever connects next hears of it at once, and the credentials are read
                // again before the next attempt.
                if state.checked.take().is_some() {
                    shared.changes.tell(&self.key);
                }
                state.failure = Some((error.clone(), Instant::now()));
                Err(error)
            }
        }
    }

    /// Reads config and credentials, and makes a new target if they have changed.
    async fn refresh(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        state: &mut State,
    ) -> Result<Arc<Target>, TargetError> {
        let source = timeout(PATIENCE, self.source(&shared.control))
            .await
            .unwrap_or_else(|_| Err(self.silent("the config")));
        let source = match source {
            Err(missing @ TargetError::ConfigMissing { .. }) => {
                state.kubeconfig.watch = None;
                state.identity.watch = None;
                if state.current.take().is_some() {
                    shared.changes.tell(&self.key);
                }
                return Err(match self.is_ending(shared).await {
                    true => missing.for_good(),
                    false => missing,
                });
            }
            source => source?,
        };
        self.watch_secret(shared, &mut state.kubeconfig, Some(&source.place));
        let identity = source.identity.as_ref().map(|identity| &identity.place);
        self.watch_secret(shared, &mut state.identity, identity);
        let found = self.read(shared, &source).await;
        let found = match found {
            // What was read of it before serves those that still have to be deleted in the
            // cluster.
            Err(missing @ TargetError::SecretMissing { .. }) => {
                let ending = self.is_ending(shared).await;
                return match &mut state.current {
                    Some(current) if ending || source.deleting => {
                        current.read = Instant::now();
                        Ok(current.target.clone())
                    }
                    _ if ending => Err(missing.for_good()),
                    _ => Err(missing),
                };
            }
            found => found?,
        };
        state.kubeconfig.note(found.kubeconfig.as_ref());
        state.identity.note(found.identity.as_ref());
        let fingerprint = source.fingerprint(&found);
        let known = match &mut state.current {
            Some(current) if current.fingerprint == fingerprint => {
                current.read = Instant::now();
                if state.checked.is_some() && current.target.grants == source.grants {
                    return Ok(current.target.clone());
                }
                // The cluster has been away, or other grants hold. What goes through another target
                // begins at once; watches of the old one may pause for another minute.
                Some(current.target.cluster.client().clone())
            }
            _ => None,
        };
        let tried = state.tried.take();
        let tried = tried.filter(|(tried, _)| *tried == fingerprint);
        let client = match (known.or(tried.map(|(_, client)| client)), &found.kubeconfig) {
            (Some(client), _) => client,
            (None, None) => shared.own.clone(),
            (None, Some(kubeconfig)) => self.client(shared, &source, kubeconfig, &found)?,
        };
        if source.identity.is_some() {
            state.tried = Some((fingerprint, client.clone()));
        }
        state.checked = None;
        probe(&self.key, &client).await?;
        state.checked = Some(Instant::now());
        state.tried = None;
        let target = Arc::new(Target {
            cluster: Cluster::new(client, source.catalog)
                .with_field_manager(FIELD_MANAGER)
                .with_dialect(Dialect::ManagedResource),
            key: self.key.clone(),
            grants: source.grants,
            revision: shared.next_revision(),
        });
        let current = Current {
            target: target.clone(),
            fingerprint,
            read: Instant::now(),
        };
        if state.current.replace(current).is_some() {
            shared.changes.tell(&self.key);
        }
        tracing::info!(config = %self.key, revision = target.revision, "connected");
        Ok(target)
    }

    /// Reads what the config names.
    async fn read(
        &self,
        shared: &Shared,
        source: &KubeconfigSource,
    ) -> Result<Sources, TargetError> {
        let read = async |wanted: Wanted, place: &Place| {
            let read = kubeconfig_source::read(&shared.control, &self.key, wanted, place);
            let found = timeout(PATIENCE, read).await;
            found.unwrap_or_else(|_| Err(self.silent("its Secret")))
        };
        Ok(Sources {
            kubeconfig: read(Wanted::Kubeconfig, &source.place).await?,
            identity: match &source.identity {
                Some(identity) => read(Wanted::Identity, &identity.place).await?,
                None => None,
            },
        })
    }

    /// A client of a kubeconfig, with the credentials in it or with the config's identity.
    fn client(
        &self,
        shared: &Shared,
        source: &KubeconfigSource,
        kubeconfig: &Found,
        found: &Sources,
    ) -> Result<kube::Client, TargetError> {
        let unusable = |error: ConnectError| {
            TargetError::of_kubeconfig(&self.key, &source.place.to_string(), error)
        };
        let trust = source.trust(shared.may_run_commands(&self.key));
        let (text, context) = (kubeconfig.text.expose_secret(), source.context.as_deref());
        let Some(identity) = &source.identity else {
            return connect_with(text, context, trust).map_err(unusable);
        };
        let given = identity.given(found.identity.as_ref());
        let minting = Identity::new(identity.type_, &given, shared.environment.clone());
        let minting = minting.map_err(|cause| TargetError::SecretMalformed {
            key: self.key.clone(),
            place: match &identity.place {
                Place::Own => format!("spec.identity ({})", identity.type_),
                place => place.to_string(),
            },
            cause,
        })?;
        connect_as(text, context, trust, minting).map_err(unusable)
    }

    async fn source(&self, control: &kube::Client) -> Result<KubeconfigSource, TargetError> {
        let missing = || TargetError::ConfigMissing {
            key: self.key.clone(),
        };
        let unread =
            |error: kube::Error| kubeconfig_source::control_plane(&self.key, "the config", &error);
        match self.key.kind {
            ProviderConfigKind::ProviderConfig => {
                let namespace = self.key.namespace.as_deref().unwrap_or_default();
                let api: Api<ProviderConfig> = Api::namespaced(control.clone(), namespace);
                let config = api.get_opt(&self.key.name).await.map_err(unread)?;
                KubeconfigSource::of(&config.ok_or_else(missing)?)
            }
            ProviderConfigKind::ClusterProviderConfig => {
                let api: Api<ClusterProviderConfig> = Api::all(control.clone());
                let config = api.get_opt(&self.key.name).await.map_err(unread)?;
                KubeconfigSource::of(&config.ok_or_else(missing)?)
            }
        }
    }

    fn silent(&self, what: &str) -> TargetError {
        TargetError::ControlPlane {
            key: self.key.clone(),
            cause: format!("{what} was not read within {} s", PATIENCE.as_secs()),
        }
    }

    /// Watches the Secret that the config names now, and no other.
    fn watch_secret(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        watched: &mut Watched,
        place: Option<&Place>,
    ) {
        let Some(Place::Secret {
            namespace, name, ..
        }) = place
        else {
            watched.watch = None;
            return;
        };
        let same = |watch: &SecretWatch| {
            &watch.namespace == namespace && &watch.name == name && !watch.task.is_finished()
        };
        if watched.watch.as_ref().is_some_and(same) {
            return;
        }
        let api: Api<PartialObjectMeta<Secret>> =
            Api::namespaced(shared.control.clone(), namespace);
        let (cached, shared) = (Arc::downgrade(self), Arc::downgrade(shared));
        let known = watched.version.clone();
        let fields = format!("metadata.name={name}");
        let changed = move |version: Option<String>| {
            let same = *known.lock().unwrap_or_else(PoisonError::into_inner) == version;
            if !same && let (Some(cached), Some(shared)) = (cached.upgrade(), shared.upgrade()) {
                cached.doubt();
                shared.changes.tell(&cached.key);
            }
        };
        let task = tokio::spawn(async move {
            let config = watcher::Config::default().fields(&fields);
            let mut events = std::pin::pin!(watcher(api, config).default_backoff());
            while let Some(event) = events.next().await {
                match event {
                    Ok(watcher::Event::Apply(secret) | watcher::Event::InitApply(secret)) => {
                        changed(secret.resource_version());
                    }
                    Ok(watcher::Event::Delete(_)) => changed(None),
                    Ok(watcher::Event::Init | watcher::Event::InitDone) => {}
                    // Without the right to watch, the Secret is read every now and then.
                    Err(error) => {
                        tracing::debug!(%error, "the Secret of a config is not watched");
                    }
                }
            }
        });
        watched.watch = Some(SecretWatch {
            namespace: namespace.clone(),
            name: name.clone(),
            task,
        });
    }
}

/// Checks that a cluster answers, accepts the credentials and runs Everest v1.
async fn probe(key: &TargetKey, client: &kube::Client) -> Result<(), TargetError> {
    let object = Object {
        kind: "APIResourceList".to_owned(),
        resource: "databaseclusters.everest.percona.com".to_owned(),
        namespace: None,
        name: String::new(),
    };
    let read = |error| ClusterError::from_kube(error, "get", &object);
    let ask = async {
        match client.list_api_group_resources(api::API_VERSION).await {
            Ok(_) => Ok(()),
            Err(error) => match read(error) {
                ClusterError::NotEverest { resource } => {
                    let groups = client.list_api_groups().await.map_err(read)?;
                    if groups.groups.iter().any(|group| group.name == EVEREST_V2) {
                        Err(ClusterError::EverestV2)
                    } else {
                        Err(ClusterError::NotEverest { resource })
                    }
                }
                other => Err(other),
            },
        }
    };
    match timeout(PATIENCE, ask).await {
        Ok(answer) => answer.map_err(|error| TargetError::of_cluster(key, error)),
        Err(_) => Err(TargetError::Unreachable {
            key: key.clone(),
            server: "(it was connected to)".to_owned(),
            cause: format!("no answer within {} s", PATIENCE.as_secs()),
        }),
    }
}
