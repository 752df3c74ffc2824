//! A managed resource whose way to its cluster is gone lets its namespace go.

use serde_json::json;

use super::{Next, reconcile};
use crate::provider::kind::Databases;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{MANAGED, process, world};

const SHOP: &str = "/api/v1/namespaces/shop";

/// A database that is being deleted, whose config is in its namespace and is not there.
fn cut_off() -> (ControlPlane, String) {
    let (plane, path) = world("everestdatabases", "Database", &json!({}));
    let config = json!({"kind": "ProviderConfig", "name": "nowhere"});
    plane.change(
        &path,
        &json!({
            "metadata": {"finalizers": ["finalizer.managedresource.crossplane.io"]},
            "spec": {"providerConfigRef": config},
        }),
    );
    plane.change(SHOP, &json!({"metadata": {"finalizers": ["kubernetes"]}}));
    plane.delete(&path);
    (plane, path)
}

async fn reconcile_once(plane: &ControlPlane, path: &str) -> Next {
    let managed = serde_json::from_value(plane.get(path).unwrap()).unwrap();
    reconcile(&managed, &process::<Databases>(plane)).await
}

#[tokio::test]
async fn one_that_is_cut_off_does_not_hold_its_namespace() {
    let (plane, path) = cut_off();
    plane.delete(SHOP);
    assert_eq!(reconcile_once(&plane, &path).await, Next::Never);
    assert_eq!(plane.get(&path), None);
}

#[tokio::test]
async fn one_that_is_cut_off_stays_while_the_config_can_be_made_again() {
    let (plane, path) = cut_off();
    assert!(matches!(
        reconcile_once(&plane, &path).await,
        Next::Again(_)
    ));
    let held = plane.get(&path).unwrap();
    let said = held["status"]["conditions"].to_string();
    for part in [
        "ProviderConfig shop/nowhere does not exist",
        "remove Delete from spec.managementPolicies",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(
        plane
            .get(&format!("{MANAGED}/everestdatabases/orders"))
            .is_some()
    );
}

#[tokio::test]
async fn one_that_is_paused_is_left_as_it_is() {
    let (plane, path) = cut_off();
    plane.delete(SHOP);
    let paused = json!({"metadata": {"annotations": {"crossplane.io/paused": "true"}}});
    plane.change(&path, &paused);
    reconcile_once(&plane, &path).await;
    assert!(plane.get(&path).is_some());
}
