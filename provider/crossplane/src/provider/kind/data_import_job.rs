//! `DataImportJob`: a DataImportJob of Everest's, run once, and the Secret with the keys of its
//! bucket.

use std::sync::Arc;

use async_trait::async_trait;
use crossplane_managed::conditions::READY;
use everest_core::lifecycle::data_import_job::{BeginImport, RemoveImport};
use everest_core::readiness::{self, Readiness};
use everest_schemas::everest::DataImportJob;
use everest_schemas::models::DataImportJobModel;

use super::{Compared, Controlled, Kind, Scene, lifecycle, with_secret};
use crate::provider::config::FIELD_MANAGER;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct DataImportJobs;

impl Controlled for DataImportJobModel {
    type Kind = DataImportJobs;
}

#[async_trait]
impl Kind for DataImportJobs {
    type Model = DataImportJobModel;
    type External = DataImportJob;
    const RUNS_ONCE: bool = true;

    /// The Secret that the import reads is Everest's to name once it exists. It is not compared: the
    /// import has read it once.
    async fn compare(
        scene: &Scene<'_, Self>,
        external: &DataImportJob,
    ) -> Result<Compared, ReconcileError> {
        let placed = with_secret::placed(scene, Some(external));
        Ok(super::compare::<Self>(scene.cluster(), &placed, external).into())
    }

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let mut import = import(scene).await?;
        lifecycle::awaited(scene, &mut import).await
    }

    /// Looks once more for a restore or an import that has begun meanwhile, and only then writes the
    /// Secret and creates the import: those of one database take turns.
    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<DataImportJob>, ReconcileError> {
        let mut import = import(scene).await?;
        lifecycle::create(scene, &mut import).await
    }

    /// An import that succeeded stays ready, whatever happens to its database.
    async fn readiness(scene: &mut Scene<'_, Self>, external: &Arc<DataImportJob>) -> Readiness {
        let before = scene.managed.status.condition(READY);
        if before.is_some_and(|ready| ready.status == "True") {
            return readiness::data_import_job(external);
        }
        let mut import = BeginImport::of(scene.config, None, FIELD_MANAGER);
        lifecycle::readiness(scene, &mut import, external).await
    }

    async fn delete(scene: &mut Scene<'_, Self>, _: &DataImportJob) -> Result<(), ReconcileError> {
        let mut removal = removal(scene);
        lifecycle::delete(scene, &mut removal).await
    }

    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let mut removal = removal(scene);
        with_secret::remains(scene, &mut removal).await
    }
}

/// The import with the keys that `secretRef` gives. Without them the job would get a Secret that
/// exists, which Everest would hand to it and delete with it, whoever the Secret belongs to.
async fn import(scene: &Scene<'_, DataImportJobs>) -> Result<BeginImport, ReconcileError> {
    let content = with_secret::given(scene, scene.config).await?;
    let content = content.ok_or_else(|| {
        ReconcileError::Secret(
            "spec.forProvider.secretRef is not set. An import needs the keys of its bucket, and \
             uses no other Secret that exists. Set it to a Secret with AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY"
                .to_owned(),
        )
    })?;
    Ok(BeginImport::of(scene.config, Some(content), FIELD_MANAGER))
}

fn removal(scene: &Scene<'_, DataImportJobs>) -> RemoveImport {
    RemoveImport::of(&with_secret::placed(scene, None), FIELD_MANAGER)
}
