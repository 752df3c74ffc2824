//! `Backup`: a DatabaseClusterBackup.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::lifecycle::backup::{RemoveBackup, TakeBackup};
use everest_core::readiness::Readiness;
use everest_schemas::everest::DatabaseClusterBackup;
use everest_schemas::models::BackupModel;

use super::{Controlled, Kind, Scene, lifecycle};
use crate::provider::error::ReconcileError;

/// The kind.
pub struct Backups;

impl Controlled for BackupModel {
    type Kind = Backups;
}

#[async_trait]
impl Kind for Backups {
    type Model = BackupModel;
    type External = DatabaseClusterBackup;

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        lifecycle::awaited(scene, &mut TakeBackup::of(scene.config)).await
    }

    /// Looks once more for another backup that has begun meanwhile, and only then creates it: those of
    /// one database take turns.
    async fn create(
        scene: &mut Scene<'_, Self>,
    ) -> Result<Arc<DatabaseClusterBackup>, ReconcileError> {
        lifecycle::create(scene, &mut TakeBackup::of(scene.config)).await
    }

    async fn readiness(
        scene: &mut Scene<'_, Self>,
        external: &Arc<DatabaseClusterBackup>,
    ) -> Readiness {
        lifecycle::readiness(scene, &mut TakeBackup::of(scene.config), external).await
    }

    async fn delete(
        scene: &mut Scene<'_, Self>,
        _: &DatabaseClusterBackup,
    ) -> Result<(), ReconcileError> {
        lifecycle::delete(scene, &mut RemoveBackup::of(scene.config)).await
    }

    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        lifecycle::remains(scene, &mut RemoveBackup::of(scene.config)).await
    }
}
