//! Single sign-on: the key [`KEY`] of the ConfigMap [`CONFIG_MAP`], and the restart of Everest's API
//! server, which reads it only when it starts.
//!
//! Source: everest `pkg/oidc/configure.go`, `pkg/kubernetes/oidc.go`, `pkg/common/settings.go`,
//! `internal/server/everest.go`.

use everest_schemas::Field;
use everest_schemas::models::OidcSettingsModel;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::yaml::{Document, Malformed, Node, list, scalar};
use super::{Exists, Next};

/// The ConfigMap.
pub const CONFIG_MAP: &str = "everest-settings";

/// Its key with the settings.
pub const KEY: &str = "oidc.config";

/// The scopes that Everest asks for if none are given.
pub const DEFAULT_SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// The scope without which there is no login.
pub const OPENID: &str = "openid";

/// The annotation on a pod template with which `kubectl rollout restart` restarts a Deployment.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Our annotation on the pod template of the API server: a digest of the settings that it was
/// restarted for.
const RESTARTED_FOR: &str = "everest.openeverest.io/oidc-settings";

/// The reason why the settings are not read or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The settings cannot be read.
    #[error("its key oidc.config cannot be used: {0}")]
    Malformed(#[from] Malformed),
    /// The settings that are to be created exist.
    #[error(transparent)]
    Exists(#[from] Exists),
}

/// The settings in the ConfigMap; `None` if there are none.
///
/// # Errors
/// If they cannot be read.
pub fn settings(config_map: &ConfigMap) -> Result<Option<OidcSettingsModel>, OidcError> {
    let Some(text) = text(config_map) else {
        return Ok(None);
    };
    let document = Document::parse(text)?;
    let member = |name: &str| document.get(name).and_then(Node::text).map(str::to_owned);
    let scopes: Vec<_> = match document.get("scopes") {
        Some(scopes) => scopes.strings().into_iter().map(Field::from).collect(),
        None => DEFAULT_SCOPES.map(Field::from).into(),
    };
    Ok(Some(OidcSettingsModel {
        issuer_url: member("issuerUrl").into(),
        client_id: member("clientId").into(),
        scopes: Field::Known(scopes),
        config_map_name: CONFIG_MAP.into(),
        ..OidcSettingsModel::default()
    }))
}

/// The merge patch after which the ConfigMap holds the settings of a model. `creates` is true if it
/// must not hold any yet; settings that are exactly as configured are taken over.
///
/// # Errors
/// If there are others, or if they cannot be read.
pub fn write(
    config_map: &ConfigMap,
    model: &OidcSettingsModel,
    creates: bool,
) -> Result<Next<Value>, OidcError> {
    let known = settings(config_map)?;
    let wanted = OidcSettingsModel {
        issuer_url: model.issuer_url.clone(),
        client_id: model.client_id.clone(),
        scopes: Field::Known(scopes(model).into_iter().map(Field::Known).collect()),
        config_map_name: CONFIG_MAP.into(),
        ..OidcSettingsModel::default()
    };
    match known {
        Some(known) if known == wanted => return Ok(Next::Same),
        Some(_) if creates => return Err(Exists.into()),
        _ => {}
    }
    let text = |field: &Field<String>| scalar(field.known_str().unwrap_or_default());
    let document = format!(
        "issuerUrl: {}\nclientId: {}\nscopes: {}\n",
        text(&model.issuer_url),
        text(&model.client_id),
        list(&scopes(model)),
    );
    Ok(Next::Write(json!({"data": { KEY: document }})))
}

/// The merge patch after which the ConfigMap holds no settings.
pub fn remove(config_map: &ConfigMap) -> Next<Value> {
    match text(config_map) {
        Some(_) => Next::Write(json!({"data": { KEY: null }})),
        None => Next::Same,
    }
}

/// The merge patch that restarts the API server for the settings of a ConfigMap.
pub fn restart(config_map: &ConfigMap, now: Timestamp) -> Value {
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({"spec": {"template": {"metadata": {"annotations": {
        RESTARTED_AT: time,
        RESTARTED_FOR: digest(config_map),
    }}}}})
}

/// Returns true if the API server was last restarted for other settings than a ConfigMap has: an
/// apply was killed before the restart. Always false if this provider never restarted it.
pub fn needs_restart(config_map: &ConfigMap, server: &Deployment) -> bool {
    restarted_for(server).is_some_and(|then| *then != digest(config_map))
}

/// Returns true if this provider has restarted the API server for the settings of a ConfigMap.
pub fn is_restarted_for(config_map: &ConfigMap, server: &Deployment) -> bool {
    restarted_for(server).is_some_and(|then| *then == digest(config_map))
}

fn restarted_for(server: &Deployment) -> Option<&String> {
    let annotations = server
        .spec
        .template
        .metadata
        .as_ref()?
        .annotations
        .as_ref()?;
    annotations.get(RESTARTED_FOR)
}

/// Returns true if all pods of a Deployment are of its present template, and available, as
/// `kubectl rollout status` judges it.
pub fn is_rolled_out(server: &Deployment) -> bool {
    let Some(status) = &server.status else {
        return false;
    };
    let wanted = server.spec.replicas.unwrap_or(1);
    let [updated, all, available] = [
        status.updated_replicas,
        status.replicas,
        status.available_replicas,
    ]
    .map(Option::unwrap_or_default);
    status.observed_generation >= server.metadata.generation
        && updated >= wanted
        && all <= updated
        && available >= updated
}

/// The progress of a rollout, for messages.
pub fn progress(server: &Deployment) -> String {
    let status = server.status.as_ref();
    let updated = status.and_then(|status| status.updated_replicas);
    let available = status.and_then(|status| status.available_replicas);
    format!(
        "{} of {} pods have the new settings, {} pods are available",
        updated.unwrap_or_default(),
        server.spec.replicas.unwrap_or(1),
        available.unwrap_or_default(),
    )
}

/// The scopes that a model asks for.
fn scopes(model: &OidcSettingsModel) -> Vec<String> {
    match model.scopes.known() {
        Some(all) => all
            .iter()
            .filter_map(Field::known_str)
            .map(str::to_owned)
            .collect(),
        None => DEFAULT_SCOPES.map(str::to_owned).into(),
    }
}

/// The text of the settings; an empty one means that there are none.
fn text(config_map: &ConfigMap) -> Option<&str> {
    let data = config_map.data.as_ref()?;
    data.get(KEY)
        .map(String::as_str)
        .filter(|text| !text.is_empty())
}

fn digest(config_map: &ConfigMap) -> String {
    let digest = Sha256::digest(text(config_map).unwrap_or_default());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
