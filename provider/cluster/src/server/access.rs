//! The access control of Everest's users: the whole policy, and its roles.

use everest_core::server::policy::{self, CONFIG_MAP, PolicyError};
use everest_core::server::{Next, roles};
use everest_core::version::Version;
use everest_schemas::models::{RbacPolicyModel, RbacRoleModel};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::Value;

use super::deployment::present_release;
use super::shared::{Shared, exists};
use crate::error::ClusterError;
use crate::{Cluster, Wait};

fn shared(cluster: &Cluster) -> Shared<ConfigMap> {
    Shared::new(cluster, CONFIG_MAP)
}

/// The access control; `None` if Everest has no ConfigMap for it.
///
/// # Errors
/// If it may not be read.
pub async fn settings(cluster: &Cluster) -> Result<Option<RbacPolicyModel>, ClusterError> {
    let config_map = shared(cluster).read().await?;
    Ok(config_map.as_ref().map(policy::settings))
}

/// Writes the access control. With `creates`, the policy of Everest's chart is replaced, but no
/// other one.
///
/// # Errors
/// `AlreadyExists` if there is another policy; `Blocked` if the policy would stop Everest's API
/// server; otherwise whatever keeps the ConfigMap from being read or written.
pub async fn write(
    cluster: &Cluster,
    model: &RbacPolicyModel,
    creates: bool,
    wait: &Wait,
) -> Result<RbacPolicyModel, ClusterError> {
    let shared = shared(cluster);
    let server = match model.policy.known_str() {
        Some(text) => known_by(cluster, text).await?,
        None => None,
    };
    let next = |config_map: &ConfigMap| {
        let next = policy::write(config_map, model, creates, server.as_ref());
        next.map_err(|error| refused(&shared, error, "policy", CONFIG_MAP, CONFIG_MAP))
    };
    let config_map = shared.change(&wait.start(), next).await?;
    Ok(policy::settings(&config_map))
}

/// Restores the access control of Everest's chart.
///
/// # Errors
/// Whatever keeps the ConfigMap from being read or written.
pub async fn reset(cluster: &Cluster, wait: &Wait) -> Result<(), ClusterError> {
    let shared = shared(cluster);
    if shared.read().await?.is_some() {
        let next = |_: &ConfigMap| Ok(Next::Write(policy::remove()));
        shared.change(&wait.start(), next).await?;
    }
    Ok(())
}

/// The role `name`, written as `prior` is if it is the same; `None` if it does not exist.
///
/// # Errors
/// If the ConfigMap may not be read.
pub async fn role(
    cluster: &Cluster,
    name: &str,
    prior: Option<&RbacRoleModel>,
) -> Result<Option<RbacRoleModel>, ClusterError> {
    let config_map = shared(cluster).read().await?;
    Ok(config_map.and_then(|config_map| roles::role(&config_map, name, prior)))
}

/// The roles that somebody has, by name.
///
/// # Errors
/// If the ConfigMap may not be read.
pub async fn all_roles(cluster: &Cluster) -> Result<Vec<RbacRoleModel>, ClusterError> {
    let config_map = shared(cluster).read().await?;
    Ok(config_map.as_ref().map(roles::all).unwrap_or_default())
}

/// Writes a role. `creates` is true if it must not exist yet; one that is exactly as configured is
/// taken over.
///
/// # Errors
/// `AlreadyExists` if it exists; `Blocked` if the policy would stop Everest's API server; otherwise
/// whatever keeps the ConfigMap from being read or written.
pub async fn write_role(
    cluster: &Cluster,
    model: &RbacRoleModel,
    creates: bool,
    wait: &Wait,
) -> Result<RbacRoleModel, ClusterError> {
    let shared = shared(cluster);
    let name = model.name.known_str().unwrap_or_default();
    let server = known_by(cluster, &roles::lines(model)).await?;
    let server = server.as_ref();
    let next = |config_map: &ConfigMap| {
        let next: Result<Next<Value>, PolicyError> =
            roles::write(config_map, model, creates, server);
        next.map_err(|error| refused(&shared, error, "role", &roles::subject(name), name))
    };
    let config_map = shared.change(&wait.start(), next).await?;
    let written = roles::role(&config_map, name, Some(model));
    written.ok_or_else(|| shared.blocked(format!("its policy has no role {name:?}")))
}

/// Removes the role `name`.
///
/// # Errors
/// Whatever keeps the ConfigMap from being read or written.
pub async fn remove_role(cluster: &Cluster, name: &str, wait: &Wait) -> Result<(), ClusterError> {
    let shared = shared(cluster);
    if shared.read().await?.is_some() {
        let next = |config_map: &ConfigMap| Ok(roles::remove(config_map, name));
        shared.change(&wait.start(), next).await?;
    }
    Ok(())
}

/// The version of the API server that has to know each resource of a policy; `None` if all of them
/// do, or if the version is not known.
async fn known_by(cluster: &Cluster, policy: &str) -> Result<Option<Version>, ClusterError> {
    match policy::depends_on_release(policy) {
        true => present_release(cluster).await,
        false => Ok(None),
    }
}

fn refused(
    shared: &Shared<ConfigMap>,
    error: PolicyError,
    kind: &str,
    name: &str,
    id: &str,
) -> ClusterError {
    match error {
        PolicyError::Exists(_) => exists(kind, name, id),
        error @ PolicyError::Invalid(_) => shared.blocked(format!(
            "{error}. Nothing was written. Correct these lines of the ConfigMap, or the configuration"
        )),
    }
}
