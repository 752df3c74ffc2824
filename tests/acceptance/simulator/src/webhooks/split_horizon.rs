//! Admission of SplitHorizonDNSConfigs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::ResourceExt;
use serde_json::json;

use super::review::{Admitted, FieldError, Refusal, Request, Verdict};
use crate::cluster::{Cluster, EVEREST_OPERATOR};
use crate::everest::IN_USE;
use crate::kinds;
use crate::object::{self, at, text};

/// Finalizer that takes the Secret along which the webhook made.
const CLEANUP_SECRETS: &str = "everest.percona.com/cleanup-secrets";

/// Moves an inline certificate into the Secret it names.
pub async fn mutate(request: &Request, cluster: &Cluster) -> Verdict {
    let mut spec = at(&request.object.data, "/spec").clone();
    let certificate = at(&spec, "/tls/certificate").clone();
    if certificate.is_null() {
        return Ok(Admitted::default());
    }
    let name = text(&spec, "/tls/secretName");
    let data = json!({"type": "Opaque", "data": {
        "ca.crt": certificate["ca.crt"],
        "ca.key": certificate["ca.key"],
    }});
    let secret = object::new(&kinds::SECRET, &request.namespace, name, data);
    cluster
        .create(&kinds::SECRET, EVEREST_OPERATOR, &secret)
        .await?;
    if let Some(tls) = spec.pointer_mut("/tls").and_then(|t| t.as_object_mut()) {
        tls.remove("certificate");
    }
    let mut marked = request.object.clone();
    object::add_finalizer(&mut marked, CLEANUP_SECRETS);
    let finalizers = json!(marked.finalizers());
    Ok(Admitted::set([
        ("/spec", spec),
        ("/metadata/finalizers", finalizers),
    ]))
}

/// Domain and Secret are right; what is used neither changes nor goes.
pub async fn validate(request: &Request, cluster: &Cluster) -> Verdict {
    let refuse = |error| Refusal::invalid("SplitHorizonDNSConfig", &request.name, vec![error]);
    let used = object::has_finalizer(&request.object, IN_USE);
    if request.operation == "DELETE" {
        return match used {
            true => Err(Refusal::forbidden("is used and cannot be deleted")),
            false => Ok(Admitted::default()),
        };
    }
    if used && request.changes_spec() {
        return Err(refuse(FieldError::forbidden(
            "spec",
            "is immutable while in use",
        )));
    }
    let name = text(&request.object.data, "/spec/tls/secretName");
    let field = "spec.tls.secretName";
    let secret = cluster
        .read(&kinds::SECRET, &request.namespace, name)
        .await?
        .ok_or_else(|| Refusal::not_found("Secret", name))?;
    if text(&secret.data, "/type") != "Opaque" {
        let why = "the Secret must be of type Opaque";
        return Err(refuse(FieldError::invalid(field, name, why)));
    }
    for key in ["ca.crt", "ca.key"] {
        let value = at(&secret.data, "/data")[key].as_str().unwrap_or_default();
        if value.is_empty() || STANDARD.decode(value).is_err() {
            let why = format!("the Secret has no key {key}");
            return Err(refuse(FieldError::invalid(field, name, &why)));
        }
    }
    Ok(Admitted::default())
}
