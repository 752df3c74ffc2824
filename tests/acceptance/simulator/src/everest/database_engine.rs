//! DatabaseEngine: what is installed in a namespace and what it offers.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::UPGRADE_LOCK;
use crate::cluster::{Cluster, EVEREST_OPERATOR, Error};
use crate::engine::Engine;
use crate::faults::Faults;
use crate::kinds;
use crate::object::{self, at, items, number, text, truth};
use crate::versions;

/// How long an upgrade lock stands when nothing ends it.
const LOCK_EXPIRES: Duration = Duration::from_secs(600);

/// What the operator's Deployment says.
#[derive(Debug, PartialEq, Eq)]
enum Installation {
    Absent,
    Underway(String),
    Ready(String),
}

/// Brings spec, status and upgrade lock of a DatabaseEngine up to date.
pub async fn reconcile(
    database_engine: Arc<DynamicObject>,
    cluster: Arc<Cluster>,
) -> Result<Action, Error> {
    let namespace = database_engine.namespace().unwrap_or_default();
    let name = database_engine.name_any();
    let Some(engine) = Engine::of_operator(&name) else {
        return Ok(Action::await_change());
    };
    if object::deleting(&database_engine) {
        return Ok(Action::await_change());
    }
    if write_spec(&cluster, &database_engine, engine).await? {
        return Ok(Action::await_change());
    }
    let deployment = cluster.get(&kinds::DEPLOYMENT, &namespace, &name);
    let installation = installation(deployment.as_deref());
    if let Installation::Underway(version) = &installation {
        let csv = format!("{name}.v{version}");
        if cluster
            .get(&kinds::CLUSTER_SERVICE_VERSION, &namespace, &csv)
            .is_none()
        {
            return Ok(Action::requeue(Duration::from_secs(1)));
        }
    }
    let faults = Faults::of(&cluster, &namespace, &name, Some(&database_engine));
    let reachable = faults.get("version-service") != Some("down");
    let before = &database_engine.data["status"];
    let mut status = next_status(before, engine, &installation, reachable);
    if matches!(installation, Installation::Ready(_)) {
        let pending = pending_upgrades(
            &cluster,
            &namespace,
            &name,
            text(&status, "/operatorVersion"),
        );
        if !pending.is_empty() {
            status["pendingOperatorUpgrades"] = pending.into();
        }
    }
    let upgrades = !items(&status, "/pendingOperatorUpgrades").is_empty();
    cluster
        .update_status(
            &kinds::DATABASE_ENGINE,
            EVEREST_OPERATOR,
            &database_engine,
            status,
        )
        .await?;
    unlock(&cluster, &database_engine, upgrades, &installation).await
}

/// The operator writes the type and the Secret's keys; true if it did.
async fn write_spec(
    cluster: &Cluster,
    database_engine: &DynamicObject,
    engine: Engine,
) -> Result<bool, Error> {
    let mut spec = at(&database_engine.data, "/spec").clone();
    spec["type"] = engine.type_name().into();
    let keys: Vec<Value> = engine
        .secret_keys()
        .iter()
        .map(|(name, description)| json!({"description": description, "name": name}))
        .collect();
    spec["secretKeys"] = if keys.is_empty() {
        json!({})
    } else {
        json!({"user": keys})
    };
    if database_engine.data["spec"] == spec {
        return Ok(false);
    }
    let mut changed = database_engine.clone();
    changed.data["spec"] = spec;
    cluster
        .update(&kinds::DATABASE_ENGINE, EVEREST_OPERATOR, &changed)
        .await?;
    Ok(true)
}

fn installation(deployment: Option<&DynamicObject>) -> Installation {
    let Some(deployment) = deployment else {
        return Installation::Absent;
    };
    let image = text(&deployment.data, "/spec/template/spec/containers/0/image");
    let version = operator_version(image).to_owned();
    let wanted = at(&deployment.data, "/spec/replicas").as_i64().unwrap_or(1);
    let ready = number(&deployment.data, "/status/readyReplicas") == wanted
        && number(&deployment.data, "/status/observedGeneration") == object::generation(deployment);
    if ready {
        Installation::Ready(version)
    } else {
        Installation::Underway(version)
    }
}

/// The text after the first colon, as the operator reads it.
fn operator_version(image: &str) -> &str {
    image.split_once(':').map_or("", |(_, tag)| tag)
}

/// Whether the engine operator of a namespace runs; its version if so.
pub fn running(cluster: &Cluster, namespace: &str, engine: Engine) -> Option<String> {
    let deployment = cluster.get(&kinds::DEPLOYMENT, namespace, engine.operator());
    match installation(deployment.as_deref()) {
        Installation::Ready(version) => Some(version),
        _ => None,
    }
}

/// Version in the image of the operator's Deployment, ready or not.
pub fn deployed(cluster: &Cluster, namespace: &str, engine: Engine) -> Option<String> {
    let deployment = cluster.get(&kinds::DEPLOYMENT, namespace, engine.operator());
    match installation(deployment.as_deref()) {
        Installation::Absent => None,
        Installation::Ready(version) | Installation::Underway(version) => Some(version),
    }
}

fn next_status(
    before: &Value,
    engine: Engine,
    installation: &Installation,
    reachable: bool,
) -> Value {
    let mut status = json!({"availableVersions": {}, "status": ""});
    for kept in ["availableVersions", "operatorVersion", "operatorUpgrade"] {
        if !before[kept].is_null() {
            status[kept] = before[kept].clone();
        }
    }
    match installation {
        Installation::Absent => status["status"] = "not installed".into(),
        Installation::Underway(_) => status["status"] = "installing".into(),
        // A fetch that fails leaves versions and state as they were.
        Installation::Ready(_) if !reachable => status["status"] = before["status"].clone(),
        Installation::Ready(version) => {
            status["status"] = "installed".into();
            status["operatorVersion"] = version.as_str().into();
            status["availableVersions"] = versions::available(engine, version);
        }
    }
    if status["status"].is_null() {
        status["status"] = "installing".into();
    }
    status
}

fn pending_upgrades(
    cluster: &Cluster,
    namespace: &str,
    operator: &str,
    installed: &str,
) -> Vec<Value> {
    let prefix = format!("{operator}.v");
    let mut pending: Vec<(String, String)> = cluster
        .list(&kinds::INSTALL_PLAN, namespace)
        .iter()
        .filter(|plan| !truth(&plan.data, "/spec/approved"))
        .flat_map(|plan| {
            items(&plan.data, "/spec/clusterServiceVersionNames")
                .iter()
                .filter_map(|csv| csv.as_str()?.strip_prefix(&prefix))
                .filter(|version| versions::newer(version, installed))
                .map(|version| (version.to_owned(), plan.name_any()))
                .collect::<Vec<_>>()
        })
        .collect();
    pending.sort();
    pending
        .into_iter()
        .map(|(version, plan)| json!({"installPlanRef": {"name": plan}, "targetVersion": version}))
        .collect()
}

/// Takes the upgrade lock off once nothing is pending and the operator's CSV
/// succeeded, or when it has stood too long.
async fn unlock(
    cluster: &Cluster,
    database_engine: &DynamicObject,
    upgrades: bool,
    installation: &Installation,
) -> Result<Action, Error> {
    let Some(lock) = database_engine.annotations().get(UPGRADE_LOCK) else {
        return Ok(Action::await_change());
    };
    let since: jiff::Timestamp = lock
        .parse()
        .map_err(|e| Error::Waiting(format!("upgrade lock {lock:?} is not a time: {e}")))?;
    let stood = Duration::try_from(cluster.clock().now().duration_since(since)).unwrap_or_default();
    let namespace = database_engine.namespace().unwrap_or_default();
    let done = match installation {
        Installation::Ready(version) if !upgrades => {
            let csv = format!("{}.v{version}", database_engine.name_any());
            cluster
                .get(&kinds::CLUSTER_SERVICE_VERSION, &namespace, &csv)
                .is_some_and(|csv| text(&csv.data, "/status/phase") == "Succeeded")
        }
        _ => false,
    };
    if !done && stood < LOCK_EXPIRES {
        return Ok(Action::requeue(LOCK_EXPIRES - stood));
    }
    // The status was just written: what was read before it would conflict.
    let fresh = cluster
        .read(
            &kinds::DATABASE_ENGINE,
            &namespace,
            &database_engine.name_any(),
        )
        .await?;
    if let Some(mut fresh) = fresh
        && fresh.annotations_mut().remove(UPGRADE_LOCK).is_some()
    {
        cluster
            .update(&kinds::DATABASE_ENGINE, EVEREST_OPERATOR, &fresh)
            .await?;
    }
    Ok(Action::await_change())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(ready: i64, generation: i64) -> DynamicObject {
        let mut deployment = object::new(
            &kinds::DEPLOYMENT,
            "n",
            Engine::Pxc.operator(),
            json!({
                "spec": {"replicas": 1, "template": {"spec": {"containers": [
                    {"image": "docker.io/percona/percona-xtradb-cluster-operator:1.18.0"}]}}},
                "status": {"readyReplicas": ready, "observedGeneration": generation},
            }),
        );
        deployment.metadata.generation = Some(2);
        deployment
    }

    #[test]
    fn an_operator_is_installed_once_its_deployment_is_ready_and_observed() {
        assert_eq!(installation(None), Installation::Absent);
        let version = "1.18.0".to_owned();
        assert_eq!(
            installation(Some(&deployment(0, 2))),
            Installation::Underway(version.clone())
        );
        assert_eq!(
            installation(Some(&deployment(1, 1))),
            Installation::Underway(version.clone())
        );
        assert_eq!(
            installation(Some(&deployment(1, 2))),
            Installation::Ready(version)
        );
    }

    #[test]
    fn versions_stay_known_when_the_operator_goes() {
        let installed = next_status(
            &Value::Null,
            Engine::Pxc,
            &Installation::Ready("1.18.0".to_owned()),
            true,
        );
        let gone = next_status(&installed, Engine::Pxc, &Installation::Absent, true);
        assert_eq!(gone["status"], "not installed");
        assert_eq!(gone["operatorVersion"], "1.18.0");
        assert_eq!(gone["availableVersions"], installed["availableVersions"]);
    }

    #[test]
    fn a_version_service_that_is_down_leaves_a_fresh_engine_without_versions() {
        let status = next_status(
            &Value::Null,
            Engine::Pxc,
            &Installation::Ready("1.18.0".to_owned()),
            false,
        );
        assert_eq!(status["availableVersions"], json!({}));
        assert!(status["operatorVersion"].is_null());
    }
}
