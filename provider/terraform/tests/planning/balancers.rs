//! Plans of load balancer configurations, which databases of all namespaces name.

use serde_json::{Value as Json, json};
use test_apiserver::ApiServer;
use tfplugin::value::Value;

use crate::{Host, database, kinds};

const CONFIG: &str = "everest_load_balancer_config";

fn config(annotations: &Json) -> Json {
    json!({"name": "internal", "annotations": annotations})
}

fn exposed() -> Json {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "billing", "namespace": "finance"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "proxy": {"expose": {"type": "LoadBalancer", "loadBalancerConfigName": "internal"}}}})
}

fn everest(version: &str) -> Json {
    let image = format!("percona/everest:{version}");
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "everest-server", "namespace": "everest-system"},
        "spec": {"selector": {}, "template": {"spec": {"containers": [
            {"name": "everest", "image": image}]}}}})
}

fn cluster() -> ApiServer {
    let server = kinds::cluster();
    server.put(exposed());
    server
}

#[tokio::test]
async fn a_change_names_the_databases_whose_services_get_it_and_restarts_none() {
    let server = cluster();
    let host = Host::reaching(move || server.client()).await;
    let outputs = json!({"in_use": true, "read_only": false});
    let prior = host
        .made(CONFIG, &config(&json!({"a": "b"})), &outputs)
        .await;
    let changed = config(&json!({"a": "c"}));
    let planned = host
        .plan(CONFIG, &prior.value, &prior.private, &changed)
        .await;
    assert_eq!((planned.errors, planned.replaces), (vec![], vec![]));
    let warnings = planned.warnings.join("\n");
    for words in ["No restart", "the database finance/billing", "address"] {
        assert!(warnings.contains(words), "{words}: {warnings}");
    }
    let said = host.planned(CONFIG, &prior, &Value::Null).await;
    assert!(said.iter().any(|said| {
        said.summary
            .contains("in use by the database finance/billing")
    }));
}

#[tokio::test]
async fn a_template_is_refused_by_an_everest_that_does_not_read_it() {
    for (version, refused) in [("1.12.0", true), ("1.13.0", false)] {
        let server = cluster();
        server.put(everest(version));
        let host = Host::reaching(move || server.client()).await;
        let mut config = config(&json!({"dns/name": "{{ .ObjectMeta.Name }}.example.com"}));
        config["name"] = json!("templated");
        let planned = host.plan(CONFIG, &Value::Null, &[], &config).await;
        assert_eq!(!planned.errors.is_empty(), refused, "{:?}", planned.errors);
    }
}

#[tokio::test]
async fn a_configuration_beside_a_cluster_ip_goes_under_the_name_that_lets_it_go() {
    let host = Host::new().await;
    let exposed = |expose: Json| {
        let mut config = database();
        config["proxy"] = json!({"type": "haproxy", "replicas": 2, "expose": expose});
        config
    };
    let before = json!({"type": "ClusterIP", "load_balancer_config_name": "eks"});
    let kind = "everest_database";
    for (word, refused) in [("internal", false), ("ClusterIP", true)] {
        let config = exposed(json!({"type": word}));
        let planned = host
            .change(kind, &exposed(before.clone()), &json!({}), &config)
            .await;
        let removed = "The load balancer configuration \"eks\" would be removed";
        let errors: Vec<_> = refused.then_some(removed).into_iter().collect();
        assert_eq!(planned.errors, errors);
        let expose = planned.state.get("proxy").and_then(|it| it.get("expose"));
        let planned = expose.and_then(|expose| expose.get("type"));
        assert!(refused || planned == Some(&word.into()), "{planned:?}");
    }
}
