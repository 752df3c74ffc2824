use std::time::Duration;

use everest_schemas::models::NamespaceModel;
use serde_json::{Value, json};
use test_apiserver::{At, Fault, Matcher, Process, Times, Trouble, When};
use tokio_util::sync::CancellationToken;

use crate::namespace::{self, update};
use crate::testing::api_server;
use crate::{Catalog, Change, Cluster, ClusterError, Wait};

const NAMESPACE: &str = "/api/v1/namespaces/prod";
const OLM: &str = "/apis/operators.coreos.com/v1alpha1/namespaces/prod";
const GROUP: &str =
    "/apis/operators.coreos.com/v1/namespaces/prod/operatorgroups/everest-databases";
const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod";
const PXC: &str = "percona-xtradb-cluster-operator";
const LOCK: &str = "everest.percona.com/upgrade-lock";

fn engine_path() -> String {
    format!("{EVEREST}/databaseengines/{PXC}")
}

fn asking(version: &str) -> NamespaceModel {
    serde_json::from_value(json!({"name": "prod", "engines": {"pxc": {"version": version}}}))
        .unwrap()
}

/// PXC's operator as installed in `version`, with a plan for `next` if there is one.
fn install(objects: &mut api_server::Objects, version: &str, next: Option<&str>) {
    let csv = format!("{PXC}.v{version}");
    objects.insert(
        format!("{OLM}/clusterserviceversions/{csv}"),
        json!({"metadata": {"name": csv, "namespace": "prod"},
            "spec": {"version": version}, "status": {"phase": "Succeeded"}}),
    );
    let engine = objects.entry(engine_path()).or_insert_with(
        || json!({"metadata": {"name": PXC, "namespace": "prod"}, "spec": {"type": "pxc"}}),
    );
    engine["status"] = json!({"status": "installed", "operatorVersion": version,
        "availableVersions": {"engine": {"8.0.36": {}}}});
    let mut status = json!({"installedCSV": csv, "currentCSV": csv, "state": "AtLatestKnown"});
    if let Some(next) = next {
        let plan = format!("install-{next}");
        let csv = format!("{PXC}.v{next}");
        status["currentCSV"] = json!(csv);
        status["state"] = json!("UpgradePending");
        status["installPlanRef"] = json!({"name": plan});
        objects.insert(
            format!("{OLM}/installplans/{plan}"),
            json!({"metadata": {"name": plan, "namespace": "prod"},
                "spec": {"approval": "Manual", "approved": false,
                    "clusterServiceVersionNames": [csv]},
                "status": {"phase": "RequiresApproval"}}),
        );
    }
    objects.insert(
        format!("{OLM}/subscriptions/{PXC}"),
        json!({"metadata": {"name": PXC, "namespace": "prod"},
            "spec": {"name": PXC, "channel": "stable-v1", "source": "c", "sourceNamespace": "o"},
            "status": status}),
    );
}

/// A namespace with PXC's operator in 1.17.0, and 1.18.0 pending.
fn behind(more: impl IntoIterator<Item = (String, Value)>) -> api_server::Objects {
    let mut objects: api_server::Objects = more.into_iter().collect();
    objects.insert(
        NAMESPACE.to_owned(),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod", "uid": "u",
            "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
    );
    objects.insert(
        GROUP.to_owned(),
        json!({"metadata": {"name": "everest-databases", "namespace": "prod"},
            "spec": {"targetNamespaces": ["prod"]}}),
    );
    install(&mut objects, "1.17.0", Some("1.18.0"));
    objects
}

/// OLM: an approved plan is carried out, and 1.19.0 comes after 1.18.0. Everest leaves a lock
/// alone while something is pending.
fn olm(objects: &mut api_server::Objects, method: &str, path: &str) {
    if method != "PATCH" || !path.contains("/installplans/") {
        return;
    }
    assert!(
        objects[&engine_path()]["metadata"]["annotations"][LOCK].is_string(),
        "approved without a lock"
    );
    objects.get_mut(path).unwrap()["status"]["phase"] = json!("Complete");
    match path.ends_with("1.18.0") {
        true => install(objects, "1.18.0", Some("1.19.0")),
        false => install(objects, "1.19.0", None),
    }
}

fn database(status: Value) -> (String, Value) {
    (
        format!("{EVEREST}/databaseclusters/orders"),
        json!({"metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"engine": {"type": "pxc", "version": "8.0.36", "storage": {"size": "1Gi"}}},
            "status": status}),
    )
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

/// The writes to plans and engines in order: `lock`, `unlock`, or the plan's name.
fn steps(seen: &api_server::Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    seen.iter()
        .filter(|(line, _)| line.starts_with("PATCH"))
        .filter_map(|(line, body)| {
            let path = line.split(['?', ' ']).nth(1)?;
            let name = path.rsplit('/').next()?;
            if path.contains("/databaseengines/") {
                let lock = &body["metadata"]["annotations"][LOCK];
                return Some(if lock.is_null() { "unlock" } else { "lock" }.to_owned());
            }
            path.contains("/installplans/").then(|| name.to_owned())
        })
        .collect()
}

fn is_locked(objects: &api_server::Objects) -> bool {
    objects[&engine_path()]["metadata"]["annotations"][LOCK].is_string()
}

#[tokio::test(start_paused = true)]
async fn an_operator_goes_from_version_to_version_under_a_lock_that_is_taken_off() {
    let (cluster, seen, objects) = api_server::bare(behind([]), olm);
    let changed = update(&cluster, &asking("1.17.0"), &asking("1.19.0"), &wait()).await;
    let Change::Done(done) = changed else {
        panic!("{changed:?}")
    };
    let pxc = done.engines.known().unwrap().pxc.known().unwrap();
    assert_eq!(pxc.installed_version.known_str(), Some("1.19.0"));
    assert_eq!(
        steps(&seen),
        ["lock", "install-1.18.0", "lock", "install-1.19.0", "unlock"]
    );
    assert!(!is_locked(&objects.lock().unwrap()));
    let seen = seen.lock().unwrap();
    let (_, lock) = seen
        .iter()
        .find(|(line, _)| line.starts_with("PATCH") && line.contains("databaseengines"))
        .unwrap();
    let value = lock["metadata"]["annotations"][LOCK].as_str().unwrap();
    assert!(value.parse::<jiff::Timestamp>().is_ok(), "{value}");
    assert!(value.ends_with('Z'), "{value}");
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_approved() {
    let (cluster, seen, objects) = api_server::bare(behind([]), olm);
    let changed = update(&cluster, &asking("1.17.0"), &asking("1.18.0"), &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    // Everest would keep the lock for ten minutes, because 1.19.0 is pending.
    assert_eq!(steps(&seen), ["lock", "install-1.18.0", "unlock"]);
    assert!(!is_locked(&objects.lock().unwrap()));
}

fn refused(changed: Change<NamespaceModel>) -> ClusterError {
    match changed {
        Change::Refused(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_not_ready_is_named_and_nothing_is_approved_nor_left_locked() {
    let orders = database(json!({"status": "initializing", "crVersion": "1.17.0"}));
    let (cluster, seen, objects) = api_server::bare(behind([orders]), olm);
    let changed = update(&cluster, &asking("1.17.0"), &asking("1.18.0"), &wait()).await;
    let error = refused(changed);
    let text = error.to_string();
    assert!(
        text.contains("orders (in state \"initializing\")"),
        "{text}"
    );
    assert!(text.contains("from 1.17.0 to 1.18.0"), "{text}");
    assert_eq!(
        error.attribute().unwrap().to_string(),
        "engines.pxc.version"
    );
    assert_eq!(steps(&seen), ["lock", "unlock"]);
    assert!(!is_locked(&objects.lock().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_next_version_waits_until_databases_have_taken_over_the_one_before() {
    let orders = database(json!({"status": "ready", "crVersion": "1.17.0"}));
    let (cluster, seen, objects) = api_server::bare(behind([orders]), olm);
    let changed = update(&cluster, &asking("1.17.0"), &asking("1.19.0"), &wait()).await;
    let text = refused(changed).to_string();
    assert!(
        text.contains("orders (without the CR version 1.18.0)"),
        "{text}"
    );
    assert_eq!(steps(&seen), ["lock", "install-1.18.0", "lock", "unlock"]);
    let objects = objects.lock().unwrap();
    assert!(!is_locked(&objects));
    let plan = &objects[&format!("{OLM}/installplans/install-1.19.0")];
    assert_eq!(plan["spec"]["approved"], false);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_lock_is_waited_for_and_never_touched() {
    for (value, words) in [
        ("2026-01-01T00:00:00Z", "which someone else started at"),
        ("yes", "is not a time"),
    ] {
        let mut objects = behind([]);
        let engine = objects.get_mut(&engine_path()).unwrap();
        engine["metadata"]["annotations"] = json!({LOCK: value});
        let (cluster, seen, objects) = api_server::bare(objects, olm);
        let short = Wait::new(Duration::from_secs(60), CancellationToken::new());
        let changed = update(&cluster, &asking("1.17.0"), &asking("1.18.0"), &short).await;
        let Change::Pending { error, .. } = changed else {
            panic!("{changed:?}")
        };
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(steps(&seen), [""; 0]);
        {
            let mut objects = objects.lock().unwrap();
            let engine = objects.get_mut(&engine_path()).unwrap();
            assert_eq!(engine["metadata"]["annotations"][LOCK], value);
            engine["metadata"]["annotations"] = json!({});
        }
        let changed = update(&cluster, &asking("1.17.0"), &asking("1.18.0"), &short).await;
        assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_olm_left_behind_without_a_status_does_not_hold_the_upgrade_up() {
    let mut objects = behind([]);
    let plan = format!("{OLM}/installplans/install-1.18.0");
    let mut twin = objects[&plan].clone();
    twin["metadata"]["name"] = json!("twin-1.18.0");
    objects.insert(format!("{OLM}/installplans/twin-1.18.0"), twin);
    objects.get_mut(&plan).unwrap()["status"] = Value::Null;
    let (cluster, seen, _) = api_server::bare(objects, olm);
    let changed = update(&cluster, &asking("1.17.0"), &asking("1.18.0"), &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert_eq!(steps(&seen), ["lock", "twin-1.18.0", "unlock"]);
}

/// The API server notes whose annotation it is.
fn with_owners(objects: &mut api_server::Objects, method: &str, path: &str) {
    if method == "PATCH" && path == engine_path() {
        let fields = json!({"f:metadata": {"f:annotations": {format!("f:{LOCK}"): {}}}});
        objects.get_mut(path).unwrap()["metadata"]["managedFields"] = json!([{
            "manager": crate::FIELD_MANAGER, "operation": "Update", "fieldsV1": fields}]);
    }
    olm(objects, method, path);
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_looks_once_at_a_time_knows_its_own_lock_again() {
    let (cluster, seen, objects) = api_server::bare(behind([]), with_owners);
    let once = Wait::new(Duration::ZERO, CancellationToken::new());
    for _ in 0..4 {
        let changed = update(&cluster, &asking("1.17.0"), &asking("1.19.0"), &once).await;
        match changed {
            Change::Done(_) => break,
            Change::Pending { error, .. } => {
                assert!(!error.to_string().contains("somebody else"), "{error}");
            }
            Change::Refused(error) => panic!("{error}"),
        }
    }
    assert_eq!(
        steps(&seen),
        ["lock", "install-1.18.0", "lock", "install-1.19.0", "unlock"]
    );
    assert!(!is_locked(&objects.lock().unwrap()));
}

/// So many locks or unlocks of an engine lose against other writes.
fn contended(times: usize, is_lock: bool) -> (Cluster, Process, api_server::Held) {
    let (_, _, held) = api_server::bare(behind([]), olm);
    let process = held.server().process();
    let writes = Matcher::when(move |asked| {
        let lock = &asked.body["metadata"]["annotations"][LOCK];
        asked.verb == "patch" && asked.resource == "databaseengines" && lock.is_string() == is_lock
    });
    let lost = Fault::new(At::Matching(writes), When::Before, Trouble::Status(409));
    process.inject(lost.times(Times::Exactly(times)));
    let cluster = Cluster::new(process.client(), Catalog::default());
    (cluster, process, held)
}

async fn upgrade(cluster: &Cluster) -> Change<NamespaceModel> {
    update(cluster, &asking("1.17.0"), &asking("1.18.0"), &wait()).await
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_loses_against_other_writes_is_set_or_nothing_is_approved() {
    let (cluster, _, held) = contended(5, true);
    let changed = upgrade(&cluster).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert!(!is_locked(&held.lock().unwrap()));

    let (cluster, process, held) = contended(10, true);
    let Change::Pending { error, .. } = upgrade(&cluster).await else {
        panic!("the tenth attempt is not made")
    };
    let text = error.to_string();
    assert!(text.contains(PXC) && text.contains("409"), "{text}");
    let writes = process.writes();
    let is_approval = |line: &String| line.contains("/installplans/");
    assert!(!writes.iter().any(is_approval), "{writes:?}");
    assert!(!is_locked(&held.lock().unwrap()));
    let changed = upgrade(&cluster).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_could_not_be_taken_off_is_taken_off_by_the_next_apply() {
    let (cluster, _, held) = contended(10, false);
    upgrade(&cluster).await;
    assert!(
        !is_locked(&held.lock().unwrap()),
        "it is tried again at the end"
    );

    let (cluster, process, held) = contended(100, false);
    let Change::Pending { error, .. } = upgrade(&cluster).await else {
        panic!("it is locked still")
    };
    assert!(error.to_string().contains("409"), "{error}");
    assert!(is_locked(&held.lock().unwrap()));

    process.heal();
    let changed = upgrade(&cluster).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert!(!is_locked(&held.lock().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_alone_writes_no_namespace_and_needs_one_that_everest_manages() {
    let mut objects = behind([]);
    let theirs = json!({"metadata": {"name": "theirs", "namespace": "prod"},
        "spec": {"targetNamespaces": ["prod"]}});
    objects.insert(GROUP.replace("everest-databases", "theirs"), theirs);
    objects.remove(GROUP);
    let (cluster, seen, held) = api_server::bare(objects.clone(), olm);
    let upgraded = namespace::upgrade(&cluster, &asking("1.18.0"), &wait()).await;
    upgraded.unwrap();
    assert_eq!(steps(&seen), ["lock", "install-1.18.0", "unlock"]);
    let is_write_to_namespace = |(line, _): &(String, Value)| {
        !line.starts_with("GET") && line.contains("/api/v1/namespaces/prod")
    };
    assert!(!seen.lock().unwrap().iter().any(is_write_to_namespace));
    assert!(!is_locked(&held.lock().unwrap()));

    objects.get_mut(NAMESPACE).unwrap()["metadata"]["labels"] = json!({});
    let (cluster, seen, _) = api_server::bare(objects, olm);
    let refused = namespace::upgrade(&cluster, &asking("1.18.0"), &wait()).await;
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("Everest does not manage this namespace"),
        "{said}"
    );
    assert_eq!(steps(&seen), [""; 0]);
}
