//! `Restore`: a DatabaseClusterRestore, run once.

use std::sync::Arc;

use async_trait::async_trait;
use crossplane_managed::conditions::READY;
use everest_core::lifecycle::restore::{BeginRestore, RemoveRestore};
use everest_core::readiness::{self, Readiness};
use everest_schemas::everest::DatabaseClusterRestore;
use everest_schemas::models::RestoreModel;

use super::{Controlled, Kind, Scene, lifecycle};
use crate::provider::error::ReconcileError;

/// The kind.
pub struct Restores;

impl Controlled for RestoreModel {
    type Kind = Restores;
}

#[async_trait]
impl Kind for Restores {
    type Model = RestoreModel;
    type External = DatabaseClusterRestore;
    const RUNS_ONCE: bool = true;

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        lifecycle::awaited(scene, &mut BeginRestore::of(scene.config)).await
    }

    /// Looks once more for a restore or an import that has begun meanwhile, and only then creates the
    /// restore: those of one database take turns.
    async fn create(
        scene: &mut Scene<'_, Self>,
    ) -> Result<Arc<DatabaseClusterRestore>, ReconcileError> {
        lifecycle::create(scene, &mut BeginRestore::of(scene.config)).await
    }

    /// A restore that succeeded stays ready, whatever happens to its database.
    async fn readiness(
        scene: &mut Scene<'_, Self>,
        external: &Arc<DatabaseClusterRestore>,
    ) -> Readiness {
        let before = scene.managed.status.condition(READY);
        if before.is_some_and(|ready| ready.status == "True") {
            return readiness::restore(external);
        }
        lifecycle::readiness(scene, &mut BeginRestore::of(scene.config), external).await
    }

    async fn delete(
        scene: &mut Scene<'_, Self>,
        _: &DatabaseClusterRestore,
    ) -> Result<(), ReconcileError> {
        lifecycle::delete(scene, &mut RemoveRestore::of(scene.config)).await
    }

    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        lifecycle::remains(scene, &mut RemoveRestore::of(scene.config)).await
    }
}
