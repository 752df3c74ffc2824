//! Plans of pod scheduling policies, which databases of all namespaces name.

use serde_json::{Value as Json, json};
use test_apiserver::ApiServer;
use tfplugin::value::Value;

use crate::{Host, Made, kinds};

const POLICY: &str = "everest_pod_scheduling_policy";

fn config(affinity: &Json) -> Json {
    json!({"name": "spread", "engine_type": "pxc",
        "affinity_config": {"pxc": {"engine": affinity}}})
}

fn apart() -> Json {
    json!({"pod_anti_affinity": {}})
}

/// A cluster in which two databases name the policy.
fn cluster() -> ApiServer {
    let server = kinds::cluster();
    for namespace in ["shop", "finance"] {
        server.put(
            json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
                "metadata": {"name": "billing", "namespace": namespace},
                "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                    "podSchedulingPolicyName": "spread"}}),
        );
    }
    server
}

async fn made(host: &Host, outputs: &Json) -> Made {
    host.made(POLICY, &config(&apart()), outputs).await
}

#[tokio::test]
async fn a_change_names_the_databases_of_all_namespaces_whose_pods_restart() {
    let server = cluster();
    let host = Host::reaching(move || server.client()).await;
    let prior = made(&host, &json!({"in_use": true, "read_only": false})).await;
    let changed = config(&json!({"pod_affinity": {}}));
    let planned = host
        .plan(POLICY, &prior.value, &prior.private, &changed)
        .await;
    assert_eq!((planned.errors, planned.replaces), (vec![], vec![]));
    let warnings = planned.warnings.join("\n");
    for words in [
        "Rolling restart",
        "pods of 2 databases",
        "finance/billing, shop/billing",
    ] {
        assert!(warnings.contains(words), "{words}: {warnings}");
    }
}

#[tokio::test]
async fn a_destruction_names_the_databases_that_still_name_the_policy() {
    let server = cluster();
    let host = Host::reaching(move || server.client()).await;
    let prior = made(&host, &json!({"in_use": true, "read_only": false})).await;
    let said = host.planned(POLICY, &prior, &Value::Null).await;
    let said: Vec<_> = said.into_iter().map(|said| said.summary).collect();
    assert!(
        said.iter()
            .any(|said| said.contains("in use by the databases finance/billing, shop/billing")),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_policy_that_everest_ships_is_a_data_source_and_no_resource() {
    let server = cluster();
    let host = Host::reaching(move || server.client()).await;
    let prior = made(&host, &json!({"in_use": false, "read_only": true})).await;
    let changed = config(&json!({"pod_affinity": {}}));
    let planned = host
        .plan(POLICY, &prior.value, &prior.private, &changed)
        .await;
    let errors = planned.errors.join("\n");
    assert!(errors.contains("The policy cannot be changed"), "{errors}");
    let said = host.planned(POLICY, &prior, &Value::Null).await;
    let advice = said.iter().map(|said| said.detail.as_str());
    let advice: String = advice.collect();
    assert!(
        advice.contains("data source everest_pod_scheduling_policy"),
        "{advice}"
    );
}
