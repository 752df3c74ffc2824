//! The kind-specific part of the controller of managed resources.

mod backup;
mod backup_storage;
pub mod companion;
mod data_import_job;
mod data_importer;
mod database;
mod database_namespace;
mod difference;
pub mod differing;
mod engine_version_policy;
mod lifecycle;
mod load_balancer_config;
mod monitoring_config;
mod plain;
mod pod_scheduling_policy;
mod restore;
mod split_horizon_dns_config;
mod with_secret;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use crossplane_managed::claim::Claim;
pub use crossplane_managed::external::Ending;
use crossplane_managed::external::Holding;
use crossplane_managed::relations::{Related, ResourceKey};
use everest_cluster::requests::Requests;
use everest_cluster::{Cluster, Scope, Typed};
use everest_core::Operation;
use everest_core::api::HELD_BY;
use everest_core::name;
use everest_core::readiness::Readiness;
use everest_core::rules::Validate;
use everest_core::v1::convergence::{self, Comparison, Held};
use everest_core::v1::{ObjectMapping, OwnedKeys};
use everest_schemas::Sensitive;
use everest_schemas::managed::{LocalReference, Managed, ManagedModel};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::config::grants::Usage;
use super::error::ReconcileError;
use super::memory::Memory;
use super::views::Views;

pub use backup::Backups;
pub use backup_storage::BackupStorages;
pub use data_import_job::DataImportJobs;
pub use data_importer::DataImporters;
pub use database::Databases;
pub use database_namespace::DatabaseNamespaces;
pub use difference::{Compared, Difference};
pub use engine_version_policy::EngineVersionPolicies;
pub use load_balancer_config::LoadBalancerConfigs;
pub use monitoring_config::MonitoringConfigs;
pub use pod_scheduling_policy::PodSchedulingPolicies;
pub use restore::Restores;
pub use split_horizon_dns_config::SplitHorizonDnsConfigs;

/// Keys and values of a connection Secret.
pub type Details = BTreeMap<String, Sensitive<String>>;

/// A callback for something that happened in a namespace.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// A watch that ends when this is dropped.
pub type Companion = Box<dyn Any + Send + Sync>;

/// The data for a step.
pub struct Scene<'a, K: Kind> {
    /// The managed resource.
    pub managed: &'a Managed<K::Model>,
    /// Its namespace and name.
    pub key: &'a ResourceKey,
    /// Its configuration, with namespace and name of the external object.
    pub config: &'a K::Model,
    /// Namespace of the external object; empty for a cluster-scoped object.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The watches in its cluster.
    pub views: &'a Views,
    /// The control plane.
    pub control: &'a kube::Client,
    /// The remembered state.
    pub state: &'a mut Memory,
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

    /// Requests a reconcile whenever a Secret beside the external object changes.
    pub fn watch_secret(&self, name: &str) {
        let target = self.views.target.key.clone();
        let related = Related::Secret(target, self.namespace.to_owned(), name.to_owned());
        self.views.relate(related, self.key);
    }

    /// The Secret that `spec.forProvider.secretRef` names, in the managed resource's namespace.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    pub async fn referred_secret(&self) -> Result<Option<Secret>, ReconcileError> {
        let reference = self.managed.spec.for_provider.secret_ref.as_ref();
        self.referred("secretRef", reference).await
    }

    /// The Secret that a member of [`ManagedModel::SECRETS`] names, in the managed resource's
    /// namespace.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    pub async fn secret_of(&self, member: &str) -> Result<Option<Secret>, ReconcileError> {
        let reference = self.managed.spec.for_provider.secrets.get(member);
        self.referred(member, reference).await
    }

    async fn referred(
        &self,
        member: &str,
        reference: Option<&LocalReference>,
    ) -> Result<Option<Secret>, ReconcileError> {
        let Some(reference) = reference else {
            return Ok(None);
        };
        let namespace = &self.key.0;
        let api: Api<Secret> = Api::namespaced(self.control.clone(), namespace);
        let found = api
            .get_opt(&reference.name)
            .await
            .map_err(ReconcileError::control(
                "reading a Secret that spec.forProvider refers to",
            ))?;
        found.map(Some).ok_or_else(|| {
            ReconcileError::Secret(format!(
                "spec.forProvider.{member}: there is no Secret {namespace}/{}. Create it",
                reference.name
            ))
        })
    }
}

/// A kind of managed resource. Defaults here fit most kinds.
#[async_trait]
pub trait Kind: Sized + Send + Sync + 'static {
    /// The model that users write.
    type Model: ManagedModel + Validate + ObjectMapping<Object = Self::External>;
    /// The object that it stands for.
    type External: Typed + Serialize;
    /// Members that are written back once the server has chosen their values.
    const DECIDED: &'static [&'static str] = &[];
    /// True if it runs once, whatever happens to its object.
    const RUNS_ONCE: bool = false;
    /// True if the external object is in a namespace.
    const NAMESPACED: bool = <Self::External as Resource>::Scope::NAMESPACED;
    /// True if clients connect to its object.
    const HAS_ENDPOINT: bool = false;
    /// True if Everest limits the external name, see [`everest_core::name::LIMIT`].
    const NAME_IS_LIMITED: bool = false;
    /// Removes unneeded parts of an external object, before a watch keeps it.
    const TRIM: Option<fn(&mut Value)> = None;

    /// What the managed resource uses in its cluster, which the config has to grant.
    fn uses(config: &Self::Model) -> Usage {
        Usage::Objects(config.key().0.to_owned())
    }

    /// Returns true if the spec says that an existing external object is to be taken over.
    fn takes_over(config: &Self::Model) -> bool {
        let _ = config;
        false
    }

    /// The name of the external object, if its configuration decides it.
    fn object_name(config: &Self::Model) -> Option<&str> {
        let _ = config;
        None
    }

    /// Starts further watches that concern external objects; events carry the name of the
    /// namespace.
    fn companions(cluster: &Cluster, tell: &Tell) -> Vec<Companion> {
        let _ = (cluster, tell);
        Vec::new()
    }

    /// The model of an external object.
    fn observed(external: &Self::External, owned: &OwnedKeys) -> Self::Model {
        Self::Model::observed(external, owned)
    }

    /// The observed model, if it needs more than the object.
    async fn seen(
        scene: &Scene<'_, Self>,
        external: &Self::External,
    ) -> Result<Self::Model, ReconcileError> {
        Ok(scene.observed(external))
    }

    /// Returns true if an existing object needs no further work for its deletion: it may stay, or
    /// it waits for the managed resource itself, which is in the namespace `home`.
    fn is_left(config: &Self::Model, external: &Self::External, home: &str) -> bool {
        let _ = (config, external, home);
        false
    }

    /// A phrase for what holds an object that is being deleted.
    fn holders(external: &Self::External) -> Option<String> {
        let finalizers = external.finalizers();
        (!finalizers.is_empty()).then(|| {
            format!(
                "held by the finalizers {}. The operators that set them remove them; if such an \
                 operator is gone, reinstall it or remove the finalizer by hand",
                finalizers.join(", ")
            )
        })
    }

    /// The reason why a change has to wait, if it has to.
    fn busy(external: &Self::External) -> Option<String> {
        let _ = external;
        None
    }

    /// The model with the values of the Secrets that the managed resource refers to, for the rules.
    ///
    /// # Errors
    /// If such a Secret does not exist or cannot be read.
    async fn with_secrets(
        scene: &Scene<'_, Self>,
        model: Self::Model,
    ) -> Result<Self::Model, ReconcileError> {
        let _ = scene;
        Ok(model)
    }

    /// The condition to wait for before the external object can be created.
    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let _ = scene;
        Ok(None)
    }

    /// The readiness of the external object.
    async fn readiness(scene: &mut Scene<'_, Self>, external: &Arc<Self::External>) -> Readiness;

    /// Compares the external object with what is wanted.
    async fn compare(
        scene: &Scene<'_, Self>,
        external: &Self::External,
    ) -> Result<Compared, ReconcileError> {
        Ok(compare::<Self>(scene.cluster(), scene.config, external).into())
    }

    /// Creates the external object, and touches none that exists.
    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<Self::External>, ReconcileError> {
        let body = scene.config.desired(Operation::Create);
        Ok(Arc::new(scene.requests().create(scene.name, &body).await?))
    }

    /// Records data on a new external object before its creation counts as done. May be called
    /// again after an interruption.
    async fn note_creation(
        scene: &mut Scene<'_, Self>,
        external: &Arc<Self::External>,
    ) -> Result<Arc<Self::External>, ReconcileError> {
        let _ = scene;
        Ok(external.clone())
    }

    /// An annotation that is copied to the managed resource because Everest may lose it from the
    /// external object: its key, and its value if there is one.
    fn remembered(
        config: &Self::Model,
        external: &Self::External,
    ) -> Option<(&'static str, Option<String>)> {
        let _ = (config, external);
        None
    }

    /// Removes the difference.
    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &Self::External,
        difference: &Difference,
    ) -> Result<Arc<Self::External>, ReconcileError> {
        let Difference::Members(change) = difference else {
            return Ok(Arc::new(external.clone()));
        };
        let body = at_version(change.body.clone(), external);
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

    /// Does the work without which an object cannot go that is being deleted, by anybody.
    async fn ending(
        scene: &mut Scene<'_, Self>,
        external: &Self::External,
    ) -> Result<Ending, ReconcileError> {
        let _ = (scene, external);
        Ok(Ending::Goes)
    }

    /// Removes remaining objects once the external object is gone. Returns what is still waited
    /// for.
    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let _ = scene;
        Ok(None)
    }

    /// The address as one word, and the Secret with the credentials; `None` if clients cannot
    /// connect yet.
    fn endpoint(external: &Self::External) -> Option<(String, String)> {
        let _ = external;
        None
    }

    /// The content of the connection Secret; `None` while it is not known.
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

/// The name of the external object of a managed resource, if nobody chose one: its own, shortened if
/// Everest would refuse it.
pub fn default_name<K: Kind>(managed: &ObjectMeta) -> String {
    let own = managed.name.as_deref().unwrap_or_default();
    if !K::NAME_IS_LIMITED || name::check(own).is_ok() {
        return own.to_owned();
    }
    let namespace = managed.namespace.as_deref().unwrap_or_default();
    name::shortened(own, &[namespace, own])
}

/// Compares the objects.
pub fn compare<K: Kind>(
    cluster: &Cluster,
    config: &K::Model,
    external: &K::External,
) -> Comparison {
    let owned = cluster.owned_keys(external.meta());
    let body = K::observed(external, &owned).desired(Operation::Update);
    let held = Held {
        body: &body,
        metadata: external.meta(),
        owned: &owned,
        manager: cluster.field_manager(),
        lasting: K::Model::LASTING,
        switches: K::Model::SWITCHES,
    };
    convergence::compare(&config.desired(Operation::Update), &held)
}

/// The body with the UID and resource version of the object that it was made from, so that the
/// server accepts it for that object only. The version alone would not do: if the object is gone,
/// the server creates one from a body with a version.
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

/// Whose an external object is.
pub fn holding(external: &ObjectMeta) -> Holding {
    Holding {
        uid: external.uid.clone(),
        claim: Claim::on(external, HELD_BY),
    }
}

/// The model that holds once a difference is removed.
///
/// # Errors
/// When the two do not make a model.
pub fn planned<K: Kind>(
    config: &K::Model,
    observed: &K::Model,
    difference: &Difference,
) -> Result<K::Model, ReconcileError> {
    convergence::planned(config, observed, difference.removed())
        .map_err(|error| ReconcileError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    #[test]
    fn a_name_that_everest_would_refuse_is_shortened() {
        let of = |name: &str, namespace: &str| ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        let long = "team-database-of-the-shop-0123456789ab-x";
        let found = default_name::<Databases>(&of(long, "shop"));
        assert_eq!(name::check(&found), Ok(()));
        assert!(found.starts_with("team-database-o"), "{found}");
        assert_eq!(default_name::<Databases>(&of(long, "shop")), found);
        assert_ne!(default_name::<Databases>(&of(long, "other")), found);
        // Names of other kinds stay.
        assert_eq!(default_name::<Backups>(&of(long, "shop")), long);
    }

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
