//! What kinds have in common whose objects stand alone, and are cluster-scoped: databases of all
//! namespaces refer to them by name.

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::{Typed, Waiting};
use everest_core::lifecycle::{Observable, RemoveUsed, Used};
use everest_core::readiness::Readiness;
use everest_core::rules::Validate;
use everest_core::v1::ObjectMapping;
use everest_schemas::managed::{ClusterKind, ManagedModel};
use serde::Serialize;

use super::{Ending, Kind, Scene, lifecycle};
use crate::provider::config::grants::Usage;
use crate::provider::error::ReconcileError;

/// A kind whose objects stand alone.
pub trait Plain: Send + Sync + 'static {
    /// The model that users write.
    type Model: ManagedModel + Validate + ObjectMapping<Object = Self::External>;
    /// The object that it stands for.
    type External: Typed + Serialize + Used + Observable;
    /// What a config has to grant.
    const KIND: ClusterKind;
}

#[async_trait]
impl<K: Plain> Kind for K {
    type Model = K::Model;
    type External = K::External;

    fn uses(_: &K::Model) -> Usage {
        Usage::ClusterScoped(K::KIND)
    }

    /// An object is as it has to be as soon as the API server has accepted it.
    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<K::External>) -> Readiness {
        match external.metadata().deletion_timestamp {
            Some(_) => {
                let called = <K::External as Used>::CALLED;
                Readiness::Failed(format!("the {called} is being deleted"))
            }
            None => Readiness::Ready,
        }
    }

    /// Held while anything uses the object.
    async fn delete(scene: &mut Scene<'_, Self>, _: &K::External) -> Result<(), ReconcileError> {
        let mut removal = RemoveUsed::of(scene.config);
        lifecycle::delete(scene, &mut removal).await
    }

    /// What an object waits for that was deleted while in use: Everest lets go of it by itself.
    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &K::External,
    ) -> Result<Ending, ReconcileError> {
        let mut removal = RemoveUsed::of(scene.config);
        let (_, left) = lifecycle::attend(scene, &mut removal).await?;
        Ok(match left {
            Some(Waiting::Users(users, _)) => Ending::Waits(format!(
                "it was deleted while in use and goes once nothing uses it any more. Used by {}",
                users.join(", ")
            )),
            _ => Ending::Goes,
        })
    }
}
