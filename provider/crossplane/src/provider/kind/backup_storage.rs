//! `BackupStorage`: a BackupStorage of Everest and the Secret with its credentials.

mod users;

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::readiness::Readiness;
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;

use super::{Compared, Controlled, Difference, Ending, Kind, Scene, with_secret};
use crate::provider::error::ReconcileError;

/// The kind.
pub struct BackupStorages;

impl Controlled for BackupStorageModel {
    type Kind = BackupStorages;
}

#[async_trait]
impl Kind for BackupStorages {
    type Model = BackupStorageModel;
    type External = BackupStorage;
    const NAME_IS_LIMITED: bool = true;

    /// Everest checks no bucket, so an existing storage counts as usable.
    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<BackupStorage>) -> Readiness {
        if external.metadata.deletion_timestamp.is_some() {
            return Readiness::Failed("the storage is being deleted".to_owned());
        }
        Readiness::Ready
    }

    async fn compare(
        scene: &Scene<'_, Self>,
        external: &BackupStorage,
    ) -> Result<Compared, ReconcileError> {
        with_secret::compare(scene, external).await
    }

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        with_secret::awaited(scene).await
    }

    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<BackupStorage>, ReconcileError> {
        with_secret::create(scene).await
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &BackupStorage,
        difference: &Difference,
    ) -> Result<Arc<BackupStorage>, ReconcileError> {
        with_secret::update(scene, external, difference).await
    }

    /// Holds the deletion while anything uses the storage or will write its final backup to it: a
    /// deletion cannot be undone, and removes the Secret at once.
    async fn delete(scene: &mut Scene<'_, Self>, _: &BackupStorage) -> Result<(), ReconcileError> {
        let more = users::final_backups(scene).await?;
        with_secret::delete(scene, more).await
    }

    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &BackupStorage,
    ) -> Result<Ending, ReconcileError> {
        with_secret::ending(scene).await
    }

    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        with_secret::clean_up(scene).await
    }
}
