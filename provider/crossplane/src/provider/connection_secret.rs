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

/// Brings the connection Secret up to date. Returns true if it was written.
///
/// # Errors
/// If the Secret belongs to someone else, or a request fails.
pub async fn publish<K: Kind>(
    scene: &mut Scene<'_, K>,
    external: &K::External,
) -> Result<bool, ReconcileError> {
    let Some(reference) = &scene.managed.spec.write_connection_secret_to_ref else {
        return Ok(false);
    };
    let Some((endpoint, credentials)) = K::endpoint(external) else {
        return Ok(false);
    };
    let namespace = scene.key.0.as_str();
    scene.watch_secret(&credentials);
    scene.views.relate(
        Related::Own(namespace.to_owned(), reference.name.clone()),
        scene.key,
    );
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
        return Ok(false);
    }
    let secrets = scene.cluster().requests::<Secret>(scene.namespace);
    let found = secrets.get(&credentials).await?;
    let Some(details) = K::details(external, found.as_ref()) else {
        return Ok(false);
    };
    let (own, written) = write(scene, &reference.name, &details).await?;
    scene.state.published = found.map(|found| Published {
        endpoint,
        credentials: found.resource_version().unwrap_or_default(),
        own,
    });
    Ok(written)
}

/// The version of the Secret, and whether it was written.
async fn write<K: Kind>(
    scene: &Scene<'_, K>,
    name: &str,
    details: &Details,
) -> Result<(String, bool), ReconcileError> {
    let namespace = scene.key.0.as_str();
    let api: Api<Secret> = Api::namespaced(scene.control.clone(), namespace);
    let doing = "publishing the connection Secret";
    let existing = api
        .get_opt(name)
        .await
        .map_err(ReconcileError::control(doing))?;
    let uid = scene.managed.metadata.uid.as_deref().unwrap_or_default();
    if let Some(existing) = &existing {
        if !is_controlled(existing, uid) {
            return Err(ReconcileError::Secret(format!(
                "spec.writeConnectionSecretToRef: the Secret {namespace}/{name} exists and is not \
                 controlled by this resource. Name another Secret, or delete it"
            )));
        }
        if holds(existing, details) {
            return Ok((existing.resource_version().unwrap_or_default(), false));
        }
    }
    let body = body::<K>(scene, name, details);
    let written = api
        .patch(
            name,
            &PatchParams::apply(FIELD_MANAGER).force(),
            &Patch::Apply(body.expose()),
        )
        .await
        .map_err(ReconcileError::control(doing))?;
    Ok((written.resource_version().unwrap_or_default(), true))
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
