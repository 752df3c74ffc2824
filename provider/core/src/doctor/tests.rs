use super::rights::{Granted, Places, Rules};
use super::*;
use crate::dialect::Dialect;
use crate::rights::TABLE;
use everest_schemas::Engine;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::authorization::v1::{ResourceRule, SubjectRulesReviewStatus};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn deployment(image: &str, ready: i32) -> Deployment {
    of(
        json!({"metadata": {"name": "d"}, "spec": {"replicas": 1, "selector": {}, "template":
        {"spec": {"containers": [{"name": "everest", "image": image}]}}},
        "status": {"readyReplicas": ready}}),
    )
}

fn catalog(state: &str) -> CatalogSource {
    of(json!({"metadata": {"name": "everest-catalog"}, "spec": {},
        "status": {"connectionState": {"lastObservedState": state}}}))
}

fn metadata(engine: Engine) -> Value {
    json!({"name": engine.operator(), "namespace": "shop"})
}

fn engine(engine: Engine, version: &str) -> DatabaseEngine {
    of(
        json!({"metadata": metadata(engine), "spec": {"type": engine.as_str()},
        "status": {"status": "installed", "operatorVersion": version,
            "availableVersions": {"engine": {"8.0.42-33.1": {}}}}}),
    )
}

fn subscription(engine: Engine, status: Value) -> Subscription {
    of(
        json!({"metadata": metadata(engine), "status": status, "spec": {"name": engine.operator(),
        "source": "everest-catalog", "sourceNamespace": "everest-olm"}}),
    )
}

fn installed(of_engine: Engine, version: &str) -> Subscription {
    let csv = format!("{}.v{version}", of_engine.operator());
    subscription(of_engine, json!({"installedCSV": csv, "currentCSV": csv}))
}

/// The kinds that every release has, and these members of a database.
fn kinds(members: &[&str]) -> Arc<ServedKinds> {
    let mut spec = json!({"properties": {}});
    for member in members {
        let mut at = &mut spec;
        for name in member.split('.') {
            at = &mut at["properties"][name];
        }
        *at = json!({});
    }
    let schema = |kind: &str, spec: &Value| json!({"properties": {"spec": spec}, "x-kubernetes-group-version-kind": [{"kind": kind}]});
    let document = json!({"components": {"schemas": {
        "a": schema("DatabaseCluster", &spec), "b": schema("DatabaseEngine", &json!({})),
    }}});
    Arc::new(ServedKinds::of_document(&document).unwrap())
}

/// What every schema leaves open.
fn all_kinds() -> BTreeMap<&'static str, Answer<Arc<ServedKinds>>> {
    let kinds = ["DatabaseCluster", "DatabaseEngine", "DatabaseClusterBackup"];
    let more = [
        "DatabaseClusterRestore",
        "BackupStorage",
        "MonitoringConfig",
    ];
    let rest = [
        "PodSchedulingPolicy",
        "LoadBalancerConfig",
        "DataImporter",
        "DataImportJob",
    ];
    let features = ["SplitHorizonDNSConfig"];
    let all = kinds.iter().chain(&more).chain(&rest).chain(&features);
    let schemas: serde_json::Map<_, _> = all
        .map(|kind| {
            let schema = json!({"x-kubernetes-group-version-kind": [{"kind": kind}]});
            ((*kind).to_owned(), schema)
        })
        .collect();
    let document = json!({"components": {"schemas": schemas}});
    let served = ServedKinds::of_document(&document).unwrap();
    [("v1", Answer::Found(Arc::new(served)))].into()
}

fn service() -> Service {
    Service {
        namespace: "everest-system".to_owned(),
        name: "hooks".to_owned(),
    }
}

fn healthy() -> Facts {
    let hooks = Hooks {
        count: 6,
        services: [service()].into(),
        urls: Default::default(),
    };
    let parts = Parts {
        server: Answer::Found(deployment("everest:1.16.2", 1)),
        operator: Answer::Found(deployment("operator:1.16.2", 1)),
        definitions: all_kinds(),
        catalog_name: ("everest-olm".to_owned(), "everest-catalog".to_owned()),
        catalog: Answer::Found(catalog("READY")),
        asked: Vec::new(),
        namespaces: Answer::Found(vec!["shop".to_owned()]),
        engines: Answer::Found(vec![engine(Engine::Pxc, "1.18.0")]),
        subscriptions: Answer::Found(vec![installed(Engine::Pxc, "1.18.0")]),
        webhooks: Configuration::ALL
            .map(|configuration| (configuration, Answer::Found(hooks.clone())))
            .into(),
        endpoints: [(service(), Answer::Found(1))].into(),
        missing: Answer::Found(Vec::new()),
    };
    Facts {
        kubernetes: Answer::Found("v1.34.1".to_owned()),
        identity: Answer::Found("ci".to_owned()),
        lines: Answer::Found(Lines {
            v1: true,
            v2: false,
        }),
        everest: Some(Box::new(parts)),
    }
}

/// The checks that are not ok after a change of a healthy cluster: status, subject, and both texts.
fn troubles(change: impl FnOnce(&mut Parts)) -> Vec<(Status, String)> {
    let mut facts = healthy();
    change(facts.everest.as_mut().unwrap());
    not_ok(&facts)
}

fn not_ok(facts: &Facts) -> Vec<(Status, String)> {
    let checks = checks(facts).into_iter();
    checks
        .filter(|check| check.status != Status::Ok)
        .map(|check| {
            let said = |text: &Text| text.render(Dialect::Terraform);
            let next = said(check.next.as_ref().unwrap());
            assert!(next.ends_with('.'), "{next}");
            let text = format!("{}: {} → {next}", said(&check.subject), said(&check.found));
            assert!(!text.contains(['{', '}']), "{text}");
            (check.status, text)
        })
        .collect()
}

#[track_caller]
fn assert_trouble(change: impl FnOnce(&mut Parts), status: Status, words: &[&str]) {
    let found = troubles(change);
    let told = found
        .iter()
        .any(|(is, text)| *is == status && words.iter().all(|words| text.contains(words)));
    assert!(told, "{words:?} is not in {found:?}");
}

#[test]
fn a_healthy_cluster_has_one_check_for_each_part() {
    assert_eq!(not_ok(&healthy()), []);
    let checks = checks(&healthy());
    let ids: Vec<_> = checks.iter().map(|check| check.id).collect();
    let parts = [
        "kubernetes",
        "identity",
        "everest",
        "definitions",
        "everest-operator",
        "webhooks",
        "webhooks",
        "catalog",
        "operator",
    ];
    assert_eq!(ids[..parts.len()], parts);
    assert!(ids[parts.len()..].iter().all(|id| *id == "rights"));
    assert_eq!(ids.len(), parts.len() + TABLE.len());
}

#[test]
fn of_another_everest_nothing_but_its_line_is_told() {
    for (v1, v2, words) in [
        (
            false,
            true,
            "Everest v2 (core.openeverest.io) and no Everest v1",
        ),
        (true, true, "beside Everest v1"),
        (false, false, "serves no kind of Everest v1"),
    ] {
        let facts = Facts {
            lines: Answer::Found(Lines { v1, v2 }),
            everest: None,
            ..healthy()
        };
        let found = not_ok(&facts);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, Status::Failed);
        assert!(found[0].1.contains(words), "{found:?}");
    }
}

#[test]
fn what_may_not_be_read_is_told_with_the_right_and_fails_nothing() {
    let right = || "get deployments.apps in namespace everest-system".to_owned();
    assert_trouble(
        |parts| parts.operator = Answer::Forbidden(right()),
        Status::Warning,
        &["everest-operator: not checked: this identity may not get deployments.apps"],
    );
    assert_trouble(
        |parts| parts.catalog = Answer::Failed("the server is down".to_owned()),
        Status::Failed,
        &["not checked: the server is down"],
    );
    assert_trouble(
        |parts| parts.namespaces = Answer::Forbidden("list namespaces".to_owned()),
        Status::Warning,
        &["--namespace"],
    );
}

#[test]
fn namespaces_that_may_not_be_listed_are_those_that_are_named() {
    let found = troubles(|parts| {
        parts.namespaces = Answer::Forbidden("list namespaces".to_owned());
        parts.asked = vec!["shop".to_owned()];
    });
    assert_eq!(found, []);
    assert_trouble(
        |parts| parts.asked = vec!["shopp".to_owned()],
        Status::Failed,
        &["namespace shopp: Everest manages no namespace of this name"],
    );
    assert_trouble(
        |parts| parts.namespaces = Answer::Found(Vec::new()),
        Status::Warning,
        &["Create one with an everest_namespace."],
    );
}

#[test]
fn an_operator_or_a_webhook_that_nobody_serves_fails() {
    assert_trouble(
        |parts| parts.operator = Answer::Found(deployment("a", 0)),
        Status::Failed,
        &["none of its 1 pods is ready", "kubectl -n everest-system"],
    );
    assert_trouble(
        |parts| parts.operator = Answer::Absent,
        Status::Failed,
        &["there is no Deployment everest-operator"],
    );
    assert_trouble(
        |parts| parts.endpoints = [(service(), Answer::Found(0))].into(),
        Status::Failed,
        &["Service everest-system/hooks has no ready endpoint"],
    );
    assert_trouble(
        |parts| {
            parts
                .webhooks
                .insert(Configuration::Validating, Answer::Absent);
        },
        Status::Warning,
        &["validating webhooks: there is no configuration everest-operator-validating"],
    );
}

#[test]
fn a_catalog_that_is_missing_or_not_ready_fails() {
    for (answer, words) in [
        (Answer::Absent, "--catalog"),
        (Answer::NotServed, "Operator Lifecycle Manager"),
        (
            Answer::Found(catalog("TRANSIENT_FAILURE")),
            "TRANSIENT_FAILURE",
        ),
    ] {
        assert_trouble(|parts| parts.catalog = answer, Status::Failed, &[words]);
    }
}

#[test]
fn definitions_that_are_older_than_everest_are_told_and_those_of_an_old_everest_are_fine() {
    let without = |definitions: Arc<ServedKinds>, version: &str| {
        let mut facts = healthy();
        let parts = facts.everest.as_mut().unwrap();
        parts.definitions = [("v1", Answer::Found(definitions))].into();
        parts.server = Answer::Found(deployment(&format!("everest:{version}"), 1));
        let checks = checks(&facts);
        let mut checks = checks.into_iter().filter(|check| check.id == "definitions");
        let check = checks.next().unwrap();
        (check.status, check.found.render(Dialect::Terraform))
    };
    let (status, found) = without(kinds(&["proxy.storage"]), "1.16.2");
    assert_eq!(status, Status::Warning, "{found}");
    assert!(found.contains("older than Everest 1."), "{found}");
    assert!(found.contains("DatabaseCluster.spec.engine.resources.limits (1.16)"));
    assert!(!found.contains("proxy.storage"), "{found}");
    let (status, _) = without(kinds(&[]), "1.5.0");
    assert_eq!(status, Status::Ok);
    assert_trouble(
        |parts| parts.definitions = [("v1", Answer::NotServed)].into(),
        Status::Failed,
        &["everest-crds"],
    );
}

#[test]
fn an_operator_that_is_not_installed_or_awaits_an_upgrade_is_told() {
    let csv = |version: &str| format!("{}.v{version}", Engine::Pxc.operator());
    let with = |status: Value| {
        move |parts: &mut Parts| {
            parts.subscriptions = Answer::Found(vec![subscription(Engine::Pxc, status)]);
        }
    };
    assert_trouble(
        with(json!({"installedCSV": csv("1.18.0"), "currentCSV": csv("1.19.0")})),
        Status::Warning,
        &[
            "operator of pxc in shop: 1.18.0, and 1.19.0 awaits approval",
            "engines.pxc.version = \"1.19.0\" of an everest_namespace",
        ],
    );
    assert_trouble(
        with(json!({"currentCSV": csv("1.18.0"), "installPlanRef": {"name": "install-a"}})),
        Status::Failed,
        &["not installed: the install plan install-a"],
    );
    assert_trouble(
        with(
            json!({"conditions": [{"type": "ResolutionFailed", "status": "True",
            "message": "no package"}]}),
        ),
        Status::Failed,
        &["not installed: OLM cannot resolve the Subscription: no package"],
    );
    assert_trouble(
        |parts| parts.engines = Answer::Found(Vec::new()),
        Status::Failed,
        &["Everest offers no version of the engine"],
    );
    assert_trouble(
        |parts| {
            parts.engines = Answer::Found(Vec::new());
            parts.subscriptions = Answer::Found(Vec::new());
        },
        Status::Warning,
        &["operators in shop: no operator of an engine is installed"],
    );
    assert_trouble(
        |parts| {
            let mut locked = engine(Engine::Pxc, "1.18.0");
            let lock = (
                "everest.percona.com/upgrade-lock".to_owned(),
                "true".to_owned(),
            );
            locked.metadata.annotations = Some([lock].into());
            parts.engines = Answer::Found(vec![locked]);
        },
        Status::Warning,
        &["it is being upgraded"],
    );
}

fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> ResourceRule {
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    ResourceRule {
        api_groups: Some(texts(groups)),
        resources: Some(texts(resources)),
        verbs: texts(verbs),
        resource_names: Some(texts(names)),
    }
}

fn rules(rules: Vec<ResourceRule>) -> Rules {
    Rules::from(SubjectRulesReviewStatus {
        resource_rules: rules,
        ..SubjectRulesReviewStatus::default()
    })
}

/// The rights that somebody lacks in the namespaces `orders` and `shop`.
fn missing(everywhere: Vec<ResourceRule>, orders: Vec<ResourceRule>) -> Vec<rights::Missing> {
    let granted = Granted {
        everywhere: rules(everywhere),
        within: [("orders".to_owned(), rules(orders))].into(),
    };
    let places = Places {
        namespaces: &["orders".to_owned(), "shop".to_owned()],
        system: "everest-system",
        catalog: "everest-olm",
    };
    rights::missing(&granted, &places)
}

#[test]
fn an_administrator_lacks_nothing() {
    let all = || vec![rule(&["*"], &["*"], &["*"], &[])];
    assert_eq!(missing(all(), all()), []);
}

#[test]
fn a_missing_right_is_told_with_its_namespaces_and_what_does_not_work() {
    let all = |verbs: &[&str]| vec![rule(&["*"], &["*"], verbs, &[])];
    let reads = ["get", "list", "watch", "create", "patch"];
    let of_both = missing(all(&reads), all(&reads));
    assert_trouble(
        |parts| parts.missing = Answer::Found(of_both),
        Status::Failed,
        &[
            "rights for everest_database: missing: delete databaseclusters.everest.percona.com in \
             namespaces orders, shop. Without it, no everest_database can be destroyed.",
        ],
    );
    let of_one = missing(all(&reads), all(&["*"]));
    assert_trouble(
        |parts| parts.missing = Answer::Found(of_one),
        Status::Failed,
        &["delete databaseclusters.everest.percona.com in namespace shop."],
    );
    // What administrators do is not wanted of everybody.
    let cluster_scoped = missing(all(&reads), all(&["*"]));
    assert_trouble(
        |parts| parts.missing = Answer::Found(cluster_scoped),
        Status::Warning,
        &["rights for everest_pod_scheduling_policy: missing: delete podschedulingpolicies"],
    );
}

#[test]
fn a_right_to_named_objects_is_one_to_these_alone() {
    let of_secrets = |names: &[&str]| {
        let granted = vec![
            rule(&["everest.percona.com"], &["*"], &["*"], &[]),
            rule(&[""], &["secrets"], &["*"], names),
        ];
        let granted = Granted {
            everywhere: rules(granted),
            ..Granted::default()
        };
        let namespaces = ["shop".to_owned()];
        let places = Places {
            namespaces: &namespaces,
            system: "everest-system",
            catalog: "everest-olm",
        };
        let missing = rights::missing(&granted, &places).into_iter();
        let reviews = missing.flat_map(|missing| missing.reviews());
        let secrets = reviews.filter(|review| review.resource.as_deref() == Some("secrets"));
        let places = secrets.map(|review| (review.namespace.unwrap(), review.name));
        let mut places: Vec<_> = places.collect();
        places.sort();
        places.dedup();
        places
    };
    let shop = ("shop".to_owned(), None);
    let accounts = (
        "everest-system".to_owned(),
        Some("everest-accounts".to_owned()),
    );
    assert_eq!(
        of_secrets(&["everest-accounts"]),
        std::slice::from_ref(&shop)
    );
    assert_eq!(of_secrets(&["other"]), [accounts, shop]);
    assert_eq!(of_secrets(&[]), []);
}

#[test]
fn webhooks_are_found_at_their_services_and_urls() {
    let hook = |client: Value| json!({"name": "a", "clientConfig": client, "sideEffects": "None"});
    let service_client = json!({"service": {"namespace": "everest-system", "name": "hooks"}});
    let configuration: ValidatingWebhookConfiguration = of(json!({"webhooks": [
        hook(service_client.clone()), hook(service_client),
        hook(json!({"url": "https://127.0.0.1:9443/validate"})),
    ]}));
    let hooks = Hooks::validating(&configuration);
    assert_eq!(hooks.count, 3);
    assert_eq!(hooks.services, [service()].into());
    assert_eq!(hooks.urls, ["https://127.0.0.1:9443".to_owned()].into());
}

#[test]
fn an_endpoint_is_ready_unless_it_says_that_it_is_not() {
    let slice: EndpointSlice = of(json!({"addressType": "IPv4", "endpoints": [
        {"addresses": ["10.0.0.1"], "conditions": {"ready": true}},
        {"addresses": ["10.0.0.2"], "conditions": {"ready": false}},
        {"addresses": ["10.0.0.3"]},
    ]}));
    assert_eq!(ready_endpoints(&[slice]), 2);
    assert_eq!(ready_endpoints(&[]), 0);
}
