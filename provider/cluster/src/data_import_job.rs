//! Imports into databases: DataImportJob objects. Each is the record of one import.
//! [`everest_core::lifecycle::data_import_job`] has the order of steps.

use everest_core::dry_run::is_known;
use everest_core::lifecycle::data_import_job::{BeginImport, RemoveImport};
use everest_core::v1;
use everest_core::v1::credentials::Credentials;
use everest_schemas::everest::DataImportJob;
use everest_schemas::models::DataImportJobModel;

use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::{
    Change, Cluster, Creation, Unacknowledged, Wait, drive, dry_run, run_once, with_secret,
};

/// Imports data into a database, with the keys that the configuration gives: see [`BeginImport`]. If
/// the job is refused, the Secret that was written for it goes again.
///
/// Ends: `Created`; `NotCreated` if it may not begin; `Pending` after the deadline or an
/// interruption; `Pending` with `NotFound` if the object went before its end was seen, because that
/// must not count as an import that was never begun; `Failed` if the import failed.
pub async fn create(
    cluster: &Cluster,
    planned: &DataImportJobModel,
    config: &DataImportJobModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<DataImportJobModel> {
    let content = Credentials::given(planned, config).map(|given| given.secret(planned));
    let mut lifecycle = BeginImport::of(planned, content, cluster.field_manager());
    let created = drive::created(cluster, planned, &mut lifecycle, made, wait).await;
    if let Creation::NotCreated(error) = &created
        && !error.leaves_it_open()
        && let Some(taken_back) = lifecycle.taken_back()
    {
        with_secret::take_back(cluster, taken_back).await;
    }
    created
}

/// Goes on waiting for a pending import. An import itself cannot be changed, and its keys are not
/// sent again. For an import that has ended, only values of the state (triggers, timeouts, keys) are
/// recorded, without a request, because its object may be gone. An import whose object is gone
/// before its end was seen stays as it was.
///
/// # Errors
/// In the outcome: `Pending` as for [`create`]; `Refused` when the import failed meanwhile, since no
/// wait will change that.
pub async fn update(
    cluster: &Cluster,
    prior: &DataImportJobModel,
    planned: &DataImportJobModel,
    wait: &Wait,
) -> Change<DataImportJobModel> {
    let ended = prior.state.known_str();
    // What goes on waiting has a state that is not known.
    if ended.is_some_and(v1::data_import_job::is_over) && planned.state == prior.state {
        return Change::Done(planned.clone());
    }
    let lifecycle = BeginImport::of(planned, None, cluster.field_manager());
    run_once::resumed(cluster, prior, planned, lifecycle, wait).await
}

/// Removes the record of an import: see [`RemoveImport`].
///
/// # Errors
/// `Blocked` if Everest made the import for a new database that still exists; `TimedOut` and
/// `Cancelled` name what holds it.
pub async fn delete(
    cluster: &Cluster,
    model: &DataImportJobModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    let removal = RemoveImport::of(model, cluster.field_manager());
    drive::settled(cluster, removal, &wait.start()).await
}

/// Asks the cluster by a dry run whether it accepts the import of this plan.
///
/// # Errors
/// `Refused` with what stands against it; whatever keeps the cluster from being asked.
pub async fn dry_run(
    cluster: &Cluster,
    planned: &DataImportJobModel,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError> {
    let known = planned.namespace.is_known()
        && planned.name.is_known()
        && planned.database_name.is_known()
        && planned.data_importer_name.is_known()
        && is_known(&planned.source)
        && is_known(&planned.config);
    if !dry_run_is_meaningful || !known {
        return Ok(());
    }
    let (namespace, name) = key(planned)?;
    let objects = cluster.objects::<DataImportJob>(namespace);
    dry_run::creation(&objects, name, &v1::data_import_job::desired(planned)).await
}

#[cfg(test)]
mod tests;
