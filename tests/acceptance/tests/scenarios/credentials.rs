//! The Secrets of backup storages and databases, past the configuration, and the credentials of a
//! database on their way to other providers.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde_json::{Value, json};

use crate::{
    objects::{self, SECRET},
    stack::{Stack, kubeconfig},
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

/// The providers of the guide that something stands in for, by their addresses.
const PROVIDERS: [&str; 4] = [
    "cyrilgdn/postgresql",
    "petoju/mysql",
    "01Joseph-Hwang10/mongodb",
    "hashicorp/vault",
];

/// Requires the providers of the guide, which something stands in for.
fn with_stand_ins(stack: &mut Stack) {
    stack.stand_ins(&PROVIDERS);
    let required: String = PROVIDERS
        .iter()
        .chain(&["openeverest/everest"])
        .map(|source| {
            let (_, name) = source.split_once('/').unwrap();
            format!("    {name} = {{ source = {source:?} }}\n")
        })
        .collect();
    stack.file(
        "provider.tf",
        &format!(
            "terraform {{\n  required_providers {{\n{required}  }}\n}}\n\
             provider \"everest\" {{\n  config_path = {:?}\n}}\n",
            kubeconfig()
        ),
    );
}

/// The blocks of the guide, in its order.
fn blocks_of_the_guide() -> Vec<String> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/credentials.md");
    let guide = fs::read_to_string(guide).unwrap();
    let blocks = guide.split("```terraform\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// A database that is called as in the guide.
const ORDERS: &str = r#"
resource "everest_database" "orders" {
  namespace           = "NS"
  name                = "orders"
  deletion_protection = false
  engine = { type = "postgresql", replicas = 1, storage = { size = "1Gi" }, resources = { cpu = "600m", memory = "1G" } }
}
"#;

#[test]
fn the_blocks_of_the_guide_are_valid_for_the_providers_that_they_configure() {
    let mut stack = Stack::new("guide");
    with_stand_ins(&mut stack);
    let password = "variable \"app_password\" {\n  sensitive = true\n}\n";
    let blocks = blocks_of_the_guide();
    assert!(blocks.len() >= 6, "{blocks:?}");
    stack.write(&[ORDERS, password, &blocks.concat()].concat());
    stack.run(&["validate", "-no-color"]).succeeded();
}

#[test]
fn credentials_of_a_new_database_reach_other_providers_and_no_state() {
    let mut stack = Stack::with_engine("postgresql");
    with_stand_ins(&mut stack);
    let wanted = [
        "ephemeral \"everest",
        "provider \"postgresql\"",
        "resource \"vault",
    ];
    let mut blocks = blocks_of_the_guide();
    blocks.retain(|block| wanted.iter().any(|begins| block.starts_with(begins)));
    assert_eq!(blocks.len(), wanted.len());
    let shop = "resource \"postgresql_database\" \"shop\" {\n  name = \"shop\"\n}\n";
    stack.write(&[ORDERS, shop, &blocks.concat()].concat());
    // The plan of the creation has no credentials to read, and the apply has.
    stack.apply().succeeded();

    let database = stack.state("everest_database.orders");
    let secret = database["credentials_secret_name"].as_str().unwrap();
    let secret = objects::get(SECRET, &stack.namespace, secret);
    let password = BASE64
        .decode(secret["data"]["password"].as_str().unwrap())
        .unwrap();
    let password = String::from_utf8(password).unwrap();
    let shop = stack.state("postgresql_database.shop");
    assert_eq!(shop["connected_to"], database["hosts"][0]);
    assert_eq!(shop["connected_as"], "postgres");
    assert_eq!(shop["password_length"], password.len());
    let stored = stack.state("vault_kv_secret_v2.orders");
    assert!(
        stored["data_length"].as_u64().unwrap() > password.len() as u64,
        "{stored:#}"
    );
    assert_eq!(stored["data_json_wo"], Value::Null);
    assert!(!stack.state_file().contains(&password));
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
        .says("users_wo_version restarts the only member")
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
