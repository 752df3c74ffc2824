//! Backup storages: a BackupStorage object and the Secret with its credentials.

use everest_core::dry_run::is_known;
use std::time::Duration;

use everest_core::lifecycle::backup_storage::{ReleaseStorage, RemoveStorage};
use everest_core::path::FieldPath;
use everest_core::v1;
use everest_core::v1::backup_storage::{secret_name, with_secret_of};
use everest_core::v1::credentials::{Credentials, SecretState};
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use tokio::time::Instant;

use crate::apply::{self, ForcePolicy};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Objects;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, creation, drive, dry_run};

/// Creates the Secret, then the storage that names it.
///
/// Without credentials, the Secret must exist already and is left as it is. With credentials, it
/// must not exist, unless an earlier attempt of this creation left it over. The Secret needs no
/// mark for that, because such a Secret has no user. If the storage is then refused, the Secret is
/// deleted again. If it is not known whether the storage was written, the Secret stays, since the
/// storage may read it. Everest does not test credentials: wrong ones show in the first backup.
///
/// Ends: `Created` or `NotCreated`.
pub async fn create(
    cluster: &Cluster,
    planned: &BackupStorageModel,
    credentials: Option<&Credentials>,
    made: &Unacknowledged,
    _wait: &Wait,
) -> Creation<BackupStorageModel> {
    match create_both(cluster, planned, credentials, made).await {
        Ok(storage) => Creation::Created(cluster.observed(&storage)),
        Err(error) => Creation::NotCreated(error),
    }
}

async fn create_both(
    cluster: &Cluster,
    planned: &BackupStorageModel,
    credentials: Option<&Credentials>,
    made: &Unacknowledged,
) -> Result<BackupStorage, ClusterError> {
    let (namespace, name) = key(planned)?;
    let storages = cluster.objects::<BackupStorage>(namespace);
    let secrets = cluster.objects::<Secret>(namespace);
    let body = v1::backup_storage::desired(planned);
    // Before the Secret is touched: it may belong to the storage that is in the way.
    let existing = storages.get(name).await?;
    if let Some(existing) = &existing
        && !creation::is_ours(&storages, existing, &body)
    {
        return Err(creation::foreign(&storages, name, existing));
    }
    let secret_name = secret_name(planned);
    let secret = secrets.metadata(secret_name).await?;
    let keys = credentials.map(|credentials| v1::backup_storage::secret(planned, credentials));
    match (&keys, &secret) {
        (None, None) => {
            return Err(ClusterError::Blocked {
                object: storages.named(name),
                message: format!(
                    "no credentials are given and there is no Secret {namespace}/{secret_name} that \
                     holds them. Set access_key_id and secret_access_key, or create that Secret with the \
                     keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY first"
                ),
                attribute: Some(FieldPath::of("accessKeyId")),
            });
        }
        (Some(_), Some(secret))
            if !is_left_over(&storages, name, existing.as_ref(), secret).await? =>
        {
            return Err(ClusterError::AlreadyExists {
                object: secrets.named(secret_name),
                remedy: "The storage's credentials go into a Secret of its name. Delete the \
                         Secret, or leave the credentials out to use it as it is"
                    .to_owned(),
            });
        }
        _ => {}
    }
    if let Some(keys) = keys {
        let uid = secret.and_then(|secret| secret.uid);
        let keys = apply::pinned(keys.expose().clone(), uid.as_deref());
        secrets.patch_apply(secret_name, &keys, true).await?;
    }
    let result = creation::create(&storages, name, body, made).await;
    let refused = result.as_ref().is_err_and(|error| !error.leaves_it_open());
    if refused
        && credentials.is_some()
        && let Err(error) = taken_back(&secrets, secret_name).await
    {
        tracing::warn!(%error, "the Secret of a storage that was not created is left over");
    }
    result
}

/// The time that the garbage collector gets to release a Secret, and the interval of the checks.
const LETS_GO: Duration = Duration::from_secs(20);
const LOOKS: Duration = Duration::from_millis(500);

/// Deletes the Secret of a storage that was refused, and waits a moment until it is gone.
async fn taken_back(secrets: &Objects<Secret>, name: &str) -> Result<(), ClusterError> {
    secrets.request_deletion(name, None).await?;
    let begun = Instant::now();
    while begun.elapsed() < LETS_GO && secrets.exists(name).await? {
        tokio::time::sleep(LOOKS).await;
    }
    Ok(())
}

/// Returns true if a Secret is left over from an unfinished creation of the storage `name`: this
/// provider wrote it, and nothing uses it except `made`, the storage that the same creation may
/// have made.
async fn is_left_over(
    storages: &Objects<BackupStorage>,
    name: &str,
    made: Option<&BackupStorage>,
    secret: &ObjectMeta,
) -> Result<bool, ClusterError> {
    let uid = made.and_then(ResourceExt::uid);
    let mut owners = secret.owner_references.iter().flatten();
    let mut managers = secret.managed_fields.iter().flatten();
    let manager = Some(storages.cluster().field_manager());
    if !managers.any(|entry| entry.manager.as_deref() == manager)
        || owners.any(|owner| Some(&owner.uid) != uid.as_ref())
    {
        return Ok(false);
    }
    let others = storages.listed().await?;
    let reads = |storage: &BackupStorage| {
        storage.spec.credentials_secret_name.known() == secret.name.as_ref()
    };
    Ok(!others
        .iter()
        .any(|other| other.name_any() != name && reads(other)))
}

/// Applies changed settings and, if given, new credentials. Without credentials, the Secret is not
/// changed.
///
/// # Errors
/// In the outcome: `Refused` if the server refused a part.
pub async fn update(
    cluster: &Cluster,
    prior: &BackupStorageModel,
    planned: &BackupStorageModel,
    credentials: Option<&Credentials>,
    _wait: &Wait,
) -> Change<BackupStorageModel> {
    match write(cluster, prior, planned, credentials).await {
        Ok(storage) => Change::Done(cluster.observed(&storage)),
        Err(error) => Change::Refused(error),
    }
}

/// The state of the Secret of a storage, by its metadata alone.
///
/// # Errors
/// Any error that prevents reading the Secret.
pub async fn secret_state(
    cluster: &Cluster,
    model: &BackupStorageModel,
) -> Result<SecretState, ClusterError> {
    let (namespace, _) = key(model)?;
    let secrets = cluster.objects::<Secret>(namespace);
    let metadata = secrets.metadata(secret_name(model)).await?;
    let manager = cluster.field_manager();
    Ok(SecretState::of(metadata.as_ref(), manager))
}

async fn write(
    cluster: &Cluster,
    prior: &BackupStorageModel,
    planned: &BackupStorageModel,
    credentials: Option<&Credentials>,
) -> Result<BackupStorage, ClusterError> {
    let planned = &with_secret_of(planned, prior);
    let (namespace, name) = key(planned)?;
    let storages = cluster.objects::<BackupStorage>(namespace);
    let Some(live) = storages.get(name).await? else {
        return Err(ClusterError::Superseded {
            object: storages.named(name),
            replaced: false,
        });
    };
    let body = v1::backup_storage::desired(planned);
    let body = apply::pinned(body, live.uid().as_deref());
    let prior = v1::backup_storage::desired(prior);
    let force_policy = ForcePolicy::of(&planned.force_conflicts, &prior);
    // Before the Secret is written.
    apply::taken(&storages, name, &live, &body, force_policy)?;
    apply::hand_over(&storages, name, &live, &body, &prior).await?;
    if let Some(credentials) = credentials {
        // The two keys are ours to say. A conflict would have to show both values.
        let secrets = cluster.objects::<Secret>(namespace);
        let body = v1::backup_storage::secret(planned, credentials);
        secrets
            .patch_apply(secret_name(planned), body.expose(), true)
            .await?;
    }
    apply::apply(&storages, name, &body, force_policy).await
}

/// Asks the cluster by a dry run whether it accepts the write of this plan, without the Secret. If
/// a storage to create exists already, that is left to the apply.
///
/// Fields that the apply would take over from another manager are noted: see [`Cluster::taken`].
///
/// # Errors
/// `Conflict` if the apply would overwrite a value of another manager that the plan does not show;
/// `Refused` with the reason; any error that keeps the cluster from being asked.
pub async fn dry_run(
    cluster: &Cluster,
    prior: Option<&BackupStorageModel>,
    planned: &BackupStorageModel,
    config: &BackupStorageModel,
    dry_run_is_meaningful: bool,
) -> Result<(), ClusterError> {
    let Ok((namespace, name)) = key(planned) else {
        return Ok(());
    };
    let storages = cluster.objects::<BackupStorage>(namespace);
    let mut body = v1::backup_storage::desired(planned);
    let live = storages.read(name).await?;
    match (prior, &live) {
        (None, None) => {}
        (Some(prior), Some(live)) => {
            body = v1::backup_storage::desired(&with_secret_of(planned, prior));
            let prior = v1::backup_storage::desired(prior);
            let force_policy = ForcePolicy::of(&planned.force_conflicts, &prior);
            cluster.note_taken(apply::taken(&storages, name, live, &body, force_policy)?);
            if body == prior {
                return Ok(());
            }
        }
        _ => return Ok(()),
    }
    if dry_run_is_meaningful && is_known(&config.name) && is_known(&config.spec) {
        dry_run::ask(cluster, storages.dry_run_apply(name, &body)).await?;
    }
    Ok(())
}

/// Finishes a deletion that someone else began: removes Everest's finalizer from a storage that
/// was deleted while in use, once nothing uses it any more: see [`ReleaseStorage`]. Returns true if
/// it did.
///
/// # Errors
/// `InUse` names the users.
pub async fn release(
    cluster: &Cluster,
    model: &BackupStorageModel,
    wait: &Wait,
) -> Result<bool, ClusterError> {
    let (namespace, name) = key(model)?;
    let release = ReleaseStorage::of(namespace, name).once_unused();
    drive::settled(cluster, release, &wait.start()).await
}

/// Removes a storage and its Secret: see [`RemoveStorage`].
///
/// # Errors
/// `InUse` names the users; `TimedOut` and `Cancelled` the finalizers.
pub async fn delete(
    cluster: &Cluster,
    model: &BackupStorageModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    key(model)?;
    let removal = RemoveStorage::of(model, cluster.field_manager());
    drive::settled(cluster, removal, &wait.start()).await
}

#[cfg(test)]
mod tests;
