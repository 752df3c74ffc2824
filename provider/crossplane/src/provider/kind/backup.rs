//! `Backup`: a DatabaseClusterBackup.

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::Cluster;
use everest_cluster::step::Steps;
use everest_core::Operation;
use everest_core::facts::{BACKUP_UNFINISHED, Facts, Wanted};
use everest_core::finding::Finding;
use everest_core::readiness::{self, Readiness};
use everest_core::rules::{self, Stage};
use everest_core::v1::{self, OwnedKeys};
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::BackupModel;
use kube::ResourceExt;
use serde_json::Value;

use super::{Kind, Scene};
use crate::provider::failure::Failure;

/// The kind.
pub struct Backups;

#[async_trait]
impl Kind for Backups {
    type Model = BackupModel;
    type External = DatabaseClusterBackup;

    fn steps(cluster: &Cluster, namespace: &str) -> Steps<DatabaseClusterBackup> {
        cluster.steps(namespace)
    }

    fn namespace(model: &BackupModel) -> &str {
        model.namespace.known_str().unwrap_or_default()
    }

    fn desired(model: &BackupModel, _: Operation) -> Value {
        v1::backup::desired(model)
    }

    fn observed(external: &DatabaseClusterBackup, owned: &OwnedKeys) -> BackupModel {
        v1::backup::observed(external, owned)
    }

    fn check(
        config: &BackupModel,
        planned: &BackupModel,
        prior: Option<&BackupModel>,
    ) -> Vec<Finding> {
        let mut findings = rules::backup::check_syntax(config);
        findings.extend(rules::backup::check(planned, prior));
        findings
    }

    fn wanted(planned: &BackupModel, prior: Option<&BackupModel>) -> Wanted {
        Wanted::for_backup(planned, prior)
    }

    fn check_online(
        planned: &BackupModel,
        prior: Option<&BackupModel>,
        facts: &Facts,
        stage: Stage,
    ) -> Vec<Finding> {
        rules::backup::check_online(planned, prior, facts, stage)
    }

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
    let running = backups.iter().find(|backup| {
        backup.spec.db_cluster_name.known_str() == Some(database)
            && backup.metadata.deletion_timestamp.is_none()
            && BACKUP_UNFINISHED.contains(&state(backup))
    });
    running.map(ResourceExt::name_any)
}

/// The state of a backup; empty before Everest has seen it.
pub(super) fn state(backup: &DatabaseClusterBackup) -> &str {
    backup
        .status
        .as_ref()
        .and_then(|status| status.state.as_deref())
        .unwrap_or_default()
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
    let status = database.status.as_ref();
    let state = status.and_then(|status| status.status.as_deref());
    Ok(match state.unwrap_or_default() {
        "ready" if database.metadata.deletion_timestamp.is_none() => None,
        state => Some(format!(
            "the database {namespace}/{name} is not ready (its status is {state:?}): this begins \
             once it is"
        )),
    })
}
