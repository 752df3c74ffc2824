//! `restart_trigger` of `everest_database`.

use serde_json::{Value, json};

use crate::{
    log::Log,
    objects::{self, DATABASE, eventually, steer},
    stack::Stack,
};

const ADDRESS: &str = "everest_database.db";

/// A database; `more` are further attributes of the database.
fn database(more: &str) -> String {
    format!(
        "resource \"everest_database\" \"db\" {{
  namespace = \"NS\"
  name      = \"orders\"
  engine = {{ type = \"pxc\", replicas = 1, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"1G\" }} }}
  deletion_protection = false
{more}
}}
"
    )
}

fn live(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")
}

/// A restart changes the spec twice: `paused` comes and goes.
fn generation(stack: &Stack) -> i64 {
    live(stack)["metadata"]["generation"].as_i64().unwrap()
}

#[track_caller]
fn assert_runs(stack: &Stack) {
    let live = live(stack);
    let annotations = &live["metadata"]["annotations"];
    assert!(annotations["everest.percona.com/restart"].is_null());
    assert_ne!(live["spec"]["paused"], true);
    assert_eq!(live["status"]["status"], "ready");
    assert_eq!(stack.state(ADDRESS)["ready"], true);
}

#[test]
fn another_trigger_restarts_the_database_once_and_waits_until_it_is_over() {
    let stack = Stack::with_engine("pxc");
    stack.write(&database("  restart_trigger = \"made\""));
    stack.apply().succeeded();
    eventually("the operator has written its defaults", || {
        let live = live(&stack);
        let seen = &live["status"]["observedGeneration"];
        live["spec"]["engine"]["config"].is_string() && *seen == live["metadata"]["generation"]
    });
    let made = generation(&stack);

    stack.write(&database("  restart_trigger = \"once\""));
    stack
        .plan()
        .succeeded()
        .says("cannot be reached for a while")
        .says("restart_trigger stops every pod");
    stack.apply().succeeded();
    assert_eq!(generation(&stack), made + 2, "stopped and started once");
    assert_runs(&stack);
    stack.plan_is_empty();

    stack.write(&database(""));
    stack.apply().succeeded();
    assert_eq!(generation(&stack), made + 2, "taking it out does nothing");
    stack.plan_is_empty();

    stack.write(&database("  restart_trigger = \"once\"\n  paused = false"));
    stack.apply().succeeded();
    assert_runs(&stack);
    assert!(generation(&stack) >= made + 4, "the first value restarts");
    stack.plan_is_empty();

    stack.write(&database("  restart_trigger = \"again\"\n  paused = true"));
    stack
        .plan()
        .failed()
        .says("paused and cannot be restarted")
        .says("restart_trigger");
    stack.write(&database(""));
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_restart_that_is_interrupted_is_waited_for_and_not_begun_again() {
    let mut stack = Stack::with_engine("pxc");
    stack.write(&database("  paused = false"));
    stack.apply().succeeded();
    steer(&stack.namespace, json!({"hold": "stopping"}));
    let restarted = database("  paused = false\n  restart_trigger = \"now\"");
    stack.write(&restarted);
    let client = stack.start(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    eventually("the database is being stopped", || {
        live(&stack)["spec"]["paused"] == true
    });
    let stopped = generation(&stack);
    client.interrupt();
    client.ended().says("interrupted after");

    let plan = stack.plan_json();
    let change = &plan["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["address"] == ADDRESS)
        .unwrap()["change"];
    assert_eq!(change["before"]["paused"], false, "{change:#}");
    assert_eq!(change["after"]["paused"], false);
    assert_eq!(change["before"]["ready"], false);

    // The apply meets the restart half-way and leaves it its pause.
    let log = Log::of(&mut stack);
    let client = stack.start(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    log.waits_for("the database is being restarted");
    assert_eq!(generation(&stack), stopped);
    steer(&stack.namespace, json!({"hold": null}));
    client.ended().succeeded();
    assert_eq!(
        generation(&stack),
        stopped + 1,
        "started, and not stopped again"
    );
    assert_runs(&stack);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}
