//! The dry run of a planned write.

use everest_core::dry_run::is_known;
use everest_core::{Operation, v1};
use everest_schemas::everest::{DataImportS3, DatabaseCluster};
use everest_schemas::models::DatabaseModel;

use crate::Cluster;
use crate::apply::{self, ForcePolicy};
use crate::dry_run::ask;
use crate::error::ClusterError;
use everest_core::lifecycle::database::Bodies;

/// Asks the cluster whether it accepts the write of this plan.
///
/// 1. Values of other managers that the write would overwrite are found in the object that was read
///    already. Those that the apply may take over are noted: see [`Cluster::taken`].
/// 2. If `dry_run_is_meaningful` and the configuration is wholly known, the body is sent as a dry
///    run. There is no dry run for a change that does not reach the server, for one that an apply
///    makes in steps, for a creation that names a Secret and writes it first, and for keys of an
///    import, which a webhook would store even then.
///
/// Nothing is sent while the namespace or the name is not known. If a database to create exists
/// already, that is left to the apply: in a replacement it is the database that goes.
///
/// # Errors
/// `Conflict` and `Refused` with the reason; any error that keeps the cluster from being asked.
pub async fn dry_run(
    cluster: &Cluster,
    prior: Option<&DatabaseModel>,
    planned: &DatabaseModel,
    config: &DatabaseModel,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError> {
    let Ok((namespace, name)) = super::key(planned) else {
        return Ok(());
    };
    let objects = cluster.objects::<DatabaseCluster>(namespace);
    let live = objects.read(name).await?;
    let body = match (prior, &live) {
        (None, None) => v1::database::desired(planned, Operation::Create),
        (Some(prior), Some(live)) => {
            let change = Bodies::of(prior, planned, config, live);
            let body = change.ours(live, cluster.field_manager());
            let force_policy = ForcePolicy::of(&planned.force_conflicts, &change.prior);
            let taken = apply::taken(&objects, name, live, &body, force_policy)?;
            cluster.note_taken(taken);
            if change.planned == change.prior || comes_in_steps(&change, live) {
                return Ok(());
            }
            body
        }
        _ => return Ok(()),
    };
    // The apply writes the Secret first that the database names.
    let lacks_secret = prior.is_none() && !config.users_wo.is_null() && names_secret(config);
    if dry_run_is_meaningful && is_wholly_known(config) && !has_keys(config) && !lacks_secret {
        ask(cluster, objects.dry_run_apply(name, &body)).await?;
    }
    Ok(())
}

/// Returns true if a CR version is pending and the engine version changes: the server refuses both
/// in one write.
fn comes_in_steps(change: &Bodies, live: &DatabaseCluster) -> bool {
    let version = "/spec/engine/version";
    let pending = live.status.as_ref().is_some_and(|status| {
        let recommended = status.recommended_cr_version.as_deref();
        recommended.is_some_and(|version| !version.is_empty())
    });
    pending && change.planned.pointer(version) != change.prior.pointer(version)
}

fn is_wholly_known(config: &DatabaseModel) -> bool {
    is_known(&config.name)
        && is_known(&config.spec)
        && is_known(&config.labels)
        && is_known(&config.annotations)
}

/// Returns true if the spec names the Secret with the users.
fn names_secret(config: &DatabaseModel) -> bool {
    let engine = config.spec.known().and_then(|spec| spec.engine.known());
    engine.is_some_and(|engine| !engine.user_secrets_name.is_null())
}

/// Returns true if the spec contains credentials of an import.
fn has_keys(config: &DatabaseModel) -> bool {
    let source = config
        .spec
        .known()
        .and_then(|spec| spec.data_source.known());
    let import = source.and_then(|source| source.data_import.known());
    let s3 = import
        .and_then(|import| import.source.known())
        .and_then(|source| source.s3.known());
    s3.is_some_and(DataImportS3::gives_keys)
}
