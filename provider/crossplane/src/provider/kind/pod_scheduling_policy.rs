//! `PodSchedulingPolicy`: a PodSchedulingPolicy of Everest's, which is cluster-scoped.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::readiness::Readiness;
use everest_schemas::everest::PodSchedulingPolicy;
use everest_schemas::managed::ClusterKind;
use everest_schemas::models::PodSchedulingPolicyModel;

use super::{Controlled, Ending, Kind, Scene, plain};
use crate::provider::config::grants::Usage;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct PodSchedulingPolicies;

impl Controlled for PodSchedulingPolicyModel {
    type Kind = PodSchedulingPolicies;
}

#[async_trait]
impl Kind for PodSchedulingPolicies {
    type Model = PodSchedulingPolicyModel;
    type External = PodSchedulingPolicy;

    fn uses(_: &PodSchedulingPolicyModel) -> Usage {
        Usage::ClusterScoped(ClusterKind::PodSchedulingPolicy)
    }

    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<PodSchedulingPolicy>) -> Readiness {
        plain::readiness(&**external)
    }

    async fn delete(
        scene: &mut Scene<'_, Self>,
        _: &PodSchedulingPolicy,
    ) -> Result<(), ReconcileError> {
        plain::delete(scene).await
    }

    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &PodSchedulingPolicy,
    ) -> Result<Ending, ReconcileError> {
        plain::ending(scene).await
    }
}
