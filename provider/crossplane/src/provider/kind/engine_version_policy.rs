//! `EngineVersionPolicy`: the allowed versions in a DatabaseEngine, which Everest makes.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::lifecycle::Agreed;
use everest_core::lifecycle::engine_version_policy::{ApplyVersionPolicy, RemoveVersionPolicy};
use everest_core::readiness::Readiness;
use everest_core::v1::engine_version_policy::versions_before;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::EngineVersionPolicyModel;

use super::{Controlled, Difference, Kind, Scene, lifecycle};
use crate::provider::config::FIELD_MANAGER;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct EngineVersionPolicies;

impl Controlled for EngineVersionPolicyModel {
    type Kind = EngineVersionPolicies;
}

#[async_trait]
impl Kind for EngineVersionPolicies {
    type Model = EngineVersionPolicyModel;
    type External = DatabaseEngine;

    /// Nobody but Everest makes the object.
    fn takes_over(_: &EngineVersionPolicyModel) -> bool {
        true
    }

    fn object_name(config: &EngineVersionPolicyModel) -> Option<&str> {
        let engine: everest_schemas::Engine = config.engine.known_str()?.parse().ok()?;
        Some(engine.operator())
    }

    /// Returns true once the list from before is restored: the object stays.
    fn is_left(_: &EngineVersionPolicyModel, external: &DatabaseEngine, _: &str) -> bool {
        versions_before(&external.metadata).is_none()
    }

    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<DatabaseEngine>) -> Readiness {
        if external.metadata.deletion_timestamp.is_some() {
            return Readiness::Failed("the DatabaseEngine is being deleted".to_owned());
        }
        Readiness::Ready
    }

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        lifecycle::awaited(scene, &mut applying(scene.config)).await
    }

    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<DatabaseEngine>, ReconcileError> {
        lifecycle::create(scene, &mut applying(scene.config)).await
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &DatabaseEngine,
        _: &Difference,
    ) -> Result<Arc<DatabaseEngine>, ReconcileError> {
        lifecycle::change(scene, &mut applying(scene.config), external).await
    }

    async fn delete(scene: &mut Scene<'_, Self>, _: &DatabaseEngine) -> Result<(), ReconcileError> {
        let mut removal = RemoveVersionPolicy::of(scene.config, FIELD_MANAGER);
        lifecycle::delete(scene, &mut removal).await
    }
}

fn applying(config: &EngineVersionPolicyModel) -> ApplyVersionPolicy {
    ApplyVersionPolicy::of(config, Agreed::Everything)
}
