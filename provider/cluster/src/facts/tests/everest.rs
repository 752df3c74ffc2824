//! What is read of Everest itself before it is given a namespace.

use everest_core::facts::{CatalogFacts, Lines};
use everest_schemas::models::NamespaceModel;
use futures::future::join_all;
use test_apiserver::{ApiServer, Kind as Served};

use super::*;
use crate::Catalog;

fn server(name: &str, tag: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "everest-system"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [
                {"name": "everest", "image": format!("percona/everest:{tag}")}]}}}})
}

/// A cluster with Everest's kinds, its catalog and this Deployment.
fn with(deployment: Value) -> (ApiServer, Cluster, Requests) {
    let api_server = ApiServer::new().with_everest().with_catalog();
    api_server.put(deployment);
    let process = api_server.process();
    let cluster = Cluster::new(process.client(), Catalog::default());
    (api_server, cluster, process.seen())
}

fn namespace_model(name: &str) -> NamespaceModel {
    serde_json::from_value(json!({"name": name, "engines": {"pxc": {}}})).unwrap()
}

async fn errors(cluster: &Cluster) -> Vec<String> {
    let model = namespace_model("shop");
    let found = against_write(cluster, &model, None, Duration::ZERO).await;
    let found = found.unwrap().into_iter();
    found
        .map(|finding| {
            let summary = finding.summary.render(cluster.dialect());
            format!("{}: {summary}", finding.rule)
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn two_hundred_namespaces_look_at_everest_once() {
    for (name, tag, requests) in [
        ("everest-server", "1.16.2", 3),
        ("percona-everest", "1.5.0", 4),
    ] {
        let (_, cluster, seen) = with(server(name, tag));
        let models = (0..200).map(|at| namespace_model(&format!("n{at}")));
        let cluster = &cluster;
        let facts =
            join_all(models.map(|model| async move { load(cluster, &model.wanted(None)).await }))
                .await;
        for facts in facts {
            let lines = Lines {
                v1: true,
                v2: false,
            };
            assert_eq!(facts.everest.lines, Some(lines));
            assert_eq!(facts.everest.version, tag.parse().ok());
            assert!(matches!(facts.everest.catalog.source, Seen::Found(_)));
        }
        assert_eq!(paths(&seen).len(), requests, "{:?}", paths(&seen));
        // Another run, or a later time, looks again.
        tokio::time::sleep(Duration::from_secs(61)).await;
        load(cluster, &namespace_model("n").wanted(None)).await;
        assert_eq!(paths(&seen).len(), 2 * requests);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_refused_where_everest_is_too_old_or_not_alone_or_has_no_catalog() {
    let (_, cluster, _) = with(server("everest-server", "1.4.0"));
    assert_eq!(errors(&cluster).await, Vec::<String>::new());

    let (_, cluster, _) = with(server("percona-everest", "1.3.0"));
    let found = errors(&cluster).await;
    assert_eq!(found, ["everest-version: The cluster runs Everest 1.3.0"]);

    let (api_server, cluster, _) = with(server("everest-server", "1.16.2"));
    let instances = Served::new(
        "core.openeverest.io",
        "v1alpha1",
        "Instance",
        "instances",
        true,
    );
    let beside = api_server.clone().with_kind(instances);
    let found = errors(&cluster).await;
    assert!(found[0].starts_with("everest-v1: "), "{found:?}");
    assert_eq!(found.len(), 1);
    drop(beside);

    let (api_server, cluster, _) = with(server("everest-server", "1.16.2"));
    let path = "/apis/operators.coreos.com/v1alpha1/namespaces/everest-olm/catalogsources/";
    let catalog = api_server
        .remove(&format!("{path}everest-catalog"))
        .unwrap();
    let found = errors(&cluster).await;
    assert_eq!(
        found,
        ["catalog-ready: There is no CatalogSource everest-olm/everest-catalog"]
    );
    // What was missing is not remembered against a write.
    api_server.put(catalog);
    assert_eq!(errors(&cluster).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_of_everest_is_not_checked() {
    let (cluster, seen) = cluster(|_, target, _| {
        failure(
            403,
            "Forbidden",
            &format!("User \"u\" cannot get path \"{target}\""),
            json!({}),
        )
    });
    assert_eq!(errors(&cluster).await, Vec::<String>::new());
    let facts = load(&cluster, &namespace_model("shop").wanted(None)).await;
    assert_eq!(facts.everest.lines, None);
    assert_eq!(facts.everest.version, None);
    let CatalogFacts { source, .. } = facts.everest.catalog;
    assert_eq!(source, Seen::Unread);
    assert_eq!(paths(&seen).len(), 3, "a refusal is remembered");
    let again = cluster.accounting();
    load(&again, &namespace_model("shop").wanted(None)).await;
    assert_eq!(again.missing_rights(), cluster.missing_rights());
    assert!(!again.missing_rights().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_before_the_cluster_has_said_which_everest_it_runs() {
    let (cluster, _) = cluster(|_, _, _| Answer::Broken("connection reset"));
    let model = namespace_model("shop");
    let judged = against_write(&cluster, &model, None, Duration::ZERO).await;
    assert!(judged.is_err(), "{judged:?}");
}
