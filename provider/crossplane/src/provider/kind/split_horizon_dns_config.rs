//! `SplitHorizonDNSConfig`: a SplitHorizonDNSConfig of Everest's and the Secret with its authority.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::readiness::Readiness;
use everest_schemas::everest::SplitHorizonDnsConfig;
use everest_schemas::models::SplitHorizonDnsConfigModel;

use super::{Compared, Controlled, Difference, Ending, Kind, Scene, with_secret};
use crate::provider::error::ReconcileError;

/// The kind.
pub struct SplitHorizonDnsConfigs;

impl Controlled for SplitHorizonDnsConfigModel {
    type Kind = SplitHorizonDnsConfigs;
}

#[async_trait]
impl Kind for SplitHorizonDnsConfigs {
    type Model = SplitHorizonDnsConfigModel;
    type External = SplitHorizonDnsConfig;

    /// Everest has looked at the Secret before it took the object.
    async fn readiness(
        _: &mut Scene<'_, Self>,
        external: &Arc<SplitHorizonDnsConfig>,
    ) -> Readiness {
        if external.metadata.deletion_timestamp.is_some() {
            return Readiness::Failed("the DNS configuration is being deleted".to_owned());
        }
        Readiness::Ready
    }

    async fn compare(
        scene: &Scene<'_, Self>,
        external: &SplitHorizonDnsConfig,
    ) -> Result<Compared, ReconcileError> {
        with_secret::compare(scene, external).await
    }

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        with_secret::awaited(scene).await
    }

    async fn create(
        scene: &mut Scene<'_, Self>,
    ) -> Result<Arc<SplitHorizonDnsConfig>, ReconcileError> {
        with_secret::create(scene).await
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &SplitHorizonDnsConfig,
        difference: &Difference,
    ) -> Result<Arc<SplitHorizonDnsConfig>, ReconcileError> {
        with_secret::update(scene, external, difference).await
    }

    async fn delete(
        scene: &mut Scene<'_, Self>,
        _: &SplitHorizonDnsConfig,
    ) -> Result<(), ReconcileError> {
        with_secret::delete(scene, Vec::new()).await
    }

    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &SplitHorizonDnsConfig,
    ) -> Result<Ending, ReconcileError> {
        with_secret::ending(scene).await
    }

    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        with_secret::clean_up(scene).await
    }
}
