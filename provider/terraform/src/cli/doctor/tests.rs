use serde_json::{Value, json};
use test_apiserver::{ApiServer, Asks, At, Fault, Kind, Matcher, Process, Times, Trouble, When};

use super::*;
use crate::cli::tests::assert_golden;

const OPERATOR: &str = "percona-xtradb-cluster-operator";

fn deployment(name: &str, container: &str, image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "everest-system"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": container, "image": image}]}}},
        "status": {"replicas": 1, "readyReplicas": 1}})
}

fn webhooks(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
        "metadata": {"name": name}, "webhooks": [{
            "name": "databaseclusters.everest.percona.com", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "rules": [],
            "clientConfig": {"service": {"namespace": "everest-system",
                "name": "everest-operator-webhook-service"}}}]})
}

/// A cluster in which everything is as it should be.
fn healthy() -> ApiServer {
    let manifests = Kind::new(
        "packages.operators.coreos.com",
        "v1",
        "PackageManifest",
        "packagemanifests",
        true,
    );
    let server = ApiServer::new()
        .with_everest()
        .with_engines()
        .with_catalog()
        .with_kind(manifests);
    let csv = format!("{OPERATOR}.v1.18.0");
    let metadata = json!({"name": OPERATOR, "namespace": "shop"});
    for object in [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
            "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        deployment(
            "everest-server",
            "everest",
            "openeverest/openeverest:1.16.2",
        ),
        deployment(
            "everest-operator",
            "manager",
            "openeverest/openeverest-operator:1.16.2",
        ),
        webhooks(
            "ValidatingWebhookConfiguration",
            "everest-operator-validating-webhook-configuration",
        ),
        webhooks(
            "MutatingWebhookConfiguration",
            "everest-operator-mutating-webhook-configuration",
        ),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": "everest-operator-webhook-service-x", "namespace": "everest-system",
                "labels": {"kubernetes.io/service-name": "everest-operator-webhook-service"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}]}),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
            "metadata": metadata, "spec": {"type": "pxc"},
            "status": {"status": "installed", "operatorVersion": "1.18.0",
                "availableVersions": {"engine": {"8.0.42-33.1": {"status": "recommended"}}}}}),
        json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "Subscription",
            "metadata": metadata,
            "spec": {"name": OPERATOR, "source": "everest-catalog",
                "sourceNamespace": "everest-olm"},
            "status": {"installedCSV": csv, "currentCSV": csv}}),
    ] {
        server.put(object);
    }
    server
}

/// What is told of a cluster, and whether it fails.
async fn told(process: &Process, doctor: Doctor) -> (String, bool) {
    let cluster = Cluster::new(process.client(), Catalog::default());
    match doctor.of(&cluster).await {
        Ended::Done(text) => (text, false),
        Ended::Found(text) => (text, true),
        Ended::Nothing(text) | Ended::Failed(text) | Ended::Usage(text) => panic!("{text}"),
    }
}

fn json() -> Doctor {
    Doctor {
        json: true,
        ..Doctor::default()
    }
}

#[tokio::test]
async fn a_healthy_cluster_is_told_line_by_line() {
    let process = healthy().process();
    let (table, fails) = told(&process, Doctor::default()).await;
    assert!(!fails, "{table}");
    assert_golden("doctor-healthy.txt", &table);
    let (report, fails) = told(&process, json()).await;
    assert!(!fails);
    let report = report.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_golden("doctor-healthy.json", &report);
}

#[tokio::test]
async fn missing_rights_fail_and_say_what_does_not_work() {
    let may = |asks: &Asks<'_>| {
        let is_of_everest = asks.group.ends_with("everest.percona.com");
        asks.verb == "get" || asks.verb == "list" || is_of_everest && asks.verb == "patch"
    };
    let process = healthy()
        .process()
        .of_user("system:serviceaccount:ci:terraform", may);
    let (table, fails) = told(&process, Doctor::default()).await;
    assert!(fails);
    assert_golden("doctor-rights.txt", &table);
}

#[tokio::test]
async fn everest_v2_is_refused() {
    let v2 = Kind::new(
        "core.openeverest.io",
        "v1alpha1",
        "Instance",
        "instances",
        true,
    );
    let process = ApiServer::new().with_kind(v2).process();
    let (table, fails) = told(&process, Doctor::default()).await;
    assert!(fails);
    assert_golden("doctor-v2.txt", &table);
}

#[tokio::test]
async fn an_unreachable_cluster_is_told_once() {
    let process = healthy().process();
    let refused = Fault::new(At::Matching(Matcher::any()), When::Before, Trouble::Refused);
    process.inject(refused.times(Times::Always));
    let (report, fails) = told(&process, json()).await;
    assert!(fails);
    let report: Value = serde_json::from_str(&report).unwrap();
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0]["check"], "cluster");
    let found = checks[0]["found"].as_str().unwrap();
    assert!(found.contains("does not respond"), "{found}");
    assert!(
        checks[0]["next"]
            .as_str()
            .unwrap()
            .contains("kubectl version")
    );
}

#[tokio::test]
async fn settings_that_name_no_cluster_are_told_as_a_check() {
    let doctor = Doctor {
        json: true,
        connection: Connection::of_kubeconfig("/nowhere/config"),
        ..Doctor::default()
    };
    let Ended::Found(report) = doctor.run().await else {
        panic!("it does not fail");
    };
    let report: Value = serde_json::from_str(&report).unwrap();
    let found = report["checks"][0]["found"].as_str().unwrap();
    assert!(found.contains("/nowhere/config"), "{found}");
    assert!(report["server"].is_null());
}
