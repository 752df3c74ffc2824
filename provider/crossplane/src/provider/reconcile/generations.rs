//! Clusters with another release of Everest than the newest, and with Everest v2.

use serde_json::{Value, json};

use crate::provider::controllers::Controller;
use crate::provider::kind::Databases;
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
async fn refused(plane: &ControlPlane, controller: &Controller<Databases>, path: &str) -> String {
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
        "Upgrade Everest, or remove the value.",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!is_written(&plane));

    plane.put(DATABASES, newest);
    rest(&plane, &controller, &path).await;
    assert_eq!(condition(&plane, &path, "Synced")["status"], "True");
    assert!(is_written(&plane));
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
