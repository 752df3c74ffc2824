//! Who owns which fields of a database.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::recorded::recorded;
use crate::stage::{NAMESPACE, Stage};

/// Owned fields, by manager and subresource.
fn owned(database: &Value) -> Vec<Value> {
    let entries = database["metadata"]["managedFields"].as_array().unwrap();
    let mut owned: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            entry.as_object_mut().unwrap().shift_remove("time");
            entry.sort_all_objects();
            entry
        })
        .collect();
    owned.sort_by_key(ToString::to_string);
    owned
}

#[tokio::test(start_paused = true)]
async fn everest_owns_what_it_adds_and_the_applier_what_it_applied() {
    let stage = Stage::new().await;
    let applied = |proxy: Value| {
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "ssa-demo", "namespace": NAMESPACE},
        "spec": {
            "engine": {"type": "pxc", "replicas": 3,
                "resources": {"cpu": "1000m", "memory": "1024Mi"},
                "storage": {"class": "standard", "size": "1024Mi"}},
            "proxy": proxy,
        }})
    };
    let apply = async |object: Value| {
        let params = PatchParams::apply("terraform-provider-everest");
        let api = stage.api("databaseclusters");
        api.patch("ssa-demo", &params, &Patch::Apply(object))
            .await
            .unwrap();
    };
    apply(applied(json!({"type": "haproxy", "replicas": 2}))).await;
    stage.until_ready("ssa-demo").await;
    let now = stage.get("databaseclusters", "ssa-demo");
    assert_eq!(
        owned(&now),
        owned(&recorded("managed-fields-1-after-create"))
    );

    apply(applied(json!({"type": "haproxy"}))).await;
    stage.pass(1).await;
    stage.until_ready("ssa-demo").await;
    let now = stage.get("databaseclusters", "ssa-demo");
    assert_eq!(
        owned(&now),
        owned(&recorded("managed-fields-2-after-reapply"))
    );
    assert!(now["spec"]["proxy"]["replicas"].is_null());
}
