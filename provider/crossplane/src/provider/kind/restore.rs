//! `Restore`: a DatabaseClusterRestore, run once.

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::Cluster;
use everest_cluster::step::Steps;
use everest_core::Operation;
use everest_core::facts::{Facts, Wanted};
use everest_core::finding::Finding;
use everest_core::readiness::{self, Readiness};
use everest_core::rules::{self, Stage};
use everest_core::v1::{self, OwnedKeys};
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use everest_schemas::models::RestoreModel;
use kube::ResourceExt;
use serde_json::Value;

use super::backup::{self, database_awaited};
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

    fn steps(cluster: &Cluster, namespace: &str) -> Steps<DatabaseClusterRestore> {
        cluster.steps(namespace)
    }

    fn namespace(model: &RestoreModel) -> &str {
        model.namespace.known_str().unwrap_or_default()
    }

    fn desired(model: &RestoreModel, _: Operation) -> Value {
        v1::restore::desired(model)
    }

    fn observed(external: &DatabaseClusterRestore, owned: &OwnedKeys) -> RestoreModel {
        v1::restore::observed(external, owned)
    }

    fn check(
        config: &RestoreModel,
        planned: &RestoreModel,
        prior: Option<&RestoreModel>,
    ) -> Vec<Finding> {
        let mut findings = rules::restore::check_syntax(config);
        findings.extend(rules::restore::check(planned, prior));
        findings
    }

    fn wanted(planned: &RestoreModel, prior: Option<&RestoreModel>) -> Wanted {
        Wanted::for_restore(planned, prior)
    }

    fn check_online(
        planned: &RestoreModel,
        prior: Option<&RestoreModel>,
        facts: &Facts,
        stage: Stage,
    ) -> Vec<Finding> {
        rules::restore::check_online(planned, prior, facts, stage)
    }

    /// A database that is not ready, another restore of it and a backup that is still being
    /// taken are waited for.
    async fn awaited(scene: &Scene<'_, Self>) -> Result<Option<String>, Failure> {
        let namespace = scene.namespace;
        let database = scene.config.database_name.known_str().unwrap_or_default();
        if let Some(missing) = database_awaited(scene.cluster(), namespace, database).await? {
            return Ok(Some(missing));
        }
        let others = scene.steps().list().await?;
        let running = others.iter().find(|other| {
            other.spec.db_cluster_name.known_str() == Some(database)
                && other.metadata.deletion_timestamp.is_none()
                && matches!(state(other), "" | "Starting" | "Restoring")
        });
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
        let state = found.as_ref().map(backup::state).unwrap_or_default();
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
        if matches!(state(external), "Starting" | "Restoring") {
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

fn state(restore: &DatabaseClusterRestore) -> &str {
    restore
        .status
        .as_ref()
        .and_then(|status| status.state.as_deref())
        .unwrap_or_default()
}
