//! Admission of MonitoringConfigs; the PMM server itself is not called.

use super::admission::{Admitted, FieldError, Refusal, Request, Verdict};
use crate::cluster::Cluster;
use crate::kinds;
use crate::object::{at, text};

/// The Secret is named, exists and has the key `apiKey`.
pub async fn validate(request: &Request, cluster: &Cluster) -> Verdict {
    let field = "spec.credentialsSecretName";
    let refuse = |error| Refusal::invalid("MonitoringConfig", &request.name, vec![error]);
    let name = text(&request.object.data, "/spec/credentialsSecretName");
    if name.is_empty() {
        return Err(refuse(FieldError::required(field, "")));
    }
    let secret = cluster
        .read(&kinds::SECRET, &request.namespace, name)
        .await?
        .ok_or_else(|| Refusal::not_found("Secret", name))?;
    if at(&secret.data, "/data")["apiKey"].is_null() {
        let why = "the Secret has no key apiKey";
        return Err(refuse(FieldError::invalid(field, name, why)));
    }
    Ok(Admitted::default())
}
