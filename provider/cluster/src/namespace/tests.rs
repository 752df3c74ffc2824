use std::time::Duration;

use everest_core::dialect::Dialect;
use serde_json::{Value, json};
use test_apiserver::{At, Fault, Matcher, Times, Trouble, When};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::api_server;

mod emptying;
mod listing;
mod rolling_back;
mod stepping;
mod upgrading;

const NAMESPACE: &str = "/api/v1/namespaces/prod";
const OLM: &str = "/apis/operators.coreos.com/v1alpha1/namespaces/prod";
const GROUPS: &str = "/apis/operators.coreos.com/v1/namespaces/prod/operatorgroups";
const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod";

fn model(engines: Value) -> NamespaceModel {
    serde_json::from_value(json!({"name": "prod", "engines": engines})).unwrap()
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

fn package(engine: Engine) -> &'static str {
    engine.operator()
}

/// OLM and everest-operator: a Subscription gets a plan for `newest`; an approved plan
/// installs every CSV in it; the DatabaseEngine follows. `also` goes into every plan.
fn olm(
    newest: &'static str,
    also: Option<&'static str>,
) -> impl Fn(&mut api_server::Objects, &str, &str) {
    move |objects, method, path| {
        if method != "PATCH" {
            return;
        }
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        if path.starts_with(&format!("{OLM}/subscriptions/")) {
            let csv = match objects[path]["spec"]["startingCSV"].as_str() {
                Some(csv) => csv.to_owned(),
                None => format!("{name}.v{newest}"),
            };
            let names: Vec<_> = [Some(csv.as_str()), also].into_iter().flatten().collect();
            let plan = format!("install-{name}");
            objects.insert(format!("{OLM}/installplans/{plan}"), json!({
                "metadata": {"name": plan, "namespace": "prod"},
                "spec": {"approval": "Manual", "approved": false, "clusterServiceVersionNames": names},
                "status": {"phase": "RequiresApproval"}}));
            objects.get_mut(path).unwrap()["status"] = json!({"state": "UpgradePending",
                "currentCSV": csv, "installPlanRef": {"name": plan}});
        }
        if path.starts_with(&format!("{OLM}/installplans/"))
            && objects[path]["spec"]["approved"] == json!(true)
        {
            let csvs = objects[path]["spec"]["clusterServiceVersionNames"].clone();
            objects.get_mut(path).unwrap()["status"]["phase"] = json!("Complete");
            for csv in csvs.as_array().unwrap() {
                let csv = csv.as_str().unwrap();
                let (operator, version) = csv.split_once(".v").unwrap();
                objects.insert(
                    format!("{OLM}/clusterserviceversions/{csv}"),
                    json!({
                    "metadata": {"name": csv, "namespace": "prod"},
                    "spec": {"version": version}, "status": {"phase": "Succeeded"}}),
                );
                let subscription = objects
                    .get_mut(&format!("{OLM}/subscriptions/{operator}"))
                    .unwrap();
                subscription["status"]["installedCSV"] = json!(csv);
                subscription["status"]["state"] = json!("AtLatestKnown");
                objects.insert(
                    format!("{EVEREST}/databaseengines/{operator}"),
                    json!({
                    "metadata": {"name": operator, "namespace": "prod"}, "spec": {"type": "x"},
                    "status": {"status": "installed", "operatorVersion": version,
                        "availableVersions": {"engine": {"8.0": {}}}}}),
                );
            }
        }
    }
}

fn namespace_object(labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod", "uid": "u", "labels": labels}})
}

/// Labels with the one that the API server gives every namespace.
fn named(mut labels: Value) -> Value {
    labels["kubernetes.io/metadata.name"] = json!("prod");
    labels
}

#[tokio::test(start_paused = true)]
async fn a_new_namespace_gets_its_engines_and_is_ready() {
    let (cluster, seen, objects) =
        api_server::bare(api_server::Objects::new(), olm("1.18.0", None));
    let created = create(
        &cluster,
        &model(json!({"pxc": {}, "psmdb": {}})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    assert_eq!(created.ready.known(), Some(&true));
    let pxc = created.engines.known().unwrap().pxc.known().unwrap();
    assert_eq!(pxc.installed_version.known_str(), Some("1.18.0"));
    let objects = objects.lock().unwrap();
    assert_eq!(
        objects[NAMESPACE]["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "everest"
    );
    let subscription = &objects[&format!("{OLM}/subscriptions/{}", package(Engine::Pxc))]["spec"];
    assert_eq!(subscription["installPlanApproval"], "Manual");
    assert_eq!(subscription["channel"], "stable-v1");
    assert_eq!(subscription.get("startingCSV"), None);
    assert!(objects.contains_key(&format!("{GROUPS}/everest-databases")));
    assert_eq!(api_server::writes(&seen)[0], format!("PATCH {NAMESPACE}"));
}

#[tokio::test(start_paused = true)]
async fn a_server_of_packages_that_is_down_holds_no_installation_up() {
    let (_, _, objects) = api_server::bare(api_server::Objects::new(), olm("1.18.0", None));
    let process = objects.server().process();
    let packages = Matcher::when(|asked| asked.resource == "packagemanifests");
    let down = Fault::new(At::Matching(packages), When::Before, Trouble::Status(503));
    process.inject(down.times(Times::Always));
    let cluster = Cluster::new(process.client(), crate::Catalog::default());
    let begun = tokio::time::Instant::now();
    let created = create(
        &cluster,
        &model(json!({"pxc": {}, "psmdb": {}})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_asked_for_is_the_one_installed() {
    let (cluster, _, _) = api_server::bare(api_server::Objects::new(), olm("1.18.0", None));
    let created = create(
        &cluster,
        &model(json!({"pxc": {"version": "1.17.0"}})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    let pxc = created.engines.known().unwrap().pxc.known().unwrap();
    assert_eq!(pxc.installed_version.known_str(), Some("1.17.0"));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_exists_is_refused_before_anything_is_written() {
    for (labels, remedy) in [
        (json!({}), "take_ownership = true"),
        (
            json!({"app.kubernetes.io/managed-by": "everest"}),
            "import it with the id \"prod\"",
        ),
    ] {
        let objects = [(NAMESPACE.to_owned(), namespace_object(labels))].into();
        let (cluster, seen, _) = api_server::bare(objects, olm("1.18.0", None));
        let created = create(
            &cluster,
            &model(json!({"pxc": {}})),
            &Unacknowledged::default(),
            &wait(),
        )
        .await;
        let Creation::NotCreated(error) = created else {
            panic!("{created:?}")
        };
        assert!(error.to_string().contains(remedy), "{error}");
        assert_eq!(api_server::writes(&seen), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_operator_group_is_refused_before_anything_is_written() {
    let group = |targets: Value| json!({"metadata": {"name": "theirs", "namespace": "prod"}, "spec": {"targetNamespaces": targets}});
    for (targets, accepted) in [
        (json!(["prod"]), true),
        (json!(["prod", "other"]), false),
        (json!([]), false),
    ] {
        let objects = [
            (NAMESPACE.to_owned(), namespace_object(json!({}))),
            (format!("{GROUPS}/theirs"), group(targets)),
        ]
        .into();
        let (cluster, seen, _) = api_server::bare(objects, olm("1.18.0", None));
        let mut planned = model(json!({"pxc": {}}));
        planned.take_ownership = true.into();
        let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
        if accepted {
            assert!(matches!(created, Creation::Created(_)), "{created:?}");
            assert!(
                !api_server::writes(&seen)
                    .iter()
                    .any(|line| line.contains("operatorgroups"))
            );
        } else {
            let Creation::NotCreated(error) = created else {
                panic!("{created:?}")
            };
            assert!(error.to_string().contains("OLM allows only one"), "{error}");
            assert_eq!(api_server::writes(&seen), Vec::<String>::new());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_not_done_in_time_is_pending_and_goes_on() {
    let (cluster, _, _) = api_server::bare(api_server::Objects::new(), |_, _, _| {});
    let planned = model(json!({"pxc": {}}));
    let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
    let Creation::Pending { observed, error } = created else {
        panic!("{created:?}")
    };
    assert_eq!(observed.ready.known(), Some(&false));
    let text = error.to_string();
    assert!(matches!(error, ClusterError::TimedOut { .. }), "{text}");
    assert!(text.contains("percona-xtradb-cluster-operator"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_creation_is_pending() {
    let (cluster, _, _) = api_server::bare(api_server::Objects::new(), |_, _, _| {});
    let wait = wait();
    let cancel = wait.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        cancel.cancel();
    });
    let created = create(
        &cluster,
        &model(json!({"pxc": {}})),
        &Unacknowledged::default(),
        &wait,
    )
    .await;
    assert!(
        matches!(
            created,
            Creation::Pending {
                error: ClusterError::Cancelled { .. },
                ..
            }
        ),
        "{created:?}"
    );
}

fn database(name: &str) -> (String, Value) {
    (
        format!("{EVEREST}/databaseclusters/{name}"),
        json!({
        "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": name, "namespace": "prod", "uid": name},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}}),
    )
}

#[tokio::test(start_paused = true)]
async fn an_engine_in_use_is_not_removed() {
    let objects = [
        (NAMESPACE.to_owned(), namespace_object(json!({}))),
        database("orders"),
    ]
    .into();
    let (cluster, seen, _) = api_server::bare(objects, olm("1.18.0", None));
    let prior = model(json!({"pxc": {}, "psmdb": {}}));
    let changed = update(&cluster, &prior, &model(json!({"psmdb": {}})), &wait()).await;
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    assert!(
        error.to_string().contains("used by database orders"),
        "{error}"
    );
    assert_eq!(error.attribute().unwrap().to_string(), "engines.pxc");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_stands_against_a_destruction_is_told_in_the_words_of_the_front_end() {
    for (dialect, words) in [
        (Dialect::Terraform, "set force_destroy = true:"),
        (
            Dialect::ManagedResource,
            "set spec.forProvider.forceDestroy: true:",
        ),
    ] {
        let objects = [
            (NAMESPACE.to_owned(), namespace_object(json!({}))),
            database("orders"),
        ]
        .into();
        let (cluster, _, _) = api_server::bare(objects, |_, _, _| {});
        let cluster = cluster.with_dialect(dialect);
        let model = model(json!({"pxc": {}}));
        let error = delete(&cluster, &model, &wait()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn destroying_a_namespace_with_databases_needs_force() {
    let objects = || {
        [
            (NAMESPACE.to_owned(), namespace_object(json!({}))),
            database("orders"),
        ]
        .into()
    };
    let (cluster, seen, _) = api_server::bare(objects(), |_, _, _| {});
    let mut model = model(json!({"pxc": {}}));
    let error = delete(&cluster, &model, &wait()).await.unwrap_err();
    assert!(error.to_string().contains("orders"), "{error}");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());

    model.force_destroy = true.into();
    let (cluster, seen, objects) = api_server::bare(objects(), |_, _, _| {});
    delete(&cluster, &model, &wait()).await.unwrap();
    assert!(
        objects.lock().unwrap().is_empty(),
        "{:?}",
        objects.lock().unwrap().keys()
    );
    let writes = api_server::writes(&seen);
    assert!(
        writes
            .first()
            .is_some_and(|line| line.ends_with("databaseclusters/orders")),
        "{writes:?}"
    );
    assert_eq!(writes.last(), Some(&format!("DELETE {NAMESPACE}")));
}

#[tokio::test(start_paused = true)]
async fn an_adopted_namespace_stays_and_loses_the_label() {
    let labels = json!({"app.kubernetes.io/managed-by": "everest", "team": "a"});
    let objects = [(NAMESPACE.to_owned(), namespace_object(labels))].into();
    let (cluster, _, objects) = api_server::bare(objects, |_, _, _| {});
    let mut model = model(json!({"pxc": {}}));
    model.take_ownership = true.into();
    delete(&cluster, &model, &wait()).await.unwrap();
    let objects = objects.lock().unwrap();
    assert_eq!(
        objects[NAMESPACE]["metadata"]["labels"],
        named(json!({"team": "a"}))
    );
}

#[tokio::test(start_paused = true)]
async fn an_operator_stays_while_it_has_an_orphan_of_everests_to_take_down() {
    let package = package(Engine::Pxc);
    let objects = [
        (NAMESPACE.to_owned(), namespace_object(json!({}))),
        (
            format!("{OLM}/subscriptions/{package}"),
            json!({"metadata": {"name": package, "namespace": "prod"},
                "spec": {"name": package, "source": "s", "sourceNamespace": "s"}}),
        ),
        (
            "/apis/pxc.percona.com/v1/namespaces/prod/perconaxtradbclusterbackups/b1".to_owned(),
            json!({"metadata": {"name": "b1", "namespace": "prod",
                "finalizers": ["internal.percona.com/delete-backup"], "ownerReferences": [{
                "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseClusterBackup",
                "name": "b1", "uid": "gone"}]}}),
        ),
    ];
    let (cluster, seen, _) = api_server::bare(objects.into(), |_, _, _| {});
    let model = model(json!({"pxc": {}}));
    let error = delete(&cluster, &model, &wait()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("PerconaXtraDBClusterBackup b1 to go"),
        "{error}"
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

mod killed;
