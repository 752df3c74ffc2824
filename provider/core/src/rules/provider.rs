//! Rules for the provider's own settings.

use everest_schemas::models::ProviderModel;
use everest_schemas::{Field, Sensitive};

use super::findings::Findings;
use super::table::provider::{
    CLIENT_CERTIFICATE_PAIR, CONFIG_PATHS, CREDENTIAL_SOURCES, EXEC_API_VERSION, HOST, INSECURE,
    PEM, PROXY_URL,
};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::text::Text;
use crate::url;

const EXEC_API_VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// The settings without those that are an empty string or an empty list: they count as omitted, so
/// that a module can pass on a variable whose default is "".
///
/// Source: hashicorp/kubernetes: provider settings.
pub fn given(config: &ProviderModel) -> ProviderModel {
    let mut given = config.clone();
    for text in [
        &mut given.config_path,
        &mut given.config_context,
        &mut given.config_context_cluster,
        &mut given.config_context_auth_info,
        &mut given.host,
        &mut given.client_certificate,
        &mut given.cluster_ca_certificate,
        &mut given.tls_server_name,
        &mut given.proxy_url,
    ] {
        if text.known_str() == Some("") {
            *text = Field::Null;
        }
    }
    for secret in [&mut given.token, &mut given.client_key] {
        if secret.known().is_some_and(|text| text.expose().is_empty()) {
            *secret = Field::Null;
        }
    }
    if given.config_paths.known().is_some_and(Vec::is_empty) {
        given.config_paths = Field::Null;
    }
    given
}

/// Finds settings of the provider that are malformed or contradict each other. Environment
/// variables are not considered.
pub fn check(config: &ProviderModel) -> Vec<Finding> {
    let config = &given(config);
    let mut findings = Findings::default();
    sources(config, &mut findings);
    pem(config, &mut findings);
    addresses(config, &mut findings);
    if config.config_path.is_known() && config.config_paths.is_known() {
        findings.error(
            &CONFIG_PATHS,
            FieldPath::of("configPaths"),
            "Both {configPath} and {configPaths} are given",
        );
    }
    if config.insecure.known() == Some(&true) && config.cluster_ca_certificate.is_known() {
        findings.error(
            &INSECURE,
            FieldPath::of("insecure"),
            "Both {insecure = true} and {clusterCaCertificate} are given",
        );
    }
    if let Some(version) = config
        .exec
        .known()
        .and_then(|exec| exec.api_version.known_str())
        && !EXEC_API_VERSIONS.contains(&version)
    {
        findings.error(
            &EXEC_API_VERSION,
            FieldPath::of("exec.apiVersion"),
            format!("{version:?} is not a form of credentials"),
        );
    }
    findings.into_findings()
}

fn sources(config: &ProviderModel, findings: &mut Findings) {
    let certificate = config.client_certificate.is_known() || config.client_key.is_known();
    let given: Vec<FieldPath> = [
        (config.token.is_known(), "token"),
        (certificate, "clientCertificate"),
        (config.exec.is_known(), "exec"),
    ]
    .into_iter()
    .filter(|(given, _)| *given)
    .map(|(_, name)| FieldPath::of(name))
    .collect();
    if let [_, .., last] = given.as_slice() {
        findings.error(
            &CREDENTIAL_SOURCES,
            last.clone(),
            Text::from("There are several sources of credentials: ")
                .and(Text::join(given.iter().map(Text::from), " and ")),
        );
    }
    let (given, missing) = match (&config.client_certificate, &config.client_key) {
        (Field::Known(_), Field::Null) => ("clientCertificate", "clientKey"),
        (Field::Null, Field::Known(_)) => ("clientKey", "clientCertificate"),
        _ => return,
    };
    findings.without(&CLIENT_CERTIFICATE_PAIR, given, FieldPath::of(missing));
}

fn pem(config: &ProviderModel, findings: &mut Findings) {
    let key = config.client_key.known().map(Sensitive::expose);
    for (name, text) in [
        ("clientCertificate", config.client_certificate.known()),
        ("clientKey", key),
        (
            "clusterCaCertificate",
            config.cluster_ca_certificate.known(),
        ),
    ] {
        if text.is_some_and(|text| !text.contains("-----BEGIN")) {
            let path = FieldPath::of(name);
            let summary = Text::from(&path).and(" is not PEM text");
            findings.error(&PEM, path, summary);
        }
    }
}

fn addresses(config: &ProviderModel, findings: &mut Findings) {
    if let Some(text) = config.host.known_str()
        && !url::is_http(text)
    {
        findings.error(
            &HOST,
            FieldPath::of("host"),
            format!("{text:?} is not a URL with http or https"),
        );
    }
    if let Some(text) = config.proxy_url.known_str()
        && !url::has_scheme(text, &["http", "https", "socks5", "socks5h"])
    {
        // It may hold a password, so it is not repeated.
        let path = FieldPath::of("proxyUrl");
        let summary = Text::from(&path).and(" is not a URL of a proxy");
        findings.error(&PROXY_URL, path, summary);
    }
}

#[cfg(test)]
mod tests;
