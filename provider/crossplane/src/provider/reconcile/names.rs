//! Managed resources with names that Everest would refuse, as Crossplane gives them to composed
//! resources.

use serde_json::json;

use crate::provider::kind::Databases;
use crate::provider::testing::harness::{EVEREST, MANAGED, condition, process, rest, world};

#[tokio::test(start_paused = true)]
async fn a_composed_database_with_a_long_name_is_created_under_a_short_one_and_keeps_it() {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}});
    let (plane, short) = world("everestdatabases", "Database", &spec);
    let mut managed = plane.get(&short).unwrap();
    let long = "orders-of-the-shop-database-0123456789ab";
    assert_eq!(long.len(), 40);
    managed["metadata"] = json!({"name": long, "namespace": "shop"});
    let path = format!("{MANAGED}/everestdatabases/{long}");
    plane.put(&path, managed);
    rest(&plane, &process::<Databases>(&plane), &path).await;

    let name = |path: &str| {
        let managed = plane.get(path).unwrap();
        let name = &managed["metadata"]["annotations"]["crossplane.io/external-name"];
        name.as_str().unwrap().to_owned()
    };
    let external = name(&path);
    assert_eq!(everest_core::name::check(&external), Ok(()));
    assert!(
        plane
            .get(&format!("{EVEREST}/databaseclusters/{external}"))
            .is_some()
    );
    assert_eq!(condition(&plane, &path, "Ready")["status"], "True");

    // Another process, and an annotation that somebody takes off, change nothing.
    plane.change(
        &path,
        &json!({"metadata": {"annotations": {"crossplane.io/external-name": null}}}),
    );
    rest(&plane, &process::<Databases>(&plane), &path).await;
    assert_eq!(name(&path), external);
    assert!(
        plane
            .get(&format!("{EVEREST}/databaseclusters/{long}"))
            .is_none()
    );
}
