//! Kubeconfig files for the cluster's administrator.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::pki::Secrets;

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
