//! Clusters with another release of Everest than the newest, and with Everest v2.

use serde_json::{Value, json};

use crate::provider::controllers::Controller;
use crate::provider::kind::{Databases, Kind, PodSchedulingPolicies, SplitHorizonDnsConfigs};
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{EVEREST, condition, process, rest, world};

const DATABASES: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\
                         databaseclusters.everest.percona.com";

/// A managed database with limits, which Everest before 1.16 does not have.
fn with_limits() -> (ControlPlane, String) {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"limits": {"cpu": "1", "memory": "2G"}}},
        "proxy": {"type": "haproxy", "replicas": 3}});
    world("everestdatabases", "Database", &spec)
}

/// Why the managed resource is not synced after some reconciles.
async fn refused<K: Kind>(plane: &ControlPlane, controller: &Controller<K>, path: &str) -> String {
    for _ in 0..5 {
        let managed = serde_json::from_value(plane.get(path).unwrap()).unwrap();
        super::reconcile(&managed, controller).await;
    }
    let synced = condition(plane, path, "Synced");
    assert_eq!(synced["status"], "False", "{synced}");
    synced["message"].as_str().unwrap_or_default().to_owned()
}

fn is_written(plane: &ControlPlane) -> bool {
    plane
        .get(&format!("{EVEREST}/databaseclusters/orders"))
        .is_some()
}

#[tokio::test(start_paused = true)]
async fn a_value_that_everest_in_the_cluster_lacks_is_a_condition_until_everest_is_upgraded() {
    let (plane, path) = with_limits();
    let newest = plane.get(DATABASES).unwrap();
    let mut older = newest.clone();
    let resources = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/engine\
                     /properties/resources/properties";
    let members = older.pointer_mut(resources).and_then(Value::as_object_mut);
    members.unwrap().remove("limits").unwrap();
    plane.put(DATABASES, older);
    let controller = process::<Databases>(&plane);
    let said = refused(&plane, &controller, &path).await;
    for words in [
        "Everest in this cluster serves no spec.forProvider.engine.resources.limits, which needs Everest 1.16 \
         or newer",
        "Upgrade Everest and its definitions, which Helm does not upgrade with the chart, or remove",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!is_written(&plane));

    plane.put(DATABASES, newest);
    rest(&plane, &controller, &path).await;
    assert_eq!(condition(&plane, &path, "Synced")["status"], "True");
    assert!(is_written(&plane));
}

/// Why a managed resource of a kind that an Everest does not have is not synced there; its server
/// has this name and version.
async fn refused_by_an_older_everest<K: Kind>(
    (plural, kind, spec): (&str, &str, &Value),
    definition: &str,
    (server, version): (&str, &str),
) -> String {
    let (plane, path) = world(plural, kind, spec);
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    plane.remove(&format!("{definitions}/{definition}"));
    let server = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": server, "namespace": "everest-system"},
        "spec": {"selector": {}, "template": {"spec": {"containers": [
            {"name": "everest", "image": format!("percona/percona-everest:{version}")}]}}}});
    plane.put("", server);
    refused(&plane, &process::<K>(&plane), &path).await
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_everest_in_the_cluster_lacks_is_a_condition_with_both_versions() {
    let policy = json!({"engineType": "pxc"});
    let policies = (
        "everestpodschedulingpolicies",
        "PodSchedulingPolicy",
        &policy,
    );
    let definition = "podschedulingpolicies.everest.percona.com";
    let said = refused_by_an_older_everest::<PodSchedulingPolicies>(
        policies,
        definition,
        ("everest-server", "1.5.0"),
    )
    .await;
    let words = "Everest 1.5.0 in this cluster serves no PodSchedulingPolicy, which needs Everest \
                 1.7 or newer";
    assert!(said.contains(words), "{said}");
    let dns = json!({"baseDomainNameSuffix": "db.example.com"});
    let configs = (
        "everestsplithorizondnsconfigs",
        "SplitHorizonDNSConfig",
        &dns,
    );
    let definition = "splithorizondnsconfigs.enginefeatures.everest.percona.com";
    let said = refused_by_an_older_everest::<SplitHorizonDnsConfigs>(
        configs,
        definition,
        ("percona-everest", "1.3.0"),
    )
    .await;
    let words = "Everest 1.3.0 in this cluster serves no SplitHorizonDNSConfig, which needs Everest \
                 1.10 or newer";
    assert!(said.contains(words), "{said}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_beside_everest_v2() {
    let (plane, path) = with_limits();
    let instances = json!({"apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition", "metadata": {"name": "instances.core.openeverest.io"},
        "spec": {"group": "core.openeverest.io", "scope": "Namespaced",
            "names": {"kind": "Instance", "plural": "instances"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    plane.put("", instances);
    let controller = process::<Databases>(&plane);
    let said = refused(&plane, &controller, &path).await;
    assert!(
        said.contains("Everest v2 (core.openeverest.io) beside Everest v1"),
        "{said}"
    );
    assert!(!is_written(&plane));
}
