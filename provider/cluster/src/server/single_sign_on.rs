//! Single sign-on, and the restart of Everest's API server that it needs.

use std::time::Duration;

use everest_core::facts::SYSTEM_NAMESPACE;
use everest_core::server::oidc::{self, CONFIG_MAP, OidcError};
use everest_schemas::Field;
use everest_schemas::models::OidcSettingsModel;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;

use super::deployment::{remembered_server, server, servers};
use super::shared::{Shared, ended, exists};
use crate::error::{ClusterError, LastSeen};
use crate::wait::Clock;
use crate::{Change, Cluster, Wait};

/// The time between two looks at a rollout.
const LOOK: Duration = Duration::from_secs(2);

/// The settings, with the state of the API server.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The settings.
    pub settings: OidcSettingsModel,
    /// True if the API server was restarted for other settings, and not for these.
    pub needs_restart: bool,
    /// True if this provider has restarted the API server for these settings.
    pub is_restarted: bool,
}

fn shared(cluster: &Cluster) -> Shared<ConfigMap> {
    Shared::new(cluster, CONFIG_MAP)
}

/// The settings; `None` if there are none.
///
/// # Errors
/// If the ConfigMap may not be read, or cannot be understood.
pub async fn settings(cluster: &Cluster) -> Result<Option<Observed>, ClusterError> {
    let shared = shared(cluster);
    let Some(config_map) = shared.read().await? else {
        return Ok(None);
    };
    let settings = oidc::settings(&config_map).map_err(|error| shared.blocked(error))?;
    let Some(mut settings) = settings else {
        return Ok(None);
    };
    let (mut needs_restart, mut is_restarted) = (false, false);
    if let Some(server) = remembered_server(cluster).await? {
        needs_restart = oidc::needs_restart(&config_map, &server);
        is_restarted = oidc::is_restarted_for(&config_map, &server);
        let ready = !needs_restart && oidc::is_rolled_out(&server);
        settings.ready = ready.into();
    }
    Ok(Some(Observed {
        settings,
        needs_restart,
        is_restarted,
    }))
}

/// Returns true if there are no settings, but the API server was last restarted for some: whoever
/// took them out did not come to the restart, and they are in force until then.
///
/// # Errors
/// As [`settings`].
pub async fn are_in_force_without_being_set(cluster: &Cluster) -> Result<bool, ClusterError> {
    let shared = shared(cluster);
    let Some(config_map) = shared.read().await? else {
        return Ok(false);
    };
    let settings = oidc::settings(&config_map).map_err(|error| shared.blocked(error))?;
    if settings.is_some() {
        return Ok(false);
    }
    let server = remembered_server(cluster).await?;
    Ok(server.is_some_and(|server| oidc::needs_restart(&config_map, &server)))
}

/// Writes the settings, restarts the API server, and waits until its pods have started with them.
/// `creates` is true if there must be none yet; those that are exactly as configured are taken
/// over.
///
/// Ends: `Refused` if nothing was written; `Pending` if the API server did not restart in time, or
/// may not be restarted; else `Done`.
pub async fn write(
    cluster: &Cluster,
    model: &OidcSettingsModel,
    creates: bool,
    wait: &Wait,
) -> Change<OidcSettingsModel> {
    let shared = shared(cluster);
    let clock = wait.start();
    let refused = |error| match error {
        OidcError::Exists(_) => exists("OIDC settings", "", CONFIG_MAP),
        error @ OidcError::Malformed(_) => shared.blocked(error),
    };
    let next = |config_map: &ConfigMap| oidc::write(config_map, model, creates).map_err(refused);
    let config_map = match shared.change(&clock, next).await {
        Ok(config_map) => config_map,
        Err(error) => return Change::Refused(error),
    };
    let ready = |ready: Field<bool>| OidcSettingsModel {
        ready,
        config_map_name: CONFIG_MAP.into(),
        ..model.clone()
    };
    match restart(cluster, &config_map, &clock).await {
        Ok(true) => Change::Done(ready(true.into())),
        Ok(false) => Change::Done(ready(Field::Null)),
        Err(error) => Change::Pending {
            observed: ready(false.into()),
            error,
        },
    }
}

/// Removes the settings, and restarts the API server.
///
/// # Errors
/// Whatever keeps the ConfigMap from being read or written, or the API server from restarting.
pub async fn remove(cluster: &Cluster, wait: &Wait) -> Result<(), ClusterError> {
    let shared = shared(cluster);
    if shared.read().await?.is_none() {
        return Ok(());
    }
    let clock = wait.start();
    let next = |config_map: &ConfigMap| Ok(oidc::remove(config_map));
    let config_map = shared.change(&clock, next).await?;
    restart(cluster, &config_map, &clock).await?;
    Ok(())
}

/// Restarts the API server for the settings of a ConfigMap, unless that is done, and waits until
/// all its pods are new and available. Returns false if there is no Deployment.
async fn restart(
    cluster: &Cluster,
    config_map: &ConfigMap,
    clock: &Clock,
) -> Result<bool, ClusterError> {
    let servers = servers(cluster);
    let Some(mut server) = server(cluster).await? else {
        return Ok(false);
    };
    let name = server.name_any();
    if !oidc::is_restarted_for(config_map, &server) {
        let patch = oidc::restart(config_map, cluster.now());
        server = servers.patch_merge(&name, &patch).await?;
    }
    while !oidc::is_rolled_out(&server) {
        let waiting_for = format!("the restart of Deployment {SYSTEM_NAMESPACE}/{name}");
        clock.tell(&waiting_for);
        let paused = clock.pause(LOOK, std::future::pending()).await;
        paused.map_err(|stopped| {
            let last = LastSeen {
                waiting_for,
                status: Some(oidc::progress(&server)),
                message: Some(format!(
                    "a new pod does not start if it cannot read the configuration of the issuer: \
                     see kubectl -n {SYSTEM_NAMESPACE} logs deployment/{name}"
                )),
                ..LastSeen::default()
            };
            let what = format!("Deployment {SYSTEM_NAMESPACE}/{name} did not restart");
            ended(stopped, clock, what, last)
        })?;
        let looked = servers.get(&name).await?;
        server = looked.ok_or_else(|| ClusterError::NotFound {
            object: servers.named(&name),
        })?;
    }
    Ok(true)
}
