//! `DatabaseNamespace`: a Namespace with Everest's label and the operators of its engines, which
//! OLM installs.
//!
//! Each reconcile goes as far as it can without waiting, and reports what it waits for.

use std::sync::Arc;

use async_trait::async_trait;
use crossplane_managed::claim;
use crossplane_managed::metadata::{self, Marks};
use everest_cluster::{Cluster, Stepped, Stepper, Waiting, namespace};
use everest_core::lifecycle::namespace::{ReleaseStorages, RemoveNamespace};
use everest_core::path::FieldPath;
use everest_core::readiness::Readiness;
use everest_core::storage_users::IN_USE;
use everest_core::v1::ObjectMapping;
use everest_core::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL};
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::{EngineInstall, Engines, NamespaceModel};
use everest_schemas::olm::{ClusterServiceVersion, InstallPlan, Subscription};
use everest_schemas::{Engine, Field};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use serde_json::Value;

use super::{
    Companion, Compared, Controlled, Difference, Ending, Kind, Scene, Tell, companion, holding,
    lifecycle,
};
use crate::provider::PROVIDER;
use crate::provider::config::grants::Usage;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct DatabaseNamespaces;

impl Controlled for NamespaceModel {
    type Kind = DatabaseNamespaces;
}

#[async_trait]
impl Kind for DatabaseNamespaces {
    type Model = NamespaceModel;
    type External = Namespace;

    fn uses(config: &NamespaceModel) -> Usage {
        Usage::Namespace(config.key().1.to_owned())
    }

    fn takes_over(config: &NamespaceModel) -> bool {
        config.take_ownership.known() == Some(&true)
    }

    fn companions(cluster: &Cluster, tell: &Tell) -> Vec<Companion> {
        vec![
            companion::watch::<Subscription>(cluster, tell),
            companion::watch::<InstallPlan>(cluster, tell),
            companion::watch::<ClusterServiceVersion>(cluster, tell),
            companion::watch::<DatabaseEngine>(cluster, tell),
        ]
    }

    async fn seen(
        scene: &Scene<'_, Self>,
        external: &Namespace,
    ) -> Result<NamespaceModel, ReconcileError> {
        let cluster = scene.cluster().with_empty_cache();
        let listed = scene.config.engines.known().cloned();
        let prior = listed.map(|engines| NamespaceModel {
            engines: being_removed(scene, engines).into(),
            ..scene.config.clone()
        });
        let found = namespace::read(&cluster, scene.name, prior.as_ref()).await?;
        let mut found = found.unwrap_or_else(|| scene.observed(external));
        if !scene.state.removing.is_empty() {
            let removing = NamespaceModel {
                name: scene.name.into(),
                engines: being_removed(scene, Engines::default()).into(),
                ..NamespaceModel::default()
            };
            namespace::keep_half_removed(&cluster, &removing, &mut found).await?;
            name_versions(scene, &mut found);
        }
        Ok(found)
    }

    async fn readiness(scene: &mut Scene<'_, Self>, external: &Arc<Namespace>) -> Readiness {
        if let Some(waiting) = scene.state.waiting.take() {
            return Readiness::Pending(waiting);
        }
        match Self::seen(scene, external).await {
            Ok(seen) if seen.ready.known() == Some(&true) => Readiness::Ready,
            Ok(_) => Readiness::Pending(
                "the operators of the engines are not all installed and running".to_owned(),
            ),
            Err(failure) => Readiness::Pending(failure.to_string()),
        }
    }

    /// The lifecycle decides what to do about a difference.
    async fn compare(
        scene: &Scene<'_, Self>,
        external: &Namespace,
    ) -> Result<Compared, ReconcileError> {
        let seen = Self::seen(scene, external).await?;
        let keys = super::compare::<Self>(scene.cluster(), scene.config, external);
        let engines = Engine::ALL.into_iter().any(|engine| {
            let said = scene
                .config
                .engines
                .known()
                .map(|engines| engines.get(engine));
            let held = seen.engines.known().map(|engines| engines.get(engine));
            match (said.and_then(Field::known), held.and_then(Field::known)) {
                (Some(said), Some(held)) => differs(said, held),
                (Some(_), None) => true,
                (None, _) => false,
            }
        });
        let is_ready = seen.ready.known() == Some(&true);
        let mut compared = Compared::from(keys);
        compared.removing = removed(scene);
        if engines || !compared.removing.is_empty() || !is_ready {
            compared.difference.get_or_insert(Difference::Operators);
        }
        Ok(compared)
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &Namespace,
        _: &Difference,
    ) -> Result<Arc<Namespace>, ReconcileError> {
        refuse_foreign(scene, external)?;
        let mut prior = Self::seen(scene, external).await?;
        if let Some(engines) = prior.engines.known_mut() {
            for engine in removed(scene) {
                *engines.get_mut(engine) = Field::Known(EngineInstall::default());
            }
        }
        let cluster = scene.cluster().with_empty_cache();
        let (uid, times) = (external.uid(), &mut scene.state.times);
        let next = namespace::step(&cluster, &prior, scene.config, uid.as_deref(), times).await?;
        scene.state.waiting = missing(next)?;
        // Whether this wrote the Namespace shows in its version.
        let now = scene.requests().get(scene.name).await?;
        Ok(Arc::new(now.unwrap_or_else(|| external.clone())))
    }

    /// Removes the namespace in Everest's order, as far as possible without waiting.
    async fn delete(scene: &mut Scene<'_, Self>, _: &Namespace) -> Result<(), ReconcileError> {
        let cluster = scene.cluster().with_empty_cache();
        let mut removal = RemoveNamespace::of(scene.config, namespace::subscriber(&cluster));
        let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
        let next = stepper.walk(&mut removal, None).await?;
        scene.state.waiting = missing(next)?;
        Ok(())
    }

    /// Releases storages that were deleted while in use, which would hold the namespace forever.
    async fn ending(
        scene: &mut Scene<'_, Self>,
        external: &Namespace,
    ) -> Result<Ending, ReconcileError> {
        if external.metadata.deletion_timestamp.is_none() {
            return Ok(Ending::Goes);
        }
        let cluster = scene.cluster().clone();
        let mut stepper = Stepper::new(&cluster, &mut scene.state.times);
        let released = match stepper
            .walk(&mut ReleaseStorages::of(scene.name), None)
            .await
        {
            Ok(Stepped::Done(released)) => released,
            Ok(_) => Vec::new(),
            Err(error) if error.is_forbidden() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(if released.is_empty() {
            Ending::Goes
        } else {
            Ending::Released(format!(
                "removed Everest's finalizer {IN_USE} from the BackupStorages {}: they were \
                 deleted while in use, nothing uses them any more, and Everest does not reconcile \
                 them again",
                released.join(", ")
            ))
        })
    }

    /// Returns true for a namespace that waits for the managed resources in it, and for one that is
    /// kept.
    fn is_left(config: &NamespaceModel, external: &Namespace, home: &str) -> bool {
        let is_going = external.metadata.deletion_timestamp.is_some();
        match keeps(config) {
            true => is_going || !is_managed(external),
            false => is_going && external.name_any() == home,
        }
    }

    /// The remaining objects, as Kubernetes reports them.
    fn holders(external: &Namespace) -> Option<String> {
        const TELLING: [&str; 3] = [
            "NamespaceContentRemaining",
            "NamespaceFinalizersRemaining",
            "NamespaceDeletionContentFailure",
        ];
        let status = external.status.as_ref()?;
        let held: Vec<_> = status
            .conditions
            .iter()
            .flatten()
            .filter(|condition| {
                condition.status == "True" && TELLING.contains(&condition.type_.as_str())
            })
            .filter_map(|condition| condition.message.clone())
            .collect();
        (!held.is_empty()).then(|| {
            format!(
                "{}. Databases and backups are deleted once Everest releases them; delete the \
                 objects named here by hand if nothing else does",
                held.join(" ")
            )
        })
    }
}

/// The condition to wait for; `None` if there is none.
fn missing(next: Stepped<()>) -> Result<Option<String>, ReconcileError> {
    match next {
        Stepped::Done(()) | Stepped::Deleting => Ok(None),
        Stepped::Waits(Waiting::Comes(missing)) => Ok(Some(missing)),
        Stepped::Waits(waiting) => Ok(Some(lifecycle::told(waiting))),
        Stepped::Failed(reason) => Err(ReconcileError::Held(reason)),
    }
}

fn keeps(config: &NamespaceModel) -> bool {
    match config.keep_namespace.known() {
        Some(keep) => *keep,
        None => config.take_ownership.known() == Some(&true),
    }
}

fn is_managed(external: &Namespace) -> bool {
    let label = external.labels().get(MANAGED_BY_LABEL);
    label.is_some_and(|label| label == MANAGED_BY)
}

/// Refuses a namespace that Everest does not manage and that this resource did not create, unless
/// `takeOwnership` is set.
fn refuse_foreign(
    scene: &Scene<'_, DatabaseNamespaces>,
    external: &Namespace,
) -> Result<(), ReconcileError> {
    let metadata = &scene.managed.metadata;
    let held = holding(&external.metadata);
    let is_another = claim::is_another(&Marks::of(&PROVIDER), metadata, &held);
    let was_created = metadata::was_created(metadata) && !is_another;
    let made = was_created || metadata::is_creation_open(metadata);
    if is_managed(external) || made || scene.config.take_ownership.known() == Some(&true) {
        return Ok(());
    }
    let message = "it exists and is not managed by Everest. To let Everest manage it, set \
                   spec.forProvider.takeOwnership to true: the namespace is then kept when the \
                   managed resource is deleted, unless keepNamespace is false";
    let blocked = scene.requests().blocked(
        scene.name,
        message.to_owned(),
        FieldPath::of("takeOwnership"),
    );
    Err(blocked.into())
}

/// The engines that were listed at the last reconcile and are not listed any more. A namespace that
/// is not taken over yet shows all engines that it has, and none of them was ever listed.
fn removed(scene: &Scene<'_, DatabaseNamespaces>) -> Vec<Engine> {
    if !Marks::of(&PROVIDER).is_ours(&scene.managed.metadata) {
        return Vec::new();
    }
    let before = scene.managed.status.at_provider.get("engines");
    let (Some(Value::Object(before)), Some(now)) = (before, scene.config.engines.known()) else {
        return Vec::new();
    };
    Engine::ALL
        .into_iter()
        .filter(|engine| before.contains_key(engine.as_str()) && now.get(*engine).is_null())
        .collect()
}

/// `engines` with those that are being removed: they are observed until nothing is left of their
/// operators, and `status.atProvider` has them for the reconciles to come.
fn being_removed(scene: &Scene<'_, DatabaseNamespaces>, mut engines: Engines) -> Engines {
    for engine in &scene.state.removing {
        *engines.get_mut(*engine) = Field::Known(EngineInstall::default());
    }
    engines
}

/// Gives each engine that is half removed the version that it had: without any value, an engine is
/// in no status.
fn name_versions(scene: &Scene<'_, DatabaseNamespaces>, found: &mut NamespaceModel) {
    let before = scene.managed.status.at_provider.get("engines");
    for engine in &scene.state.removing {
        let engines = found.engines.known_mut();
        if let Some(kept) = engines.and_then(|engines| engines.get_mut(*engine).known_mut())
            && kept.installed_version.is_null()
        {
            let version = before.map(|before| &before[engine.as_str()]["installedVersion"]);
            let version = version.and_then(Value::as_str).unwrap_or_default();
            kept.installed_version = version.into();
        }
    }
}

/// Returns true if an engine is not as wanted.
fn differs(said: &EngineInstall, held: &EngineInstall) -> bool {
    let other = |said: &Field<String>, held: &Field<String>| said.is_known() && said != held;
    other(&said.channel, &held.channel) || other(&said.version, &held.installed_version)
}
