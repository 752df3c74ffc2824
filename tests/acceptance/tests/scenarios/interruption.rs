//! Applies that do not reach their end: time-outs, Ctrl-C, failures, killed processes. What was
//! accepted is kept in the state, and the next apply goes on.

use std::process::Command;

use acceptance::{running::Running, said::Said};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    objects::{self, BACKUP, DATABASE, SUBSCRIPTION, eventually, steer},
    stack::Stack,
};

const ADDRESS: &str = "everest_database.db";
const APPLY: [&str; 4] = ["apply", "-auto-approve", "-input=false", "-no-color"];

const NAMESPACE: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"NS\"
  engines = { pxc = {} }
}
";

const STORAGE: &str = "resource \"everest_backup_storage\" \"s3\" {
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  endpoint_url      = \"https://s3.example.org\"
  access_key_id     = \"AKIA-1\"
  secret_access_key = \"hush-1\"
}
";

/// A small database; `more` are further attributes of the database.
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

/// A stack in a namespace with the engine, and the simulator steered there.
fn prepared(settings: Value) -> Stack {
    let stack = Stack::with_engine("pxc");
    steer(&stack.namespace, settings);
    stack
}

fn live(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")
}

/// Applies, and presses Ctrl-C once `begun`.
#[track_caller]
fn interrupted(stack: &Stack, begun: impl Fn() -> bool) -> Said {
    let client = stack.start(&APPLY);
    eventually("the apply has begun", begun);
    client.interrupt();
    client.ended()
}

/// It is in the state, accepted and unfinished, and the next apply goes on with it in place.
#[track_caller]
fn assert_pending(stack: &Stack, address: &str) {
    let state = stack.state(address);
    assert_eq!(state["ready"], false, "{state:#}");
    assert!(!stack.tainted(address));
    assert_eq!(
        stack.planned_actions(),
        [(address.to_owned(), vec!["update".to_owned()])]
    );
}

#[test]
#[ignore = "steers the simulator"]
fn a_database_that_is_not_ready_in_time_is_kept_and_the_next_apply_goes_on() {
    let stack = prepared(json!({"hold": "initializing"}));
    let short = "  timeouts = { create = \"5s\", update = \"5s\" }";
    stack.write(&database(short));
    stack
        .apply()
        .succeeded()
        .says("Warning")
        .says("not ready")
        .says("after 5 s")
        .says("initializing");
    assert_pending(&stack, ADDRESS);
    assert_eq!(stack.state(ADDRESS)["status"], "initializing");
    let uid = live(&stack)["metadata"]["uid"].clone();

    stack.apply().succeeded().says("not ready");
    assert_pending(&stack, ADDRESS);

    steer(&stack.namespace, json!({"hold": null}));
    stack.write(&database(""));
    stack.apply().succeeded().says_not("not ready");
    let state = stack.state(ADDRESS);
    assert_eq!(state["ready"], true, "{state:#}");
    assert_eq!(state["status"], "ready");
    assert!(state["hostname"].is_string());
    assert_eq!(live(&stack)["metadata"]["uid"], uid, "never made anew");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_postcondition_on_ready_stops_what_depends_on_a_late_database() {
    let stack = prepared(json!({"hold": "creating"}));
    let guarded = format!(
        "{}resource \"terraform_data\" \"user\" {{\n  input = everest_database.db.hostname\n}}\n",
        database(
            "  timeouts = { create = \"4s\" }\n  lifecycle {\n    postcondition {\n      condition     = self.ready\n      error_message = \"The database is not up yet.\"\n    }\n  }",
        )
    );
    stack.write(&guarded);
    stack.apply().failed().says("The database is not up yet.");
    assert!(!stack.tainted(ADDRESS));
    assert!(stack.state("terraform_data.user").is_null());

    steer(&stack.namespace, json!({"hold": null}));
    stack.apply().succeeded();
    // A state holds what may be of any type beside its type.
    assert!(stack.state("terraform_data.user")["input"]["value"].is_string());
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn ctrl_c_keeps_a_database_that_is_being_created_and_the_next_apply_goes_on() {
    let stack = prepared(json!({"hold": "initializing"}));
    stack.write(&database(""));
    interrupted(&stack, || {
        live(&stack)["status"]["status"] == "initializing"
    })
    .says("interrupted after");
    assert_pending(&stack, ADDRESS);

    steer(&stack.namespace, json!({"hold": null}));
    stack.apply().succeeded();
    assert_eq!(stack.state(ADDRESS)["ready"], true);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn ctrl_c_keeps_a_namespace_that_is_being_installed_and_the_next_apply_goes_on() {
    let stack = Stack::new("ctrl-c-ns");
    stack.write(NAMESPACE);
    // Without its versions an engine is not offered, so the installation cannot be over too soon.
    interrupted(&stack, || {
        if objects::get(objects::NAMESPACE, "", &stack.namespace).is_null() {
            return false;
        }
        steer(&stack.namespace, json!({"version-service": "down"}));
        !objects::names(SUBSCRIPTION, &stack.namespace).is_empty()
    })
    .says("interrupted after");
    let state = stack.state("everest_namespace.ns");
    assert_eq!(state["ready"], false, "{state:#}");
    assert!(!stack.tainted("everest_namespace.ns"));
    steer(&stack.namespace, json!({"version-service": null}));
    stack.apply().succeeded();
    let state = stack.state("everest_namespace.ns");
    assert_eq!(state["ready"], true, "{state:#}");
    assert!(state["engines"]["pxc"]["installed_version"].is_string());
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn ctrl_c_during_a_destroy_keeps_what_is_left_and_the_next_destroy_goes_on() {
    let stack = prepared(json!({}));
    stack.write(&database(""));
    stack.apply().succeeded();
    steer(&stack.namespace, json!({"hold": "deleting"}));
    let client = stack.start(&["destroy", "-auto-approve", "-input=false", "-no-color"]);
    eventually("the database is being deleted", || {
        live(&stack)["metadata"]["deletionTimestamp"].is_string()
    });
    client.interrupt();
    let said = client.ended().failed();
    assert!(
        said.text.contains("finalizer"),
        "what holds it: {}",
        said.text
    );
    assert!(
        stack.state(ADDRESS).is_object(),
        "it still exists, so the state has it"
    );

    steer(&stack.namespace, json!({"hold": null}));
    stack.destroy().succeeded();
    assert!(live(&stack).is_null());
}

#[test]
#[ignore = "steers the simulator"]
fn a_change_that_is_not_done_in_time_is_kept_and_the_next_apply_goes_on() {
    let stack = prepared(json!({}));
    stack.write(&database(""));
    stack.apply().succeeded();

    steer(&stack.namespace, json!({"hold": "initializing"}));
    let bigger = |more: &str| database(more).replace("replicas = 1", "replicas = 3");
    stack.write(&bigger("  timeouts = { update = \"5s\" }"));
    stack.apply().succeeded().says("Warning").says("not ready");
    assert_eq!(
        stack.state(ADDRESS)["engine"]["replicas"],
        3,
        "it was accepted"
    );
    assert_pending(&stack, ADDRESS);

    steer(&stack.namespace, json!({"hold": null}));
    stack.write(&bigger(""));
    stack.apply().succeeded();
    assert_eq!(stack.state(ADDRESS)["ready"], true);
    let engine = objects::get(
        ("pxc.percona.com/v1", "PerconaXtraDBCluster"),
        &stack.namespace,
        "orders",
    );
    assert_eq!(
        engine["status"]["pxc"]["ready"], 3,
        "the engine followed: {engine:#}"
    );
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_wait_that_goes_on_does_not_take_the_ready_from_before_the_change_for_done() {
    let stack = prepared(json!({}));
    stack.write(&database(""));
    stack.apply().succeeded();

    // The engine overlooks the change, and says meanwhile what it said before; in the end also
    // that it has seen the change.
    steer(
        &stack.namespace,
        json!({"react-delay": "8s", "begin-delay": "4s"}),
    );
    let bigger = |more: &str| database(more).replace("replicas = 1", "replicas = 3");
    stack.write(&bigger("  timeouts = { update = \"2s\" }"));
    stack.apply().succeeded().says("Warning").says("not ready");
    assert_eq!(live(&stack)["status"]["status"], "ready", "from before");

    stack.write(&bigger(""));
    stack.apply().succeeded();
    let engine = objects::get(
        ("pxc.percona.com/v1", "PerconaXtraDBCluster"),
        &stack.namespace,
        "orders",
    );
    assert_eq!(
        engine["status"]["pxc"]["ready"], 3,
        "it went on too early: {engine:#}"
    );
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_database_behind_a_load_balancer_is_done_when_it_has_its_address() {
    let stack = prepared(json!({"address-delay": "3s"}));
    stack.write(&database(
        "  proxy = { expose = { type = \"LoadBalancer\" } }",
    ));
    stack.apply().succeeded().says_not("not ready");
    assert_eq!(stack.state(ADDRESS)["hostname"], "203.0.113.10");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_failed_backup_taints_and_a_late_one_does_not() {
    let stack = prepared(json!({"b1.hold": "Running", "b2.backup-fails": "no bucket"}));
    let backup = |name: &str| {
        format!(
            "resource \"everest_backup\" \"{name}\" {{
  namespace           = \"NS\"
  database_name       = everest_database.db.name
  backup_storage_name = everest_backup_storage.s3.name
  name                = \"{name}\"
  timeouts            = {{ create = \"6s\" }}
}}
"
        )
    };
    let base = format!("{}{STORAGE}", database(""));
    stack.write(&base);
    stack.apply().succeeded();

    stack.write(&format!("{base}{}", backup("b1")));
    stack.apply().succeeded().says("Warning").says("Running");
    assert!(!stack.tainted("everest_backup.b1"));
    assert_eq!(stack.state("everest_backup.b1")["state"], "Running");
    assert_eq!(
        stack.planned_actions(),
        [("everest_backup.b1".to_owned(), vec!["update".to_owned()])]
    );
    let uid = objects::get(BACKUP, &stack.namespace, "b1")["metadata"]["uid"].clone();
    steer(&stack.namespace, json!({"b1.hold": null}));
    stack.apply().succeeded();
    assert_eq!(stack.state("everest_backup.b1")["state"], "Succeeded");
    assert_eq!(
        objects::get(BACKUP, &stack.namespace, "b1")["metadata"]["uid"],
        uid
    );
    stack.plan_is_empty();

    stack.write(&format!("{base}{}{}", backup("b1"), backup("b2")));
    stack.apply().failed().says("b2").says("Failed");
    assert!(stack.tainted("everest_backup.b2"));
    assert!(!stack.tainted("everest_backup.b1"));
    steer(&stack.namespace, json!({"b2.backup-fails": null}));
    stack.apply().succeeded();
    assert_eq!(stack.state("everest_backup.b2")["state"], "Succeeded");
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn an_error_during_creation_is_waited_out_and_told_with_its_message_and_events() {
    let stack = prepared(json!({"error": "the disk is on fire"}));
    objects::create(
        ("v1", "Event"),
        &stack.namespace,
        "orders.1",
        json!({
            "involvedObject": {
                "apiVersion": "pxc.percona.com/v1", "kind": "PerconaXtraDBCluster",
                "name": "orders", "namespace": stack.namespace,
            },
            "type": "Warning", "reason": "FailedScheduling", "message": "0/3 nodes have a fire brigade",
        }),
    );
    stack.write(&database(
        "  timeouts = { create = \"8s\", update = \"60s\" }",
    ));
    stack
        .apply()
        .succeeded()
        .says("after 8 s")
        .says("Status: error")
        .says("the disk is on fire")
        .says("FailedScheduling")
        .says("0/3 nodes have a fire brigade");
    assert!(
        !stack.tainted(ADDRESS),
        "a database is not replaced for being late"
    );
    let state = stack.state(ADDRESS);
    assert_eq!(state["ready"], false, "{state:#}");
    assert_eq!(state["status"], "error");

    steer(&stack.namespace, json!({"error": null}));
    stack.apply().succeeded();
    assert_eq!(stack.state(ADDRESS)["ready"], true);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_change_that_fails_is_told_with_the_condition_that_says_why() {
    let stack = prepared(json!({"resize-fails": "the pool is full"}));
    stack.write(&database(""));
    stack.apply().succeeded();
    stack.write(&database("  timeouts = { update = \"20s\" }").replace("1Gi", "2Gi"));
    let said = stack.apply();
    for words in [
        "VolumeResizeFailed",
        "the pool is full",
        "Status: resizingVolumes",
    ] {
        assert!(
            said.text.contains(words),
            "missing {words:?} in:\n{}",
            said.text
        );
    }
    assert!(!stack.tainted(ADDRESS));
    assert_eq!(stack.state(ADDRESS)["ready"], false);

    steer(&stack.namespace, json!({"resize-fails": null}));
    stack.write(&database("").replace("1Gi", "2Gi"));
    stack.apply().succeeded();
    assert_eq!(stack.state(ADDRESS)["ready"], true);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

/// The processes of the provider that `client` has started.
fn providers(client: &Running) -> Vec<Pid> {
    let parent = client.pid().as_raw_nonzero().to_string();
    let listed = Command::new("ps")
        .args(["-A", "-o", "pid=,ppid=,args="])
        .output()
        .unwrap();
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (pid, ppid) = (words.next()?, words.next()?);
            let ours = ppid == parent && words.next()?.contains("terraform-provider-everest");
            ours.then(|| Pid::from_raw(pid.parse().ok()?)).flatten()
        })
        .collect()
}

/// Whether a process is there and has not merely been left uncollected by its parent.
fn runs(process: Pid) -> bool {
    let number = process.as_raw_nonzero().to_string();
    let listed = Command::new("ps")
        .args(["-o", "state=", "-p", &number])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&listed.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// The annotation of an object that no state may hold yet.
const MARK: &str = "/metadata/annotations/everest.openeverest.io~1created-by-apply";

/// The next apply goes on with the database that a killed one has made.
#[track_caller]
fn assert_goes_on(stack: &Stack) {
    let made = live(stack);
    assert!(made.pointer(MARK).is_some(), "{made:#}");
    steer(&stack.namespace, json!({"hold": null}));
    stack.apply().succeeded();
    let found = live(stack);
    assert_eq!(found["metadata"]["uid"], made["metadata"]["uid"]);
    assert!(
        found.pointer(MARK).is_none(),
        "it is in the state: {found:#}"
    );
    assert_eq!(stack.state(ADDRESS)["ready"], true);
    stack.plan_is_empty();
}

#[test]
#[ignore = "steers the simulator"]
fn no_process_outlives_a_killed_client_or_provider_and_the_next_apply_goes_on() {
    let stack = prepared(json!({"hold": "initializing"}));
    stack.write(&database(""));
    let begun = || live(&stack)["status"]["status"] == "initializing";

    let client = stack.start(&APPLY);
    eventually("the apply has begun", begun);
    let provider = providers(&client);
    assert_eq!(provider.len(), 1, "{provider:?}");
    kill_process(provider[0], Signal::KILL).unwrap();
    client.ended().failed();
    assert_goes_on(&stack);

    // What a state holds is not another state's, whatever its configuration says.
    let other = Stack::new("killed-other");
    other.write(&database("").replace("NS", &stack.namespace));
    other
        .apply()
        .failed()
        .says("already exists")
        .says(&format!("{}/orders", stack.namespace));

    stack.write("");
    stack.apply().succeeded();
    steer(&stack.namespace, json!({"hold": "initializing"}));
    stack.write(&database(""));
    let client = stack.start(&APPLY);
    eventually("the apply has begun", begun);
    let provider = providers(&client);
    assert_eq!(provider.len(), 1, "{provider:?}");
    client.kill();
    eventually("the provider has ended", || !runs(provider[0]));
    steer(&stack.namespace, json!({"hold": null}));
    objects::delete(DATABASE, &stack.namespace, "orders");
}
