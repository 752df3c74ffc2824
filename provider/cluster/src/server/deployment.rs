//! The Deployment of Everest's API server, which had another name before Everest 1.4.

use everest_core::facts::{SERVERS, SYSTEM_NAMESPACE, everest_version};
use everest_core::version::Version;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::Api;

use crate::objects::Objects;
use crate::{Cluster, ClusterError};

/// The Deployments in Everest's own namespace.
pub(super) fn servers(cluster: &Cluster) -> Objects<Deployment> {
    cluster.objects(SYSTEM_NAMESPACE)
}

/// The Deployment; `None` if there is none.
///
/// # Errors
/// Any error of the request.
pub(crate) async fn server(cluster: &Cluster) -> Result<Option<Deployment>, ClusterError> {
    let servers = servers(cluster);
    for name in SERVERS {
        let found = servers.get(name).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The Deployment, read once for a run; `None` if there is none, or it may not be read.
///
/// # Errors
/// Any other error of the request.
pub(super) async fn remembered_server(
    cluster: &Cluster,
) -> Result<Option<Deployment>, ClusterError> {
    let servers = servers(cluster);
    for name in SERVERS {
        match servers.read(name).await {
            Ok(None) => {}
            Err(error) if error.is_forbidden() => {
                cluster.note_unread(&error);
                return Ok(None);
            }
            other => return other,
        }
    }
    Ok(None)
}

/// Everest's version, read once for a run; `None` if it cannot be told.
pub async fn release(cluster: &Cluster) -> Option<Version> {
    let server = remembered_server(cluster).await.ok().flatten()?;
    everest_version(&server)
}

/// Everest's version as it is now; `None` if it cannot be told, or may not be read.
///
/// # Errors
/// Any other error of the request.
pub(super) async fn present_release(cluster: &Cluster) -> Result<Option<Version>, ClusterError> {
    match server(cluster).await {
        Ok(found) => Ok(found.as_ref().and_then(everest_version)),
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Everest's version for the message of an error; `None` if it cannot be read. [`Objects`] asks for
/// it after a read has failed, so it makes its requests without [`Objects`].
pub(crate) async fn version(client: &kube::Client) -> Option<Version> {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    for name in SERVERS {
        if let Some(server) = deployments.get_opt(name).await.ok()? {
            return everest_version(&server);
        }
    }
    None
}
