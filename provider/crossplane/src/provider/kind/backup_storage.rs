//! `BackupStorage`: a BackupStorage of Everest and the Secret with its credentials.

mod users;

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::Waiting;
use everest_core::api::IN_USE;
use everest_core::lifecycle::backup_storage::RemoveStorage;
use everest_core::readiness::Readiness;
use everest_core::v1;
use everest_core::v1::credentials::{Credentials, KEYS};
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;
use everest_schemas::{Field, Sensitive};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{Ending, Kind, Scene, at_version, change, lifecycle};
use crate::provider::config::FIELD_MANAGER;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct BackupStorages;

#[async_trait]
impl Kind for BackupStorages {
    type Model = BackupStorageModel;
    type External = BackupStorage;
    const HAS_SECRETS: bool = true;

    /// Everest checks no bucket, so an existing storage counts as usable.
    async fn readiness(_: &mut Scene<'_, Self>, external: &Arc<BackupStorage>) -> Readiness {
        if external.metadata.deletion_timestamp.is_some() {
            return Readiness::Failed("the storage is being deleted".to_owned());
        }
        Readiness::Ready
    }

    /// The body of the storage; the present one if only the credentials differ.
    async fn change(
        scene: &Scene<'_, Self>,
        external: &BackupStorage,
    ) -> Result<Option<Value>, ReconcileError> {
        // The Secret that the storage reads is Everest's to name once it exists.
        let placed = placed(scene, Some(external));
        if let Some(body) = change::<Self>(scene.cluster(), &placed, external) {
            return Ok(Some(body));
        }
        let secret = wanted_secret(scene, &placed).await?;
        Ok(secret.map(|_| json!({})))
    }

    /// Waits until the garbage collector has deleted the Secret of an earlier storage: credentials
    /// written before that would be lost.
    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let placed = placed(scene, None);
        let name = v1::backup_storage::secret_name(&placed);
        let secrets = scene.cluster().requests::<Secret>(scene.namespace);
        let Some(secret) = secrets.get(name).await? else {
            return Ok(None);
        };
        let owners = secret.owner_references().iter();
        let is_left = owners
            .into_iter()
            .any(|owner| owner.kind == "BackupStorage" && owner.name == scene.name);
        Ok(is_left.then(|| {
            format!(
                "the Secret {}/{name} of the storage that was there before is still being deleted",
                scene.namespace
            )
        }))
    }

    /// Writes the Secret first, then the storage that names it.
    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<BackupStorage>, ReconcileError> {
        let placed = placed(scene, None);
        let name = v1::backup_storage::secret_name(&placed).to_owned();
        let secrets = scene.cluster().requests::<Secret>(scene.namespace);
        let existing = secrets.get(&name).await?;
        match (&scene.managed.spec.for_provider.secret_ref, &existing) {
            (None, None) => {
                let message = format!(
                    "no credentials are given, and {}/{name} in the storage's cluster does not \
                     exist. Set spec.forProvider.secretRef, or create that Secret with the keys \
                     {} and {}",
                    scene.namespace, KEYS[0], KEYS[1]
                );
                return Err(ReconcileError::Secret(message));
            }
            (Some(_), Some(existing)) if !is_ours(existing) => {
                let message = format!(
                    "the credentials belong into the Secret {}/{name} in the storage's cluster, \
                     which exists and was not written by this provider. Delete it, or leave \
                     spec.forProvider.secretRef out to use it as it is",
                    scene.namespace
                );
                return Err(ReconcileError::Secret(message));
            }
            _ => {}
        }
        if let Some(body) = wanted_secret(scene, &placed).await? {
            secrets.apply(&name, body.expose()).await?;
        }
        let body = v1::backup_storage::desired(&placed);
        Ok(Arc::new(scene.requests().apply(scene.name, &body).await?))
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &BackupStorage,
        body: &Value,
    ) -> Result<Arc<BackupStorage>, ReconcileError> {
        let placed = placed(scene, Some(external));
        if let Some(secret) = wanted_secret(scene, &placed).await? {
            let name = v1::backup_storage::secret_name(&placed);
            let secrets = scene.cluster().requests::<Secret>(scene.namespace);
            secrets.apply(name, secret.expose()).await?;
        }
        if body.get("spec").is_none() {
            return Ok(Arc::new(external.clone()));
        }
        let body = at_version(body.clone(), external);
        Ok(Arc::new(scene.requests().apply(scene.name, &body).await?))
    }

    /// Holds the deletion while anything uses the storage or will write its final backup to it: a
    /// deletion cannot be undone, and removes the Secret at once.
    async fn delete(scene: &mut Scene<'_, Self>, _: &BackupStorage) -> Result<(), ReconcileError> {
        let more = users::final_backups(scene).await?;
        let mut removal = removal(scene).used_by(more);
        lifecycle::delete(scene, &mut removal).await
    }

    /// Releases a storage that was deleted while in use: Everest does not reconcile it again, so it
    /// would keep its finalizer forever.
    async fn ending(
        scene: &mut Scene<'_, Self>,
        _: &BackupStorage,
    ) -> Result<Ending, ReconcileError> {
        let mut removal = removal(scene);
        let (wrote, left) = lifecycle::attend(scene, &mut removal).await?;
        Ok(match left {
            _ if wrote => Ending::Released(format!(
                "the finalizer {IN_USE} of Everest was taken off BackupStorage {}/{}: it was \
                 deleted while in use, nothing uses it any more, and Everest does not look at it \
                 again",
                scene.namespace, scene.name
            )),
            Some(Waiting::Users(users, _)) => Ending::Waits(format!(
                "it was deleted while in use and goes once nothing uses it any more. Used by {}",
                users.join(", ")
            )),
            _ => Ending::Goes,
        })
    }

    async fn clean_up(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let mut removal = removal(scene);
        lifecycle::remains(scene, &mut removal).await
    }
}

fn removal(scene: &Scene<'_, BackupStorages>) -> RemoveStorage {
    RemoveStorage::of(&placed(scene, None), FIELD_MANAGER)
}

/// The configuration with the name of the Secret that the storage reads.
fn placed(
    scene: &Scene<'_, BackupStorages>,
    external: Option<&BackupStorage>,
) -> BackupStorageModel {
    let mut placed = scene.config.clone();
    let said = scene.managed.status.at_provider.get("secretName");
    let said = said.and_then(Value::as_str).map(str::to_owned);
    placed.secret_name = match external {
        Some(external) => scene.observed(external).secret_name,
        None => Field::from(said),
    };
    placed
}

fn is_ours(secret: &Secret) -> bool {
    secret
        .managed_fields()
        .iter()
        .any(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER))
}

/// The body of the Secret with the credentials, if it has to be written.
async fn wanted_secret(
    scene: &Scene<'_, BackupStorages>,
    placed: &BackupStorageModel,
) -> Result<Option<Sensitive<Value>>, ReconcileError> {
    let Some(given) = scene.referred_secret().await? else {
        return Ok(None);
    };
    let value = |key: &str| {
        given
            .data
            .as_ref()
            .and_then(|data| data.get(key))
            .and_then(|bytes| String::from_utf8(bytes.0.clone()).ok())
            .filter(|text| !text.is_empty())
            .map(Sensitive::new)
            .ok_or_else(|| {
                ReconcileError::Secret(format!(
                    "spec.forProvider.secretRef: the Secret {}/{} has no key {key}. It needs the \
                     keys {} and {}",
                    scene.key.0,
                    given.name_any(),
                    KEYS[0],
                    KEYS[1]
                ))
            })
    };
    let credentials = Credentials {
        access_key_id: value(KEYS[0])?,
        secret_access_key: value(KEYS[1])?,
    };
    let body = v1::backup_storage::secret(placed, &credentials);
    let name = v1::backup_storage::secret_name(placed);
    let secrets = scene.cluster().requests::<Secret>(scene.namespace);
    let held = secrets.get(name).await?.and_then(|held| held.data);
    let held = Sensitive::new(serde_json::to_value(held).unwrap_or_default());
    let same = body.expose()["data"].as_object().is_some_and(|data| {
        data.iter()
            .all(|(key, value)| held.expose().get(key) == Some(value))
    });
    Ok((!same).then_some(body))
}
