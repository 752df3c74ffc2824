//! `DataImporter`: a DataImporter of Everest's, which is cluster-scoped.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::readiness::Readiness;
use everest_schemas::everest::DataImporter;
use everest_schemas::managed::ClusterKind;
use everest_schemas::models::DataImporterModel;

use super::{Controlled, Ending, Kind, Scene, plain};
use crate::provider::config::grants::Usage;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct DataImporters;

impl Controlled for DataImporterModel {
    type Kind = DataImporters;
}

#[async_trait]
impl Kind for DataImporters {
    type Model = DataImporterModel;
    type External = DataImporter;

    fn uses(_: &DataImporterModel) -> Usage {
        Usage::ClusterScoped(ClusterKind::DataImporter)
    }

    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<DataImporter>) -> Readiness {
        plain::readiness(&**external)
    }

    async fn delete(scene: &mut Scene<'_, Self>, _: &DataImporter) -> Result<(), ReconcileError> {
        plain::delete(scene).await
    }

    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &DataImporter,
    ) -> Result<Ending, ReconcileError> {
        plain::ending(scene).await
    }
}
