//! What kinds with a Secret of their own have in common.

use std::sync::Arc;

use everest_cluster::Waiting;
use everest_core::api::IN_USE;
use everest_core::lifecycle::{
    Agreed, Apply, ChangeWithSecret, CreateWithSecret, Lifecycle, ObjectRef, Observable,
    ReadsSecret, RemoveWithSecret, Used,
};
use everest_core::storage_users::User;
use everest_core::v1::credentials::{
    Credentials, SecretMapping, filled_from, is_filled_from, is_untried, secret_name,
};
use everest_schemas::{Field, Sensitive};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::ResourceExt;
use serde_json::Value;

use super::{Compared, Difference, Ending, Kind, Scene, at_version, lifecycle};
use crate::provider::config::FIELD_MANAGER;
use crate::provider::error::ReconcileError;

/// A kind with a Secret of its own.
pub trait WithSecret: Kind<Model: SecretMapping, External: ReadsSecret> {}

impl<K: Kind<Model: SecretMapping, External: ReadsSecret>> WithSecret for K {}

/// A kind with a Secret of its own whose objects others use.
pub trait UsedWithSecret: WithSecret + Kind<External: Used> {}

impl<K: WithSecret + Kind<External: Used>> UsedWithSecret for K {}

/// The object compared with what is said, and the credentials if it is as said.
pub async fn compare<K: WithSecret>(
    scene: &Scene<'_, K>,
    external: &K::External,
) -> Result<Compared, ReconcileError> {
    // The Secret that the object reads is Everest's to name once it exists.
    let placed = placed(scene, Some(external));
    let mut compared = Compared::from(super::compare::<K>(scene.cluster(), &placed, external));
    if compared.difference.is_none()
        && let Some(due) = due(scene, &placed, external).await?
    {
        let version = due.version;
        compared.difference = Some(Difference::Secret { version });
    }
    if scene.managed.spec.for_provider.secret_ref.is_some() {
        // A Secret that somebody changes or deletes is written again at once, where Secrets may be
        // watched.
        let name = secret_name(&placed);
        scene.watch_secret(name);
        let _ = scene.views.secret_version(scene.namespace, name).await;
    }
    Ok(compared)
}

/// What has to come before the object.
pub async fn awaited<K: WithSecret>(
    scene: &mut Scene<'_, K>,
) -> Result<Option<String>, ReconcileError> {
    let mut creation = creation(scene).await?;
    lifecycle::awaited(scene, &mut creation).await
}

/// Makes the Secret and the object.
pub async fn create<K: WithSecret>(
    scene: &mut Scene<'_, K>,
) -> Result<Arc<K::External>, ReconcileError> {
    let mut creation = creation(scene).await?;
    lifecycle::create(scene, &mut creation).await
}

/// Writes the Secret and the object, where they are to be written.
pub async fn update<K: WithSecret>(
    scene: &mut Scene<'_, K>,
    external: &K::External,
    difference: &Difference,
) -> Result<Arc<K::External>, ReconcileError> {
    let placed = placed(scene, Some(external));
    let due = due(scene, &placed, external).await?;
    let content = due.map(|due| due.content);
    let changed = match difference {
        Difference::Members(change) => Some(Apply {
            object: ObjectRef::of_model(scene.config),
            body: at_version(change.body.clone(), external).into(),
            agreed: Agreed::Everything,
            hand_over: None,
        }),
        Difference::Secret { .. } | Difference::Operators | Difference::Step => None,
    };
    let mut change = ChangeWithSecret::of(&placed, content, FIELD_MANAGER, changed);
    lifecycle::change(scene, &mut change, external).await
}

/// Held while anything uses the object, `more` users included.
pub async fn delete<K: UsedWithSecret>(
    scene: &mut Scene<'_, K>,
    more: Vec<User>,
) -> Result<(), ReconcileError> {
    let mut removal = removal(scene).used_by(more);
    lifecycle::delete(scene, &mut removal).await
}

/// What becomes of an object that was deleted while in use.
pub async fn ending<K: UsedWithSecret>(scene: &mut Scene<'_, K>) -> Result<Ending, ReconcileError> {
    let mut removal = removal(scene);
    let (wrote, left) = lifecycle::attend(scene, &mut removal).await?;
    Ok(match left {
        _ if wrote => Ending::Released(format!(
            "removed Everest's finalizer {IN_USE} from {}: it was deleted while in use, nothing \
             uses it any more, and Everest does not reconcile it again",
            ObjectRef::of_model(scene.config)
        )),
        Some(Waiting::Users(users, _)) => Ending::Waits(format!(
            "it was deleted while in use and is released once nothing uses it any more. Used by {}",
            users.join(", ")
        )),
        _ => Ending::Goes,
    })
}

/// The Secret that is still there. The right to look for it goes with its namespace, and so does the
/// Secret.
pub async fn clean_up<K: UsedWithSecret>(
    scene: &mut Scene<'_, K>,
) -> Result<Option<String>, ReconcileError> {
    let mut removal = removal(scene);
    remains(scene, &mut removal).await
}

/// What is left of a Secret, by the lifecycle that removes it: see [`clean_up`].
pub async fn remains<K: Kind, L: Lifecycle + Send>(
    scene: &mut Scene<'_, K>,
    removal: &mut L,
) -> Result<Option<String>, ReconcileError> {
    match lifecycle::remains(scene, removal).await {
        Err(ReconcileError::Cluster(error)) if error.is_forbidden() => {
            let namespaces = scene.cluster().requests::<Namespace>("");
            match namespaces.get(scene.namespace).await? {
                Some(_) => Err(error.into()),
                None => Ok(None),
            }
        }
        left => left,
    }
}

fn removal<K: UsedWithSecret>(scene: &Scene<'_, K>) -> RemoveWithSecret<K::External> {
    RemoveWithSecret::of(&placed(scene, None), FIELD_MANAGER)
}

/// What is said, with the Secret that the object reads.
pub fn placed<K: WithSecret>(scene: &Scene<'_, K>, external: Option<&K::External>) -> K::Model {
    let mut placed = scene.config.clone();
    let said = scene.managed.status.at_provider.get("secretName");
    let said = said.and_then(Value::as_str).map(str::to_owned);
    *placed.secret_mut() = match external {
        Some(external) => scene.observed(external).secret().clone(),
        None => Field::from(said),
    };
    placed
}

async fn creation<K: WithSecret>(
    scene: &Scene<'_, K>,
) -> Result<CreateWithSecret<K::External>, ReconcileError> {
    let placed = placed(scene, None);
    let content = given(scene, &placed).await?;
    Ok(CreateWithSecret::of(&placed, content, FIELD_MANAGER))
}

/// The body of the Secret with the credentials that `secretRef` gives; none without it.
pub async fn given<K: WithSecret>(
    scene: &Scene<'_, K>,
    placed: &K::Model,
) -> Result<Option<Sensitive<Value>>, ReconcileError> {
    let given = scene.referred_secret().await?;
    given
        .map(|given| content(scene, placed, &given))
        .transpose()
}

/// The Secret with the credentials that is to be written.
struct Due {
    content: Sensitive<Value>,
    /// The version of the Secret that gives the credentials.
    version: Option<String>,
}

/// The Secret with the credentials, where it has to be written, or Everest has not accepted it: what
/// is in it is not read.
async fn due<K: WithSecret>(
    scene: &Scene<'_, K>,
    placed: &K::Model,
    external: &K::External,
) -> Result<Option<Due>, ReconcileError> {
    let Some(given) = scene.referred_secret().await? else {
        return Ok(None);
    };
    let secrets = scene.cluster().requests::<Secret>(scene.namespace);
    let name = secret_name(placed);
    let held = secrets.metadata(name).await?;
    let is_accepted = held
        .as_ref()
        .is_none_or(|held| !is_untried(held, Observable::metadata(external)));
    if is_accepted
        && is_filled_from(
            held.as_ref(),
            &given.metadata,
            K::External::KEYS,
            FIELD_MANAGER,
        )
    {
        return Ok(None);
    }
    Ok(Some(Due {
        content: content(scene, placed, &given)?,
        version: given.resource_version(),
    }))
}

/// The body of the Secret with the credentials that a Secret gives.
fn content<K: WithSecret>(
    scene: &Scene<'_, K>,
    placed: &K::Model,
    given: &Secret,
) -> Result<Sensitive<Value>, ReconcileError> {
    let credentials = credentials(scene, "secretRef", given, K::External::KEYS)?;
    let body = credentials.secret(placed);
    Ok(filled_from(body, &given.metadata))
}

/// The credentials under `keys` of the Secret that a member of `spec.forProvider` names.
///
/// # Errors
/// If the Secret lacks a key.
pub fn credentials<K: Kind>(
    scene: &Scene<'_, K>,
    member: &str,
    given: &Secret,
    keys: &[&str],
) -> Result<Credentials, ReconcileError> {
    let value = |key: &&str| {
        given
            .data
            .as_ref()
            .and_then(|data| data.get(*key))
            .and_then(|bytes| String::from_utf8(bytes.0.clone()).ok())
            .filter(|text| !text.is_empty())
            .map(Sensitive::new)
            .ok_or_else(|| {
                ReconcileError::Secret(format!(
                    "spec.forProvider.{member}: the Secret {}/{} has no key {key}. It needs {}",
                    scene.key.0,
                    given.name_any(),
                    keys.join(" and ")
                ))
            })
    };
    Ok(Credentials(
        keys.iter().map(value).collect::<Result<_, _>>()?,
    ))
}
