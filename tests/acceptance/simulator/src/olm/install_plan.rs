//! InstallPlans: made, approved, carried out.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{OLM, catalog, label, list, steered};
use crate::cluster::{Cluster, Error};
use crate::engine_definitions;
use crate::kinds::{self, Kind};
use crate::object::{self, at, items, number, text, truth};

/// Makes the plan that brings Subscriptions their versions. It belongs to all of the namespace, and
/// goes by itself only with the last of them.
pub async fn make(
    cluster: &Cluster,
    namespace: &str,
    subscriptions: &[DynamicObject],
    planned: &[(&DynamicObject, String)],
) -> Result<DynamicObject, Error> {
    let before = list(cluster, &kinds::INSTALL_PLAN, namespace).await?;
    let before = before
        .iter()
        .map(|plan| number(&plan.data, "/spec/generation"));
    let known = subscriptions
        .iter()
        .map(|subscription| number(&subscription.data, "/status/installPlanGeneration"));
    let generation = before.chain(known).max().unwrap_or_default() + 1;
    let manual = subscriptions
        .iter()
        .any(|s| text(&s.data, "/spec/installPlanApproval") == "Manual");
    let names: Vec<&str> = planned.iter().map(|(_, csv)| csv.as_str()).collect();
    let spec = json!({
        "approval": if manual { "Manual" } else { "Automatic" },
        "approved": !manual,
        "clusterServiceVersionNames": names,
        "generation": generation,
    });
    let uid = planned
        .first()
        .and_then(|(s, _)| s.uid())
        .unwrap_or_default();
    let mark: String = uid
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(4)
        .collect();
    let name = format!("install-{mark}{generation}");
    let mut plan = object::new(
        &kinds::INSTALL_PLAN,
        namespace,
        &name,
        json!({ "spec": spec }),
    );
    plan.metadata.generate_name = Some("install-".to_owned());
    for (subscription, _) in planned {
        let package = text(&subscription.data, "/spec/name");
        plan.labels_mut()
            .insert(label(package, namespace), String::new());
    }
    for subscription in subscriptions {
        let mut owner = object::owner(&kinds::SUBSCRIPTION, subscription, false);
        owner.controller = Some(false);
        owner.block_owner_deletion = Some(false);
        plan.owner_references_mut().push(owner);
    }
    cluster.create(&kinds::INSTALL_PLAN, OLM, &plan).await?;
    let made = cluster
        .read(&kinds::INSTALL_PLAN, namespace, &name)
        .await?
        .unwrap_or(plan);
    let phase = if manual {
        "RequiresApproval"
    } else {
        "Installing"
    };
    let status = json!({
        "catalogSources": [text(&planned[0].0.data, "/spec/source")],
        "phase": phase,
        "plan": steps(&names, "Unknown"),
    });
    cluster
        .update_status(&kinds::INSTALL_PLAN, OLM, &made, status)
        .await?;
    Ok(made)
}

/// Approved plans install; plans that install make their objects and are complete.
pub async fn step(cluster: &Cluster, namespace: &str) -> Result<bool, Error> {
    let mut more = false;
    for plan in list(cluster, &kinds::INSTALL_PLAN, namespace).await? {
        let mut status = at(&plan.data, "/status").clone();
        match text(&status, "/phase") {
            "RequiresApproval" if truth(&plan.data, "/spec/approved") => {
                status["phase"] = "Installing".into();
                status["startTime"] = cluster.clock().stamp().into();
                more = true;
            }
            "Installing" => {
                let names = items(&plan.data, "/spec/clusterServiceVersionNames");
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                if let Some(why) = steered(cluster, namespace, "plan-fails").await? {
                    let status = failed(cluster, status, &why);
                    cluster
                        .update_status(&kinds::INSTALL_PLAN, OLM, &plan, status)
                        .await?;
                    continue;
                }
                for name in &names {
                    carry_out(cluster, namespace, name).await?;
                }
                more = true;
                if !installs(cluster, namespace, &names).await? {
                    continue;
                }
                let now = cluster.clock().stamp();
                status["phase"] = "Complete".into();
                status["plan"] = steps(&names, "Created");
                status["conditions"] = json!([{"lastTransitionTime": now, "lastUpdateTime": now,
                    "status": "True", "type": "Installed"}]);
            }
            _ => continue,
        }
        cluster
            .update_status(&kinds::INSTALL_PLAN, OLM, &plan, status)
            .await?;
    }
    Ok(more)
}

/// The status of a plan that failed, which OLM never tries again.
fn failed(cluster: &Cluster, mut status: Value, why: &str) -> Value {
    let now = cluster.clock().stamp();
    status["phase"] = "Failed".into();
    status["message"] = why.into();
    status["conditions"] = json!([{"lastTransitionTime": now, "lastUpdateTime": now,
        "message": why, "reason": "InstallComponentFailed", "status": "False",
        "type": "Installed"}]);
    status
}

/// Whether all that a plan made is on its way; until then the plan itself says that it installs.
async fn installs(cluster: &Cluster, namespace: &str, csvs: &[&str]) -> Result<bool, Error> {
    for csv in csvs {
        let kind = &kinds::CLUSTER_SERVICE_VERSION;
        let found = cluster.read(kind, namespace, csv).await?;
        let phase = found
            .as_ref()
            .map_or("", |f| text(&f.data, "/status/phase"));
        if !["Installing", "Succeeded", "Failed"].contains(&phase) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The objects that a plan makes: the ClusterServiceVersion, definitions and a ServiceAccount.
fn steps(csvs: &[&str], status: &str) -> Value {
    let step = |csv: &str, kind: &Kind, name: &str| {
        json!({
            "resolving": csv,
            "resource": {"group": kind.group, "kind": kind.name, "name": name,
                "version": kind.version, "manifest": "",
                "sourceName": "everest-catalog", "sourceNamespace": "everest-olm"},
            "status": status,
        })
    };
    let mut steps = Vec::new();
    for csv in csvs {
        steps.push(step(csv, &kinds::CLUSTER_SERVICE_VERSION, csv));
        if let Some((engine, _)) = catalog::parse(csv) {
            for definition in engine_definitions::of_engine(engine) {
                let name = text(&definition, "/metadata/name");
                steps.push(step(csv, &kinds::DEFINITION, name));
            }
        }
    }
    steps.into()
}

async fn carry_out(cluster: &Cluster, namespace: &str, csv: &str) -> Result<(), Error> {
    let Some((engine, version)) = catalog::parse(csv) else {
        return Ok(());
    };
    for definition in engine_definitions::of_engine(engine) {
        let name = text(&definition, "/metadata/name").to_owned();
        let made = object::new(
            &kinds::DEFINITION,
            "",
            &name,
            json!({"spec": definition["spec"]}),
        );
        cluster.create(&kinds::DEFINITION, OLM, &made).await?;
    }
    let replaced = catalog::before(engine, version).map(|older| catalog::csv(engine, older));
    let image = format!("docker.io/percona/{}:{version}", engine.operator());
    let mut spec = json!({
        "displayName": engine.operator(),
        "version": version,
        "install": {"strategy": "deployment", "spec": {"deployments": [{
            "name": engine.operator(),
            "spec": super::service_version::deployment_spec(engine, &image),
        }]}},
    });
    if let Some(replaced) = replaced {
        spec["replaces"] = replaced.into();
    }
    let mut made = object::new(
        &kinds::CLUSTER_SERVICE_VERSION,
        namespace,
        csv,
        json!({ "spec": spec }),
    );
    object::add_finalizer(&mut made, super::service_version::CLEANUP);
    for (key, value) in [
        ("olm.managed".to_owned(), "true".to_owned()),
        (label(engine.operator(), namespace), String::new()),
    ] {
        made.labels_mut().insert(key, value);
    }
    cluster
        .create(&kinds::CLUSTER_SERVICE_VERSION, OLM, &made)
        .await
}
