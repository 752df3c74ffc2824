//! Kubeconfigs of the cluster's administrator and of service accounts.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{
    Api, Client,
    api::PostParams,
    config::{AuthInfo, Kubeconfig},
};
use serde_json::{Value, json};

use crate::{control_plane::StartError, pki::Secrets};

/// The time for which a token is valid, in seconds: longer than any test cluster stands.
const LIFETIME: i64 = 365 * 24 * 60 * 60;

/// Context that authenticates by client certificate; the current one.
pub const CERTIFICATE_CONTEXT: &str = "everest-test";
/// Context that authenticates by bearer token.
pub const TOKEN_CONTEXT: &str = "everest-test-token";

/// A kubeconfig with both ways to be the administrator.
#[must_use]
pub(crate) fn admin(server: &str, secrets: &Secrets) -> Value {
    let data = |pem: &str| BASE64_STANDARD.encode(pem);
    let context = |name: &str, user: &str| json!({ "name": name, "context": { "cluster": "everest-test", "user": user } });
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CERTIFICATE_CONTEXT,
        "clusters": [{
            "name": "everest-test",
            "cluster": { "server": server, "certificate-authority-data": data(&secrets.ca) },
        }],
        "users": [
            { "name": "admin", "user": {
                "client-certificate-data": data(&secrets.admin_cert),
                "client-key-data": data(&secrets.admin_key),
            }},
            { "name": "admin-token", "user": { "token": secrets.token } },
        ],
        "contexts": [
            context(CERTIFICATE_CONTEXT, "admin"),
            context(TOKEN_CONTEXT, "admin-token"),
        ],
    })
}

/// Returns the administrator's kubeconfig in `file` with a service account in the administrator's
/// place.
///
/// # Errors
/// When the file cannot be read or the API server issues no token.
pub async fn of_service_account(
    client: &Client,
    file: &Path,
    namespace: &str,
    name: &str,
) -> Result<String, StartError> {
    let fault = |error: &dyn std::fmt::Display| {
        StartError::Client(format!("ServiceAccount {namespace}/{name}: {error}"))
    };
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            expiration_seconds: Some(LIFETIME),
            ..TokenRequestSpec::default()
        }),
        ..TokenRequest::default()
    };
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let issued = accounts
        .create_token_request(name, &PostParams::default(), &request)
        .await
        .map_err(|error| fault(&error))?;
    let token = issued.status.and_then(|status| status.token);
    let mut config = Kubeconfig::read_from(file).map_err(|error| fault(&error))?;
    for user in &mut config.auth_infos {
        user.auth_info = Some(AuthInfo {
            token: token.clone().map(Into::into),
            ..AuthInfo::default()
        });
    }
    serde_yaml_ng::to_string(&config).map_err(|error| fault(&error))
}
