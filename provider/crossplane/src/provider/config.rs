//! The clusters of managed resources: one client for each ProviderConfig, kept while the config and
//! its credentials do not change.

mod bound;
mod changes;
pub mod controller;
mod credentials;
mod error;
pub mod grants;
#[cfg(test)]
mod identities;
mod kubeconfig_source;
mod namespace_labels;
mod status;
mod target_cache;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossplane_managed::provider_config::ProviderConfigReference;
use everest_cluster::Cluster;
use everest_cluster::identity::{self, Environment};
use kube::api::PatchParams;

use changes::Notices;
pub use changes::{Changed, Changes};
pub use crossplane_managed::provider_config::ConfigKey as TargetKey;
pub use error::TargetError;
use grants::{Grants, Verdict};
pub use kubeconfig_source::Config;
use namespace_labels::NamespaceLabels;
use target_cache::CachedTarget;

/// The field manager of everything this provider applies.
pub const FIELD_MANAGER: &str = "everest-crossplane";

/// The parameters of this provider's patches.
pub fn patch_params() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// A cluster for managed resources.
pub struct Target {
    /// The cluster, under this provider's field manager.
    pub cluster: Cluster,
    /// The config it is of.
    pub key: TargetKey,
    /// What managed resources may use through it.
    pub grants: Arc<Grants>,
    /// A number that grows with each change of the config or its credentials, and after each outage
    /// of the cluster. Watches through a target end when a target of a later revision is used.
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

/// The data that all cache entries share.
struct Shared {
    control: kube::Client,
    /// The cluster of `InjectedIdentity`.
    own: kube::Client,
    /// The `ClusterProviderConfig`s whose kubeconfigs may name credential plugins.
    commands: BTreeSet<String>,
    /// The environment that identities of the pod are found in.
    environment: Environment,
    /// The labels of the control plane's namespaces.
    namespaces: NamespaceLabels,
    cache: Mutex<HashMap<TargetKey, Arc<CachedTarget>>>,
    revisions: AtomicU64,
    changes: Notices,
}

impl Targets {
    /// An empty cache; configs and Secrets are read through `control`.
    pub fn new(control: kube::Client) -> Self {
        Targets::with_commands(control, BTreeSet::new())
    }

    /// The same; the kubeconfigs of the `ClusterProviderConfig`s in `commands` may make this process
    /// run credential plugins.
    pub fn with_commands(control: kube::Client, commands: BTreeSet<String>) -> Self {
        let environment = identity::of_this_process();
        Targets::over(control.clone(), control, commands, environment)
    }

    /// For tests: requests to the cluster of `InjectedIdentity` are told from those to the control
    /// plane.
    #[cfg(test)]
    pub(crate) fn apart(control: kube::Client, own: kube::Client) -> Self {
        Targets::over(control, own, BTreeSet::new(), identity::of_this_process())
    }

    /// For tests: in a pod with this environment.
    #[cfg(test)]
    fn in_pod(control: kube::Client, environment: Environment) -> Self {
        Targets::over(control.clone(), control, BTreeSet::new(), environment)
    }

    fn over(
        control: kube::Client,
        own: kube::Client,
        commands: BTreeSet<String>,
        environment: Environment,
    ) -> Self {
        Targets {
            shared: Arc::new(Shared {
                namespaces: NamespaceLabels::new(control.clone()),
                control,
                own,
                commands,
                environment,
                cache: Mutex::default(),
                revisions: AtomicU64::default(),
                changes: Notices::new(),
            }),
        }
    }

    /// The target that `reference` names in an object of `namespace`.
    ///
    /// 1. If neither config nor credentials are known to have changed, the target is returned
    ///    without a request.
    /// 2. Otherwise both are read. If they are the same as before, the target stays.
    /// 3. Otherwise a new target is made, once its cluster has answered and runs Everest; the old
    ///    one is dropped. The same happens after an outage of the cluster.
    ///
    /// A failure is remembered for a moment, so that many concurrent calls send one request.
    ///
    /// # Errors
    /// [`TargetError`], which says what to do. A later call may succeed.
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

    /// Checks that managed resources of the namespace `from` may use a namespace of the target's
    /// cluster.
    ///
    /// # Errors
    /// [`TargetError::NotGranted`] if they may not; another one if the labels of `from` are needed
    /// and cannot be read.
    pub async fn permit(
        &self,
        target: &Target,
        from: &str,
        usage: &grants::Usage,
    ) -> Result<(), TargetError> {
        let verdict = match target.grants.permits(from, None, usage) {
            Verdict::DependsOnLabels => {
                let labels = self.shared.namespaces.of(&target.key, from).await?;
                target.grants.permits(from, Some(&labels), usage)
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Granted => Ok(()),
            Verdict::Refused | Verdict::DependsOnLabels => Err(TargetError::NotGranted {
                key: target.key.clone(),
                from: from.to_owned(),
                usage: usage.clone(),
            }),
        }
    }

    /// Checks that the target's cluster answers, accepts the credentials and runs Everest. A result
    /// less than half a minute old is reused.
    ///
    /// # Errors
    /// See [`Targets::connect`].
    pub async fn check(&self, key: &TargetKey) -> Result<(), TargetError> {
        self.target(key).await?;
        self.cached(key)
            .check(&self.shared, target_cache::CHECKED)
            .await
    }

    /// Checks a cluster at once that may not answer any more. If it does not, all users of the
    /// target are notified.
    pub async fn suspect(&self, key: &TargetKey) {
        let found = self.cache().get(key).cloned();
        if let Some(cached) = found {
            cached.suspect(&self.shared).await;
        }
    }

    /// Marks the config as possibly changed: it is read again before the next use of its target.
    pub fn doubt(&self, key: &TargetKey) {
        self.cached(key).doubt();
    }

    /// Drops the target of a config that is gone.
    pub fn forget(&self, key: &TargetKey) {
        let removed = self.cache().remove(key);
        if removed.is_some() {
            self.shared.changes.tell(key);
        }
    }

    /// Notifies of each target that may have changed, may work again or was dropped.
    pub fn changes(&self) -> Changes {
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
    /// Returns true if the kubeconfig of a config may name credential plugins, wherever it is.
    fn may_run_commands(&self, key: &TargetKey) -> bool {
        key.namespace.is_none() && self.commands.contains(&key.name)
    }

    fn next_revision(&self) -> u64 {
        self.revisions.fetch_add(1, Ordering::Relaxed) + 1
    }
}
