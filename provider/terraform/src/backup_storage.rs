//! `everest_backup_storage`: where backups go, with its credentials.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Wait, backup_storage};
use everest_core::{
    facts::{Facts, Wanted},
    finding::Finding,
    rules::{self, Stage},
    v1::credentials::Credentials,
};
use everest_schemas::{
    Field,
    models::{BackupStorageModel, NamespacedFilter, Timeouts},
};
use tfplugin::{Diagnostics, Plan};

use crate::{
    diagnostics,
    guardrails::Guarded,
    key::{Key, Scope},
    managed::Kind,
    moved::ObjectKind,
    text::text,
    timeouts::Defaults,
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

    fn id(model: &BackupStorageModel) -> String {
        format!("{}/{}", text(&model.namespace), text(&model.name))
    }

    fn timeouts(_: &BackupStorageModel) -> &Field<Timeouts> {
        &Field::Null
    }

    fn is_ready(_: &BackupStorageModel) -> bool {
        true
    }

    fn set_not_ready(_: &mut BackupStorageModel) {}

    fn validate(config: &BackupStorageModel, diags: &mut Diagnostics) {
        diagnostics::report(rules::backup_storage::check_syntax(config), diags);
    }

    fn plan(plan: &mut Plan<BackupStorageModel>, diags: &mut Diagnostics) {
        diagnostics::report(
            rules::backup_storage::check(&plan.planned, plan.prior.as_ref()),
            diags,
        );
    }

    async fn read(
        cluster: &Cluster,
        prior: &BackupStorageModel,
    ) -> Result<Option<BackupStorageModel>, ClusterError> {
        backup_storage::read(
            cluster,
            text(&prior.namespace),
            text(&prior.name),
            Some(prior),
        )
        .await
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

    fn stub(key: Key) -> BackupStorageModel {
        BackupStorageModel {
            namespace: key.namespace,
            name: key.name,
            ..BackupStorageModel::default()
        }
    }

    async fn list(
        cluster: &Cluster,
        namespace: Option<&str>,
    ) -> Result<Vec<BackupStorageModel>, ClusterError> {
        backup_storage::list(cluster, namespace).await
    }
}

#[async_trait(?Send)]
impl Guarded for BackupStorage {
    fn wanted(planned: &BackupStorageModel, _: Option<&BackupStorageModel>) -> Wanted {
        Wanted::for_backup_storage(planned)
    }

    fn check_online(
        planned: &BackupStorageModel,
        prior: Option<&BackupStorageModel>,
        facts: &Facts,
        stage: Stage,
    ) -> Vec<Finding> {
        rules::backup_storage::check_online(planned, prior, facts, stage)
    }

    async fn rehearse(
        cluster: &Cluster,
        plan: &Plan<BackupStorageModel>,
        timely: bool,
    ) -> Result<(), ClusterError> {
        let prior = plan.prior.as_ref();
        backup_storage::rehearse(cluster, prior, &plan.planned, &plan.config, timely).await
    }

    fn check_destruction(prior: &BackupStorageModel, facts: &Facts) -> Vec<Finding> {
        rules::backup_storage::check_destruction_online(prior, facts)
    }
}
