//! The source of each setting: the configuration, the environment or a kubeconfig.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everest_schemas::Sensitive;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};

use super::kubeconfig::{self, Selected};
use super::{ConnectError, ConnectionConfig, ExecPlugin, proxy};

/// Longest time for a TCP and TLS connection: the default of 30 s makes an unreachable
/// cluster look like a slow one.
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// Looks up an environment variable.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Resolves the settings to a client configuration. `environment` looks up a variable.
pub(super) fn resolve(
    given: &ConnectionConfig,
    environment: Environment<'_>,
) -> Result<kube::Config, ConnectError> {
    let environment: Environment<'_> = &|name| environment(name).filter(|value| !value.is_empty());
    let paths = kubeconfig::paths(given, environment);
    let direct = direct(given, environment)?;

    if paths.is_empty() && direct.host.is_none() {
        if let Some(given) = first_credential(&direct) {
            return Err(ConnectError::NoAddress { given });
        }
        if environment("KUBERNETES_SERVICE_HOST").is_some() {
            let mut config = kube::Config::incluster_env()
                .map_err(|error| ConnectError::InCluster(error.to_string()))?;
            config.connect_timeout = Some(CONNECT_TIMEOUT);
            config.default_retry = false;
            return Ok(config);
        }
        let hint = match environment("KUBECONFIG") {
            Some(path) => format!(
                ". KUBECONFIG is set ({path}) but not read, as in the kubernetes and helm \
                 providers: set KUBE_CONFIG_PATH to it"
            ),
            None => String::new(),
        };
        return Err(ConnectError::NothingConfigured { hint });
    }

    let mut selected = if paths.is_empty() {
        Selected::default()
    } else {
        kubeconfig::select(kubeconfig::merge(&paths)?, given, environment)?
    };
    overlay(&mut selected, &direct);
    finish(selected, &direct, environment)
}

/// The direct settings: those given, completed from the environment only while the
/// configuration itself names no kubeconfig.
fn direct(
    given: &ConnectionConfig,
    environment: Environment<'_>,
) -> Result<ConnectionConfig, ConnectError> {
    let mut direct = given.clone();
    if given.config_path.is_some() || !given.config_paths.is_empty() {
        return Ok(direct);
    }
    fn fill(slot: &mut Option<String>, value: Option<String>) {
        if slot.is_none() {
            *slot = value;
        }
    }
    fill(&mut direct.host, environment("KUBE_HOST"));
    fill(
        &mut direct.cluster_ca_certificate,
        environment("KUBE_CLUSTER_CA_CERT_DATA"),
    );
    fill(
        &mut direct.tls_server_name,
        environment("KUBE_TLS_SERVER_NAME"),
    );
    fill(&mut direct.proxy_url, environment("KUBE_PROXY_URL"));
    if direct.insecure.is_none() {
        direct.insecure = environment("KUBE_INSECURE")
            .map(|value| boolean(&value))
            .transpose()?;
    }
    // Credentials are one choice: a token of the configuration is not joined by a
    // certificate of the environment.
    if first_credential(&direct).is_none() {
        direct.token = environment("KUBE_TOKEN").map(Sensitive::from);
        direct.client_certificate = environment("KUBE_CLIENT_CERT_DATA");
        direct.client_key = environment("KUBE_CLIENT_KEY_DATA").map(Sensitive::from);
    }
    Ok(direct)
}

fn first_credential(direct: &ConnectionConfig) -> Option<&'static str> {
    [
        ("token", direct.token.is_some()),
        ("client_certificate", direct.client_certificate.is_some()),
        ("client_key", direct.client_key.is_some()),
        ("exec", direct.exec.is_some()),
    ]
    .into_iter()
    .find_map(|(name, set)| set.then_some(name))
}

fn boolean(value: &str) -> Result<bool, ConnectError> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(ConnectError::Invalid {
            setting: "KUBE_INSECURE",
            cause: format!("{other:?} is neither true nor false"),
        }),
    }
}

/// Lays the direct settings over those of the kubeconfig.
fn overlay(selected: &mut Selected, direct: &ConnectionConfig) {
    let Selected { cluster, user, .. } = selected;
    if let Some(host) = &direct.host {
        cluster.server = Some(host.clone());
    }
    if let Some(pem) = &direct.cluster_ca_certificate {
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = Some(STANDARD.encode(pem));
    }
    if let Some(insecure) = direct.insecure {
        cluster.insecure_skip_tls_verify = Some(insecure);
    }
    if let Some(name) = &direct.tls_server_name {
        cluster.tls_server_name = Some(name.clone());
    }
    if let Some(url) = &direct.proxy_url {
        cluster.proxy_url = Some(url.clone());
    }
    if first_credential(direct).is_some() {
        // Direct credentials replace all of the kubeconfig's: a plugin or an
        // auth-provider there would otherwise win over a token here.
        *user = AuthInfo {
            impersonate: user.impersonate.take(),
            impersonate_uid: user.impersonate_uid.take(),
            impersonate_groups: user.impersonate_groups.take(),
            impersonate_user_extra: user.impersonate_user_extra.take(),
            token: direct
                .token
                .as_ref()
                .map(|token| SecretString::from(token.expose().clone())),
            client_certificate_data: direct
                .client_certificate
                .as_ref()
                .map(|pem| STANDARD.encode(pem)),
            client_key_data: direct
                .client_key
                .as_ref()
                .map(|pem| SecretString::from(STANDARD.encode(pem.expose()))),
            exec: direct.exec.as_ref().map(exec),
            ..AuthInfo::default()
        };
    }
}

fn exec(plugin: &ExecPlugin) -> ExecConfig {
    let env = plugin
        .env
        .iter()
        .map(|(name, value)| {
            [
                ("name".to_owned(), name.clone()),
                ("value".to_owned(), value.clone()),
            ]
            .into()
        })
        .collect();
    ExecConfig {
        api_version: Some(plugin.api_version.clone()),
        command: Some(plugin.command.clone()),
        args: Some(plugin.args.clone()),
        env: Some(env),
        ..ExecConfig::default()
    }
}

/// The client's configuration from the selected cluster and user.
pub(super) fn finish(
    selected: Selected,
    direct: &ConnectionConfig,
    environment: Environment<'_>,
) -> Result<kube::Config, ConnectError> {
    let Selected {
        cluster,
        mut user,
        namespace,
        ..
    } = selected;
    let setting = if direct.host.is_some() {
        "host"
    } else {
        "config_path"
    };
    let url = server_url(setting, &cluster)?;
    let mut config = kube::Config::new(url);
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Its retries of 429 and 503 go on for minutes; requests are retried where the reason
    // is known.
    config.default_retry = false;
    config.default_namespace = namespace.unwrap_or(config.default_namespace);
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.tls_server_name = filled(cluster.tls_server_name.as_deref()).map(str::to_owned);
    config.root_cert = certificate_authority(&cluster)?;
    config.proxy_url = match cluster.proxy_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => Some(proxy::parse("proxy_url", url)?),
        None => proxy::from_environment(&config.cluster_url, environment)?,
    };
    without_empty(&mut user);
    if let Some(exec) = &mut user.exec {
        if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
            return Err(ConnectError::Invalid {
                setting: "exec",
                cause: format!(
                    "the credential plugin {:?} requires a terminal (interactiveMode: Always), \
                     which a provider does not have",
                    exec.command.as_deref().unwrap_or_default()
                ),
            });
        }
        if exec.provide_cluster_info {
            let cluster =
                ExecAuthCluster::try_from(&cluster).map_err(|error| ConnectError::Invalid {
                    setting: "exec",
                    cause: error.to_string(),
                })?;
            exec.cluster = Some(cluster);
        }
    }
    match (
        user.client_certificate_data.is_some() || user.client_certificate.is_some(),
        user.client_key_data.is_some() || user.client_key.is_some(),
    ) {
        (true, false) => {
            return Err(ConnectError::Invalid {
                setting: "client_key",
                cause: "client_certificate is set, so its key must be too".to_owned(),
            });
        }
        (false, true) => {
            return Err(ConnectError::Invalid {
                setting: "client_certificate",
                cause: "client_key is set, so its certificate must be too".to_owned(),
            });
        }
        _ => {}
    }
    config.auth_info = user;
    Ok(config)
}

/// The server's URL. A bare `host:port` means https, as in client-go with certificates; plain http
/// has to be written.
fn server_url(setting: &'static str, cluster: &Cluster) -> Result<http::Uri, ConnectError> {
    let invalid = |cause: String| ConnectError::Invalid { setting, cause };
    let server = cluster
        .server
        .as_deref()
        .map(str::trim)
        .filter(|server| !server.is_empty());
    let Some(server) = server else {
        return Err(invalid(
            "the selected cluster has no server address".to_owned(),
        ));
    };
    let full = if server.contains("://") {
        server.to_owned()
    } else {
        format!("https://{server}")
    };
    let uri: http::Uri = full.parse().map_err(|error| {
        invalid(format!(
            "the server address is not a URL like https://10.0.0.1:6443: {error}"
        ))
    })?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err(invalid(format!(
            "{server:?} is not a URL like https://10.0.0.1:6443"
        ))),
    }
}

/// A text of a kubeconfig, unless it is empty: that counts as absent, as in client-go.
fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Takes the empty texts out of the credentials of a kubeconfig.
fn without_empty(user: &mut AuthInfo) {
    for text in [
        &mut user.username,
        &mut user.token_file,
        &mut user.client_certificate,
        &mut user.client_certificate_data,
        &mut user.client_key,
    ] {
        *text = text.take().filter(|text| !text.is_empty());
    }
    for secret in [&mut user.token, &mut user.client_key_data] {
        *secret = secret
            .take()
            .filter(|text| !text.expose_secret().is_empty());
    }
}

fn certificate_authority(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, ConnectError> {
    let setting = "cluster_ca_certificate";
    let invalid = |cause: String| ConnectError::Invalid { setting, cause };
    let pem = if let Some(data) = filled(cluster.certificate_authority_data.as_deref()) {
        STANDARD
            .decode(data.trim())
            .map_err(|error| invalid(format!("not base64: {error}")))?
    } else if let Some(path) = filled(cluster.certificate_authority.as_deref()) {
        std::fs::read(path).map_err(|error| invalid(format!("{path}: {error}")))?
    } else {
        return Ok(None);
    };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| invalid(format!("not certificates in PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(invalid(
            "contains no certificate: it must be PEM text (-----BEGIN CERTIFICATE-----), not \
             base64 and not a path"
                .to_owned(),
        ));
    }
    Ok(Some(certificates))
}

#[cfg(test)]
mod tests;
