//! `Backup`: a DatabaseClusterBackup.

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::Cluster;
use everest_core::readiness::{self, Readiness};
use everest_core::v1;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::BackupModel;
use kube::ResourceExt;

use super::{Kind, Scene};
use crate::provider::failure::Failure;

/// The kind.
pub struct Backups;

#[async_trait]
impl Kind for Backups {
    type Model = BackupModel;
    type External = DatabaseClusterBackup;

    /// A database that is not ready and another backup under way are waited for: Everest's API
    /// allows one at a time.
    async fn awaited(scene: &Scene<'_, Self>) -> Result<Option<String>, Failure> {
        let database = scene.config.database_name.known_str().unwrap_or_default();
        if let Some(missing) = database_awaited(scene.cluster(), scene.namespace, database).await? {
            return Ok(Some(missing));
        }
        let others = scene.steps().list().await?;
        Ok(unfinished(&others, database).map(|running| {
            format!(
                "the backup {running} of the database {}/{database} is being taken: this one \
                 begins after it",
                scene.namespace
            )
        }))
    }

    async fn readiness(
        _: &mut Scene<'_, Self>,
        external: &Arc<DatabaseClusterBackup>,
    ) -> Readiness {
        readiness::backup(external)
    }

    /// The data stays in the bucket unless it is not to.
    async fn delete(
        scene: &mut Scene<'_, Self>,
        external: &DatabaseClusterBackup,
    ) -> Result<(), Failure> {
        if scene.config.keep_backup_data.known() != Some(&false) {
            let cluster = scene.cluster();
            cluster
                .protect_backup(scene.namespace, external.clone())
                .await?;
        }
        let uid = external.uid();
        Ok(scene.steps().delete(scene.name, uid.as_deref()).await?)
    }

    /// The engine's own backup goes after Everest's: a new one of the same name would take over
    /// the old one's end.
    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, Failure> {
        Ok(scene.steps().remains(scene.name).await?)
    }
}

/// The backup of a database that is not finished.
pub(super) fn unfinished(backups: &[DatabaseClusterBackup], database: &str) -> Option<String> {
    let mut backups = backups.iter();
    let running = backups.find(|backup| v1::backup::is_being_taken(backup, database));
    running.map(ResourceExt::name_any)
}

/// What a database that is to be backed up or restored is still missing.
pub(super) async fn database_awaited(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<String>, Failure> {
    let found = cluster
        .steps::<DatabaseCluster>(namespace)
        .get(name)
        .await?;
    let Some(database) = found else {
        return Ok(Some(format!(
            "the database {namespace}/{name} does not exist: this begins once it is ready"
        )));
    };
    Ok(match v1::database::status(&database) {
        "ready" if database.metadata.deletion_timestamp.is_none() => None,
        state => Some(format!(
            "the database {namespace}/{name} is not ready (its status is {state:?}): this begins \
             once it is"
        )),
    })
}
