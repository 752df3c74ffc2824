//! The webhook configurations.

use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use kube::core::{ApiResource, DynamicObject};
use serde_json::{Value, json};

use crate::cluster::Error;
use crate::kinds::{self, Kind};
use crate::object::text;

const CREATE_UPDATE: &[&str] = &["CREATE", "UPDATE"];
const ALL: &[&str] = &["CREATE", "UPDATE", "DELETE"];

fn validating() -> [(&'static Kind, &'static [&'static str]); 6] {
    [
        (&kinds::DATABASE_CLUSTER, CREATE_UPDATE),
        (&kinds::BACKUP, ALL),
        (&kinds::RESTORE, ALL),
        (&kinds::MONITORING_CONFIG, CREATE_UPDATE),
        (&kinds::LOAD_BALANCER_CONFIG, ALL),
        (&kinds::SPLIT_HORIZON, ALL),
    ]
}

fn mutating() -> [(&'static Kind, &'static [&'static str]); 3] {
    [
        (&kinds::DATABASE_CLUSTER, CREATE_UPDATE),
        (&kinds::DATA_IMPORT_JOB, CREATE_UPDATE),
        (&kinds::SPLIT_HORIZON, CREATE_UPDATE),
    ]
}

/// The ValidatingWebhookConfiguration and the MutatingWebhookConfiguration of webhooks at `url`,
/// whose certificate was signed by `authority`, PEM.
pub fn configurations(url: &str, authority: &str) -> [Value; 2] {
    [
        (
            "ValidatingWebhookConfiguration",
            "everest-operator-validating-webhook-configuration",
            "everest.percona.com/skip-validating-webhook",
            validating().to_vec(),
        ),
        (
            "MutatingWebhookConfiguration",
            "everest-operator-mutating-webhook-configuration",
            "everest.percona.com/skip-mutating-webhook",
            mutating().to_vec(),
        ),
    ]
    .map(|(kind, name, label, webhooks)| {
        let webhooks: Vec<Value> = webhooks
            .into_iter()
            .map(|(watched, operations)| webhook(kind, label, watched, operations, url, authority))
            .collect();
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": name},
            "webhooks": webhooks,
        })
    })
}

/// Stores both configurations.
///
/// # Errors
///
/// The API refuses them or cannot be reached.
pub async fn register(client: &Client, url: &str, authority: &str) -> Result<(), Error> {
    for body in configurations(url, authority) {
        let kind = text(&body, "/kind");
        let resource = ApiResource {
            group: "admissionregistration.k8s.io".to_owned(),
            version: "v1".to_owned(),
            api_version: "admissionregistration.k8s.io/v1".to_owned(),
            kind: kind.to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
        };
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        api.patch(
            text(&body, "/metadata/name"),
            &PatchParams::apply("everest-simulator").force(),
            &Patch::Apply(&body),
        )
        .await?;
    }
    Ok(())
}

fn webhook(
    configuration: &str,
    skip: &str,
    kind: &Kind,
    operations: &[&str],
    url: &str,
    authority: &str,
) -> Value {
    use base64::Engine as _;
    let (verb, letter) = match configuration {
        "MutatingWebhookConfiguration" => ("mutate", 'm'),
        _ => ("validate", 'v'),
    };
    let name = kind.name.to_lowercase();
    let group = kind.group.replace('.', "-");
    json!({
        "name": format!("{letter}{name}-{}.{}", kind.version, kind.group),
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "clientConfig": {
            "url": format!("{url}/{verb}-{group}-{}-{name}", kind.version),
            "caBundle": base64::engine::general_purpose::STANDARD.encode(authority),
        },
        "objectSelector": {
            "matchExpressions": [{"key": skip, "operator": "NotIn", "values": ["true"]}],
        },
        "rules": [{
            "apiGroups": [kind.group],
            "apiVersions": [kind.version],
            "operations": operations,
            "resources": [kind.plural],
            "scope": "*",
        }],
    })
}
