//! The actions of the provider, invoked by the real client.

use acceptance::feature::Feature;
use serde_json::Value;

use crate::{
    objects::{self, BACKUP, DATABASE},
    stack::Stack,
};

const DATABASE_WITH_ACTIONS: &str = r#"
resource "everest_backup_storage" "s3" {
  namespace         = "NS"
  name              = "s3"
  type              = "s3"
  bucket            = "actions"
  region            = "eu-central-1"
  access_key_id     = "AKIA"
  secret_access_key = "hush"
}

resource "everest_database" "db" {
  namespace = "NS"
  name      = "orders"
  engine = { type = "pxc", replicas = 1, storage = { size = "1Gi" }, resources = { cpu = "600m", memory = "1G" } }
  deletion_protection = false
}

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

fn status(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")["status"]["status"].clone()
}

#[test]
fn a_database_is_backed_up_restored_paused_resumed_and_restarted_by_actions() {
    if !Feature::Actions.is_there() {
        return;
    }
    let stack = Stack::with_engine("pxc");
    stack.write(DATABASE_WITH_ACTIONS);
    stack.apply().succeeded();
    let invoke = |action: &str| {
        let flag = format!("-invoke=action.{action}");
        let arguments = ["apply", "-auto-approve", "-input=false", "-no-color", &flag];
        stack.run(&arguments)
    };
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
