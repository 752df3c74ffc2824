//! The last backup of a database that is deleted, one step a look.

use everest_cluster::facts;
use everest_core::final_backup::{self, Step};
use everest_core::finding::Severity;
use everest_core::path::FieldPath;
use everest_core::readiness::{self, Readiness};
use everest_core::rules::Ruled;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::{BackupModel, DatabaseModel};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{Databases, status};
use crate::provider::failure::{Failure, WAY_OUT};
use crate::provider::kind::Scene;
use crate::provider::kind::backup::unfinished;

/// Returns once the final backup that a database asks for has been taken, and its data will
/// outlive the database; at once if it asks for none. Each look does one step, and what it came
/// to is found again by name, so one that was cut off is gone on with.
///
/// # Errors
/// `Held` while it is waited for; `Refused` or `Cluster` with what keeps it from being
/// taken. The database stays then.
pub(super) async fn taken(
    scene: &Scene<'_, Databases>,
    database: &DatabaseCluster,
) -> Result<(), Failure> {
    let uid = database.uid().unwrap_or_default();
    let model = DatabaseModel {
        uid: uid.clone().into(),
        ..scene.config.clone()
    };
    let Some(planned) = final_backup::of(&model) else {
        return Ok(());
    };
    let name = planned.name.known_str().unwrap_or_default();
    let shown = format!("the final backup {}/{name}", scene.namespace);
    let backups = scene
        .cluster()
        .steps::<DatabaseClusterBackup>(scene.namespace);
    let existing = backups.get(name).await?;
    let now = Time(scene.cluster().now());
    match (final_backup::step(existing.as_ref(), &uid, &now), existing) {
        (Step::Done, Some(backup)) => {
            let cluster = scene.cluster();
            Ok(cluster.protect_backup(scene.namespace, backup).await?)
        }
        (Step::GoOn, Some(backup)) => Err(Failure::Held(match readiness::backup(&backup) {
            Readiness::Pending(missing) => format!("{shown} is being taken: {missing}"),
            Readiness::Ready | Readiness::Failed(_) => format!("{shown} is being taken"),
        })),
        (Step::Retake, Some(backup)) => again(scene, &shown, backup).await,
        (Step::Refused(why), _) => {
            let message = format!(
                "{shown} was not taken: {why}. Set spec.forProvider.finalBackup.name to another \
                 name"
            );
            let path = FieldPath::of("finalBackup").field("name");
            Err(scene.steps().blocked(scene.name, message, path).into())
        }
        _ => take(scene, &model, &planned, database).await,
    }
}

/// Makes room for another backup of the same name. The data of the old one stays.
async fn again(
    scene: &Scene<'_, Databases>,
    shown: &str,
    backup: DatabaseClusterBackup,
) -> Result<(), Failure> {
    let (name, uid) = (backup.name_any(), backup.uid());
    let cluster = scene.cluster();
    let failed = readiness::backup(&backup);
    if backup.metadata.deletion_timestamp.is_none() {
        cluster.protect_backup(scene.namespace, backup).await?;
        let backups = cluster.steps::<DatabaseClusterBackup>(scene.namespace);
        backups.delete(&name, uid.as_deref()).await?;
    }
    Err(Failure::Held(match failed {
        Readiness::Failed(reason) => format!("{shown} is taken again, since it failed: {reason}"),
        Readiness::Ready | Readiness::Pending(_) => {
            format!("{shown} is taken again once the old one has gone")
        }
    }))
}

/// Begins the backup, once the rules have nothing against it and nothing has to come first.
async fn take(
    scene: &Scene<'_, Databases>,
    model: &DatabaseModel,
    planned: &BackupModel,
    database: &DatabaseCluster,
) -> Result<(), Failure> {
    let name = planned.name.known_str().unwrap_or_default();
    let shown = format!("the final backup {}/{name}", scene.namespace);
    if is_ending(scene).await {
        // What was backed up before outlives the namespace.
        Box::pin(super::keep_backups(scene)).await?;
        return Err(Failure::Held(format!(
            "{shown} cannot be taken any more: the namespace {} is being deleted and takes no new \
             objects. The database goes with its namespace; to delete it from here without a final \
             backup, take spec.forProvider.finalBackup out. {WAY_OUT}",
            scene.namespace
        )));
    }
    let wanted = model.wanted_at_destruction();
    let cluster = scene.cluster().afresh();
    let facts = Box::pin(facts::load(&cluster, &wanted)).await;
    let mut against = model.check_destruction();
    against.extend(model.check_destruction_online(&facts));
    against.retain(|finding| finding.severity == Severity::Error);
    if !against.is_empty() {
        return Err(Failure::Refused(against));
    }
    let state = status(database);
    if state != "ready" {
        return Err(Failure::Held(format!(
            "{shown} is taken once the database is ready (its status is {state:?}); take \
             spec.forProvider.finalBackup out to delete the database without one"
        )));
    }
    let backups = scene
        .cluster()
        .steps::<DatabaseClusterBackup>(scene.namespace);
    if let Some(running) = unfinished(&backups.list().await?, scene.name) {
        return Err(Failure::Held(format!(
            "{shown} begins after the backup {running} of the database"
        )));
    }
    let uid = model.uid.known_str().unwrap_or_default();
    let body = final_backup::desired(planned, uid);
    backups.apply(name, &body).await?;
    Err(Failure::Held(format!("{shown} is being taken")))
}

/// Whether the namespace of the database is being deleted. Where it may not be read, the refusal
/// of the backup tells.
async fn is_ending(scene: &Scene<'_, Databases>) -> bool {
    let namespaces = scene.cluster().steps::<Namespace>("");
    let found = namespaces.get(scene.namespace).await;
    found.is_ok_and(|found| {
        found.is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_some())
    })
}
