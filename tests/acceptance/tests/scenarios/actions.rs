//! The actions of the provider, invoked by the real client.

use acceptance::{
    catalog::{PACKAGES, Package},
    feature::Feature,
    said::Said,
};
use serde_json::Value;

use crate::{
    objects::{self, BACKUP, DATABASE, SUBSCRIPTION, eventually},
    stack::Stack,
};

const PXC: &Package = &PACKAGES[0];

const STORAGE: &str = r#"
resource "everest_backup_storage" "s3" {
  namespace         = "NS"
  name              = "s3"
  type              = "s3"
  bucket            = "actions"
  region            = "eu-central-1"
  access_key_id     = "AKIA"
  secret_access_key = "hush"
}
"#;

/// A database; `more` are further attributes and blocks.
fn database(more: &str) -> String {
    r#"
resource "everest_database" "db" {
  namespace = "NS"
  name      = "orders"
  engine = { type = "pxc", replicas = 1, storage = { size = "1Gi" }, resources = { cpu = "600m", memory = "1G" } }
  deletion_protection = false
  MORE
}
"#
    .replace("MORE", more)
}

const ACTIONS: &str = r#"
action "everest_backup" "now" {
  config {
    namespace           = "NS"
    database_name       = everest_database.db.name
    backup_storage_name = everest_backup_storage.s3.name
    name                = "now"
  }
}

action "everest_restore" "now" {
  config {
    namespace     = "NS"
    database_name = "orders"
    name          = "again"
    backup_name   = "now"
  }
}

action "everest_pause" "db" {
  config {
    namespace = "NS"
    name      = "orders"
  }
}

action "everest_resume" "db" {
  config {
    namespace = "NS"
    name      = "orders"
  }
}

action "everest_restart" "db" {
  config {
    namespace = "NS"
    name      = "orders"
  }
}

action "everest_approve_upgrade" "ns" {
  config { namespace = "NS" }
}
"#;

/// Runs one action.
fn invoke(stack: &Stack, action: &str) -> Said {
    let flag = format!("-invoke=action.{action}");
    stack.run(&["apply", "-auto-approve", "-input=false", "-no-color", &flag])
}

fn status(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")["status"]["status"].clone()
}

#[test]
fn a_database_is_backed_up_restored_paused_resumed_and_restarted_by_actions() {
    if !Feature::Actions.is_there() {
        return;
    }
    let stack = Stack::with_engine("pxc");
    stack.write(&[STORAGE, &database(""), ACTIONS].concat());
    stack.apply().succeeded();
    let invoke = |action: &str| invoke(&stack, action);
    invoke("everest_backup.now")
        .succeeded()
        .says("Its data is at s3://");
    let backup = objects::get(BACKUP, &stack.namespace, "now");
    assert_eq!(backup["status"]["state"], "Succeeded");
    invoke("everest_restore.now").succeeded().says("Data loss");
    invoke("everest_pause.db").succeeded().says("Downtime");
    assert_eq!(status(&stack), "paused");
    invoke("everest_restart.db")
        .failed()
        .says("Resume it instead");
    invoke("everest_resume.db").succeeded();
    assert_eq!(status(&stack), "ready");
    invoke("everest_restart.db").succeeded();
    assert_eq!(status(&stack), "ready");
    invoke("everest_approve_upgrade.ns")
        .succeeded()
        .says("No upgrade awaits approval");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

/// A backup that is taken by an action of this name. It refers to no resource: what an event before
/// a resource triggers cannot wait for that resource.
fn backup(name: &str) -> String {
    format!(
        "action \"everest_backup\" \"{name}\" {{
  config {{
    namespace           = \"NS\"
    database_name       = \"orders\"
    backup_storage_name = \"s3\"
    name                = \"{name}\"
  }}
}}
"
    )
}

/// A block that runs an action at an event.
fn at(event: &str, action: &str) -> String {
    format!("action_trigger {{\n events = [{event}]\n actions = [action.{action}]\n }}\n")
}

#[test]
fn a_database_is_backed_up_and_restarted_around_its_changes() {
    if !Feature::ActionsAfterwards.is_there() {
        return;
    }
    let ends = Feature::ActionsOnDestruction.is_there();
    let mut triggers = vec![
        at("before_create", "everest_approve_upgrade.ns"),
        at("after_create", "everest_backup.created"),
        at("before_update", "everest_backup.before"),
        at("after_update", "everest_restart.db"),
    ];
    if ends {
        triggers.push(at("before_destroy", "everest_backup.last"));
        triggers.push(at("after_destroy", "everest_approve_upgrade.ns"));
    }
    let triggers = format!("lifecycle {{\n{}}}", triggers.concat());
    let actions = r#"
action "everest_restart" "db" {
  config {
    namespace = "NS"
    name      = "orders"
  }
}

action "everest_approve_upgrade" "ns" {
  config { namespace = "NS" }
}
"#;
    let configuration = |more: &str| {
        let waits = "depends_on = [everest_backup_storage.s3]";
        let database = database(&[more, waits, &triggers].join("\n  "));
        let backups = ["created", "before", "last"].map(backup).concat();
        [STORAGE, &database, actions, &backups].concat()
    };
    let stack = Stack::with_engine("pxc");
    let taken = |name: &str| objects::get(BACKUP, &stack.namespace, name);
    stack.write(&configuration(""));
    stack
        .apply()
        .succeeded()
        .says("No upgrade awaits approval")
        .says("Its data is at s3://");
    assert_eq!(taken("created")["status"]["state"], "Succeeded");
    assert!(taken("before").is_null());
    stack.plan_is_empty();

    stack.write(&configuration("labels = { team = \"shop\" }"));
    stack.apply().succeeded().says("Its data is at s3://");
    assert_eq!(taken("before")["status"]["state"], "Succeeded");
    assert_eq!(status(&stack), "ready");
    let live = objects::get(DATABASE, &stack.namespace, "orders");
    assert_eq!(live["metadata"]["labels"]["team"], "shop");
    stack.plan_is_empty();

    let destroyed = stack.destroy().succeeded();
    if ends {
        destroyed
            .says("Its data is at s3://")
            .says("No upgrade awaits approval");
    }
}

#[test]
fn an_operator_is_upgraded_by_an_action() {
    if !Feature::Actions.is_there() {
        return;
    }
    let configuration = |version: &str| {
        r#"
resource "everest_namespace" "ns" {
  name    = "NS"
  engines = { pxc = { version = "VERSION" } }
}

action "everest_upgrade_operators" "ns" {
  config { namespace = "NS" }
}
"#
        .replace("VERSION", version)
    };
    let stack = Stack::new("actions-up");
    let [older, newer] = PXC.versions;
    stack.write(&configuration(older));
    stack.apply().succeeded();
    let installed = || {
        let subscription = objects::get(SUBSCRIPTION, &stack.namespace, PXC.name);
        subscription["status"]["installedCSV"].clone()
    };
    assert_eq!(installed(), PXC.csv(older));
    // OLM plans the upgrade a moment after it has installed the operator.
    eventually("the upgrade awaits approval", || {
        let subscription = objects::get(SUBSCRIPTION, &stack.namespace, PXC.name);
        subscription["status"]["state"] == "UpgradePending"
    });
    invoke(&stack, "everest_upgrade_operators.ns")
        .succeeded()
        .says(&format!("The operator of pxc is upgraded to {newer}"));
    assert_eq!(installed(), PXC.csv(newer));
    stack.plan().succeeded().says(&format!(
        "Someone else raised {older} to {newer}, which is kept"
    ));
    stack.write(&configuration(newer));
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.destroy().succeeded();
}
