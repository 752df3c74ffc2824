//! The usages of configs: one ProviderConfigUsage for each managed resource.
//!
//! Other tools count them, and users read them to see why a config is not deleted. They have no
//! finalizer, so that they do not hold a namespace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::namespace;
use crate::provider::Provider;
use crate::provider_config::{
    ConfigKey, ProviderConfigReference, ProviderConfigUsage, ResourceReference,
};

/// The longest value that a label can have.
const LONGEST_LABEL: usize = 63;

/// A managed resource that uses a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserOfConfig {
    /// Its UID.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its group and version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
}

/// The reason why a usage could not be written.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// The API server did not accept it.
    #[error(
        "cannot note that {user} uses {config}: {source}. The provider needs create, patch, list \
         and watch on providerconfigusages.{group}, which Crossplane grants with \
         its package"
    )]
    Api {
        /// Kind, namespace and name of the user.
        user: String,
        /// The config.
        config: ConfigKey,
        /// The provider's group.
        group: &'static str,
        /// Why.
        source: Box<kube::Error>,
    },
}

/// The known usages. Cheap to clone.
#[derive(Clone)]
pub struct Usages {
    provider: Provider,
    control: kube::Client,
    known: Arc<Mutex<Known>>,
    changes: watch::Sender<u64>,
}

/// Usages by name, which is their user's UID.
#[derive(Default)]
struct Known {
    usages: HashMap<String, ConfigKey>,
    /// True once all existing usages are known: the first list has arrived.
    complete: bool,
}

impl Usages {
    /// Nothing is known yet.
    pub fn new(provider: &Provider, control: kube::Client) -> Self {
        Usages {
            provider: *provider,
            control,
            known: Arc::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// Writes a usage of the config that `reference` names by `user`. Sends nothing if it is known
    /// already.
    ///
    /// A namespace that is being deleted accepts no new objects, and the deletion of a managed
    /// resource there must go on: the usage counts as written.
    ///
    /// # Errors
    /// [`UsageError`]; try again.
    pub async fn track(
        &self,
        user: &UserOfConfig,
        reference: &ProviderConfigReference,
    ) -> Result<(), UsageError> {
        let config = ConfigKey::new(&user.namespace, reference);
        if self.known().usages.get(&user.uid) == Some(&config) {
            return Ok(());
        }
        let shown = || format!("{} {}/{}", user.kind, user.namespace, user.name);
        let usage = usage(&self.provider, user, reference);
        let api = self.api(&user.namespace);
        let params = PatchParams::apply(self.provider.name).force();
        match api.patch(&user.uid, &params, &Patch::Apply(usage)).await {
            Ok(_) => {}
            Err(error) if namespace::is_refused(&error) => {
                tracing::debug!(user = shown(), "its namespace is being deleted");
            }
            Err(source) => {
                return Err(UsageError::Api {
                    user: shown(),
                    config,
                    group: self.provider.group,
                    source: Box::new(source),
                });
            }
        }
        let before = self.known().usages.insert(user.uid.clone(), config.clone());
        if before != Some(config) {
            self.changed();
        }
        Ok(())
    }

    /// The number of users of a config; `None` while not all usages are known.
    pub fn users(&self, config: &ConfigKey) -> Option<usize> {
        let known = self.known();
        known
            .complete
            .then(|| known.usages.values().filter(|used| *used == config).count())
    }

    /// Notes that all existing usages are known.
    #[cfg(any(test, feature = "testing"))]
    pub fn know_all(&self) {
        self.known().complete = true;
    }

    /// Notifies whenever a count may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Watches the usages of the control plane until `shutdown`. A usage without an owner (restored
    /// from a backup of the cluster) would never go by itself: it is not counted, and is deleted if
    /// the provider has the right, which Crossplane's own role does not grant.
    pub async fn follow(&self, shutdown: CancellationToken) {
        let resource = ProviderConfigUsage::resource(&self.provider);
        let api: Api<ProviderConfigUsage> = Api::all_with(self.control.clone(), &resource);
        let mut events = std::pin::pin!(watcher(api, watcher::Config::default()).default_backoff());
        let mut listed = HashMap::new();
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = shutdown.cancelled() => return,
            };
            match event {
                Some(Ok(watcher::Event::Init)) => listed = HashMap::new(),
                Some(Ok(watcher::Event::InitApply(usage))) => {
                    if self.owned(&usage).await {
                        listed.insert(usage.name_any(), config_of(&usage));
                    }
                }
                Some(Ok(watcher::Event::InitDone)) => {
                    *self.known() = Known {
                        usages: std::mem::take(&mut listed),
                        complete: true,
                    };
                    self.changed();
                }
                Some(Ok(watcher::Event::Apply(usage))) => {
                    if self.owned(&usage).await {
                        let config = config_of(&usage);
                        let before = self.known().usages.insert(usage.name_any(), config.clone());
                        if before != Some(config) {
                            self.changed();
                        }
                    }
                }
                Some(Ok(watcher::Event::Delete(usage))) => {
                    if self.known().usages.remove(&usage.name_any()).is_some() {
                        self.changed();
                    }
                }
                // With their definition, when the package is deleted, all of them are gone: the
                // watch may end before it has said so of each.
                Some(Err(error)) if is_undefined(&error) && self.known().complete => {
                    if !std::mem::take(&mut self.known().usages).is_empty() {
                        self.changed();
                    }
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "ProviderConfigUsages cannot be watched; trying again");
                }
                None => return,
            }
        }
    }

    /// Returns true if a usage has an owner. Deletes one without an owner, if that is allowed.
    async fn owned(&self, usage: &ProviderConfigUsage) -> bool {
        let controlled = usage
            .owner_references()
            .iter()
            .any(|owner| owner.controller == Some(true));
        if controlled {
            return true;
        }
        let (name, namespace) = (usage.name_any(), usage.namespace().unwrap_or_default());
        let api = self.api(&namespace);
        let same = DeleteParams {
            preconditions: Some(Preconditions {
                uid: usage.uid(),
                resource_version: usage.resource_version(),
            }),
            ..DeleteParams::default()
        };
        match api.delete(&name, &same).await {
            Ok(_) => tracing::info!(namespace, name, "a usage without an owner is deleted"),
            Err(kube::Error::Api(status)) if status.code == 403 => {
                tracing::debug!(namespace, name, "a usage without an owner is not counted");
            }
            Err(error) => {
                tracing::warn!(namespace, name, %error, "a usage without an owner is not deleted");
            }
        }
        false
    }

    fn api(&self, namespace: &str) -> Api<ProviderConfigUsage> {
        let resource = ProviderConfigUsage::resource(&self.provider);
        Api::namespaced_with(self.control.clone(), namespace, &resource)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }
}

fn config_of(usage: &ProviderConfigUsage) -> ConfigKey {
    let namespace = usage.namespace().unwrap_or_default();
    ConfigKey::new(&namespace, &usage.provider_config_ref)
}

/// The usage that stands for `user`.
fn usage(
    provider: &Provider,
    user: &UserOfConfig,
    reference: &ProviderConfigReference,
) -> ProviderConfigUsage {
    let mut labels = vec![(
        ProviderConfigUsage::KIND_LABEL.to_owned(),
        reference.kind.to_string(),
    )];
    // A name may be longer than a label; who counts by label does not see such a config.
    if reference.name.len() <= LONGEST_LABEL {
        labels.push((
            ProviderConfigUsage::CONFIG_LABEL.to_owned(),
            reference.name.clone(),
        ));
    }
    ProviderConfigUsage {
        metadata: ObjectMeta {
            name: Some(user.uid.clone()),
            namespace: Some(user.namespace.clone()),
            labels: Some(labels.into_iter().collect()),
            owner_references: Some(vec![OwnerReference {
                api_version: user.api_version.clone(),
                kind: user.kind.clone(),
                name: user.name.clone(),
                uid: user.uid.clone(),
                controller: Some(true),
                block_owner_deletion: Some(true),
            }]),
            ..ObjectMeta::default()
        },
        provider_config_ref: reference.clone(),
        resource_ref: ResourceReference {
            api_version: user.api_version.clone(),
            kind: user.kind.clone(),
            name: user.name.clone(),
        },
        ..ProviderConfigUsage::of(provider)
    }
}

/// Returns true if a watch ended because its kind is not served any more.
fn is_undefined(error: &watcher::Error) -> bool {
    let (watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error)) =
        error
    else {
        return false;
    };
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

#[cfg(test)]
mod tests;
