//! `everest_backup`: a backup on demand.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, backup};
use everest_core::{
    api,
    impact::{self, Summary},
    v1,
};
use everest_schemas::{
    Field,
    models::{BackupModel, Backups, NamespacedFilter, Timeouts},
};
use tfplugin::{AttributePath, Diagnostics, Plan, ReadResult};

use crate::{
    diagnostics,
    guardrails::Guarded,
    key::Scope,
    managed::{Kind, named},
    moved::ObjectKind,
    timeouts::Defaults,
};

/// The kind.
pub struct Backup;

#[async_trait]
impl Kind for Backup {
    type Model = BackupModel;
    type Filter = NamespacedFilter;
    type Collection = Backups;
    const TYPE: &'static str = "everest_backup";
    const PLURAL: &'static str = "everest_backups";
    const EXISTING: &'static str =
        "A backup that exists: taken on demand, by a schedule, or by this provider.";
    const OBJECT: ObjectKind = (api::GROUP, "DatabaseClusterBackup");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(720, 720, 30);

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

    /// A backup that is gone is taken again: otherwise the state would claim a backup that does not
    /// exist. The plan warns that the new backup holds other data than the old one.
    fn gone(prior: &BackupModel, _: bool, diags: &mut Diagnostics) -> ReadResult<BackupModel> {
        if Self::is_ready(prior) {
            let what = named::<Self>(prior);
            let database = prior.database_name.known_str().unwrap_or_default();
            let left = prior
                .destination
                .known_str()
                .map_or_else(String::new, left_at);
            diags.warning(
                AttributePath::root(),
                format!("{what} no longer exists: the next apply takes another backup"),
                format!(
                    "The DatabaseClusterBackup succeeded but no longer exists. The next apply \
                     takes a backup of the data that the database {database} then has, which \
                     differs from the old backup and may be empty if the database was created \
                     again.{left} To take no backup, remove the resource from the configuration."
                ),
            );
        }
        ReadResult::Gone
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

/// What is left of a backup that is gone, as a sentence after others.
fn left_at(place: &str) -> String {
    match v1::backup::is_of_postgresql(place) {
        true => format!(
            " The retention_copies of a schedule counts every backup of a PostgreSQL database in \
             its storage. If that has deleted the old one, its data is gone too; otherwise the data \
             is still at {place} and can be restored by its path. To keep a backup, take it into a \
             storage without such a schedule."
        ),
        false => format!(
            " Unless the bucket was cleared, the data of the old one is still at {place} and can be \
             restored by its path."
        ),
    }
}

#[async_trait]
impl Guarded for Backup {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, BackupModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        if !plan.is_create() {
            return Ok(());
        }
        backup::dry_run(cluster, &plan.planned, dry_run_is_meaningful).await
    }

    async fn dry_run_destruction(
        cluster: &Cluster,
        prior: &BackupModel,
    ) -> Result<(), ClusterError> {
        backup::dry_run_deletion(cluster, prior).await
    }

    fn impact(prior: &BackupModel, planned: Option<&BackupModel>, what: &str) -> Option<Summary> {
        planned
            .is_none()
            .then(|| impact::of_backup_destruction(what, prior))
    }
}
