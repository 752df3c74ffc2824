//! The Secrets of backup storages and databases, past the configuration.

use serde_json::{Value, json};

use crate::{
    objects::{self, SECRET},
    stack::Stack,
};

const STORAGES: &str = "resource \"everest_backup_storage\" \"plain\" {
  namespace         = \"NS\"
  name              = \"plain\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_backup_storage\" \"unwritten\" {
  namespace            = \"NS\"
  name                 = \"unwritten\"
  type                 = \"s3\"
  bucket               = \"others\"
  region               = \"eu-central-1\"
  access_key_id_wo     = \"AKIA\"
  secret_access_key_wo = \"hush\"
}
";

/// The secret key in the Secret of a storage, as Kubernetes writes it.
fn key(stack: &Stack, storage: &str) -> Value {
    objects::get(SECRET, &stack.namespace, storage)["data"]["AWS_SECRET_ACCESS_KEY"].clone()
}

fn updates(stack: &Stack) -> Vec<String> {
    stack
        .planned_actions()
        .into_iter()
        .map(|(address, actions)| format!("{} {address}", actions.join(" ")))
        .collect()
}

#[test]
fn credentials_that_their_secret_has_lost_are_planned_and_written_again() {
    let stack = Stack::with_engine("pxc");
    stack.write(STORAGES);
    stack.apply().succeeded();
    stack.plan_is_empty();
    let both = ["plain", "unwritten"];
    let hush = key(&stack, "plain");

    for storage in both {
        objects::delete(SECRET, &stack.namespace, storage);
    }
    assert_eq!(
        updates(&stack),
        both.map(|storage| format!("update everest_backup_storage.{storage}"))
    );
    stack.plan().succeeded().says("is gone").says_not("hush");
    stack.apply().succeeded();
    for storage in both {
        assert_eq!(key(&stack, storage), hush, "{storage}");
    }
    stack.plan_is_empty();

    for storage in both {
        let change = json!({"stringData": {"AWS_SECRET_ACCESS_KEY": "other"}});
        objects::patch_as("kubectl-patch", SECRET, &stack.namespace, storage, change);
    }
    assert_eq!(updates(&stack), ["update everest_backup_storage.plain"]);
    stack
        .apply()
        .succeeded()
        .says("was changed by someone else");
    assert_eq!(key(&stack, "plain"), hush);
    assert_ne!(
        key(&stack, "unwritten"),
        hush,
        "write-only values may be old"
    );
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

/// A database with a password of its own for `root`.
fn with_password(password: &str, version: u8) -> String {
    format!(
        "resource \"everest_database\" \"orders\" {{
  namespace           = \"NS\"
  name                = \"orders\"
  deletion_protection = false
  engine = {{
    type      = \"pxc\"
    replicas  = 1
    storage   = {{ size = \"1Gi\" }}
    resources = {{ cpu = \"600m\", memory = \"1G\" }}
  }}
  proxy            = {{ replicas = 1 }}
  users_wo         = {{ root = \"{password}\" }}
  users_wo_version = {version}
}}
"
    )
}

#[test]
fn a_database_starts_with_its_password_and_gets_another_one_with_another_version() {
    const USERS: &str = "everest-secrets-orders";
    let stack = Stack::with_engine("pxc");
    let root = || objects::get(SECRET, &stack.namespace, USERS)["data"]["root"].clone();
    stack.write(&with_password("hunter2", 1));
    stack.apply().succeeded().says_not("hunter2");
    assert_eq!(root(), json!("aHVudGVyMg=="));
    let monitor = objects::get(SECRET, &stack.namespace, USERS)["data"]["monitor"].clone();
    assert!(monitor.is_string(), "the operator has made the others");
    stack.plan_is_empty();

    stack.write(&with_password("hunter3", 2));
    stack
        .plan()
        .succeeded()
        .says("the previous ones stop working")
        .says_not("hunter3");
    stack.apply().succeeded();
    assert_eq!(root(), json!("aHVudGVyMw=="));
    let secret = objects::get(SECRET, &stack.namespace, USERS);
    assert_eq!(secret["data"]["monitor"], monitor);
    stack.plan_is_empty();
    stack.destroy().succeeded();
    let left = objects::names(SECRET, &stack.namespace);
    assert!(!left.contains(&USERS.to_owned()), "{left:?}");
}
