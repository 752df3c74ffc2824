//! The choice of kubeconfigs, and of the cluster and user in them.

use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster, Kubeconfig};

use super::settings::Environment;
use super::{ConnectError, ConnectionConfig};

/// The cluster and user that the settings select.
#[derive(Default)]
pub(super) struct Selected {
    /// The name of the cluster in the kubeconfig.
    pub(super) cluster_name: String,
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
    pub(super) namespace: Option<String>,
}

/// The kubeconfigs to read, each with the setting that names it.
pub(super) fn paths(
    given: &ConnectionConfig,
    environment: Environment<'_>,
) -> Vec<(&'static str, PathBuf)> {
    let home = environment("HOME").or_else(|| environment("USERPROFILE"));
    let expand = |path: &str| match (path.strip_prefix('~'), &home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            Path::new(home).join(rest.trim_start_matches(['/', '\\']))
        }
        _ => PathBuf::from(path),
    };
    if !given.config_paths.is_empty() {
        return given
            .config_paths
            .iter()
            .map(|path| ("config_paths", expand(path)))
            .collect();
    }
    if let Some(path) = &given.config_path {
        return vec![("config_path", expand(path))];
    }
    if given.host.is_some() {
        return Vec::new();
    }
    // In this order, as hashicorp/kubernetes reads them: both providers of a run are to use the same
    // cluster.
    if let Some(path) = environment("KUBE_CONFIG_PATH") {
        return vec![("KUBE_CONFIG_PATH", expand(&path))];
    }
    let paths = environment("KUBE_CONFIG_PATHS").unwrap_or_default();
    std::env::split_paths(&paths)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| ("KUBE_CONFIG_PATHS", expand(&path.to_string_lossy())))
        .collect()
}

/// Reads and merges kubeconfigs; the first wins.
pub(super) fn merge(paths: &[(&'static str, PathBuf)]) -> Result<Kubeconfig, ConnectError> {
    let mut merged = Kubeconfig::default();
    for (setting, path) in paths {
        let unusable = |error: kube::config::KubeconfigError| ConnectError::Kubeconfig {
            setting,
            path: path.clone(),
            cause: match error {
                kube::config::KubeconfigError::ReadConfig(error, _) => error.to_string(),
                // The parser quotes the lines it stumbles over, which may hold a secret.
                kube::config::KubeconfigError::Parse(_) => "it is not a YAML kubeconfig".to_owned(),
                other => other.to_string(),
            },
        };
        let mut next = Kubeconfig::read_from(path).map_err(unusable)?;
        // kubectl writes an empty name if there is no current context. It hides none of another file.
        next.current_context = next.current_context.filter(|name| !name.is_empty());
        merged = merged.merge(next).map_err(unusable)?;
    }
    Ok(merged)
}

/// Finds the context, its cluster and its user.
pub(super) fn select(
    kubeconfig: Kubeconfig,
    given: &ConnectionConfig,
    environment: Environment<'_>,
) -> Result<Selected, ConnectError> {
    let chosen =
        |given: &Option<String>, variable: &str| given.clone().or_else(|| environment(variable));
    let cluster = chosen(&given.config_context_cluster, "KUBE_CTX_CLUSTER");
    let user = chosen(&given.config_context_auth_info, "KUBE_CTX_AUTH_INFO");
    let context = chosen(&given.config_context, "KUBE_CTX").or_else(|| {
        kubeconfig
            .current_context
            .clone()
            .filter(|name| !name.is_empty())
    });

    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>();
    let context = match context {
        Some(name) => {
            let found = kubeconfig
                .contexts
                .iter()
                .find(|context| context.name == name);
            Some(
                found
                    .and_then(|named| named.context.clone())
                    .ok_or_else(|| ConnectError::NotInKubeconfig {
                        setting: "config_context",
                        what: "context",
                        name,
                        available: names(kubeconfig.contexts.iter().map(|c| &c.name).collect()),
                    })?,
            )
        }
        None if cluster.is_some() => None,
        None => {
            return Err(ConnectError::NoContext {
                available: names(kubeconfig.contexts.iter().map(|c| &c.name).collect()),
            });
        }
    };

    let wanted = cluster
        .or_else(|| context.as_ref().map(|context| context.cluster.clone()))
        .unwrap_or_default();
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|cluster| cluster.name == wanted)
        .and_then(|named| named.cluster.clone())
        .ok_or_else(|| ConnectError::NotInKubeconfig {
            setting: "config_context_cluster",
            what: "cluster",
            name: wanted.clone(),
            available: names(kubeconfig.clusters.iter().map(|c| &c.name).collect()),
        })?;

    let user = match user.or_else(|| context.as_ref().and_then(|context| context.user.clone())) {
        None => AuthInfo::default(),
        Some(wanted) => kubeconfig
            .auth_infos
            .iter()
            .find(|user| user.name == wanted)
            .map(|named| named.auth_info.clone().unwrap_or_default())
            .ok_or_else(|| ConnectError::NotInKubeconfig {
                setting: "config_context_auth_info",
                what: "user",
                name: wanted,
                available: names(kubeconfig.auth_infos.iter().map(|u| &u.name).collect()),
            })?,
    };
    Ok(Selected {
        cluster_name: wanted,
        cluster,
        user,
        namespace: context.and_then(|context| context.namespace),
    })
}
