//! `everest_backup_storage`: where backups go, with its credentials.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Wait, backup_storage};
use everest_core::v1::credentials::Credentials;
use everest_schemas::{
    Field,
    models::{BackupStorageModel, NamespacedFilter, Timeouts},
};
use tfplugin::Plan;

use crate::{
    guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind, timeouts::Defaults,
};

/// The kind.
pub struct BackupStorage;

#[async_trait(?Send)]
impl Kind for BackupStorage {
    type Model = BackupStorageModel;
    type Filter = NamespacedFilter;
    const TYPE: &'static str = "everest_backup_storage";
    const OBJECT: ObjectKind = ("everest.percona.com", "BackupStorage");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 5);
    const PENDING: &'static [&'static str] = &[];

    fn timeouts(_: &BackupStorageModel) -> &Field<Timeouts> {
        &Field::Null
    }

    fn is_ready(_: &BackupStorageModel) -> bool {
        true
    }

    async fn create(
        cluster: &Cluster,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
        nonce: &str,
        wait: &Wait,
    ) -> Creation<BackupStorageModel> {
        backup_storage::create(
            cluster,
            planned,
            Credentials::given(config).as_ref(),
            nonce,
            wait,
        )
        .await
    }

    async fn update(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
        wait: &Wait,
    ) -> Change<BackupStorageModel> {
        let credentials = Credentials::changed(prior, planned, config);
        backup_storage::update(cluster, prior, planned, credentials.as_ref(), wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        backup_storage::delete(cluster, prior, wait).await
    }
}

#[async_trait(?Send)]
impl Guarded for BackupStorage {
    async fn rehearse(
        cluster: &Cluster,
        plan: &Plan<BackupStorageModel>,
        timely: bool,
    ) -> Result<(), ClusterError> {
        let prior = plan.prior.as_ref();
        backup_storage::rehearse(cluster, prior, &plan.planned, &plan.config, timely).await
    }
}
