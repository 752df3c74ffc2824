//! Upgrades of the engine operators of a namespace.

use super::*;

const LOCK: &str = "everest.percona.com/upgrade-lock";

fn lock(stack: &Stack, package: &Package) -> Value {
    objects::get(ENGINE, &stack.namespace, package.name)["metadata"]["annotations"][LOCK].clone()
}

/// A namespace with the older versions of these operators, while the newer ones are pending.
///
/// OLM plans upgrades of one namespace together, but for one that it has planned before the other
/// operator was installed; which of the two happens is a matter of moments. So another namespace
/// is tried where they were planned apart.
fn behind(scenario: &str, packages: &[(&str, &Package)]) -> Stack {
    for _ in 0..5 {
        let stack = Stack::new(scenario);
        stack.write(&engines(packages, 0, ""));
        stack.apply().succeeded();
        let newer = |package: &Package| package.csv(package.versions[1]);
        let pending = || -> Vec<_> {
            let plans = packages.iter().map(|(_, package)| {
                let subscription = objects::get(SUBSCRIPTION, &stack.namespace, package.name);
                let plan = subscription["status"]["installPlanRef"]["name"].as_str();
                plan.map_or_else(Vec::new, |plan| installs(&stack, plan))
            });
            plans.collect()
        };
        // The plan before it may still be the one that a Subscription refers to.
        eventually("each upgrade is pending", || {
            let mut both = packages.iter().zip(pending());
            both.all(|((_, package), plan)| plan.contains(&newer(package)))
        });
        let mut all: Vec<_> = packages.iter().map(|(_, package)| newer(package)).collect();
        all.sort();
        let planned = pending();
        if planned.iter().all(|plan| *plan == all) {
            return stack;
        }
        println!("planned apart: {planned:?}");
        stack.destroy().succeeded();
    }
    panic!("OLM never planned these upgrades together");
}

/// The namespace with that version of each operator.
fn engines(packages: &[(&str, &Package)], version: usize, more: &str) -> String {
    let engines: Vec<_> = packages
        .iter()
        .map(|(engine, package)| {
            format!("{engine} = {{ version = {:?} }}", package.versions[version])
        })
        .collect();
    namespace(&engines.join(", "), more)
}

#[test]
#[ignore = "steers the simulator"]
fn an_upgrade_is_told_at_plan_and_waits_for_databases_that_are_not_ready_by_name() {
    let [older, newer] = PXC.versions;
    let packages = [("pxc", PXC)];
    let stack = behind("ns-up", &packages);
    database_by_hand(&stack, "pxc");
    let status = || objects::get(DATABASE, &stack.namespace, "orders")["status"].clone();
    eventually("the database is ready", || status()["status"] == "ready");
    objects::steer(&stack.namespace, json!({"hold": "initializing"}));
    objects::patch(
        DATABASE,
        &stack.namespace,
        "orders",
        json!({"spec": {"engine": {"replicas": 3}}}),
    );
    eventually("the database is busy", || {
        status()["status"] == "initializing"
    });

    stack.write(&engines(&packages, 1, ""));
    stack
        .plan()
        .succeeded()
        .says("Operators of everest_namespace")
        .says(&format!("{} from {older} to {newer}", PXC.name))
        .says("They run orders")
        .says("orders (in state \"initializing\")");
    stack
        .apply()
        .failed()
        .says("orders (in state \"initializing\")");
    assert!(phase(&stack, PXC, newer).is_null(), "nothing was approved");
    assert!(lock(&stack, PXC).is_null(), "and nothing is left locked");

    objects::steer(&stack.namespace, json!({"hold": null}));
    eventually("the database is ready", || status()["status"] == "ready");
    stack.apply().succeeded();
    assert_eq!(phase(&stack, PXC, newer), "Succeeded");
    assert!(lock(&stack, PXC).is_null());
    let state = stack.state(ADDRESS);
    assert_eq!(state["engines"]["pxc"]["installed_version"], newer);
    assert_eq!(state["ready"], true, "{state:#}");
    stack.plan_is_empty();
    eventually("the database is to follow", || {
        status()["recommendedCRVersion"] == newer && status()["crVersion"] == older
    });
    stack.plan_is_empty();
    objects::delete(DATABASE, &stack.namespace, "orders");
    stack.destroy().succeeded();
}

#[test]
fn operators_that_share_a_plan_are_upgraded_together_or_not_at_all() {
    let packages = [("pxc", PXC), ("psmdb", PSMDB)];
    let stack = behind("ns-up-both", &packages);
    let [older, newer] = PSMDB.versions;
    let one = format!(
        "pxc = {{ version = {:?} }}, psmdb = {{ version = {older:?} }}",
        PXC.versions[1]
    );
    stack.write(&namespace(&one, ""));
    for said in [stack.plan(), stack.apply()] {
        said.failed()
            .says(&PSMDB.csv(newer))
            .says(&format!("engines.psmdb.version = {newer:?}"));
    }
    for package in [PXC, PSMDB] {
        assert_eq!(phase(&stack, package, package.versions[0]), "Succeeded");
        assert!(phase(&stack, package, package.versions[1]).is_null());
        assert!(lock(&stack, package).is_null());
    }

    stack.write(&engines(&packages, 1, ""));
    stack
        .plan()
        .succeeded()
        .says(&format!("{} from {older} to {newer}", PSMDB.name))
        .says(&format!(
            "{} from {} to {}",
            PXC.name, PXC.versions[0], PXC.versions[1]
        ))
        .says("They run no database in the namespace");
    stack.apply().succeeded();
    for package in [PXC, PSMDB] {
        assert_eq!(phase(&stack, package, package.versions[1]), "Succeeded");
        assert!(lock(&stack, package).is_null());
    }
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn an_engine_that_is_taken_out_takes_the_plan_with_its_upgrade_along() {
    let stack = behind("ns-up-out", &[("pxc", PXC), ("psmdb", PSMDB)]);
    // OLM itself has to plan the upgrade of the other one anew.
    stack.write(&engines(&[("pxc", PXC)], 1, ""));
    stack.apply().succeeded();
    assert_eq!(phase(&stack, PXC, PXC.versions[1]), "Succeeded");
    assert_eq!(operators(&stack), [PXC.name]);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn an_upgrade_that_somebody_else_has_begun_is_waited_for() {
    let packages = [("pxc", PXC)];
    let stack = behind("ns-up-locked", &packages);
    // Everest takes a lock off ten minutes after its time.
    let at = "2100-01-01T00:00:00Z";
    let locked = |value: Value| {
        objects::patch(
            ENGINE,
            &stack.namespace,
            PXC.name,
            json!({"metadata": {"annotations": {LOCK: value}}}),
        );
    };
    locked(json!(at));
    stack.write(&engines(&packages, 1, "  timeouts = { update = \"8s\" }"));
    stack
        .apply()
        .succeeded()
        .says("not ready")
        .says("which someone else started at");
    assert_eq!(lock(&stack, PXC), json!(at), "it is not ours to take off");
    assert!(phase(&stack, PXC, PXC.versions[1]).is_null());
    assert_eq!(stack.state(ADDRESS)["ready"], false);

    locked(Value::Null);
    stack.write(&engines(&packages, 1, ""));
    stack.apply().succeeded();
    assert_eq!(phase(&stack, PXC, PXC.versions[1]), "Succeeded");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn a_database_in_a_version_that_the_new_operator_does_not_run_is_told_before() {
    let [older, newer] = PSMDB.versions;
    // A namespace that has the new operator shows what it runs.
    let other = Stack::new("ns-up-other");
    other.write(&engines(&[("psmdb", PSMDB)], 1, ""));
    other.apply().succeeded();

    let packages = [("psmdb", PSMDB)];
    let stack = behind("ns-up-old", &packages);
    let database = |version: &str| {
        json!({"spec": {"engine": {
            "type": "psmdb", "version": version, "replicas": 1, "storage": {"size": "1Gi"},
            "resources": {"cpu": "600m", "memory": "1G"},
        }}})
    };
    objects::create(DATABASE, &stack.namespace, "orders", database("7.0.18-11"));
    let ready = |version: &str| {
        let orders = objects::get(DATABASE, &stack.namespace, "orders");
        // A "ready" from before the change says nothing of it.
        orders["status"]["observedGeneration"] == orders["metadata"]["generation"]
            && orders["status"]["status"] == "ready"
            && orders["spec"]["engine"]["version"] == version
    };
    eventually("the database is ready", || ready("7.0.18-11"));
    let why = format!("orders (in version 7.0.18-11, which operator {newer} does not run)");
    stack.write(&engines(&packages, 1, ""));
    stack.plan().succeeded().says(&why);
    stack.apply().failed().says(&why);
    assert_eq!(phase(&stack, PSMDB, older), "Succeeded");
    assert!(phase(&stack, PSMDB, newer).is_null());

    objects::patch(DATABASE, &stack.namespace, "orders", database("8.0.8-3"));
    eventually("the database is upgraded", || ready("8.0.8-3"));
    stack.apply().succeeded();
    assert_eq!(phase(&stack, PSMDB, newer), "Succeeded");
    stack.plan_is_empty();
    objects::delete(DATABASE, &stack.namespace, "orders");
    stack.destroy().succeeded();
    other.destroy().succeeded();
}
