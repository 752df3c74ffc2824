//! `everest_namespace`.

mod operators;
mod upgrades;

use acceptance::catalog::{PACKAGES, Package};
use serde_json::{Value, json};

use crate::{
    objects::{
        self, BACKUP, CSV, DATABASE, ENGINE, INSTALL_PLAN, NAMESPACE, OPERATOR_GROUP, STORAGE,
        SUBSCRIPTION, eventually,
    },
    stack::Stack,
};

const PXC: &Package = &PACKAGES[0];
const PSMDB: &Package = &PACKAGES[1];
const POSTGRESQL: &Package = &PACKAGES[2];
const ADDRESS: &str = "everest_namespace.ns";

/// The namespace of the scenario with `engines`; `more` are further attributes.
fn namespace(engines: &str, more: &str) -> String {
    format!(
        "resource \"everest_namespace\" \"ns\" {{\n  name = \"NS\"\n  engines = {{ {engines} }}\n{more}\n}}\n"
    )
}

fn phase(stack: &Stack, package: &Package, version: &str) -> Value {
    objects::get(CSV, &stack.namespace, &package.csv(version))["status"]["phase"].clone()
}

fn labels(stack: &Stack) -> Value {
    objects::get(NAMESPACE, "", &stack.namespace)["metadata"]["labels"].clone()
}

fn operators(stack: &Stack) -> Vec<String> {
    objects::names(SUBSCRIPTION, &stack.namespace)
}

/// The install plans, each as the sorted names of what it installs.
fn plans(stack: &Stack) -> Vec<Vec<String>> {
    objects::names(INSTALL_PLAN, &stack.namespace)
        .iter()
        .map(|name| installs(stack, name))
        .collect()
}

/// The sorted names of what an install plan installs.
fn installs(stack: &Stack, plan: &str) -> Vec<String> {
    let plan = objects::get(INSTALL_PLAN, &stack.namespace, plan);
    let mut versions: Vec<String> =
        serde_json::from_value(plan["spec"]["clusterServiceVersionNames"].clone())
            .unwrap_or_default();
    versions.sort();
    versions
}

/// A small database that somebody made past Terraform.
fn database_by_hand(stack: &Stack, engine: &str) {
    objects::create(
        DATABASE,
        &stack.namespace,
        "orders",
        json!({"spec": {"engine": {
            "type": engine, "replicas": 1, "storage": {"size": "1Gi"},
            "resources": {"cpu": "600m", "memory": "1G"},
        }}}),
    );
}

/// A namespace that somebody made past Terraform.
fn namespace_by_hand(stack: &Stack, labels: Value) {
    objects::create(
        NAMESPACE,
        "",
        &stack.namespace,
        json!({"metadata": {"labels": labels}}),
    );
}

#[test]
fn a_namespace_is_labelled_and_gets_the_operator_of_its_engine() {
    let stack = Stack::new("ns-basic");
    stack.write(&namespace("pxc = {}", ""));
    stack.apply().succeeded();

    let [_, newest] = PXC.versions;
    assert_eq!(labels(&stack)["app.kubernetes.io/managed-by"], "everest");
    let group = objects::get(OPERATOR_GROUP, &stack.namespace, "everest-databases");
    assert_eq!(group["spec"]["targetNamespaces"], json!([stack.namespace]));
    let subscription = objects::get(SUBSCRIPTION, &stack.namespace, PXC.name);
    assert_eq!(subscription["spec"]["installPlanApproval"], "Manual");
    assert_eq!(subscription["spec"]["channel"], PXC.channel);
    assert_eq!(operators(&stack), [PXC.name]);
    assert_eq!(phase(&stack, PXC, newest), "Succeeded");
    let engine = objects::get(ENGINE, &stack.namespace, PXC.name);
    assert_eq!(engine["status"]["status"], "installed");
    assert_eq!(engine["status"]["operatorVersion"], newest);

    let state = stack.state(ADDRESS);
    assert_eq!(state["ready"], true, "{state:#}");
    assert_eq!(state["engines"]["pxc"]["installed_version"], newest);
    assert_eq!(state["engines"]["pxc"]["channel"], PXC.channel);
    assert!(
        state["engines"]["pxc"]["pending_version"].is_null(),
        "{state:#}"
    );
    assert!(state["engines"]["psmdb"].is_null(), "{state:#}");
    stack.plan_is_empty();

    stack.reimport(ADDRESS, &stack.namespace);
    stack.plan_is_empty();

    stack.destroy().succeeded();
    assert!(objects::get(NAMESPACE, "", &stack.namespace).is_null());
}

#[test]
fn only_configured_labels_and_annotations_are_owned() {
    let stack = Stack::new("ns-labels");
    stack.write(&namespace(
        "psmdb = {}",
        "  labels = { team = \"shop\", stage = \"test\" }\n  annotations = { contact = \"ann\" }",
    ));
    stack.apply().succeeded();
    let others =
        json!({"metadata": {"labels": {"cost-centre": "42"}, "annotations": {"note": "ours"}}});
    objects::patch(NAMESPACE, "", &stack.namespace, others);
    stack.plan_is_empty();

    stack.write(&namespace("psmdb = {}", "  labels = { team = \"core\" }"));
    assert_eq!(
        stack.planned_actions(),
        [(ADDRESS.to_owned(), vec!["update".to_owned()])]
    );
    stack.apply().succeeded();
    let live = objects::get(NAMESPACE, "", &stack.namespace)["metadata"].clone();
    assert_eq!(live["labels"]["team"], "core");
    assert!(live["labels"]["stage"].is_null(), "{live:#}");
    assert_eq!(live["labels"]["cost-centre"], "42");
    assert_eq!(live["labels"]["app.kubernetes.io/managed-by"], "everest");
    assert!(live["annotations"]["contact"].is_null(), "{live:#}");
    assert_eq!(live["annotations"]["note"], "ours");
    stack.plan_is_empty();

    // A label of ours that somebody changed is put back.
    objects::patch(
        NAMESPACE,
        "",
        &stack.namespace,
        json!({"metadata": {"labels": {"team": "them"}}}),
    );
    assert_eq!(
        stack.planned_actions(),
        [(ADDRESS.to_owned(), vec!["update".to_owned()])]
    );
    stack.destroy().succeeded();
}

#[test]
fn a_namespace_deleted_behind_our_back_is_planned_anew() {
    let stack = Stack::new("ns-disappears");
    stack.write(&namespace("postgresql = {}", ""));
    stack.apply().succeeded();
    objects::delete(NAMESPACE, "", &stack.namespace);
    assert_eq!(
        stack.planned_actions(),
        [(ADDRESS.to_owned(), vec!["create".to_owned()])]
    );
    stack.destroy().succeeded();
}

#[test]
fn a_namespace_that_exists_is_not_adopted_unasked_and_the_error_says_how() {
    let stack = Stack::new("ns-exists");
    namespace_by_hand(&stack, json!({"team": "others"}));
    stack.write(&namespace("pxc = {}", ""));
    stack
        .apply()
        .failed()
        .says("already exists")
        .says("take_ownership");
    assert!(labels(&stack)["app.kubernetes.io/managed-by"].is_null());
    assert!(operators(&stack).is_empty());
    assert!(stack.state(ADDRESS).is_null());

    let managed = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "everest"}}});
    objects::patch(NAMESPACE, "", &stack.namespace, managed);
    stack
        .apply()
        .failed()
        .says("already exists")
        .says("mport it")
        .says(&stack.namespace);
    objects::delete(NAMESPACE, "", &stack.namespace);
}

#[test]
fn a_namespace_taken_over_keeps_what_is_not_listed_and_stays_when_destroyed() {
    let stack = Stack::new("ns-adopt");
    stack.write(&namespace("pxc = {}", ""));
    stack.apply().succeeded();
    stack.run(&["state", "rm", ADDRESS]).succeeded();
    objects::patch(
        NAMESPACE,
        "",
        &stack.namespace,
        json!({"metadata": {"labels": {"team": "others"}}}),
    );

    stack.write(&namespace(
        "psmdb = {}",
        "  take_ownership = true\n  labels = { stage = \"test\" }",
    ));
    stack.apply().succeeded().says("Warning").says("pxc");
    assert_eq!(phase(&stack, PXC, PXC.versions[1]), "Succeeded");
    assert_eq!(phase(&stack, PSMDB, PSMDB.versions[1]), "Succeeded");
    assert!(stack.state(ADDRESS)["engines"]["pxc"].is_null());
    stack.plan_is_empty();

    stack.destroy().succeeded();
    let left = labels(&stack);
    assert!(left.is_object(), "the namespace stays");
    assert!(left["app.kubernetes.io/managed-by"].is_null(), "{left}");
    assert!(left["stage"].is_null(), "{left}");
    assert_eq!(left["team"], "others");
    assert_eq!(
        operators(&stack),
        [PXC.name],
        "what was not listed is not ours to remove"
    );
    assert!(!objects::get(OPERATOR_GROUP, &stack.namespace, "everest-databases").is_null());
    objects::delete(NAMESPACE, "", &stack.namespace);
}

#[test]
fn a_foreign_operator_group_is_refused_before_anything_is_written() {
    let stack = Stack::new("ns-group");
    namespace_by_hand(&stack, json!({}));
    objects::create(
        OPERATOR_GROUP,
        &stack.namespace,
        "others",
        json!({"spec": {}}),
    );
    stack.write(&namespace("pxc = {}", "  take_ownership = true"));
    stack.apply().failed().says("OperatorGroup").says("others");
    assert!(labels(&stack)["app.kubernetes.io/managed-by"].is_null());
    assert_eq!(objects::names(OPERATOR_GROUP, &stack.namespace), ["others"]);
    assert!(operators(&stack).is_empty());
    assert!(stack.state(ADDRESS).is_null());
    objects::delete(NAMESPACE, "", &stack.namespace);
}

#[test]
#[ignore = "steers the simulator"]
fn a_namespace_with_databases_is_destroyed_only_by_force_and_their_backups_data_stays() {
    let kept = "  keep_namespace = true";
    let stack = Stack::new("ns-force");
    stack.write(&namespace("pxc = {}", kept));
    stack.apply().succeeded();
    objects::create(
        objects::SECRET,
        &stack.namespace,
        "s3",
        json!({"stringData": {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hush"}}),
    );
    objects::create(
        STORAGE,
        &stack.namespace,
        "s3",
        json!({"spec": {
            "type": "s3", "bucket": "backups", "region": "eu-central-1", "credentialsSecretName": "s3",
        }}),
    );
    database_by_hand(&stack, "pxc");
    eventually("the database is ready", || {
        objects::get(DATABASE, &stack.namespace, "orders")["status"]["status"] == "ready"
    });
    objects::create(
        BACKUP,
        &stack.namespace,
        "by-hand",
        json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"}}),
    );
    eventually("the backup succeeded", || {
        objects::get(BACKUP, &stack.namespace, "by-hand")["status"]["state"] == "Succeeded"
    });

    stack
        .destroy()
        .failed()
        .says("orders")
        .says("force_destroy");
    assert!(!objects::get(DATABASE, &stack.namespace, "orders").is_null());
    assert_eq!(
        phase(&stack, PXC, PXC.versions[1]),
        "Succeeded",
        "nothing was taken down"
    );

    stack.write(&namespace(
        "pxc = {}",
        &format!("{kept}\n  force_destroy = true"),
    ));
    stack.apply().succeeded();
    stack.destroy().succeeded();
    for kind in [DATABASE, BACKUP, SUBSCRIPTION, CSV, OPERATOR_GROUP] {
        let left = objects::names(kind, &stack.namespace);
        assert!(left.is_empty(), "{kind:?}: {left:?}");
    }
    let left = labels(&stack);
    assert!(left.is_object(), "the namespace is kept");
    assert!(left["app.kubernetes.io/managed-by"].is_null(), "{left}");
    let buckets = objects::get(
        objects::CONFIG_MAP,
        &stack.namespace,
        "everest-simulator-buckets",
    );
    let told = buckets["data"]["by-hand"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(told.starts_with("stored"), "{told}");
    objects::delete(NAMESPACE, "", &stack.namespace);
}
