//! What kinds have in common whose objects stand alone, and are cluster-scoped: databases of all
//! namespaces refer to them by name.

use everest_cluster::Waiting;
use everest_core::lifecycle::{Observable, RemoveUsed, Used};
use everest_core::readiness::Readiness;

use super::{Ending, Kind, Scene, lifecycle};
use crate::provider::error::ReconcileError;

/// A kind whose objects stand alone.
pub trait Plain: Kind<External: Used + Observable> {}

impl<K: Kind<External: Used + Observable>> Plain for K {}

/// An object is as it has to be as soon as the API server has accepted it.
pub fn readiness<U: Used>(external: &U) -> Readiness {
    match external.metadata().deletion_timestamp {
        Some(_) => Readiness::Failed(format!("the {} is being deleted", U::CALLED)),
        None => Readiness::Ready,
    }
}

/// Held while anything uses the object.
pub async fn delete<K: Plain>(scene: &mut Scene<'_, K>) -> Result<(), ReconcileError> {
    let mut removal = RemoveUsed::of(scene.config);
    lifecycle::delete(scene, &mut removal).await
}

/// What an object waits for that was deleted while in use: Everest lets go of it by itself.
pub async fn ending<K: Plain>(scene: &mut Scene<'_, K>) -> Result<Ending, ReconcileError> {
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
