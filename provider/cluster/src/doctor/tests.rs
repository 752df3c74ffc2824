use everest_core::doctor::{Status, checks};
use serde_json::{Value, json};
use test_apiserver::{ApiServer, Asks, At, Fault, Kind, Matcher, Process, Times, Trouble, When};

use super::*;
use crate::Catalog;
use crate::testing::api_server::{Answer as Scripted, cluster as scripted, failure, list};

/// A cluster with Everest and two of its namespaces.
fn server() -> ApiServer {
    let manifests = Kind::new(
        "packages.operators.coreos.com",
        "v1",
        "PackageManifest",
        "packagemanifests",
        true,
    );
    let server = ApiServer::new()
        .with_everest()
        .with_engines()
        .with_catalog()
        .with_kind(manifests);
    for name in ["orders", "shop"] {
        server.put(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY}}}),
        );
    }
    server
}

fn of(process: &Process) -> Cluster {
    Cluster::new(process.client(), Catalog::default())
}

fn process(may: impl Fn(&Asks<'_>) -> bool + Send + Sync + 'static) -> Process {
    server().process().of_user("ci", may)
}

/// The requests, as `METHOD resource in namespace`.
fn requests(process: &Process) -> Vec<String> {
    let requests = process.requests().into_iter();
    let mut lines: Vec<_> = requests
        .map(|request| {
            let asked = request.asked;
            format!("{} {} {}", asked.method, asked.resource, asked.namespace)
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn a_whole_cluster_takes_few_requests() {
    let process = server().process();
    let facts = facts(&of(&process), &[]).await.unwrap();
    assert_eq!(facts.identity, Answer::Found("admin".to_owned()));
    let parts = facts.everest.unwrap();
    assert_eq!(parts.checked_namespaces(), ["orders", "shop"]);
    assert_eq!(parts.missing, Answer::Found(Vec::new()));
    // The API server's Deployment has two names.
    assert_eq!(process.requests().len(), 15, "{:#?}", requests(&process));
    assert!(
        process
            .writes()
            .iter()
            .all(|line| line.contains("selfsubject"))
    );
}

#[tokio::test]
async fn where_rights_are_in_namespaces_each_is_reviewed_and_listed() {
    let process = process(|asks| {
        let namespace = asks.namespace;
        namespace == "shop" || namespace == "orders" && asks.verb != "delete"
    });
    let namespaces = ["orders".to_owned(), "shop".to_owned()];
    let facts = facts(&of(&process), &namespaces).await.unwrap();
    let parts = facts.everest.unwrap();
    assert!(matches!(parts.namespaces, Answer::Forbidden(_)));
    assert_eq!(parts.engines, Answer::Found(Vec::new()));
    assert_eq!(
        parts.catalog,
        Answer::Forbidden(
            "get catalogsources.operators.coreos.com in namespace everest-olm".to_owned()
        )
    );
    let missing = parts.missing.found().unwrap().iter();
    let deletes = missing.filter(|missing| missing.verb == "delete");
    let within: BTreeSet<_> = deletes
        .map(|missing| missing.namespace.as_deref())
        .collect();
    assert_eq!(within, [None, Some("orders")].into());
    let reviews = requests(&process).into_iter();
    let reviews = reviews.filter(|line| line.contains("rulesreviews")).count();
    assert_eq!(
        reviews, 5,
        "the cluster, two namespaces, Everest and the catalog"
    );
}

#[tokio::test]
async fn an_unreachable_cluster_is_asked_once_and_v2_is_asked_nothing_more() {
    let process = server().process();
    let refused = Fault::new(At::Matching(Matcher::any()), When::Before, Trouble::Refused);
    process.inject(refused.times(Times::Always));
    let error = facts(&of(&process), &[]).await.unwrap_err();
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error}");
    assert_eq!(requests(&process), ["GET  "]);

    let v2 = Kind::new(
        "core.openeverest.io",
        "v1alpha1",
        "Instance",
        "instances",
        true,
    );
    let process = server().with_kind(v2).process();
    let facts = facts(&of(&process), &[]).await.unwrap();
    assert_eq!(facts.everest, None);
    assert_eq!(process.requests().len(), 3);
    let failed = checks(&facts).into_iter();
    let failed = failed.filter(|check| check.status == Status::Failed);
    assert_eq!(failed.count(), 1);
}

/// An identity whose rules cannot be listed, and that may do everything but delete.
#[tokio::test]
async fn rights_that_no_rule_tells_of_are_asked_for_one_by_one() {
    let (cluster, _) = scripted(|_, target, body| {
        let path = target.split('?').next().unwrap_or_default();
        let reviewed = |status: Value| {
            let mut review = body.clone();
            review["status"] = status;
            Scripted::Json(201, review)
        };
        match path.rsplit('/').next().unwrap_or_default() {
            "selfsubjectrulesreviews" => reviewed(json!({"incomplete": true,
                "resourceRules": [], "nonResourceRules": [], "evaluationError": "webhook"})),
            "selfsubjectaccessreviews" => {
                let verb = &body["spec"]["resourceAttributes"]["verb"];
                reviewed(json!({"allowed": verb != "delete"}))
            }
            "namespaces" => list(vec![json!({"metadata": {"name": "shop"}})]),
            _ => failure(404, "NotFound", "404 page not found", json!({})),
        }
    });
    let missing = reviews::missing(&cluster, &["shop".to_owned()])
        .await
        .unwrap();
    assert!(!missing.is_empty());
    assert!(missing.iter().all(|missing| missing.verb == "delete"));
}
