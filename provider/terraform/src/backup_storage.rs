//! `everest_backup_storage`: a bucket for backups, with its credentials.

use async_trait::async_trait;
use everest_cluster::{
    Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, backup_storage,
};
use everest_core::{api, dry_run::is_known, rules::Validate};
use everest_schemas::{
    Field,
    models::{BackupStorageModel, BackupStorages, NamespacedFilter, Timeouts},
};
use tfplugin::{Diagnostic, Diagnostics, Plan, Private};

use crate::{
    diagnostics, guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind,
    timeouts::Defaults, with_secret,
};

/// The kind.
pub struct BackupStorage;

#[async_trait]
impl Kind for BackupStorage {
    type Model = BackupStorageModel;
    type Filter = NamespacedFilter;
    type Collection = BackupStorages;
    const TYPE: &'static str = "everest_backup_storage";
    const PLURAL: &'static str = "everest_backup_storages";
    const EXISTING: &'static str =
        "A bucket that receives backups. Its credentials are no outputs.";
    const OBJECT: ObjectKind = (api::GROUP, "BackupStorage");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);
    const LASTING: &'static [&'static str] = &["inUse"];

    fn timeouts(model: &BackupStorageModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &BackupStorageModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut BackupStorageModel) {
        planned.secret_name = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, BackupStorageModel>) {
        with_secret::plan(plan);
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
    }

    async fn look_beside(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        with_secret::look_beside::<Self>(cluster, prior, private, diags).await;
    }

    async fn create(
        cluster: &Cluster,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<BackupStorageModel> {
        with_secret::create(cluster, planned, config, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
        wait: &Wait,
    ) -> Change<BackupStorageModel> {
        with_secret::update(cluster, prior, planned, config, wait).await
    }

    /// Warns if it releases a storage that someone else has deleted while it was in use.
    async fn before_delete(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        wait: &Wait,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let shown = format!("everest_backup_storage {}", Self::id(prior));
        let released = backup_storage::release(cluster, prior, wait).await;
        let released = released
            .map_err(|error| diagnostics::cluster_error(&error, &format!("destroy {shown}")))?;
        if released {
            diags.push(Diagnostic::warning(
                format!("{shown} was deleted by someone else while it was in use"),
                "Everest does not reconcile such a storage again, so it would stay forever. \
                 Nothing uses it any more, so the provider removed Everest's finalizer \
                 everest.percona.com/in-use-protection, and the storage is deleted.",
            ));
        }
        Ok(())
    }

    async fn delete(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        everest_cluster::with_secret::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for BackupStorage {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, BackupStorageModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        // Everest looks at no Secret.
        let is_meaningful = dry_run_is_meaningful && is_known(&plan.config.spec);
        let prior = plan.prior.as_ref();
        everest_cluster::with_secret::dry_run(cluster, prior, &plan.planned, is_meaningful).await
    }
}
