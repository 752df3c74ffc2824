//! A namespace of databases comes, changes and goes whenever the process dies.

use std::time::Duration;

use serde_json::json;

use super::reconcile;
use crate::provider::kind::DatabaseNamespaces;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{condition, process, rest, say, survives, world};

/// A namespace that a managed resource makes, with the operator of one engine.
fn namespace() -> (ControlPlane, String) {
    let (plane, path) = world(
        "everestdatabasenamespaces",
        "DatabaseNamespace",
        &json!({"engines": {"pxc": {}}}),
    );
    let name = json!({"crossplane.io/external-name": "team"});
    plane.change(&path, &json!({"metadata": {"annotations": name}}));
    (plane, path)
}

const TEAM: &str = "/api/v1/namespaces/team";
const OLM: &str = "/apis/operators.coreos.com/v1alpha1/namespaces/team";

#[tokio::test(start_paused = true)]
async fn a_namespace_and_its_operator_are_made_once_whenever_the_process_dies() {
    let plane = survives::<DatabaseNamespaces>(namespace, None).await;
    let subscription = format!("{OLM}/subscriptions/percona-xtradb-cluster-operator");
    assert_eq!(plane.made(TEAM), 1);
    assert_eq!(plane.made(&subscription), 1);
    let plan = plane.get(&format!("{OLM}/installplans/install")).unwrap();
    assert_eq!(plan["spec"]["approved"], true);
    let (_, path) = namespace();
    assert_eq!(condition(&plane, &path, "Ready")["status"], "True");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_with_its_managed_resource_whenever_the_process_dies() {
    let turn = |plane: &ControlPlane, path: &str| plane.delete(path);
    let plane = survives::<DatabaseNamespaces>(namespace, Some(&turn)).await;
    let (_, path) = namespace();
    assert_eq!(plane.get(TEAM), None);
    assert_eq!(plane.get(&path), None);
    // The operator goes before the namespace, or nobody would take finalizers off.
    let order = plane.writes();
    let at = |what: &str| order.iter().position(|done| done.contains(what)).unwrap();
    assert!(at("DELETE /apis/operators.coreos.com") < at(&format!("DELETE {TEAM}")));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_kept_only_loses_what_was_added_whenever_the_process_dies() {
    let build = || {
        let (plane, path) = namespace();
        let found = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}});
        plane.put(TEAM, found);
        say(&plane, &path, &json!({"takeOwnership": true}));
        (plane, path)
    };
    let turn = |plane: &ControlPlane, path: &str| plane.delete(path);
    let plane = survives::<DatabaseNamespaces>(build, Some(&turn)).await;
    let left = plane.get(TEAM).unwrap();
    assert!(left["metadata"]["labels"]["app.kubernetes.io/managed-by"].is_null());
    let subscription = format!("{OLM}/subscriptions/percona-xtradb-cluster-operator");
    assert_eq!(plane.get(&subscription), None);
}

/// Looks at the namespace a few times.
async fn look_on(plane: &ControlPlane, path: &str) {
    let controller = process::<DatabaseNamespaces>(plane);
    for _ in 0..4 {
        let managed = serde_json::from_value(plane.get(path).unwrap()).unwrap();
        reconcile(&managed, &controller).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

const CATALOG: &str =
    "/apis/operators.coreos.com/v1alpha1/namespaces/everest-olm/catalogsources/everest-catalog";

#[tokio::test(start_paused = true)]
async fn no_operator_is_subscribed_to_before_olm_can_read_the_catalog() {
    let (plane, path) = namespace();
    let state = |state: &str| json!({"status": {"connectionState": {"lastObservedState": state}}});
    plane.change(CATALOG, &state("TRANSIENT_FAILURE"));
    look_on(&plane, &path).await;
    let subscription = format!("{OLM}/subscriptions/percona-xtradb-cluster-operator");
    assert_eq!(plane.get(&subscription), None);
    let why = condition(&plane, &path, "Ready")["message"].clone();
    let why = why.as_str().unwrap();
    assert!(why.contains("its state is TRANSIENT_FAILURE"), "{why}");
    plane.change(CATALOG, &state("READY"));
    let controller = process::<DatabaseNamespaces>(&plane);
    rest(&plane, &controller, &path).await;
    assert_eq!(condition(&plane, &path, "Ready")["status"], "True");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_made_without_the_catalog() {
    let (plane, path) = namespace();
    plane.delete(CATALOG);
    look_on(&plane, &path).await;
    assert_eq!(plane.get(TEAM), None);
    let said = condition(&plane, &path, "Synced")["message"].clone();
    let said = said.as_str().unwrap();
    assert!(
        said.contains("no CatalogSource everest-olm/everest-catalog"),
        "{said}"
    );
}

/// OLM offers an upgrade of the operator.
fn offer(plane: &ControlPlane) {
    let csv = "percona-xtradb-cluster-operator.v1.16.0";
    let plan = json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "InstallPlan",
        "metadata": {"name": "upgrade", "namespace": "team"},
        "spec": {"approval": "Manual", "approved": false, "clusterServiceVersionNames": [csv]},
        "status": {"phase": "RequiresApproval"}});
    plane.put(&format!("{OLM}/installplans/upgrade"), plan);
    plane.change(
        &format!("{OLM}/subscriptions/percona-xtradb-cluster-operator"),
        &json!({"status": {"state": "UpgradePending", "currentCSV": csv,
            "installPlanRef": {"name": "upgrade"}}}),
    );
}

/// A namespace whose operator was upgraded.
pub(super) async fn upgraded() -> (ControlPlane, String) {
    let (plane, path) = namespace();
    let controller = process::<DatabaseNamespaces>(&plane);
    rest(&plane, &controller, &path).await;
    offer(&plane);
    say(
        &plane,
        &path,
        &json!({"engines": {"pxc": {"version": "1.16.0"}}}),
    );
    rest(&plane, &controller, &path).await;
    (plane, path)
}

const PXC: &str = "percona-xtradb-cluster-operator";
const PSMDB: &str = "percona-server-mongodb-operator";

/// A namespace that lost an engine whose upgrade waited in one plan with that of the other.
pub(super) async fn reduced() -> ControlPlane {
    let (plane, path) = namespace();
    let controller = process::<DatabaseNamespaces>(&plane);
    rest(&plane, &controller, &path).await;
    let csv = format!("{PSMDB}.v1.15.0");
    let subscription = json!({"apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "Subscription", "metadata": {"name": PSMDB, "namespace": "team"},
        "spec": {"name": PSMDB, "source": "everest-catalog", "sourceNamespace": "everest-olm"},
        "status": {"installedCSV": csv, "currentCSV": csv, "state": "AtLatestKnown"}});
    plane.put(&format!("{OLM}/subscriptions/{PSMDB}"), subscription);
    let version = json!({"apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion", "metadata": {"name": csv, "namespace": "team"},
        "spec": {"version": "1.15.0"}, "status": {"phase": "Succeeded"}});
    plane.put(&format!("{OLM}/clusterserviceversions/{csv}"), version);
    let engine = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
        "metadata": {"name": PSMDB, "namespace": "team"},
        "spec": {"type": "psmdb"}, "status": {"status": "installed", "operatorVersion": "1.15.0",
            "availableVersions": {"engine": {"8.0.8-3": {"status": "recommended"}}}}});
    let engines = "/apis/everest.percona.com/v1alpha1/namespaces/team/databaseengines";
    plane.put(&format!("{engines}/{PSMDB}"), engine);
    say(&plane, &path, &json!({"engines": {"psmdb": {}}}));
    rest(&plane, &controller, &path).await;
    let both = [format!("{PXC}.v1.16.0"), format!("{PSMDB}.v1.16.0")];
    let shared = json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "InstallPlan",
        "metadata": {"name": "shared", "namespace": "team"},
        "spec": {"approval": "Manual", "approved": false, "clusterServiceVersionNames": both},
        "status": {"phase": "RequiresApproval"}});
    plane.put(&format!("{OLM}/installplans/shared"), shared);
    say(&plane, &path, &json!({"engines": {"psmdb": null}}));
    rest(&plane, &controller, &path).await;
    plane
}

#[tokio::test(start_paused = true)]
async fn an_engine_goes_with_the_plan_that_would_bring_it_back() {
    let plane = reduced().await;
    for gone in [
        format!("{OLM}/subscriptions/{PSMDB}"),
        format!("{OLM}/installplans/shared"),
        format!("{OLM}/clusterserviceversions/{PSMDB}.v1.15.0"),
    ] {
        assert_eq!(plane.get(&gone), None, "{gone}");
    }
    let (_, path) = namespace();
    let seen = plane.get(&path).unwrap()["status"]["atProvider"].clone();
    assert_eq!(seen["engines"].get("psmdb"), None, "{seen}");
    assert!(plane.get(&format!("{OLM}/subscriptions/{PXC}")).is_some());
}

#[tokio::test(start_paused = true)]
async fn an_operator_is_upgraded_under_its_lock_with_the_rights_that_are_shipped() {
    let (plane, path) = upgraded().await;
    let said = condition(&plane, &path, "Synced");
    assert_eq!(said["status"], "True", "{said}");
    let plan = plane.get(&format!("{OLM}/installplans/upgrade")).unwrap();
    assert_eq!(plan["spec"]["approved"], true);
    let order = plane.writes();
    let at = |what: &str| order.iter().position(|done| done.ends_with(what)).unwrap();
    let lock = "/databaseengines/percona-xtradb-cluster-operator";
    assert!(at(lock) < at("/installplans/upgrade"), "{order:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_was_only_observed_keeps_its_operators_when_it_is_taken_over() {
    let (plane, path) = namespace();
    let controller = process::<DatabaseNamespaces>(&plane);
    rest(&plane, &controller, &path).await;
    // It is a new managed resource for a namespace that exists.
    let created = json!({"crossplane.io/external-create-pending": null,
        "crossplane.io/external-create-succeeded": null});
    plane.change(
        &path,
        &json!({"metadata": {"annotations": created},
            "spec": {"managementPolicies": ["Observe"], "forProvider": {"engines": null}},
            "status": null}),
    );
    rest(&plane, &controller, &path).await;
    let seen = plane.get(&path).unwrap()["status"]["atProvider"].clone();
    assert_eq!(seen["engines"]["pxc"]["installedVersion"], "1.15.0");
    assert_eq!(seen["engines"]["pxc"]["version"], "1.15.0", "{seen:#}");

    say(&plane, &path, &json!({"engines": {"psmdb": {}}}));
    plane.change(&path, &json!({"spec": {"managementPolicies": ["*"]}}));
    rest(&plane, &controller, &path).await;
    for operator in [
        "percona-xtradb-cluster-operator",
        "percona-server-mongodb-operator",
    ] {
        let subscription = format!("{OLM}/subscriptions/{operator}");
        assert!(plane.get(&subscription).is_some(), "{operator}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_somebody_has_made_anew_is_not_taken_for_the_one_that_was_created() {
    let (plane, path) = namespace();
    rest(&plane, &process::<DatabaseNamespaces>(&plane), &path).await;
    for object in plane.all().into_keys() {
        if object.contains("/namespaces/team") {
            plane.remove(&object);
        }
    }
    plane.put(
        TEAM,
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}),
    );
    let before = plane.get(TEAM).unwrap();
    look_on(&plane, &path).await;
    let synced = condition(&plane, &path, "Synced");
    assert_eq!(synced["status"], "False");
    let message = synced["message"].as_str().unwrap();
    assert!(message.contains("takeOwnership"), "{message}");
    assert_eq!(plane.get(TEAM).unwrap(), before);

    plane.delete(&path);
    rest(&plane, &process::<DatabaseNamespaces>(&plane), &path).await;
    assert_eq!(plane.get(&path), None);
    assert_eq!(plane.get(TEAM).unwrap(), before);
}
