//! ClusterServiceVersions: from Pending to Succeeded, with a Deployment each.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{OLM, catalog, label, list, steered};
use crate::cluster::{Cluster, Error};
use crate::engine::Engine;
use crate::kinds;
use crate::object::{self, at, items, text};

/// Finalizer that OLM takes off once it has cleaned up.
pub const CLEANUP: &str = "operators.coreos.com/csv-cleanup";

/// Phase, reason and message.
type Phase = (&'static str, &'static str, &'static str);

/// The phases up to the Deployment.
const FIRST: [Phase; 4] = [
    (
        "Pending",
        "RequirementsUnknown",
        "requirements not yet checked",
    ),
    (
        "Pending",
        "RequirementsNotMet",
        "one or more requirements couldn't be found",
    ),
    (
        "InstallReady",
        "AllRequirementsMet",
        "all requirements found, attempting install",
    ),
    (
        "Installing",
        "InstallSucceeded",
        "waiting for install components to report healthy",
    ),
];

/// The last phase.
const LAST: Phase = (
    "Succeeded",
    "InstallSucceeded",
    "install strategy completed with no errors",
);

/// One step for each; true if one is on its way.
pub async fn step(cluster: &Cluster, namespace: &str) -> Result<bool, Error> {
    let mut more = false;
    let all = list(cluster, &kinds::CLUSTER_SERVICE_VERSION, namespace).await?;
    for csv in &all {
        let Some((engine, version)) = catalog::parse(csv.metadata.name.as_deref().unwrap_or(""))
        else {
            continue;
        };
        if object::deleting(csv) {
            let mut released = csv.clone();
            if object::remove_finalizers(&mut released, &[CLEANUP]) {
                cluster
                    .update(&kinds::CLUSTER_SERVICE_VERSION, OLM, &released)
                    .await?;
            }
            continue;
        }
        let known = items(&csv.data, "/status/conditions").len();
        let phase = text(&csv.data, "/status/phase");
        if phase == "Failed" {
            continue;
        }
        if phase == "Succeeded" {
            retire(cluster, csv, &all).await?;
            continue;
        }
        more = true;
        if let Some(why) = steered(cluster, namespace, "csv-fails").await? {
            enter(cluster, csv, ("Failed", "InstallCheckFailed", &why)).await?;
            continue;
        }
        match FIRST.get(known) {
            Some(next) => {
                if next.0 == "Installing" {
                    install(cluster, csv, engine, version).await?;
                }
                enter(cluster, csv, *next).await?;
            }
            None => match look_at_pods(cluster, namespace, engine).await? {
                Pods::New => {
                    let name = engine.operator();
                    let waits = format!(
                        "installing: waiting for deployment {name} to become ready: waiting for \
                         spec update of deployment {name:?} to be observed..."
                    );
                    enter(cluster, csv, ("Installing", "InstallWaiting", &waits)).await?;
                }
                Pods::Replaced => {}
                Pods::Ready => enter(cluster, csv, LAST).await?,
            },
        }
    }
    Ok(more)
}

async fn enter(
    cluster: &Cluster,
    csv: &DynamicObject,
    (phase, reason, message): (&str, &str, &str),
) -> Result<(), Error> {
    let now = cluster.clock().stamp();
    let mut conditions = items(&csv.data, "/status/conditions").to_vec();
    conditions.push(json!({"lastTransitionTime": now, "lastUpdateTime": now,
        "message": message, "phase": phase, "reason": reason}));
    let status = json!({
        "cleanup": {},
        "conditions": conditions,
        "lastTransitionTime": now,
        "lastUpdateTime": now,
        "message": message,
        "phase": phase,
        "reason": reason,
    });
    cluster
        .update_status(&kinds::CLUSTER_SERVICE_VERSION, OLM, csv, status)
        .await
}

/// The version that a version replaces goes.
async fn retire(
    cluster: &Cluster,
    csv: &DynamicObject,
    all: &[DynamicObject],
) -> Result<(), Error> {
    let replaced = text(&csv.data, "/spec/replaces");
    let there = all.iter().any(|other| other.name_any() == replaced);
    if !there {
        return Ok(());
    }
    let namespace = csv.namespace().unwrap_or_default();
    cluster
        .delete(&kinds::CLUSTER_SERVICE_VERSION, &namespace, replaced)
        .await
}

/// The spec of an operator's Deployment.
pub fn deployment_spec(engine: Engine, image: &str) -> Value {
    let labels = json!({"app.kubernetes.io/name": engine.operator()});
    json!({
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": engine.operator(), "image": image}]},
        },
    })
}

/// Makes the Deployment, or takes over that of the version before.
async fn install(
    cluster: &Cluster,
    csv: &DynamicObject,
    engine: Engine,
    version: &str,
) -> Result<(), Error> {
    let namespace = csv.namespace().unwrap_or_default();
    let name = engine.operator();
    let image = format!("docker.io/percona/{name}:{version}");
    let found = cluster.read(&kinds::DEPLOYMENT, &namespace, name).await?;
    let mut wanted = match &found {
        Some(found) => found.clone(),
        None => object::new(&kinds::DEPLOYMENT, &namespace, name, json!({})),
    };
    wanted.data["spec"] = deployment_spec(engine, &image);
    for (key, value) in [
        ("olm.managed", "true"),
        ("olm.owner", &csv.name_any()),
        ("olm.owner.kind", "ClusterServiceVersion"),
        ("olm.owner.namespace", &namespace),
        (&label(name, &namespace), ""),
    ] {
        wanted.labels_mut().insert(key.to_owned(), value.to_owned());
    }
    let mut owner = object::owner(&kinds::CLUSTER_SERVICE_VERSION, csv, false);
    owner.controller = Some(false);
    owner.block_owner_deletion = Some(false);
    wanted.metadata.owner_references = Some(vec![owner]);
    match found {
        None => cluster.create(&kinds::DEPLOYMENT, OLM, &wanted).await,
        Some(_) => {
            cluster.update(&kinds::DEPLOYMENT, OLM, &wanted).await?;
            Ok(())
        }
    }
}

/// Where the pods of a Deployment are.
enum Pods {
    /// The first ones have just been made.
    New,
    /// Others have just taken their place.
    Replaced,
    /// All are there.
    Ready,
}

/// Plays the Deployment's pods: all are there a step after the last change.
async fn look_at_pods(cluster: &Cluster, namespace: &str, engine: Engine) -> Result<Pods, Error> {
    let found = cluster
        .read(&kinds::DEPLOYMENT, namespace, engine.operator())
        .await?;
    let Some(deployment) = found else {
        return Ok(Pods::Replaced);
    };
    let generation = object::generation(&deployment);
    let observed = at(&deployment.data, "/status/observedGeneration");
    if observed == generation {
        return Ok(Pods::Ready);
    }
    let pods = match observed.is_null() {
        true => Pods::New,
        false => Pods::Replaced,
    };
    let status = json!({"availableReplicas": 1, "observedGeneration": generation,
        "readyReplicas": 1, "replicas": 1, "updatedReplicas": 1});
    cluster
        .update_status(&kinds::DEPLOYMENT, OLM, &deployment, status)
        .await?;
    Ok(pods)
}
