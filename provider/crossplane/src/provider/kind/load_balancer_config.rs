//! `LoadBalancerConfig`: a LoadBalancerConfig of Everest's, which is cluster-scoped.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::readiness::Readiness;
use everest_schemas::everest::LoadBalancerConfig;
use everest_schemas::managed::ClusterKind;
use everest_schemas::models::LoadBalancerConfigModel;

use super::{Controlled, Ending, Kind, Scene, plain};
use crate::provider::config::grants::Usage;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct LoadBalancerConfigs;

impl Controlled for LoadBalancerConfigModel {
    type Kind = LoadBalancerConfigs;
}

#[async_trait]
impl Kind for LoadBalancerConfigs {
    type Model = LoadBalancerConfigModel;
    type External = LoadBalancerConfig;

    fn uses(_: &LoadBalancerConfigModel) -> Usage {
        Usage::ClusterScoped(ClusterKind::LoadBalancerConfig)
    }

    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<LoadBalancerConfig>) -> Readiness {
        plain::readiness(&**external)
    }

    async fn delete(
        scene: &mut Scene<'_, Self>,
        _: &LoadBalancerConfig,
    ) -> Result<(), ReconcileError> {
        plain::delete(scene).await
    }

    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &LoadBalancerConfig,
    ) -> Result<Ending, ReconcileError> {
        plain::ending(scene).await
    }
}
