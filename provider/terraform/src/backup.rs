//! `everest_backup`: a backup on demand.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, backup};
use everest_core::impact::{self, Summary};
use everest_schemas::{
    Field,
    models::{BackupModel, NamespacedFilter, Timeouts},
};
use tfplugin::Plan;

use crate::{
    diagnostics, guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind,
    timeouts::Defaults,
};

/// The kind.
pub struct Backup;

#[async_trait]
impl Kind for Backup {
    type Model = BackupModel;
    type Filter = NamespacedFilter;
    const TYPE: &'static str = "everest_backup";
    const OBJECT: ObjectKind = ("everest.percona.com", "DatabaseClusterBackup");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(720, 720, 30);
    const PENDING: &'static [&'static str] = &[
        "state",
        "destination",
        "created_at",
        "completed_at",
        "latest_restorable_time",
    ];

    fn timeouts(model: &BackupModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &BackupModel) -> bool {
        model
            .state
            .known()
            .is_some_and(|state| state == "Succeeded")
    }

    fn open_an_output(planned: &mut BackupModel) {
        planned.state = Field::Unknown;
    }

    async fn create(
        cluster: &Cluster,
        planned: &BackupModel,
        _: &BackupModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<BackupModel> {
        backup::create(cluster, planned, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &BackupModel,
        planned: &BackupModel,
        _: &BackupModel,
        wait: &Wait,
    ) -> Change<BackupModel> {
        // How it is destroyed is not for the cluster, and nothing to wait for.
        if prior.keep_backup_data != planned.keep_backup_data {
            let kept = BackupModel {
                keep_backup_data: planned.keep_backup_data,
                wait: planned.wait,
                timeouts: planned.timeouts.clone(),
                ..prior.clone()
            };
            return diagnostics::unawaited(kept, planned, Self::id(planned), Self::OBJECT);
        }
        backup::update(cluster, prior, planned, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &BackupModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        backup::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for Backup {
    async fn rehearse(
        cluster: &Cluster,
        plan: &Plan<'_, BackupModel>,
        timely: bool,
    ) -> Result<(), ClusterError> {
        if !plan.is_create() {
            return Ok(());
        }
        backup::rehearse(cluster, &plan.planned, timely).await
    }

    async fn rehearse_destruction(
        cluster: &Cluster,
        prior: &BackupModel,
    ) -> Result<(), ClusterError> {
        backup::rehearse_deletion(cluster, prior).await
    }

    fn impact(prior: &BackupModel, planned: Option<&BackupModel>, what: &str) -> Option<Summary> {
        planned
            .is_none()
            .then(|| impact::of_backup_destruction(what, prior))
    }
}
