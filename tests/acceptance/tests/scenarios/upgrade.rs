//! Upgrades of databases: the version of the engine, and that of its operator before it.

use serde_json::{Value, json};

use crate::{
    log::Log,
    objects::{self, DATABASE, eventually, steer},
    stack::Stack,
};

const ADDRESS: &str = "everest_database.db";
const OLDER: &str = "1.17.0";
const NEWER: &str = "1.18.0";

/// A namespace with that operator of PXC, and a small database in it; `engine` are further
/// attributes of the engine, `more` of the database.
fn database(operator: &str, engine: &str, more: &str) -> String {
    let namespace = format!(
        "resource \"everest_namespace\" \"ns\" {{
  name    = \"NS\"
  engines = {{ pxc = {{ version = \"{operator}\" }} }}
}}
"
    );
    let database = alone("pxc", engine, more);
    namespace + &database.replace("\"NS\"", "everest_namespace.ns.name")
}

/// The database of [`database`], in a namespace that is there.
fn alone(type_: &str, engine: &str, more: &str) -> String {
    format!(
        "resource \"everest_database\" \"db\" {{
  namespace = \"NS\"
  name      = \"orders\"
  engine = {{ type = \"{type_}\", replicas = 3, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"1G\" }}, {engine} }}
  deletion_protection = false
{more}
}}
"
    )
}

const FROM: &str = "version = \"8.0.36-28.1\"";
const TO: &str = "version = \"8.0.42-33.1\"";

fn live(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")
}

/// A database in the older operator's way, whose operator has been upgraded since.
fn behind(scenario: &str, engine: &str) -> Stack {
    let stack = Stack::new(scenario);
    stack.write(&database(OLDER, engine, ""));
    stack.apply().succeeded();
    assert_eq!(stack.state(ADDRESS)["cr_version"], OLDER);
    stack.plan_is_empty();
    stack.write(&database(NEWER, engine, ""));
    stack.apply().succeeded();
    eventually("the new operator's version is recommended", || {
        live(&stack)["status"]["recommendedCRVersion"] == NEWER
    });
    stack
}

fn change(plan: &Value) -> Value {
    let changes = plan["resource_changes"].as_array().unwrap();
    let change = changes
        .iter()
        .find(|change| change["address"] == ADDRESS)
        .unwrap();
    change["change"].clone()
}

#[track_caller]
fn assert_upgraded(stack: &Stack) {
    let live = live(stack);
    assert_eq!(live["spec"]["engine"]["crVersion"], NEWER, "{live:#}");
    assert_eq!(live["status"]["crVersion"], NEWER, "{live:#}");
    assert_eq!(live["status"]["status"], "ready", "{live:#}");
    let state = stack.state(ADDRESS);
    assert_eq!(state["ready"], true, "{state:#}");
    assert_eq!(state["cr_version"], NEWER, "{state:#}");
    assert!(state["recommended_cr_version"].is_null(), "{state:#}");
    stack.plan_is_empty();
}

#[test]
fn another_version_of_the_engine_takes_the_operators_over_first_in_the_same_apply() {
    let stack = behind("up-two-steps", FROM);
    // Nobody asked for anything, so nothing follows.
    stack.plan_is_empty();

    stack.write(&database(NEWER, TO, ""));
    let change = change(&stack.plan_json());
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after"]["engine"]["cr_version"], NEWER);
    assert_eq!(change["after"]["cr_version"], NEWER);
    assert_eq!(change["before"]["recommended_cr_version"], NEWER);
    assert_eq!(change["after_unknown"]["recommended_cr_version"], true);
    stack
        .plan()
        .succeeded()
        .says("Changing engine.cr_version restarts")
        .says("Changing engine.version restarts");

    // The definition of the kind refuses the version until the operator's is taken over.
    stack.apply().succeeded();
    assert_eq!(live(&stack)["spec"]["engine"]["version"], "8.0.42-33.1");
    assert_upgraded(&stack);
    stack.destroy().succeeded();
}

#[test]
fn a_pinned_version_of_the_operator_holds_the_engines_up_and_the_error_says_so() {
    let stack = behind("up-pinned", &format!("{FROM}, cr_version = \"{OLDER}\""));
    stack.plan_is_empty();
    stack.write(&database(
        NEWER,
        &format!("{TO}, cr_version = \"{OLDER}\""),
        "",
    ));
    stack
        .plan()
        .failed()
        .says("engine.version")
        .says(&format!("does not have the operator's CR version {NEWER}"))
        .says("\"recommended\"");
    // Named, it is taken over in the same apply too.
    stack.write(&database(
        NEWER,
        &format!("{TO}, cr_version = \"{NEWER}\""),
        "",
    ));
    stack.apply().succeeded();
    assert_upgraded(&stack);
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn an_upgrade_that_is_interrupted_between_its_halves_is_resumed_where_it_stopped() {
    let mut stack = behind("up-ctrl-c", FROM);
    steer(&stack.namespace, json!({"hold": "initializing"}));
    stack.write(&database(NEWER, TO, ""));
    let client = stack.start(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    eventually("the operator's version is being taken over", || {
        let live = live(&stack);
        live["spec"]["engine"]["crVersion"] == NEWER && live["status"]["status"] == "initializing"
    });
    client.interrupt();
    client.ended().says("interrupted after");
    assert!(!stack.tainted(ADDRESS));
    assert_eq!(stack.state(ADDRESS)["ready"], false);
    assert_eq!(live(&stack)["spec"]["engine"]["version"], "8.0.36-28.1");

    // The second half does not begin before the first one has ended.
    let log = Log::of(&mut stack);
    let client = stack.start(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| client.ended());
        log.waits_for("initializing");
        assert_eq!(live(&stack)["spec"]["engine"]["version"], "8.0.36-28.1");
        steer(&stack.namespace, json!({"hold": null}));
        waiting.join().unwrap().succeeded();
    });
    assert_eq!(live(&stack)["spec"]["engine"]["version"], "8.0.42-33.1");
    assert_upgraded(&stack);
    stack.destroy().succeeded();
}

#[test]
fn a_database_that_follows_what_is_recommended_goes_through_an_operators_upgrade() {
    let following = "cr_version = \"recommended\"";
    let stack = behind("up-follow", following);
    let spec = live(&stack)["spec"]["engine"].clone();
    assert!(
        spec["crVersion"].is_null(),
        "the word is never sent: {spec}"
    );
    assert_eq!(stack.state(ADDRESS)["engine"]["cr_version"], "recommended");

    let change = change(&stack.plan_json());
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["before"]["cr_version"], OLDER);
    assert_eq!(change["after"]["cr_version"], NEWER);
    assert_eq!(change["after"]["engine"]["cr_version"], "recommended");
    stack
        .plan()
        .succeeded()
        .says("Changing engine.cr_version restarts");
    stack.apply().succeeded();
    assert_upgraded(&stack);
    assert_eq!(stack.state(ADDRESS)["engine"]["cr_version"], "recommended");

    // A change of something else leaves it as it is.
    stack.write(&database(
        NEWER,
        following,
        "  labels = { team = \"shop\" }",
    ));
    stack.apply().succeeded();
    assert_upgraded(&stack);

    stack.write(&database(NEWER, following, ""));
    stack.apply().succeeded();
    stack.write(&database(NEWER, following, "").replace("  deletion_protection = false\n", ""));
    stack.reimport(ADDRESS, &format!("{}/orders", stack.namespace));
    stack.plan_is_empty();
    stack.write(&database(NEWER, following, ""));
    stack.apply().succeeded();
    assert_upgraded(&stack);
    stack.destroy().succeeded();
}

#[test]
fn a_database_that_was_never_upgraded_is_imported_as_one_that_follows() {
    let stack = Stack::with_engine("pxc");
    let following = alone("pxc", "cr_version = \"recommended\"", "");
    stack.write(&alone("pxc", "", ""));
    stack.apply().succeeded();
    stack.write(&following.replace("  deletion_protection = false\n", ""));
    stack.reimport(ADDRESS, &format!("{}/orders", stack.namespace));
    stack.plan_is_empty();
    stack.write(&following);
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn one_apply_upgrades_the_operator_and_then_its_database_in_both_versions() {
    let stack = Stack::new("up-one-run");
    stack.write(&database(OLDER, FROM, ""));
    stack.apply().succeeded();
    stack.write(&database(NEWER, TO, ""));
    stack.apply().succeeded();
    assert_eq!(live(&stack)["spec"]["engine"]["version"], "8.0.42-33.1");
    assert_upgraded(&stack);
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_minor_upgrade_of_each_engine_is_waited_for_until_the_engine_reports_it() {
    std::thread::scope(|threads| {
        for (engine, from, to) in [
            ("pxc", "8.0.36-28.1", "8.0.41-32.1"),
            ("psmdb", "7.0.24-13", "8.0.8-3"),
            ("postgresql", "16.9", "16.10"),
        ] {
            threads.spawn(move || {
                let stack = Stack::with_engine(engine);
                let at = |version: &str| alone(engine, &format!("version = {version:?}"), "");
                stack.write(&at(from));
                stack.apply().succeeded();
                // The engine overlooks it for a while, and its old "ready" must not count.
                steer(&stack.namespace, json!({"react-delay": "3s"}));
                stack.write(&at(to));
                stack
                    .plan()
                    .succeeded()
                    .says("cannot be undone")
                    .says_not("Changing engine.cr_version");
                stack.apply().succeeded();
                let live = live(&stack);
                assert_eq!(live["spec"]["engine"]["version"], to);
                assert_eq!(live["status"]["status"], "ready", "{live:#}");
                assert_eq!(stack.state(ADDRESS)["engine"]["version"], to);
                stack.plan_is_empty();
                stack.write(&at(from));
                stack.plan().failed().says("older");
                stack.write(&at(to));
                stack.destroy().succeeded();
            });
        }
    });
}
