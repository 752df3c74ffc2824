//! Admission of MonitoringConfigs. No PMM server is called: a key says what it would answer.

use super::review::{Admitted, FieldError, Refusal, Request, Verdict};
use crate::cluster::Cluster;
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, text};

/// The Secret is named, exists and has the key `apiKey`, and the PMM server takes it. An object
/// that is being deleted is not looked at.
pub async fn validate(request: &Request, cluster: &Cluster) -> Verdict {
    if object::deleting(&request.object) {
        return Ok(Admitted::default());
    }
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
        let why = format!("missing api key in the secret {name}");
        return Err(Refusal::forbidden(why));
    }
    let faults = Faults::of(
        cluster,
        &request.namespace,
        &request.name,
        Some(&request.object),
    );
    let url = text(&request.object.data, "/spec/pmm/url");
    match pmm_says(faults.get("pmm"), url) {
        None => Ok(Admitted::default()),
        Some(why) => Err(Refusal::forbidden(why)),
    }
}

/// What everest-operator makes of the answer of a PMM server to `GET /v1/version`.
fn pmm_says(answer: Option<&str>, url: &str) -> Option<String> {
    Some(match answer? {
        "down" => format!("Get \"{url}/v1/version\": dial tcp: connect: connection refused"),
        "unauthorized" => "authorization failed, please provide the correct credentials".to_owned(),
        message => format!("PMM returned an error with message: {message}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pmm_server_is_well_down_or_against_it() {
        let says = |answer| pmm_says(answer, "https://pmm.test");
        assert_eq!(says(None), None);
        assert!(
            says(Some("down"))
                .unwrap()
                .contains("https://pmm.test/v1/version")
        );
        assert!(
            says(Some("unauthorized"))
                .unwrap()
                .starts_with("authorization failed")
        );
        assert!(says(Some("broken")).unwrap().ends_with("broken"));
    }
}
