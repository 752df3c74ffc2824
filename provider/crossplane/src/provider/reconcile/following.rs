//! A database that follows the recommended version of its operator.

use serde_json::json;

use crate::provider::kind::Databases;
use crate::provider::testing::harness::{EVEREST, process, rest, world};

#[tokio::test(start_paused = true)]
async fn the_operators_version_is_taken_over_before_another_one_of_the_engine() {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "crVersion": "recommended", "storage": {"size": "25Gi"},
        "resources": {"cpu": "1", "memory": "2G"}}, "proxy": {"type": "haproxy"}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let external = format!("{EVEREST}/databaseclusters/orders");
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    let made = plane.get(&external).unwrap();
    assert!(made["spec"]["engine"]["crVersion"].is_null(), "{made:#}");

    plane.change(
        &format!("{EVEREST}/databaseengines/percona-xtradb-cluster-operator"),
        &json!({"status": {"operatorVersion": "1.16.0", "availableVersions": {"engine": {
            "8.0.41-32.1": {"status": "recommended"}}}}}),
    );
    plane.change(
        &external,
        &json!({"status": {"recommendedCRVersion": "1.16.0"}}),
    );
    plane.change(
        &path,
        &json!({"spec": {"forProvider": {"engine": {"version": "8.0.41-32.1"}}}}),
    );
    rest(&plane, &controller, &path).await;
    let changed = plane.get(&external).unwrap();
    assert_eq!(changed["spec"]["engine"]["crVersion"], "1.16.0");
    assert_eq!(changed["spec"]["engine"]["version"], "8.0.41-32.1");
    let generation = |object: &serde_json::Value| object["metadata"]["generation"].as_i64();
    assert_eq!(
        generation(&changed),
        generation(&made).map(|generation| generation + 2),
        "Everest refuses both in one write"
    );

    // What was taken over stays where nothing newer is recommended.
    rest(&plane, &process::<Databases>(&plane), &path).await;
    assert_eq!(plane.get(&external).unwrap(), changed);
}
