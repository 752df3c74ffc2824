//! Subscriptions: resolved, bound to a plan, and told of its progress.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{OLM, catalog, install_plan, label, list, steered};
use crate::cluster::{Cluster, Error};
use crate::engine::Engine;
use crate::kinds;
use crate::object::{at, number, text};

/// 1. A bundle that is being unpacked holds everything up.
/// 2. A Subscription whose plan was deleted before it was carried out forgets it.
/// 3. Subscriptions that want a version and have no plan get one together. What waits for an earlier
///    plan is in the new one too; its Subscription stays with the earlier one.
/// 4. Each learns what became of its plan.
pub async fn step(cluster: &Cluster, namespace: &str) -> Result<bool, Error> {
    let subscriptions = list(cluster, &kinds::SUBSCRIPTION, namespace).await?;
    if steered(cluster, namespace, "unpacking").await?.is_some() {
        for subscription in &subscriptions {
            unpack(cluster, subscription).await?;
        }
        return Ok(!subscriptions.is_empty());
    }
    for subscription in &subscriptions {
        if forgets(cluster, subscription).await? {
            return Ok(true);
        }
    }
    let mut wanting: Vec<(&DynamicObject, String)> = Vec::new();
    let mut planned: Vec<(&DynamicObject, String)> = Vec::new();
    let mut more = false;
    for subscription in &subscriptions {
        let bound = bound_csv(subscription);
        match wanted(subscription) {
            Some(csv) if bound != Some(csv.as_str()) => {
                planned.push((subscription, csv.clone()));
                wanting.push((subscription, csv));
            }
            _ => {
                if let Some(csv) = bound
                    && installed(subscription) != Some(csv)
                {
                    planned.push((subscription, csv.to_owned()));
                }
                more |= follow(cluster, subscription).await?;
            }
        }
    }
    if wanting.is_empty() {
        return Ok(more);
    }
    let plan = install_plan::make(cluster, namespace, &subscriptions, &planned).await?;
    for (subscription, csv) in wanting {
        bind(cluster, subscription, &csv, &plan).await?;
    }
    Ok(true)
}

/// Whether a Subscription forgot its plan, which somebody has deleted while it was pending.
async fn forgets(cluster: &Cluster, subscription: &DynamicObject) -> Result<bool, Error> {
    let mut status = at(&subscription.data, "/status").clone();
    let name = text(&status, "/installPlanRef/name").to_owned();
    if name.is_empty() || text(&status, "/state") != "UpgradePending" {
        return Ok(false);
    }
    let namespace = subscription.namespace().unwrap_or_default();
    let kind = &kinds::INSTALL_PLAN;
    if cluster.read(kind, &namespace, &name).await?.is_some() {
        return Ok(false);
    }
    for kind in ["InstallPlanPending", "InstallPlanFailed"] {
        set_condition(&mut status, kind, None);
    }
    if let Some(members) = status.as_object_mut() {
        for member in ["installPlanRef", "installplan", "currentCSV", "state"] {
            members.remove(member);
        }
    }
    write(cluster, subscription, status).await?;
    Ok(true)
}

fn installed(subscription: &DynamicObject) -> Option<&str> {
    at(&subscription.data, "/status/installedCSV").as_str()
}

fn bound_csv(subscription: &DynamicObject) -> Option<&str> {
    let status = at(&subscription.data, "/status");
    status["installPlanRef"]
        .is_object()
        .then(|| status["currentCSV"].as_str())
        .flatten()
}

/// The ClusterServiceVersion that a Subscription is to get, if it has not got it.
fn wanted(subscription: &DynamicObject) -> Option<String> {
    let spec = at(&subscription.data, "/spec");
    let engine = Engine::of_operator(text(spec, "/name"))?;
    let starting = at(spec, "/startingCSV").as_str();
    let next = catalog::next(
        engine,
        text(spec, "/channel"),
        starting,
        installed(subscription),
    )?;
    Some(catalog::csv(engine, next))
}

fn healthy(cluster: &Cluster, subscription: &DynamicObject) -> Value {
    let now = cluster.clock().stamp();
    let known = at(&subscription.data, "/status");
    let mut status = known.clone();
    if !status.is_object() {
        let spec = at(&subscription.data, "/spec");
        status = json!({
            "catalogHealth": [{
                "catalogSourceRef": {
                    "apiVersion": "operators.coreos.com/v1alpha1",
                    "kind": "CatalogSource",
                    "name": text(spec, "/source"),
                    "namespace": text(spec, "/sourceNamespace"),
                },
                "healthy": true,
                "lastUpdated": now,
            }],
            "conditions": [{
                "lastTransitionTime": now,
                "message": "all available catalogsources are healthy",
                "reason": "AllCatalogSourcesHealthy",
                "status": "False",
                "type": "CatalogSourcesUnhealthy",
            }],
        });
    }
    status
}

fn set_condition(status: &mut Value, kind: &str, condition: Option<Value>) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.retain(|known| text(known, "/type") != kind);
        conditions.extend(condition);
    }
}

async fn write(
    cluster: &Cluster,
    subscription: &DynamicObject,
    mut status: Value,
) -> Result<(), Error> {
    let mut known = at(&subscription.data, "/status").clone();
    status["lastUpdated"] = known["lastUpdated"].take();
    known["lastUpdated"] = status["lastUpdated"].clone();
    if status == known {
        return Ok(());
    }
    status["lastUpdated"] = cluster.clock().stamp().into();
    cluster
        .update_status(&kinds::SUBSCRIPTION, OLM, subscription, status)
        .await
}

async fn unpack(cluster: &Cluster, subscription: &DynamicObject) -> Result<(), Error> {
    let mut status = healthy(cluster, subscription);
    let unpacking =
        json!({"reason": "UnpackingInProgress", "status": "True", "type": "BundleUnpacking"});
    set_condition(&mut status, "BundleUnpacking", Some(unpacking));
    write(cluster, subscription, status).await
}

/// Ties a Subscription to its new plan. `currentCSV` is what it will get, `installedCSV` what it
/// has.
async fn bind(
    cluster: &Cluster,
    subscription: &DynamicObject,
    csv: &str,
    plan: &DynamicObject,
) -> Result<(), Error> {
    let namespace = subscription.namespace().unwrap_or_default();
    let label = label(text(&subscription.data, "/spec/name"), &namespace);
    let mut labelled = subscription.clone();
    if labelled.labels_mut().insert(label, String::new()).is_none() {
        labelled = cluster.update(&kinds::SUBSCRIPTION, OLM, &labelled).await?;
    }
    let mut status = healthy(cluster, &labelled);
    set_condition(&mut status, "BundleUnpacking", None);
    status["currentCSV"] = csv.into();
    status["installPlanGeneration"] = number(&plan.data, "/spec/generation").into();
    let (name, uid) = (plan.name_any(), plan.uid().unwrap_or_default());
    status["installPlanRef"] = json!({
        "apiVersion": "operators.coreos.com/v1alpha1", "kind": "InstallPlan",
        "name": name, "namespace": namespace, "uid": uid,
        "resourceVersion": plan.resource_version(),
    });
    status["installplan"] = json!({
        "apiVersion": "operators.coreos.com/v1alpha1", "kind": "InstallPlan",
        "name": name, "uuid": uid,
    });
    status["state"] = "UpgradePending".into();
    let pending = pending(cluster, &status, "RequiresApproval");
    let waits = text(&plan.data, "/spec/approval") == "Manual";
    set_condition(&mut status, "InstallPlanPending", waits.then_some(pending));
    write(cluster, &labelled, status).await
}

fn pending(cluster: &Cluster, status: &Value, reason: &str) -> Value {
    let known = at(status, "/conditions").as_array().into_iter().flatten();
    let mut known = known.filter(|c| text(c, "/reason") == reason);
    known.next().cloned().unwrap_or_else(|| {
        json!({"lastTransitionTime": cluster.clock().stamp(), "reason": reason,
            "status": "True", "type": "InstallPlanPending"})
    })
}

/// What became of the plan: the version is installed as soon as its ClusterServiceVersion is
/// there, while the plan may still say that it installs.
async fn follow(cluster: &Cluster, subscription: &DynamicObject) -> Result<bool, Error> {
    let namespace = subscription.namespace().unwrap_or_default();
    let mut status = healthy(cluster, subscription);
    let current = text(&status, "/currentCSV").to_owned();
    if current.is_empty() {
        return Ok(false);
    }
    let found = cluster
        .read(&kinds::CLUSTER_SERVICE_VERSION, &namespace, &current)
        .await?;
    if found.is_some() {
        status["installedCSV"] = current.into();
        status["state"] = "AtLatestKnown".into();
    }
    // What was installed before OLM's notes begin has no plan.
    let plan = match text(&status, "/installPlanRef/name") {
        "" => None,
        name => cluster.read(&kinds::INSTALL_PLAN, &namespace, name).await?,
    };
    let phase = plan.as_ref().map_or("", |p| text(&p.data, "/status/phase"));
    let (is_installing, has_failed) = (phase == "Installing", phase == "Failed");
    let condition = match phase {
        "RequiresApproval" | "Installing" => Some(pending(cluster, &status, phase)),
        _ => None,
    };
    set_condition(&mut status, "InstallPlanPending", condition);
    let failed = plan.filter(|_| has_failed).map(|plan| {
        json!({"lastTransitionTime": plan.data["status"]["conditions"][0]["lastTransitionTime"],
            "message": plan.data["status"]["message"], "reason": "InstallComponentFailed",
            "status": "True", "type": "InstallPlanFailed"})
    });
    set_condition(&mut status, "InstallPlanFailed", failed);
    write(cluster, subscription, status).await?;
    Ok(is_installing)
}
