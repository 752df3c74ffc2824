//! A cluster in the process with managed resources in it, and processes that look at them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use test_apiserver::{ApiServer, Asks};

use crate::provider::context::Context;
use crate::provider::controllers::{Controller, controller};
use crate::provider::kind::Kind;
use crate::provider::reconcile::{Next, reconcile};
use crate::provider::rights;
use crate::provider::testing::control_plane::{ControlPlane, Objects};

pub(crate) const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/shop";
pub(crate) const MANAGED: &str = "/apis/everest.m.openeverest.io/v1alpha1/namespaces/shop";

/// The record of the external object on a managed resource.
pub(crate) const EXTERNAL_UID: &str = "everest.m.openeverest.io/external-uid";

/// Counts the restarts of a database.
pub(crate) const RESTARTS: &str = "restarts";

/// A process that has just begun.
pub(crate) fn process<K: Kind>(plane: &ControlPlane) -> Controller<K> {
    process_with(plane, rights::in_target)
}

/// The same; `may` says what it may do in the cluster of the external objects.
pub(crate) fn process_with<K: Kind>(
    plane: &ControlPlane,
    may: impl Fn(&Asks<'_>) -> bool + Send + Sync + 'static,
) -> Controller<K> {
    let context = Context::apart(plane.client(), plane.target(may));
    controller(Arc::new(context)).0
}

/// Looks at a managed resource until there is nothing left to do.
pub(crate) async fn rest<K: Kind>(plane: &ControlPlane, controller: &Controller<K>, path: &str) {
    for _ in 0..60 {
        let Some(managed) = plane.get(path) else {
            return;
        };
        let before = plane.writes().len();
        let managed = serde_json::from_value(managed).unwrap();
        let next = reconcile(&managed, controller).await;
        if plane.writes().len() == before && matches!(next, Next::Usual | Next::Never) {
            return;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    panic!("never at rest: {:#}", plane.get(path).unwrap_or_default());
}

/// The behaviour of the operators of Everest and the engines: everything succeeds at once.
fn operators(server: &ApiServer, path: &str) {
    let Some(object) = server.get(path) else {
        return;
    };
    if path.contains("/operators.coreos.com/") {
        olm(server, path, &object);
        return;
    }
    if !object["metadata"]["deletionTimestamp"].is_null() {
        // Everest takes its mark off nothing that is being deleted.
        let is_held = object["metadata"]["finalizers"]
            .to_string()
            .contains("in-use");
        if path.contains("everest.percona.com") && !is_held {
            server.remove(path);
        }
        return;
    }
    if path.contains("/databaseclusters/") {
        server.change(path, everest);
    }
    if path.contains("/dataimportjobs/") {
        server.change(path, |object| {
            object["status"] = json!({"state": "Succeeded",
                "completedAt": Timestamp::now().to_string()});
        });
    }
    if path.contains("/databaseclusterbackups/") || path.contains("/databaseclusterrestores/") {
        server.change(path, |object| {
            object["status"] = json!({"state": "Succeeded", "gaps": false,
                "completed": Timestamp::now().to_string()});
        });
    }
}

/// Makes Everest's writes to a database.
fn everest(object: &mut Value) {
    let paused = object["spec"]["paused"] == true;
    let generation = object["metadata"]["generation"].clone();
    let named = object["spec"]["engine"]["crVersion"].clone();
    let mut recommended = object["status"]["recommendedCRVersion"].take();
    if recommended == named {
        recommended = Value::Null;
    }
    let name = object["metadata"]["name"].as_str().unwrap();
    let hostname = format!("{name}-haproxy.shop");
    object["status"] = json!({"status": if paused { "paused" } else { "ready" },
        "observedGeneration": generation, "hostname": hostname, "port": 3306,
        "crVersion": named.as_str().unwrap_or("1.15.0")});
    if !recommended.is_null() {
        object["status"]["recommendedCRVersion"] = recommended;
    }
    let annotations = &mut object["metadata"]["annotations"];
    if !annotations["everest.percona.com/restart"].is_null() {
        let restarts = annotations[RESTARTS].as_str().unwrap_or("0");
        let restarts = restarts.parse::<u32>().unwrap() + 1;
        annotations[RESTARTS] = json!(restarts.to_string());
        annotations
            .as_object_mut()
            .unwrap()
            .remove("everest.percona.com/restart");
    }
    if annotations.is_null() {
        object["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("annotations");
    }
}

/// The condition of a managed resource.
pub(crate) fn condition(plane: &ControlPlane, path: &str, type_: &str) -> Value {
    let object = plane.get(path).unwrap();
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions
        .into_iter()
        .flatten()
        .find(|found| found["type"] == type_);
    found.cloned().unwrap_or_default()
}

/// What OLM does: a Subscription gets a plan, and a plan that is approved an operator, which
/// Everest then offers the versions of.
fn olm(server: &ApiServer, path: &str, object: &Value) {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return;
    };
    let Some((namespace, plural)) = folder.rsplit_once('/') else {
        return;
    };
    if plural == "subscriptions" && object["status"].is_null() {
        let csv = format!("{name}.v1.15.0");
        server.put(
            json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "InstallPlan",
            "metadata": {"name": "install", "namespace": "team"},
            "spec": {"approval": "Manual", "approved": false, "clusterServiceVersionNames": [csv]},
            "status": {"phase": "RequiresApproval"}}),
        );
        server.change(path, |object| {
            object["status"] = json!({"state": "UpgradePending", "currentCSV": csv,
                "installPlanRef": {"name": "install"}});
        });
    }
    if plural == "installplans" && object["spec"]["approved"] == true {
        server.change(path, |plan| plan["status"]["phase"] = json!("Complete"));
        let csv = object["spec"]["clusterServiceVersionNames"][0].clone();
        let (operator, version) = csv.as_str().unwrap().split_once(".v").unwrap();
        server.put(
            json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
            "metadata": {"name": operator, "namespace": "team"},
            "spec": {"type": "pxc"}, "status": {"status": "installed", "operatorVersion": version,
                "availableVersions": {"engine": {"8.0.36-28.1": {"status": "recommended"}}}}}),
        );
        server.put(
            json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "ClusterServiceVersion",
            "metadata": {"name": csv, "namespace": "team"},
            "spec": {"version": version}, "status": {"phase": "Succeeded"}}),
        );
        let subscription = format!("{namespace}/subscriptions/{operator}");
        server.change(&subscription, |subscription| {
            let status = &mut subscription["status"];
            status["installedCSV"] = csv.clone();
            status["state"] = json!("AtLatestKnown");
        });
    }
}

/// A namespace in which a managed resource says `spec` in `forProvider`.
pub(crate) fn world(plural: &str, kind: &str, spec: &Value) -> (ControlPlane, String) {
    let path = format!("{MANAGED}/{plural}/orders");
    let object = json!({"apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": kind,
        "metadata": {"name": "orders", "namespace": "shop", "uid": "managed"},
        "spec": {"forProvider": spec}});
    let config = json!({"apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": "ClusterProviderConfig", "metadata": {"name": "default"},
        "spec": {"credentials": {"source": "InjectedIdentity"}, "grants": [
            {"from": {"namespaces": ["*"]}, "to": ["*"], "databaseNamespaces": true,
            "clusterKinds": ["PodSchedulingPolicy", "LoadBalancerConfig", "DataImporter"]}]}});
    let engine = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
        "metadata": {"name": "percona-xtradb-cluster-operator", "namespace": "shop"},
        "spec": {"type": "pxc"}, "status": {"status": "installed", "operatorVersion": "1.15.0",
            "availableVersions": {"engine": {"8.0.36-28.1": {"status": "recommended"}}}}});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
        "labels": {"app.kubernetes.io/managed-by": "everest"}}});
    let storage = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
        "metadata": {"name": "s3", "namespace": "shop"},
        "spec": {"type": "s3", "bucket": "backups", "region": "r", "credentialsSecretName": "s3"}});
    let keys = json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "keys", "namespace": "shop"},
        "data": {"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "a2V5"}});
    let objects = vec![namespace, config, engine, storage, keys, object];
    (ControlPlane::new(objects, operators), path)
}

/// The user says something else in `forProvider`.
pub(crate) fn say(plane: &ControlPlane, path: &str, spec: &Value) {
    plane.change(path, &json!({"spec": {"forProvider": spec}}));
}

/// Begins a story: what a user does to the managed resource at a path.
pub(crate) type Turn<'a> = &'a dyn Fn(&ControlPlane, &str);

/// Everything there is, without what two runs never have in common, and how often each object
/// was made.
fn picture(plane: &ControlPlane) -> (Objects, BTreeMap<String, usize>) {
    fn blur(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in ["resourceVersion", "uid", "managedFields", EXTERNAL_UID] {
                    members.remove(name);
                }
                members.values_mut().for_each(blur);
            }
            Value::Array(elements) => elements.iter_mut().for_each(blur),
            Value::String(text) if text.parse::<Timestamp>().is_ok() => "time".clone_into(text),
            _ => {}
        }
    }
    let mut objects = plane.all();
    // What was told differs with what was done twice.
    objects.retain(|path, _| !path.contains("/events/"));
    objects.values_mut().for_each(blur);
    let made = objects.keys().map(|path| (path.clone(), plane.made(path)));
    let made = made.collect();
    (objects, made)
}

/// The garbage collector has come round.
async fn collected() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

/// Runs a story without an accident, and then once for each of its writes with a process that
/// dies right after it. `before` is what had come to rest before the story, `turn` begins it.
/// Returns how it ends without an accident.
pub(crate) async fn survives<K: Kind>(
    build: impl Fn() -> (ControlPlane, String),
    turn: Option<Turn<'_>>,
) -> ControlPlane {
    let begin = async || {
        let (plane, path) = build();
        if let Some(turn) = turn {
            rest(&plane, &process::<K>(&plane), &path).await;
            turn(&plane, &path);
        }
        (plane, path)
    };
    let (whole, path) = begin().await;
    let before = whole.writes().len();
    rest(&whole, &process::<K>(&whole), &path).await;
    collected().await;
    let writes = whole.writes().split_off(before);
    assert!(!writes.is_empty(), "nothing was done");
    for (after, write) in (1..).zip(&writes) {
        let (plane, path) = begin().await;
        plane.kill_after(after);
        let death = plane.death();
        let doomed = process::<K>(&plane);
        tokio::select! {
            biased;
            () = death.cancelled() => {}
            () = rest(&plane, &doomed, &path) => panic!("no death after {after}: {write}"),
        }
        drop(doomed);
        plane.spare();
        rest(&plane, &process::<K>(&plane), &path).await;
        collected().await;
        assert_eq!(
            picture(&plane),
            picture(&whole),
            "killed after {after}: {write}"
        );
    }
    whole
}
