//! Plans against other releases of Everest than the newest: those whose definitions lack members, and
//! Everest v2.

use everest_cluster::{Catalog, Cluster};
use serde_json::{Value as Json, json};
use terraform_provider_everest::export::Export;
use test_apiserver::{ApiServer, Asked, At, Fault, Kind as Served, Matcher, Times, Trouble, When};
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::data_sources::refusals;
use crate::{Host, blamed, database, encoded, kinds};

const DATABASES: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\
                         databaseclusters.everest.percona.com";

/// Where the document with the definitions of Everest is.
const DOCUMENT: &str = "/openapi/v3/apis/everest.percona.com/v1alpha1";

/// The members of a database that Everest 1.13 to 1.16 have added, as places in its spec.
const ADDED: [&str; 5] = [
    "/engine/resources/limits",
    "/engine/resources/requests",
    "/proxy/resources/limits",
    "/proxy/resources/requests",
    "/proxy/storage",
];

/// A cluster with the definitions of an older release of Everest, which lack these members.
fn without(places: &[&str]) -> ApiServer {
    let server = kinds::cluster();
    let mut definition = server.get(DATABASES).unwrap();
    let schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    for place in places {
        let (parent, name) = place.rsplit_once('/').unwrap();
        let parent = format!("{schema}{}", parent.replace('/', "/properties/"));
        let parent = definition.pointer_mut(&parent).unwrap();
        parent["properties"]
            .as_object_mut()
            .unwrap()
            .remove(name)
            .unwrap();
    }
    server.put(definition);
    server
}

/// A cluster with the kinds of Everest v2 too.
fn with_v2() -> ApiServer {
    let instances = Served::new(
        "core.openeverest.io",
        "v1alpha1",
        "Instance",
        "instances",
        true,
    );
    kinds::cluster().with_kind(instances)
}

/// A cluster with the kinds of Everest v2 alone.
fn v2_alone() -> ApiServer {
    let server = ApiServer::new();
    let instances = Served::new(
        "core.openeverest.io",
        "v1alpha1",
        "Instance",
        "instances",
        true,
    );
    server.with_kind(instances)
}

fn modern(name: &str) -> Json {
    let mut database = database();
    database["name"] = json!(name);
    database["engine"]["resources"] = json!({
        "limits": {"cpu": "1", "memory": "2G"}, "requests": {"cpu": "1", "memory": "2G"}});
    database["proxy"] = json!({"type": "proxysql", "replicas": 3, "storage": {"size": "1Gi"}});
    database
}

#[tokio::test]
async fn a_member_that_everest_in_the_cluster_lacks_is_an_error_at_its_attribute() {
    let server = without(&ADDED);
    let host = Host::reaching(move || server.client()).await;
    let planned = host
        .plan("everest_database", &Value::Null, &[], &modern("carts"))
        .await;
    assert_eq!(
        planned.errors,
        [
            "Everest in this cluster serves no engine.resources.limits, which needs Everest \
             1.16 or newer",
            "Everest in this cluster serves no engine.resources.requests, which needs Everest \
             1.16 or newer",
            "Everest in this cluster serves no proxy.storage, which needs Everest 1.15 or \
             newer",
            "Everest in this cluster cannot run ProxySQL",
        ]
    );
    assert_eq!(
        planned.blamed,
        [
            "engine.resources.limits",
            "engine.resources.requests",
            "proxy.storage",
            "proxy.type"
        ]
    );
    // What that release has, it takes.
    let planned = host
        .plan("everest_database", &Value::Null, &[], &database())
        .await;
    assert_eq!(planned.errors, [""; 0]);
    let (before, mut after) = (database(), database());
    after["engine"]["resources"] = modern("orders")["engine"]["resources"].clone();
    let changed = host
        .change("everest_database", &before, &json!({}), &after)
        .await;
    assert_eq!(
        changed.blamed,
        ["engine.resources.limits", "engine.resources.requests"]
    );
}

/// The kinds that releases after 1.4 have added: type, kind, release, and definition.
const LATER: [(&str, &str, &str, &str); 5] = [
    (
        "everest_pod_scheduling_policy",
        "PodSchedulingPolicy",
        "1.7",
        "podschedulingpolicies.everest.percona.com",
    ),
    (
        "everest_data_importer",
        "DataImporter",
        "1.8",
        "dataimporters.everest.percona.com",
    ),
    (
        "everest_data_import_job",
        "DataImportJob",
        "1.8",
        "dataimportjobs.everest.percona.com",
    ),
    (
        "everest_load_balancer_config",
        "LoadBalancerConfig",
        "1.9",
        "loadbalancerconfigs.everest.percona.com",
    ),
    (
        "everest_split_horizon_dns_config",
        "SplitHorizonDNSConfig",
        "1.10",
        "splithorizondnsconfigs.enginefeatures.everest.percona.com",
    ),
];

/// A cluster with Everest 1.5.
fn older() -> ApiServer {
    let server = kinds::cluster();
    for (.., definition) in LATER {
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        server.remove(&format!("{definitions}/{definition}"));
    }
    server.put(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "everest-server", "namespace": "everest-system"},
        "spec": {"selector": {}, "template": {"spec": {"containers": [
            {"name": "everest", "image": "percona/percona-everest:1.5.0"}]}}}}));
    server
}

#[tokio::test]
async fn a_kind_that_everest_in_the_cluster_lacks_is_told_with_both_versions() {
    let server = older();
    let host = Host::reaching(move || server.client()).await;
    for kind in kinds::all(&host) {
        let found = LATER.iter().find(|later| later.0 == kind.type_name);
        let Some((type_name, name, release, _)) = found else {
            continue;
        };
        let words = format!(
            "Everest 1.5.0 in this cluster serves no {name}, which needs Everest {release} or newer"
        );
        let mut config = kind.config.clone();
        config["name"] = json!("fresh");
        let planned = host.plan(type_name, &Value::Null, &[], &config).await;
        assert!(planned.errors.contains(&words), "{:?}", planned.errors);
        let one = host.refusals(type_name, &kind.place()).await;
        let many = host.refusals(&kind.plural(), &json!({})).await;
        for errors in [one, many] {
            assert!(errors[0].contains(&words), "{errors:?}");
        }
    }
}

#[tokio::test]
async fn an_export_leaves_out_the_kinds_that_everest_in_the_cluster_lacks() {
    let cluster = Cluster::new(older().client(), Catalog::default());
    let exported = Export::default().of(&cluster, &mut |_| {}).await.unwrap();
    assert!(exported.contains("everest_database.orders"), "{exported}");
    assert!(!exported.contains("everest_load_balancer"), "{exported}");
}

#[tokio::test]
async fn the_newest_definitions_take_every_member() {
    let server = kinds::cluster();
    let host = Host::reaching(move || server.client()).await;
    let planned = host
        .plan("everest_database", &Value::Null, &[], &modern("carts"))
        .await;
    assert_eq!(planned.errors, [""; 0]);
}

#[tokio::test]
async fn a_database_in_a_namespace_of_the_same_run_is_judged_too() {
    let server = without(&ADDED);
    let host = Host::reaching(move || server.client()).await;
    let mut planned_beside = modern("carts");
    // Where the namespace is still to be made, no dry run tells of it.
    planned_beside["namespace"] = json!("fresh");
    let planned = host
        .plan("everest_database", &Value::Null, &[], &planned_beside)
        .await;
    assert_eq!(planned.errors.len(), 4, "{:?}", planned.errors);
}

#[tokio::test]
async fn the_definitions_are_read_once_a_run_and_only_if_a_value_needs_them() {
    let server = without(&ADDED);
    let process = server.process();
    let client = process.client();
    let host = Host::reaching(move || client.clone()).await;
    let reads = || {
        let requests = process.requests();
        requests
            .iter()
            .filter(|made| made.asked.path == DOCUMENT)
            .count()
    };
    let plain = database();
    host.plan("everest_database", &Value::Null, &[], &plain)
        .await;
    assert_eq!(reads(), 0);
    let names: Vec<String> = (0..5).map(|nth| format!("x{nth}")).collect();
    let configs: Vec<Json> = names.iter().map(|name| modern(name)).collect();
    let plans = configs
        .iter()
        .map(|config| host.plan("everest_database", &Value::Null, &[], config));
    for planned in futures::future::join_all(plans).await {
        assert_eq!(planned.errors.len(), 4);
    }
    assert_eq!(reads(), 1);
}

#[tokio::test]
async fn definitions_that_may_not_be_read_are_left_to_the_dry_run() {
    let process = without(&ADDED).process();
    let is_document = |asked: &Asked| asked.path == DOCUMENT;
    let forbidden = Fault::new(
        At::Matching(Matcher::when(is_document)),
        When::Before,
        Trouble::Status(403),
    );
    process.inject(forbidden.times(Times::Always));
    let client = process.client();
    let host = Host::reaching(move || client.clone()).await;
    let planned = host
        .plan("everest_database", &Value::Null, &[], &modern("carts"))
        .await;
    assert_eq!(
        planned.errors,
        ["The cluster would refuse to create everest_database shop/carts"]
    );
}

#[tokio::test]
async fn everest_v2_alone_or_beside_v1_is_refused_whatever_is_planned() {
    for (server, words) in [
        (with_v2(), "beside Everest v1"),
        (v2_alone(), "no Everest v1"),
    ] {
        let host = Host::reaching(move || server.client()).await;
        for kind in kinds::all(&host) {
            let mut config = kind.config.clone();
            config["name"] = json!("fresh");
            let planned = host.plan(kind.type_name, &Value::Null, &[], &config).await;
            assert_eq!(
                planned.errors.len(),
                1,
                "{}: {:?}",
                kind.type_name,
                planned.errors
            );
            assert!(planned.errors[0].contains(words), "{:?}", planned.errors);
        }
    }
}

#[tokio::test]
async fn everest_v2_is_refused_by_data_sources_lists_and_actions() {
    for (server, words) in [(with_v2(), "beside v1"), (v2_alone(), "OpenEverest v2")] {
        let host = Host::reaching(move || server.client()).await;
        let mut told = Vec::new();
        for kind in kinds::all(&host) {
            let place = kind.place();
            let one = host.refusals(kind.type_name, &place).await;
            let many = host.refusals(&kind.plural(), &json!({})).await;
            told.extend([one, many]);
        }
        for (source, config) in [
            ("everest_database_engines", json!({})),
            (
                "everest_components",
                json!({"namespace": "shop", "database_name": "orders"}),
            ),
            (
                "everest_pitr_window",
                json!({"namespace": "shop", "database_name": "orders"}),
            ),
        ] {
            told.push(host.refusals(source, &config).await);
        }
        let database = json!({"namespace": "shop", "name": "orders"});
        for (action, config) in [
            ("everest_pause", database.clone()),
            ("everest_resume", database.clone()),
            ("everest_restart", database),
            ("everest_upgrade_operators", json!({"namespace": "shop"})),
            ("everest_approve_upgrade", json!({"namespace": "shop"})),
        ] {
            told.push(host.plan_action(action, &config).await);
        }
        // The first error says it in full, and the others point to it.
        assert!(told[0][0].contains(words), "{:?}", told[0]);
        for errors in told {
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].contains("Everest v2"), "{errors:?}");
        }
        // It is how users see which lines there are.
        let (_, errors) = host.look_up("everest_cluster", &json!({})).await;
        assert_eq!(errors, [""; 0]);
    }
}

impl Host {
    /// The errors of an action's plan.
    async fn plan_action(&self, type_name: &str, config: &Json) -> Vec<String> {
        let mut registry = tfplugin::Registry::default();
        tfplugin::Provider::register(&self.everest, &mut registry);
        let actions = registry.action_schemas().unwrap().into_iter();
        let found = actions.into_iter().find(|each| each.type_name == type_name);
        let object = found.unwrap().schema.root;
        let config = tfplugin::value::json::from_json(config, &object.value_type()).unwrap();
        let request = wire::plan_action::Request {
            action_type: type_name.to_owned(),
            config: Some(encoded(&config, &object)),
            ..Default::default()
        };
        let response = self.server.plan_action(Request::new(request));
        let response = response.await.unwrap().into_inner();
        assert!(blamed(&response.diagnostics).iter().all(String::is_empty));
        refusals(&response.diagnostics)
    }
}
