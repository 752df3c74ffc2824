//! `Restore`: a DatabaseClusterRestore, run once.

use std::sync::Arc;

use async_trait::async_trait;
use everest_core::readiness::{self, Readiness};
use everest_core::v1;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use everest_schemas::models::RestoreModel;
use kube::ResourceExt;

use super::backup::database_awaited;
use super::{Kind, Scene};
use crate::provider::failure::Failure;
use crate::provider::report::READY;

/// The kind.
pub struct Restores;

#[async_trait]
impl Kind for Restores {
    type Model = RestoreModel;
    type External = DatabaseClusterRestore;
    const RUNS_ONCE: bool = true;

    /// A database that is not ready, another restore of it and a backup that is still being
    /// taken are waited for.
    async fn awaited(scene: &Scene<'_, Self>) -> Result<Option<String>, Failure> {
        let namespace = scene.namespace;
        let database = scene.config.database_name.known_str().unwrap_or_default();
        if let Some(missing) = database_awaited(scene.cluster(), namespace, database).await? {
            return Ok(Some(missing));
        }
        let others = scene.steps().list().await?;
        let mut others = others.iter();
        let running = others.find(|other| v1::restore::is_under_way(other, database));
        if let Some(running) = running {
            return Ok(Some(format!(
                "the restore {} of the database {namespace}/{database} is under way: this one \
                 begins after it",
                running.name_any()
            )));
        }
        let Some(wanted) = scene.config.backup_name.known_str() else {
            return Ok(None);
        };
        let backups = scene.cluster().steps::<DatabaseClusterBackup>(namespace);
        let found = backups.get(wanted).await?;
        let state = found.as_ref().map(v1::backup::state).unwrap_or_default();
        Ok((state != "Succeeded").then(|| {
            format!(
                "the backup {namespace}/{wanted} has not succeeded (its state is {state:?}): the \
                 restore begins once it has"
            )
        }))
    }

    /// Done once it has succeeded and the database can be used again.
    async fn readiness(
        scene: &mut Scene<'_, Self>,
        external: &Arc<DatabaseClusterRestore>,
    ) -> Readiness {
        let restored = readiness::restore(external);
        let before = scene.managed.status.condition(READY);
        if restored != Readiness::Ready || before.is_some_and(|ready| ready.status == "True") {
            return restored;
        }
        let name = external
            .spec
            .db_cluster_name
            .known_str()
            .unwrap_or_default();
        let databases = scene.cluster().steps::<DatabaseCluster>(scene.namespace);
        let database = databases.get(name).await.ok().flatten();
        let status = database.and_then(|database| database.status?.status);
        match status.as_deref() {
            None | Some("ready" | "paused") => Readiness::Ready,
            Some(status) => Readiness::Pending(format!(
                "the restore has succeeded; the database is {status}"
            )),
        }
    }

    /// One that is running is waited for, since Everest refuses to delete it. Without its
    /// database a restore never moves again.
    async fn delete(
        scene: &mut Scene<'_, Self>,
        external: &DatabaseClusterRestore,
    ) -> Result<(), Failure> {
        let database = external
            .spec
            .db_cluster_name
            .known_str()
            .unwrap_or_default();
        if v1::restore::is_running(external) {
            let databases = scene.cluster().steps::<DatabaseCluster>(scene.namespace);
            if databases.get(database).await?.is_some() {
                return Err(Failure::Held(
                    "the restore is running: it is deleted once it has ended".to_owned(),
                ));
            }
        }
        let uid = external.uid();
        Ok(scene.steps().delete(scene.name, uid.as_deref()).await?)
    }

    /// The engine's own restore goes after Everest's: a new one of the same name would take over
    /// the old one's end.
    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, Failure> {
        Ok(scene.steps().remains(scene.name).await?)
    }
}
