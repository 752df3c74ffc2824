//! `MonitoringConfig`: a MonitoringConfig of Everest's and the Secret with its API key.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::readiness::Readiness;
use everest_schemas::everest::MonitoringConfig;
use everest_schemas::models::MonitoringConfigModel;

use super::{Compared, Controlled, Difference, Ending, Kind, Scene, with_secret};
use crate::provider::error::ReconcileError;

/// The kind.
pub struct MonitoringConfigs;

impl Controlled for MonitoringConfigModel {
    type Kind = MonitoringConfigs;
}

#[async_trait]
impl Kind for MonitoringConfigs {
    type Model = MonitoringConfigModel;
    type External = MonitoringConfig;

    /// Everest has asked the server before it took the object.
    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<MonitoringConfig>) -> Readiness {
        if external.metadata.deletion_timestamp.is_some() {
            return Readiness::Failed("the monitoring configuration is being deleted".to_owned());
        }
        Readiness::Ready
    }

    async fn compare(
        scene: &Scene<'_, Self>,
        external: &MonitoringConfig,
    ) -> Result<Compared, ReconcileError> {
        with_secret::compare(scene, external).await
    }

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        with_secret::awaited(scene).await
    }

    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<MonitoringConfig>, ReconcileError> {
        with_secret::create(scene).await
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &MonitoringConfig,
        difference: &Difference,
    ) -> Result<Arc<MonitoringConfig>, ReconcileError> {
        with_secret::update(scene, external, difference).await
    }

    async fn delete(
        scene: &mut Scene<'_, Self>,
        _: &MonitoringConfig,
    ) -> Result<(), ReconcileError> {
        with_secret::delete(scene, Vec::new()).await
    }

    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &MonitoringConfig,
    ) -> Result<Ending, ReconcileError> {
        with_secret::ending(scene).await
    }

    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        with_secret::clean_up(scene).await
    }
}
