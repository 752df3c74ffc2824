//! The cluster itself: OLM does here what it does in a real one.

use acceptance::{
    catalog::{PACKAGES, PREVIOUS, Package},
    installation::{CATALOG, OLM_NAMESPACE},
    stage::Stage,
};
use serde_json::{Value, json};

const EVEREST: &str = "everest.percona.com/v1alpha1";
const OLM: &str = "operators.coreos.com/v1alpha1";

/// A database namespace with an OperatorGroup and a Subscription that wants
/// its plans approved.
async fn subscribe(stage: &Stage, package: &Package, channel: &str) {
    let namespace = &stage.namespace;
    stage
        .create(json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": namespace, "labels": { "app.kubernetes.io/managed-by": "everest" } },
        }))
        .await;
    stage
        .create(json!({
            "apiVersion": "operators.coreos.com/v1", "kind": "OperatorGroup",
            "metadata": { "name": "everest-databases", "namespace": namespace },
            "spec": { "targetNamespaces": [namespace], "upgradeStrategy": "Default" },
        }))
        .await;
    stage
        .create(json!({
            "apiVersion": OLM, "kind": "Subscription",
            "metadata": { "name": package.name, "namespace": namespace },
            "spec": {
                "name": package.name, "channel": channel, "installPlanApproval": "Manual",
                "source": CATALOG, "sourceNamespace": OLM_NAMESPACE,
            },
        }))
        .await;
}

/// Approves the plan that waits for `csv`. One that is approved before OLM has
/// given it a status is never carried out: OLM makes a second one in its place.
async fn approve(stage: &Stage, csv: &str) {
    let plans = stage.objects(OLM, "InstallPlan", &stage.namespace);
    let waiting = || async {
        let list = plans.list(&Default::default()).await.unwrap();
        list.items.into_iter().find(|plan| {
            plan.data["status"]["phase"] == "RequiresApproval"
                && plan.data["spec"]["clusterServiceVersionNames"]
                    .as_array()
                    .is_some_and(|names| names.iter().any(|name| name == csv))
        })
    };
    stage
        .until(&format!("a plan waits for {csv}"), || async {
            waiting().await.is_some()
        })
        .await;
    let plan = waiting().await.unwrap().metadata.name.unwrap();
    stage
        .merge(
            OLM,
            "InstallPlan",
            &stage.namespace,
            &plan,
            json!({ "spec": { "approved": true } }),
        )
        .await;
}

async fn phase(stage: &Stage, csv: &str) -> Value {
    let csv = stage
        .get(OLM, "ClusterServiceVersion", &stage.namespace, csv)
        .await;
    csv.pointer("/status/phase").cloned().unwrap_or_default()
}

pub async fn olm_installs_an_operator_once_its_plan_is_approved(stage: Stage) {
    let package = &PACKAGES[0];
    let csv = package.csv(package.versions[1]);
    subscribe(&stage, package, package.channel).await;
    approve(&stage, &csv).await;
    stage
        .until(
            "the operator is installed and its Deployment ready",
            || async {
                let deployment = stage
                    .get("apps/v1", "Deployment", &stage.namespace, package.name)
                    .await;
                phase(&stage, &csv).await == "Succeeded"
                    && deployment.pointer("/status/readyReplicas") == Some(&json!(1))
            },
        )
        .await;
}

pub async fn a_newer_version_waits_for_approval(stage: Stage) {
    let package = &PACKAGES[1];
    let [older, newer] = package.versions.map(|version| package.csv(version));
    subscribe(&stage, package, PREVIOUS).await;
    approve(&stage, &older).await;
    stage
        .until("the older version is installed", || async {
            phase(&stage, &older).await == "Succeeded"
        })
        .await;
    stage
        .merge(
            OLM,
            "Subscription",
            &stage.namespace,
            package.name,
            json!({ "spec": { "channel": package.channel } }),
        )
        .await;
    approve(&stage, &newer).await;
    stage
        .until("the newer version has taken over", || async {
            phase(&stage, &newer).await == "Succeeded" && phase(&stage, &older).await.is_null()
        })
        .await;
}

/// Everest's part: what a database is once its operator is installed, without
/// any Terraform.
pub async fn a_database_becomes_ready_on_an_installed_operator(stage: Stage) {
    let package = &PACKAGES[0];
    let version = package.versions[1];
    subscribe(&stage, package, package.channel).await;
    approve(&stage, &package.csv(version)).await;
    stage
        .until("Everest sees the operator", || async {
            let engine = stage.everest("DatabaseEngine", package.name).await;
            engine.pointer("/status/status") == Some(&json!("installed"))
                && engine.pointer("/status/operatorVersion") == Some(&json!(version))
        })
        .await;
    let database = json!({
        "apiVersion": EVEREST, "kind": "DatabaseCluster",
        "metadata": { "name": "orders", "namespace": stage.namespace },
        "spec": {
            "engine": { "type": "pxc", "replicas": 1, "storage": { "size": "1Gi" } },
            "proxy": { "type": "haproxy", "replicas": 1 },
        },
    });
    stage.create(database).await;
    stage
        .until("the database is ready", || async {
            let database = stage.everest("DatabaseCluster", "orders").await;
            database.pointer("/status/status") == Some(&json!("ready"))
        })
        .await;
    stage
        .delete(EVEREST, "DatabaseCluster", &stage.namespace, "orders")
        .await;
}
