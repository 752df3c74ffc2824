//! The flags of the commands that connect to a cluster. Settings without a flag come from the
//! provider's `KUBE_*` variables.

use clap::Args;
use everest_cluster::ConnectionConfig;

/// The way to a cluster. What is not given comes from the same variables as the provider's settings.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection (also by the KUBE_* variables of the provider block)")]
pub struct Connection {
    /// Kubeconfig; may be repeated, and the files are then merged. KUBECONFIG is not read [env:
    /// KUBE_CONFIG_PATH, KUBE_CONFIG_PATHS]
    #[arg(
        long = "kubeconfig",
        visible_alias = "config-path",
        value_name = "PATH"
    )]
    kubeconfigs: Vec<String>,

    /// Context of the kubeconfig [env: KUBE_CTX]
    #[arg(long, visible_alias = "config-context", value_name = "NAME")]
    context: Option<String>,

    /// Cluster of the kubeconfig, instead of the context's [env: KUBE_CTX_CLUSTER]
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,

    /// User of the kubeconfig, instead of the context's [env: KUBE_CTX_AUTH_INFO]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// URL of the API server [env: KUBE_HOST]. Credentials come from KUBE_TOKEN, or from
    /// KUBE_CLIENT_CERT_DATA and KUBE_CLIENT_KEY_DATA
    #[arg(long, value_name = "URL")]
    host: Option<String>,

    /// Proxy for every request [env: KUBE_PROXY_URL]
    #[arg(long, value_name = "URL")]
    proxy_url: Option<String>,
}

impl Connection {
    /// By this kubeconfig.
    #[cfg(test)]
    pub fn of_kubeconfig(path: &str) -> Self {
        Self {
            kubeconfigs: vec![path.to_owned()],
            ..Self::default()
        }
    }

    /// The settings, as a provider block would have them.
    pub fn settings(self) -> ConnectionConfig {
        let (config_path, config_paths) = match self.kubeconfigs.as_slice() {
            [only] => (Some(only.clone()), Vec::new()),
            _ => (None, self.kubeconfigs),
        };
        ConnectionConfig {
            config_path,
            config_paths,
            config_context: self.context,
            config_context_cluster: self.cluster,
            config_context_auth_info: self.user,
            host: self.host,
            proxy_url: self.proxy_url,
            ..ConnectionConfig::default()
        }
    }
}
