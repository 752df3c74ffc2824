//! From connection settings to a Kubernetes client.
//!
//! The settings, their names and their environment variables are those of the hashicorp/kubernetes
//! provider, so that one set works for both. Connecting reads files and the environment but sends
//! nothing: only the first request uses the network, and runs the `exec` credential plugin if there
//! is one.

mod deferred;
pub mod identity;
mod kubeconfig;
mod minted;
mod proxy;
mod received;
mod settings;
mod transport;
mod trust;

use std::collections::BTreeMap;
use std::path::PathBuf;

use everest_core::rules;
use everest_schemas::Sensitive;
use everest_schemas::models::ProviderModel;
use tower::BoxError;

pub(crate) use deferred::Credentials;
pub use received::{Trust, connect_as, connect_with};
use transport::BuildError;

/// The settings for reaching a cluster. All are optional; a missing setting comes from its `KUBE_*`
/// environment variable, then from the Pod's own service account.
///
/// Settings of a kubeconfig and direct settings (`host`, `token`, …) combine: a direct setting
/// replaces the kubeconfig's. The environment never overrides an explicit choice: if a kubeconfig
/// is configured, the variables of direct settings are not read, and if a `host` is configured,
/// `KUBE_CONFIG_PATH` and `KUBE_CONFIG_PATHS` are not read. So one cluster's credentials are never
/// sent to another.
#[derive(Clone, Debug, Default)]
pub struct ConnectionConfig {
    /// Path of a kubeconfig; `~` is the home directory. `KUBE_CONFIG_PATH`.
    pub config_path: Option<String>,
    /// Paths of kubeconfigs to merge, the first wins. `KUBE_CONFIG_PATHS`, separated as `PATH` is.
    pub config_paths: Vec<String>,
    /// Context of the kubeconfig. `KUBE_CTX`; default: its current context.
    pub config_context: Option<String>,
    /// Cluster of the kubeconfig, instead of the context's. `KUBE_CTX_CLUSTER`.
    pub config_context_cluster: Option<String>,
    /// User of the kubeconfig, instead of the context's. `KUBE_CTX_AUTH_INFO`.
    pub config_context_auth_info: Option<String>,
    /// URL of the API server. `KUBE_HOST`.
    pub host: Option<String>,
    /// Bearer token. `KUBE_TOKEN`.
    pub token: Option<Sensitive<String>>,
    /// Client certificate in PEM. `KUBE_CLIENT_CERT_DATA`.
    pub client_certificate: Option<String>,
    /// Key of the client certificate in PEM. `KUBE_CLIENT_KEY_DATA`.
    pub client_key: Option<Sensitive<String>>,
    /// Certificates in PEM that sign the API server's, or its own. `KUBE_CLUSTER_CA_CERT_DATA`.
    pub cluster_ca_certificate: Option<String>,
    /// Accept any server certificate. `KUBE_INSECURE`.
    pub insecure: Option<bool>,
    /// Name expected in the server's certificate. `KUBE_TLS_SERVER_NAME`.
    pub tls_server_name: Option<String>,
    /// Proxy for every request: http, https, socks5 or socks5h. `KUBE_PROXY_URL`; default: the
    /// kubeconfig's, then `HTTPS_PROXY` less `NO_PROXY`, never for a loopback address.
    pub proxy_url: Option<String>,
    /// Credential plugin.
    pub exec: Option<ExecPlugin>,
}

/// A client-go credential plugin: a command that prints an ExecCredential.
#[derive(Clone, Debug, Default)]
pub struct ExecPlugin {
    /// `client.authentication.k8s.io/v1` or `/v1beta1`.
    pub api_version: String,
    /// Command, looked up in `PATH`.
    pub command: String,
    /// Arguments of the command.
    pub args: Vec<String>,
    /// Environment variables added to the command's.
    pub env: BTreeMap<String, String>,
}

/// The reason why no client could be made from the settings. Nothing was sent to any server.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There are no settings, no `KUBE_*` variables and no service account.
    #[error(
        "no cluster is configured: neither the provider block, nor the KUBE_* environment \
         variables, nor a Pod's service account give the address of the API server. Set \
         config_path (or KUBE_CONFIG_PATH), or host with credentials{hint}"
    )]
    NothingConfigured {
        /// A sentence about a source that was found but is not read; empty otherwise.
        hint: String,
    },
    /// There are credentials but no address: neither a kubeconfig nor `host`.
    #[error(
        "{given} is set, but not the address of the API server: set host (or KUBE_HOST), or a \
         kubeconfig by config_path (or KUBE_CONFIG_PATH)"
    )]
    NoAddress {
        /// The setting that was found.
        given: &'static str,
    },
    /// A kubeconfig cannot be read or is not one.
    #[error("{setting}: the kubeconfig {} cannot be used: {cause}", path.display())]
    Kubeconfig {
        /// Where the path comes from: `config_path`, `KUBE_CONFIG_PATH`, ….
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The fault.
        cause: String,
    },
    /// The text received as a kubeconfig is not a kubeconfig.
    #[error("the text is not a YAML kubeconfig")]
    NotAKubeconfig,
    /// A received kubeconfig would make this process do more than send requests.
    #[error("the kubeconfig has {what}, which it is not trusted with")]
    NotTrusted {
        /// The member, such as `user.exec`.
        what: &'static str,
    },
    /// The kubeconfig has no such context, cluster or user.
    #[error(
        "{setting}: the kubeconfig has no {what} {name:?}; it has {}",
        listed(available)
    )]
    NotInKubeconfig {
        /// The setting that names it.
        setting: &'static str,
        /// `context`, `cluster` or `user`.
        what: &'static str,
        /// The name looked for.
        name: String,
        /// The names that are there.
        available: Vec<String>,
    },
    /// The kubeconfig has no current context and none is chosen.
    #[error(
        "config_context: the kubeconfig has no current context; choose one by config_context \
         (or KUBE_CTX): it has {}",
        listed(available)
    )]
    NoContext {
        /// The contexts that are there.
        available: Vec<String>,
    },
    /// A single value is malformed.
    #[error("{setting}: {cause}")]
    Invalid {
        /// The setting.
        setting: &'static str,
        /// The fault and what to do; never the value of a secret.
        cause: String,
    },
    /// The Pod's service account cannot be read.
    #[error("in-cluster configuration: {0}")]
    InCluster(String),
    /// The TLS settings do not make a client.
    #[error("{server}: the client cannot be built: {cause}")]
    Client {
        /// URL of the API server.
        server: String,
        /// The fault.
        cause: String,
    },
}

impl ConnectError {
    /// The provider attribute to blame, if one is.
    pub fn attribute(&self) -> Option<&'static str> {
        match self {
            ConnectError::NoContext { .. } => Some("config_context"),
            ConnectError::NotInKubeconfig { setting, .. }
            | ConnectError::Kubeconfig { setting, .. }
            | ConnectError::Invalid { setting, .. } => setting
                .starts_with(|c: char| c.is_ascii_lowercase())
                .then_some(*setting),
            _ => None,
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// A request that got no answer: the address it went to, and why.
///
/// Clients made by [`connect`] put it around every transport error, so that a diagnostic can
/// name the server.
#[derive(Debug, thiserror::Error)]
#[error("{server}: {source}")]
pub struct NoAnswer {
    /// URL of the API server, without user information.
    pub server: String,
    /// The transport's error.
    pub source: BoxError,
}

/// A credential plugin that gave no credentials.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the credential plugin {command:?}: {reason}")]
pub struct PluginError {
    /// The command.
    pub command: String,
    /// The error; never the plugin's output.
    pub reason: String,
}

impl From<&ProviderModel> for ConnectionConfig {
    /// Uses the known settings. Null, empty and unknown settings count as not given, so check first
    /// that no setting that decides is still unknown.
    fn from(model: &ProviderModel) -> Self {
        let model = rules::provider::given(model);
        let exec = model.exec.known().map(|exec| ExecPlugin {
            api_version: exec.api_version.known().cloned().unwrap_or_default(),
            command: exec.command.known().cloned().unwrap_or_default(),
            args: exec
                .args
                .known()
                .map(|args| args.iter().filter_map(|arg| arg.known().cloned()).collect())
                .unwrap_or_default(),
            env: exec
                .env
                .known()
                .map(|env| {
                    env.iter()
                        .filter_map(|(name, value)| Some((name.clone(), value.known()?.clone())))
                        .collect()
                })
                .unwrap_or_default(),
        });
        ConnectionConfig {
            config_path: model.config_path.known().cloned(),
            config_paths: model
                .config_paths
                .known()
                .map(|paths| {
                    paths
                        .iter()
                        .filter_map(|path| path.known().cloned())
                        .collect()
                })
                .unwrap_or_default(),
            config_context: model.config_context.known().cloned(),
            config_context_cluster: model.config_context_cluster.known().cloned(),
            config_context_auth_info: model.config_context_auth_info.known().cloned(),
            host: model.host.known().cloned(),
            token: model.token.known().cloned(),
            client_certificate: model.client_certificate.known().cloned(),
            client_key: model.client_key.known().cloned(),
            cluster_ca_certificate: model.cluster_ca_certificate.known().cloned(),
            insecure: model.insecure.known().copied(),
            tls_server_name: model.tls_server_name.known().cloned(),
            proxy_url: model.proxy_url.known().cloned(),
            exec,
        }
    }
}

/// Makes a client from the settings and the process's environment.
///
/// Must run inside a tokio runtime. Sends nothing; with a credential plugin the first
/// request runs it.
///
/// # Errors
/// [`ConnectError`], when the settings do not say where the server is, or cannot be read.
pub fn connect(config: &ConnectionConfig) -> Result<kube::Client, ConnectError> {
    Ok(connect_named(config)?.client)
}

/// A client of a cluster.
pub(crate) struct Connected {
    pub(crate) client: kube::Client,
    /// The credentials that a plugin gives, if there is one.
    pub(crate) credentials: Option<Credentials>,
    /// The URL of the API server, for messages.
    pub(crate) server: String,
}

/// The same client, with what messages and waits need of it.
pub(crate) fn connect_named(config: &ConnectionConfig) -> Result<Connected, ConnectError> {
    client(settings::resolve(config, &|name| std::env::var(name).ok())?)
}

/// A client of resolved settings; its credential plugin, if it has one, has not run yet.
fn client(config: kube::Config) -> Result<Connected, ConnectError> {
    let server = named(&config);
    if config.auth_info.exec.is_some() || config.auth_info.auth_provider.is_some() {
        let (client, credentials) = deferred::client(config);
        return Ok(Connected {
            client,
            credentials: Some(credentials),
            server,
        });
    }
    let shown = shown(&config.cluster_url);
    let client = transport::client(config).map_err(|error| ConnectError::Client {
        server: shown,
        cause: error.to_string(),
    })?;
    Ok(Connected {
        client,
        credentials: None,
        server,
    })
}

/// The API server and the proxy on the way to it, as messages name them.
fn named(config: &kube::Config) -> String {
    let server = shown(&config.cluster_url);
    match &config.proxy_url {
        Some(proxy) => format!(
            "{server} (through proxy_url {})",
            shown(proxy).trim_end_matches('/')
        ),
        None => server,
    }
}

/// A URL without user information, so that it may be shown.
fn shown(url: &http::Uri) -> String {
    let scheme = url.scheme_str().unwrap_or("https");
    let host = url.host().unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    match url.port_u16() {
        Some(port) => format!("{scheme}://{host}:{port}{path}"),
        None => format!("{scheme}://{host}{path}"),
    }
}

#[cfg(test)]
mod tests;
