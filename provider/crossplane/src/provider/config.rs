//! Which cluster a managed resource goes to: one client for each ProviderConfig, kept while
//! the config and its credentials stay as they are.

mod bound;
pub mod controller;
mod credentials;
mod error;
mod kubeconfig_source;
mod status;
mod target_cache;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use everest_cluster::Cluster;
use everest_schemas::managed::{ProviderConfigKind, ProviderConfigReference};
use kube::api::PatchParams;
use tokio::sync::watch;

pub use error::TargetError;
pub use kubeconfig_source::Config;
use target_cache::CachedTarget;

/// The field manager of everything this provider applies.
pub const FIELD_MANAGER: &str = "everest-crossplane";

/// The parameters of a patch of this provider's.
pub fn patch_params() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// Which config a target is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetKey {
    /// Its kind.
    pub kind: ProviderConfigKind,
    /// Its namespace; none for a ClusterProviderConfig.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl TargetKey {
    /// The config that `reference` means in an object of `namespace`.
    pub fn new(namespace: &str, reference: &ProviderConfigReference) -> Self {
        let namespace = match reference.kind {
            ProviderConfigKind::ProviderConfig => Some(namespace.to_owned()),
            ProviderConfigKind::ClusterProviderConfig => None,
        };
        TargetKey {
            kind: reference.kind,
            namespace,
            name: reference.name.clone(),
        }
    }
}

impl fmt::Display for TargetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// A cluster that managed resources go to.
pub struct Target {
    /// The cluster, under this provider's field manager.
    pub cluster: Cluster,
    /// The config it is of.
    pub key: TargetKey,
    /// Another one for another config or other credentials, and for a cluster that has been away;
    /// it only ever grows. What follows the cluster through a target ends when one of a later
    /// revision is used.
    pub revision: u64,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}, revision {})", self.key, self.revision)
    }
}

/// The targets of all configs. Cheap to clone.
#[derive(Clone)]
pub struct Targets {
    shared: Arc<Shared>,
}

/// What all cache entries have in common.
struct Shared {
    control: kube::Client,
    /// Whether the kubeconfigs of `ClusterProviderConfig`s may name credential plugins.
    commands: bool,
    cache: Mutex<HashMap<TargetKey, Arc<CachedTarget>>>,
    revisions: AtomicU64,
    changes: watch::Sender<u64>,
}

impl Targets {
    /// No target yet; configs and Secrets are read through `control`.
    pub fn new(control: kube::Client) -> Self {
        Targets::with_commands(control, false)
    }

    /// The same; `commands` says whether the kubeconfig of a `ClusterProviderConfig` may make this
    /// process run the command of a credential plugin.
    pub fn with_commands(control: kube::Client, commands: bool) -> Self {
        Targets {
            shared: Arc::new(Shared {
                control,
                commands,
                cache: Mutex::default(),
                revisions: AtomicU64::default(),
                changes: watch::Sender::new(0),
            }),
        }
    }

    /// The target that `reference` means in an object of `namespace`.
    ///
    /// 1. A target whose config and credentials are not known to have changed is returned
    ///    without a request.
    /// 2. Otherwise both are read. If they are what the target was made of, it stays.
    /// 3. Otherwise another is made, once its cluster has answered and is found to run
    ///    Everest; the old one is given up. So it is when the cluster has been away.
    ///
    /// A failure is remembered for a moment, so that many who ask at once ask the cluster once.
    ///
    /// # Errors
    /// [`TargetError`], which says what to do. Asking again later may well succeed.
    pub async fn connect(
        &self,
        namespace: &str,
        reference: &ProviderConfigReference,
    ) -> Result<Arc<Target>, TargetError> {
        self.target(&TargetKey::new(namespace, reference)).await
    }

    /// The target of a config; see [`Targets::connect`].
    ///
    /// # Errors
    /// See [`Targets::connect`].
    pub async fn target(&self, key: &TargetKey) -> Result<Arc<Target>, TargetError> {
        self.cached(key).target(&self.shared).await
    }

    /// Whether the target's cluster answers now, takes the credentials and runs Everest. What
    /// was found less than half a minute ago counts as now.
    ///
    /// # Errors
    /// See [`Targets::connect`].
    pub async fn check(&self, key: &TargetKey) -> Result<(), TargetError> {
        self.target(key).await?;
        self.cached(key)
            .check(&self.shared, target_cache::CHECKED)
            .await
    }

    /// Something says that the cluster does not answer any more: it is asked now, and if it does
    /// not, all who go there are told.
    pub async fn suspect(&self, key: &TargetKey) {
        let found = self.cache().get(key).cloned();
        if let Some(cached) = found {
            cached.suspect(&self.shared).await;
        }
    }

    /// The config may have changed: it is read again before its target is next used.
    pub fn doubt(&self, key: &TargetKey) {
        self.cached(key).doubt();
    }

    /// The config is gone, and its target with it.
    pub fn forget(&self, key: &TargetKey) {
        let removed = self.cache().remove(key);
        if removed.is_some() {
            self.shared.changed();
        }
    }

    /// Tells whenever a target may be another one, may work again or is given up.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    fn cached(&self, key: &TargetKey) -> Arc<CachedTarget> {
        let mut cache = self.cache();
        if let Some(cached) = cache.get(key) {
            return cached.clone();
        }
        cache.retain(|_, cached| !cached.is_spent());
        let cached = Arc::new(CachedTarget::new(key.clone()));
        cache.insert(key.clone(), cached.clone());
        cached
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<TargetKey, Arc<CachedTarget>>> {
        self.shared
            .cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn next_revision(&self) -> u64 {
        self.revisions.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }
}
