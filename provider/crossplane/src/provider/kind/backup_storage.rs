//! `BackupStorage`: a BackupStorage of Everest and the Secret with its credentials.

mod users;

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::Waiting;
use everest_core::api::IN_USE;
use everest_core::lifecycle::backup_storage::{
    RemoveStorage, change as change_storage, create as create_storage,
};
use everest_core::lifecycle::{Agreed, Apply, CreateWithSecret, ObjectRef};
use everest_core::readiness::Readiness;
use everest_core::v1;
use everest_core::v1::credentials::{Credentials, KEYS, filled_from, is_filled_from};
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;
use everest_schemas::{Field, Sensitive};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{Controlled, Ending, Kind, Scene, at_version, change, lifecycle};
use crate::provider::config::FIELD_MANAGER;
use crate::provider::error::ReconcileError;

/// The kind.
pub struct BackupStorages;

impl Controlled for BackupStorageModel {
    type Kind = BackupStorages;
}

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
        let due = due(scene, &placed).await?;
        Ok(due.map(|_| json!({})))
    }

    async fn awaited(scene: &mut Scene<'_, Self>) -> Result<Option<String>, ReconcileError> {
        let mut creation = creation(scene).await?;
        lifecycle::awaited(scene, &mut creation).await
    }

    async fn create(scene: &mut Scene<'_, Self>) -> Result<Arc<BackupStorage>, ReconcileError> {
        let mut creation = creation(scene).await?;
        lifecycle::create(scene, &mut creation).await
    }

    async fn update(
        scene: &mut Scene<'_, Self>,
        external: &BackupStorage,
        body: &Value,
    ) -> Result<Arc<BackupStorage>, ReconcileError> {
        let placed = placed(scene, Some(external));
        let content = due(scene, &placed).await?;
        let changed = body.get("spec").is_some().then(|| Apply {
            object: ObjectRef::of_model(scene.config),
            body: at_version(body.clone(), external).into(),
            agreed: Agreed::Everything,
            hand_over: None,
        });
        let mut change = change_storage(&placed, content, FIELD_MANAGER, changed);
        lifecycle::change(scene, &mut change, external).await
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

async fn creation(
    scene: &Scene<'_, BackupStorages>,
) -> Result<CreateWithSecret<BackupStorage>, ReconcileError> {
    let placed = placed(scene, None);
    let given = scene.referred_secret().await?;
    let content = given.map(|given| content(scene, &placed, &given));
    let content = content.transpose()?;
    Ok(create_storage(&placed, content, FIELD_MANAGER))
}

/// The body of the Secret with the credentials, if it must be written. The current content of that
/// Secret is not read.
async fn due(
    scene: &Scene<'_, BackupStorages>,
    placed: &BackupStorageModel,
) -> Result<Option<Sensitive<Value>>, ReconcileError> {
    let Some(given) = scene.referred_secret().await? else {
        return Ok(None);
    };
    let secrets = scene.cluster().requests::<Secret>(scene.namespace);
    let name = v1::backup_storage::secret_name(placed);
    let held = secrets.metadata(name).await?;
    if is_filled_from(held.as_ref(), &given.metadata, &KEYS, FIELD_MANAGER) {
        return Ok(None);
    }
    content(scene, placed, &given).map(Some)
}

/// The body of the Secret with the credentials from another Secret.
fn content(
    scene: &Scene<'_, BackupStorages>,
    placed: &BackupStorageModel,
    given: &Secret,
) -> Result<Sensitive<Value>, ReconcileError> {
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
    Ok(filled_from(body, &given.metadata))
}
