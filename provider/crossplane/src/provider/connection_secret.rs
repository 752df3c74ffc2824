//! The connection Secret beside a managed resource.
//!
//! It follows Crossplane's conventions: it has Crossplane's type, the managed resource controls it,
//! and keys are added but never removed. It is written when the endpoint or the credentials change,
//! or if someone else has changed it; neither check needs a request.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everest_core::v1::connection::SECRET_TYPE;
use everest_schemas::Sensitive;
use everest_schemas::managed::{API_VERSION, ManagedModel};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::config::FIELD_MANAGER;
use super::error::ReconcileError;
use super::kind::{Details, Kind, Scene};
use super::reconcile_state::{Published, Related};

const DOING: &str = "publishing the connection Secret";

/// Brings the connection Secret up to date. Returns what is waited for, if there is no such Secret
/// yet and it cannot be written. One that was written keeps its content while something is missing.
///
/// # Errors
/// If the Secret belongs to someone else, or a request fails.
pub async fn publish<K: Kind>(
    scene: &mut Scene<'_, K>,
    external: &K::External,
) -> Result<Option<String>, ReconcileError> {
    let Some(reference) = &scene.managed.spec.write_connection_secret_to_ref else {
        return Ok(None);
    };
    if !K::HAS_ENDPOINT {
        return Ok(None);
    }
    let namespace = scene.key.0.as_str();
    scene.views.relate(
        Related::Own(namespace.to_owned(), reference.name.clone()),
        scene.key,
    );
    let Some((endpoint, credentials)) = K::endpoint(external) else {
        let missing = "its host name".to_owned();
        return waits(scene, &reference.name, missing).await;
    };
    scene.watch_secret(&credentials);
    let version = scene
        .views
        .secret_version(scene.namespace, &credentials)
        .await;
    let own = scene.own_secrets.version(namespace, &reference.name).await;
    let known = version.zip(own).map(|(credentials, own)| Published {
        endpoint: endpoint.clone(),
        credentials,
        own,
    });
    if known.is_some() && known == scene.state.published {
        return Ok(None);
    }
    let secrets = scene.cluster().requests::<Secret>(scene.namespace);
    let found = secrets.get(&credentials).await?;
    let Some(details) = K::details(external, found.as_ref()) else {
        let why = match found {
            Some(_) => "the credentials in",
            None => "the creation of",
        };
        let missing = format!("{why} the Secret {}/{credentials}", scene.namespace);
        return waits(scene, &reference.name, missing).await;
    };
    let own = write(scene, &reference.name, &details).await?;
    scene.state.published = found.map(|found| Published {
        endpoint,
        credentials: found.resource_version().unwrap_or_default(),
        own,
    });
    Ok(None)
}

/// What the first write of the connection Secret waits for; `None` if it was written before.
async fn waits<K: Kind>(
    scene: &Scene<'_, K>,
    name: &str,
    missing: String,
) -> Result<Option<String>, ReconcileError> {
    let written = existing(scene, name).await?.is_some();
    Ok((!written).then(|| format!("the connection Secret {name} waits for {missing}")))
}

/// The Secret of that name beside the managed resource.
async fn existing<K: Kind>(
    scene: &Scene<'_, K>,
    name: &str,
) -> Result<Option<Secret>, ReconcileError> {
    let api: Api<Secret> = Api::namespaced(scene.control.clone(), &scene.key.0);
    api.get_opt(name)
        .await
        .map_err(ReconcileError::control(DOING))
}

/// Writes the Secret, if it differs. Returns its version.
async fn write<K: Kind>(
    scene: &Scene<'_, K>,
    name: &str,
    details: &Details,
) -> Result<String, ReconcileError> {
    let namespace = scene.key.0.as_str();
    let existing = existing(scene, name).await?;
    let uid = scene.managed.metadata.uid.as_deref().unwrap_or_default();
    if let Some(existing) = &existing {
        if !is_controlled(existing, uid) {
            return Err(ReconcileError::Secret(format!(
                "spec.writeConnectionSecretToRef: the Secret {namespace}/{name} exists and is not \
                 controlled by this resource. Name another Secret, or delete it"
            )));
        }
        if holds(existing, details) {
            return Ok(existing.resource_version().unwrap_or_default());
        }
    }
    let body = body::<K>(scene, name, details);
    let api: Api<Secret> = Api::namespaced(scene.control.clone(), namespace);
    let written = api
        .patch(
            name,
            &PatchParams::apply(FIELD_MANAGER).force(),
            &Patch::Apply(body.expose()),
        )
        .await
        .map_err(ReconcileError::control(DOING))?;
    Ok(written.resource_version().unwrap_or_default())
}

fn is_controlled(secret: &Secret, uid: &str) -> bool {
    secret
        .owner_references()
        .iter()
        .any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

fn holds(secret: &Secret, details: &Details) -> bool {
    let data = secret.data.as_ref();
    details.iter().all(|(key, value)| {
        data.and_then(|data| data.get(key))
            .is_some_and(|held| held.0 == value.expose().as_bytes())
    })
}

fn body<K: Kind>(scene: &Scene<'_, K>, name: &str, details: &Details) -> Sensitive<Value> {
    let metadata = &scene.managed.metadata;
    let data: BTreeMap<_, _> = details
        .iter()
        .map(|(key, value)| (key, STANDARD.encode(value.expose())))
        .collect();
    Sensitive::new(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": scene.key.0,
            "ownerReferences": [{
                "apiVersion": API_VERSION,
                "kind": K::Model::KIND,
                "name": metadata.name,
                "uid": metadata.uid,
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "type": SECRET_TYPE,
        "data": data,
    }))
}
