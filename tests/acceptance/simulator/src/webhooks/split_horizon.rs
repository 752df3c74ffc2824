//! Admission of SplitHorizonDNSConfigs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::ResourceExt;
use serde_json::json;

use super::review::{Admitted, FieldError, Refusal, Request, Verdict};
use crate::cluster::{Cluster, EVEREST_OPERATOR};
use crate::everest::IN_USE;
use crate::everest::split_horizon::CLEANUP_SECRETS;
use crate::kinds;
use crate::object::{self, Key, at, text};

/// The member that names the Secret.
const SECRET_NAME: &str = "spec.tls.secretName";

/// The keys of the Secret.
const KEYS: [&str; 2] = ["ca.crt", "ca.key"];

/// Moves an inline certificate into the Secret it names. One that the webhook makes goes with the
/// config.
pub async fn mutate(request: &Request, cluster: &Cluster) -> Verdict {
    let refuse = |error| Refusal::invalid("SplitHorizonDNSConfig", &request.name, vec![error]);
    let mut spec = at(&request.object.data, "/spec").clone();
    let name = text(&spec, "/tls/secretName").to_owned();
    if name.is_empty() {
        return Err(refuse(FieldError::required(
            SECRET_NAME,
            "can not be empty",
        )));
    }
    let certificate = at(&spec, "/tls/certificate").clone();
    if certificate.is_null() {
        return Ok(Admitted::default());
    }
    for key in KEYS {
        let (field, value) = (
            format!("spec.tls.certificate.{key}"),
            certificate[key].as_str().unwrap_or_default(),
        );
        if value.is_empty() {
            return Err(refuse(FieldError::required(&field, "can not be empty")));
        }
        if STANDARD.decode(value).is_err() {
            let why = "is not base64-encoded";
            return Err(refuse(FieldError::invalid(&field, value, why)));
        }
    }
    let data = json!({"ca.crt": certificate["ca.crt"], "ca.key": certificate["ca.key"]});
    let existing = cluster
        .read(&kinds::SECRET, &request.namespace, &name)
        .await?;
    let mut marked = request.object.clone();
    if existing.is_some() {
        let key = Key::new(&request.namespace, &name);
        let body = json!({"data": data});
        cluster
            .merge(&kinds::SECRET, EVEREST_OPERATOR, &key, body)
            .await?;
    } else {
        let body = json!({"type": "Opaque", "data": data});
        let secret = object::new(&kinds::SECRET, &request.namespace, &name, body);
        cluster
            .create(&kinds::SECRET, EVEREST_OPERATOR, &secret)
            .await?;
        object::add_finalizer(&mut marked, CLEANUP_SECRETS);
    }
    if let Some(tls) = spec.pointer_mut("/tls").and_then(|t| t.as_object_mut()) {
        tls.remove("certificate");
    }
    let finalizers = json!(marked.finalizers());
    Ok(Admitted::set([
        ("/spec", spec),
        ("/metadata/finalizers", finalizers),
    ]))
}

/// Domain and, at creation, the Secret are right; what is used neither changes nor goes.
pub async fn validate(request: &Request, cluster: &Cluster) -> Verdict {
    let refuse = |error| Refusal::invalid("SplitHorizonDNSConfig", &request.name, vec![error]);
    let used = object::has_finalizer(&request.object, IN_USE);
    if request.operation == "DELETE" {
        return match used && !object::deleting(&request.object) {
            true => Err(Refusal::forbidden("is used and cannot be deleted")),
            false => Ok(Admitted::default()),
        };
    }
    if object::deleting(&request.object) {
        return Ok(Admitted::default());
    }
    if used && request.changes_spec() {
        return Err(refuse(FieldError::forbidden(
            "spec",
            "is immutable and cannot be changed",
        )));
    }
    let suffix = text(&request.object.data, "/spec/baseDomainNameSuffix");
    if !is_subdomain(suffix) {
        let why = "a lowercase RFC 1123 subdomain is needed";
        let field = "spec.baseDomainNameSuffix";
        return Err(refuse(FieldError::invalid(field, suffix, why)));
    }
    if request.operation != "CREATE" {
        return Ok(Admitted::default());
    }
    let name = text(&request.object.data, "/spec/tls/secretName");
    let secret = cluster
        .read(&kinds::SECRET, &request.namespace, name)
        .await?
        .ok_or_else(|| refuse(FieldError::not_found(SECRET_NAME, name)))?;
    if text(&secret.data, "/type") != "Opaque" {
        let why = "the Secret must be of type Opaque";
        return Err(refuse(FieldError::invalid(SECRET_NAME, name, why)));
    }
    for key in KEYS {
        if at(&secret.data, "/data")[key].is_null() {
            let why = format!("{key} field is missed in the secret");
            return Err(refuse(FieldError::required(SECRET_NAME, &why)));
        }
    }
    Ok(Admitted::default())
}

/// Whether a text is a subdomain as Kubernetes has them.
fn is_subdomain(text: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(allowed)
    };
    text.split('.').all(is_label)
}
