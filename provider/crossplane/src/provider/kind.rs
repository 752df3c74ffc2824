//! What the controller of managed resources has to know of a kind.

mod backup;
mod backup_storage;
mod database;
mod database_namespace;
mod lifecycle;
mod monitoring_config;
mod restore;
mod with_secret;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::reflector::Reflector;
use everest_cluster::requests::Requests;
use everest_cluster::{Cluster, Scope, Typed};
use everest_core::readiness::Readiness;
use everest_core::rules::Validate;
use everest_core::v1::convergence::{self, Held};
use everest_core::v1::{ObjectMapping, OwnedKeys};
use everest_core::{Operation, v1};
use everest_schemas::Sensitive;
use everest_schemas::managed::{Managed, ManagedModel};
use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::ReconcileError;
use super::reconcile_state::{ReconcileState, Related, ResourceKey};
use super::views::Views;

pub use backup::Backups;
pub use backup_storage::BackupStorages;
pub use database::Databases;
pub use database_namespace::DatabaseNamespaces;
pub use monitoring_config::MonitoringConfigs;
pub use restore::Restores;

/// Keys and values of a connection Secret.
pub type Details = BTreeMap<String, Sensitive<String>>;

/// Tells of something that happened in a namespace.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// What becomes of an object that is being deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It goes by itself, or its finalizers tell what holds it.
    Goes,
    /// It waits for this.
    Waits(String),
    /// It would have stayed for ever and was let go: what was done.
    Released(String),
}

/// Something that is followed as long as it is kept.
pub type Companion = Box<dyn Any + Send + Sync>;

/// What a step is done with.
pub struct Scene<'a, K: Kind> {
    /// The managed resource.
    pub managed: &'a Managed<K::Model>,
    /// Its namespace and name.
    pub key: &'a ResourceKey,
    /// What it says, with its namespace and name.
    pub config: &'a K::Model,
    /// Namespace of the external object; empty for one that has none.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The cluster, as it is followed.
    pub views: &'a Views<K>,
    /// The control plane.
    pub control: &'a kube::Client,
    /// The Secrets beside managed resources.
    pub own_secrets: Option<&'a Reflector<PartialObjectMeta<Secret>>>,
    /// What is remembered.
    pub state: &'a mut ReconcileState,
}

impl<K: Kind> Scene<'_, K> {
    /// The cluster of the external object.
    pub fn cluster(&self) -> &Cluster {
        &self.views.cluster
    }

    /// The external objects, one request at a time.
    pub fn requests(&self) -> Requests<K::External> {
        self.cluster().requests(self.namespace)
    }

    /// The model of what the cluster holds.
    pub fn observed(&self, external: &K::External) -> K::Model {
        K::observed(external, &self.cluster().owned_keys(external.meta()))
    }

    /// Has the managed resource looked at when a Secret beside the external object changes.
    pub fn watch_secret(&self, name: &str) {
        let target = self.views.target.key.clone();
        let related = Related::Secret(target, self.namespace.to_owned(), name.to_owned());
        self.views.relate(related, self.key);
    }

    /// The Secret that `spec.forProvider.secretRef` names, in the managed resource's namespace.
    ///
    /// # Errors
    /// When it does not exist or cannot be read.
    pub async fn referred_secret(&self) -> Result<Option<Secret>, ReconcileError> {
        let Some(reference) = &self.managed.spec.for_provider.secret_ref else {
            return Ok(None);
        };
        let namespace = &self.key.0;
        let api: Api<Secret> = Api::namespaced(self.control.clone(), namespace);
        let found = api
            .get_opt(&reference.name)
            .await
            .map_err(ReconcileError::control(
                "reading the Secret of spec.forProvider.secretRef",
            ))?;
        found.map(Some).ok_or_else(|| {
            ReconcileError::Secret(format!(
                "spec.forProvider.secretRef: there is no Secret {namespace}/{}. Create it",
                reference.name
            ))
        })
    }
}

/// A kind of managed resource. What most kinds have in common is written here.
#[async_trait]
pub trait Kind: Sized + Send + Sync + 'static {
    /// What users write.
    type Model: ManagedModel + Validate + ObjectMapping<Object = Self::External>;
    /// The object that it stands for.
    type External: Typed + Serialize;
    /// Members that are written back once the server has decided them.
    const DECIDED: &'static [&'static str] = &[];
    /// It runs once, whatever becomes of its object.
    const RUNS_ONCE: bool = false;
    /// The external object is in a namespace.
    const NAMESPACED: bool = <Self::External as Resource>::Scope::NAMESPACED;
    /// Secrets beside the managed resource matter.
    const HAS_SECRETS: bool = false;

    /// Drops what nobody reads of an external object.
    fn trim(external: &mut Self::External) {
        let _ = external;
    }

    /// Follows what else tells of external objects, by the name of their namespace.
    fn companions(cluster: &Cluster, tell: &Tell) -> Vec<Companion> {
        let _ = (cluster, tell);
        Vec::new()
    }

    /// The model of an external object.
    fn observed(external: &Self::External, owned: &OwnedKeys) -> Self::Model {
        Self::Model::observed(external, owned)
    }

    /// The model of what is there, where the object alone does not tell.
    async fn seen(
        scene: &Scene<'_, Self>,
        external: &Self::External,
    ) -> Result<Self::Model, ReconcileError> {
        Ok(scene.observed(external))
    }

    /// Whether nothing is left to do of the deletion of an object that exists: it may stay, or
    /// wait for the managed resource itself, which is in the namespace `home`.
    fn is_left(config: &Self::Model, external: &Self::External, home: &str) -> bool {
        let _ = (config, external, home);
        false
    }

    /// What holds an object that is being deleted.
    fn holders(external: &Self::External) -> Option<String> {
        let finalizers = external.finalizers();
        (!finalizers.is_empty())
            .then(|| {
            format!(
                "held by the finalizers {}. Whoever put them on takes them off; if that operator is \
                 gone, install it again or take them off by hand",
                finalizers.join(", ")
            )
        })
    }

    /// Why a change has to wait, if it has to.
    fn busy(external: &Self::External) -> Option<String> {
        let _ = external;
        None
    }

    /// What has to come before the external object can be made.
    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let _ = scene;
        Ok(None)
    }

    /// Whether the external object can be used.
    async fn readiness(scene: &mut Scene<'_, Self>, external: &Arc<Self::External>) -> Readiness;

    /// The body of the change that is needed; none if the external object is as wanted.
    async fn change(
        scene: &Scene<'_, Self>,
        external: &Self::External,
    ) -> Result<Option<Value>, ReconcileError> {
        Ok(change::<Self>(scene.cluster(), scene.config, external))
    }

    /// Makes the external object.
    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<Self::External>, ReconcileError> {
        let body = scene.config.desired(Operation::Create);
        Ok(Arc::new(scene.requests().apply(scene.name, &body).await?))
    }

    /// Notes on an external object that was just made what is not to be done to it later. This
    /// happens before its creation counts as done, and may have happened before.
    async fn note_creation(
        scene: &mut Scene<'_, Self>,
        external: &Arc<Self::External>,
    ) -> Result<Arc<Self::External>, ReconcileError> {
        let _ = scene;
        Ok(external.clone())
    }

    /// An annotation that the managed resource is to have as well, where Everest may lose it from
    /// the external object: its key, and its value if it has one.
    fn remembered(
        config: &Self::Model,
        external: &Self::External,
    ) -> Option<(&'static str, Option<String>)> {
        let _ = (config, external);
        None
    }

    /// Sends the change.
    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &Self::External,
        body: &Value,
    ) -> Result<Arc<Self::External>, ReconcileError> {
        let body = at_version(body.clone(), external);
        Ok(Arc::new(scene.requests().apply(scene.name, &body).await?))
    }

    /// Asks for the deletion of the external object.
    async fn delete(
        scene: &mut Scene<'_, Self>,
        external: &Self::External,
    ) -> Result<(), ReconcileError> {
        let uid = external.uid();
        Ok(scene.requests().delete(scene.name, uid.as_deref()).await?)
    }

    /// Does what an object that is being deleted, by whomever, cannot go without.
    async fn ending(
        scene: &mut Scene<'_, Self>,
        external: &Self::External,
    ) -> Result<Ending, ReconcileError> {
        let _ = (scene, external);
        Ok(Ending::Goes)
    }

    /// What else has to go once the external object is gone; what is still waited for.
    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let _ = scene;
        Ok(None)
    }

    /// Where an application connects to, as one word, and the Secret that holds the
    /// credentials; none where there is nothing to connect to yet.
    fn endpoint(external: &Self::External) -> Option<(String, String)> {
        let _ = external;
        None
    }

    /// What an application connects with; none while that is not known.
    fn details(external: &Self::External, credentials: Option<&Secret>) -> Option<Details> {
        let _ = (external, credentials);
        None
    }
}

/// A model, with its kind of managed resource.
pub trait Controlled: ManagedModel {
    /// The kind.
    type Kind: Kind<Model = Self>;
}

/// The body of the change that is needed, by what the objects say.
pub fn change<K: Kind>(
    cluster: &Cluster,
    config: &K::Model,
    external: &K::External,
) -> Option<Value> {
    let owned = cluster.owned_keys(external.meta());
    let body = K::observed(external, &owned).desired(Operation::Update);
    let held = Held {
        body: &body,
        metadata: external.meta(),
        owned: &owned,
        manager: cluster.field_manager(),
    };
    convergence::change(&config.desired(Operation::Update), &held)
}

/// A body that is only taken while the object is the one it was made from. The version alone
/// would not do: where there is no object, the server makes one of a body with a version.
pub fn at_version<E: Resource>(mut body: Value, external: &E) -> Value {
    let metadata = external.meta();
    for (member, value) in [
        ("uid", &metadata.uid),
        ("resourceVersion", &metadata.resource_version),
    ] {
        if let Some(value) = value {
            body["metadata"][member] = json!(value);
        }
    }
    body
}

/// The model that will hold once a change is made.
///
/// # Errors
/// When the two do not make a model.
pub fn planned<K: Kind>(
    config: &K::Model,
    observed: &K::Model,
) -> Result<K::Model, ReconcileError> {
    v1::convergence::planned(config, observed)
        .map_err(|error| ReconcileError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    #[test]
    fn a_change_names_the_object_it_means_so_that_no_other_is_made() {
        let external: ConfigMap = serde_json::from_value(json!({
            "metadata": {"name": "a", "uid": "u", "resourceVersion": "7"}}))
        .unwrap();
        let body = at_version(json!({"metadata": {"name": "a"}}), &external);
        assert_eq!(
            body["metadata"],
            json!({"name": "a", "uid": "u", "resourceVersion": "7"})
        );
    }
}
