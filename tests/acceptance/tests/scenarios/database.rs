//! `everest_database`.

use acceptance::feature::Feature;
use serde_json::{Value, json};

use crate::{
    objects::{self, BACKUP, DATABASE, eventually, steer},
    stack::Stack,
};

const ENGINES: [(&str, u64); 3] = [("pxc", 3306), ("psmdb", 27017), ("postgresql", 5432)];

/// A small database; `more` are further attributes of it.
fn database(engine: &str, name: &str, more: &str) -> String {
    format!(
        "resource \"everest_database\" \"db\" {{
  namespace = \"NS\"
  name      = \"{name}\"
  engine = {{ type = \"{engine}\", replicas = 1, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"1G\" }} }}
  deletion_protection = false
{more}
}}
"
    )
}

/// The same, called `orders`, with the namespace that it is in.
fn in_own_namespace(engine: &str, more: &str) -> String {
    let namespace = format!(
        "resource \"everest_namespace\" \"ns\" {{\n  name = \"NS\"\n  engines = {{ {engine} = {{}} }}\n}}\n"
    );
    let database = database(engine, "orders", more);
    namespace + &database.replace("\"NS\"", "everest_namespace.ns.name")
}

fn spec(stack: &Stack, name: &str) -> Value {
    objects::get(DATABASE, &stack.namespace, name)["spec"].clone()
}

#[test]
fn a_database_of_each_engine_is_created_imported_and_destroyed() {
    std::thread::scope(|threads| {
        for (engine, port) in ENGINES {
            threads.spawn(move || {
                let stack = Stack::new(&format!("basic-{engine}"));
                let database = |more: &str| in_own_namespace(engine, more);
                stack.write(&database(""));
                stack.apply().succeeded();

                let state = stack.state("everest_database.db");
                assert_eq!(state["ready"], true, "{state:#}");
                assert_eq!(state["status"], "ready");
                assert_eq!(state["port"], port);
                let hosts = state["hosts"].as_array().unwrap();
                for host in hosts {
                    let host = host.as_str().unwrap();
                    assert!(host.contains("orders") && host.ends_with(&format!(":{port}")));
                }
                // Each member of an exposed replica set has an address of its own.
                assert_eq!(state["hostname"].is_string(), hosts.len() == 1, "{state:#}");
                assert_eq!(state["credentials_secret_name"], "everest-secrets-orders");
                if engine == "pxc" {
                    // The operator fills this in for pxc alone.
                    assert_eq!(state["proxy"]["type"], "haproxy");
                }
                assert_eq!(state["engine"]["storage"]["size"], "1Gi");
                assert!(state["engine"]["version"].is_string());
                stack.plan_is_empty();

                let id = format!("{}/orders", stack.namespace);
                stack.write(&database("  deletion_protection = true").replacen(
                    "  deletion_protection = false\n",
                    "",
                    1,
                ));
                stack.reimport("everest_database.db", &id);
                stack.plan_is_empty();

                stack.write(&database(""));
                stack.apply().succeeded();
                stack.destroy().succeeded();
                assert!(objects::get(objects::NAMESPACE, "", &stack.namespace).is_null());
            });
        }
    });
}

#[test]
#[ignore = "steers the simulator"]
fn a_change_is_an_update_in_place_that_waits_until_the_engine_followed() {
    let stack = Stack::with_engine("psmdb");
    stack.write(&database("psmdb", "orders", "  proxy = { replicas = 1 }"));
    stack.apply().succeeded();

    // The engine overlooks the change for a while, and its old "ready" must not count.
    steer(&stack.namespace, json!({ "react-delay": "3s" }));
    stack.write(
        &database("psmdb", "orders", "  proxy = { replicas = 1 }")
            .replace("replicas = 1, storage", "replicas = 3, storage"),
    );
    assert_eq!(
        stack.planned_actions(),
        [("everest_database.db".to_owned(), vec!["update".to_owned()])]
    );
    stack.apply().succeeded();
    let engine = objects::get(
        ("psmdb.percona.com/v1", "PerconaServerMongoDB"),
        &stack.namespace,
        "orders",
    );
    assert_eq!(engine["spec"]["replsets"][0]["size"], 3);
    assert_eq!(
        engine["status"]["ready"], 3,
        "applied before the engine followed: {engine:#}"
    );
    assert_eq!(stack.state("everest_database.db")["ready"], true);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn quantities_and_exposure_may_be_spelled_as_the_user_likes() {
    let stack = Stack::with_engine("pxc");
    stack.write(
        &database(
            "pxc",
            "orders",
            "  proxy = { type = \"haproxy\", expose = { type = \"internal\" } }",
        )
        .replace("size = \"1Gi\"", "size = \"1024Mi\"")
        .replace("cpu = \"600m\"", "cpu = \"0.6\"")
        .replace("memory = \"1G\"", "memory = \"1000M\""),
    );
    stack.apply().succeeded();
    assert_eq!(
        spec(&stack, "orders")["engine"]["storage"]["size"],
        "1Gi",
        "sent in canonical form"
    );
    let state = stack.state("everest_database.db");
    assert_eq!(
        state["engine"]["storage"]["size"], "1024Mi",
        "kept as written"
    );
    assert_eq!(state["engine"]["resources"]["cpu"], "0.6");
    assert_eq!(state["proxy"]["expose"]["type"], "internal");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn what_the_operator_writes_back_is_never_a_diff() {
    let stack = Stack::with_engine("pxc");
    stack.write(&database("pxc", "orders", ""));
    stack.apply().succeeded();
    eventually("the operator wrote its defaults", || {
        spec(&stack, "orders")["engine"]["config"]
            .as_str()
            .is_some_and(|c| c.contains("[mysqld]"))
    });
    stack.plan_is_empty();
    stack
        .run(&["apply", "-refresh-only", "-auto-approve", "-input=false"])
        .succeeded();
    assert!(
        stack.state("everest_database.db")["engine"]["config"]
            .as_str()
            .unwrap()
            .contains("[mysqld]")
    );
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn only_configured_fields_are_owned() {
    let stack = Stack::with_engine("pxc");
    stack.write(&database("pxc", "orders", "  labels = { team = \"shop\" }"));
    stack.apply().succeeded();
    objects::patch(
        DATABASE,
        &stack.namespace,
        "orders",
        json!({"metadata": {"labels": {"cost-centre": "42"}}}),
    );
    stack.plan_is_empty();
    stack.write(&database("pxc", "orders", "  labels = { team = \"core\" }"));
    stack.apply().succeeded();
    let labels = objects::get(DATABASE, &stack.namespace, "orders")["metadata"]["labels"].clone();
    assert_eq!(labels["team"], "core");
    assert_eq!(labels["cost-centre"], "42");
    stack.write(&database("pxc", "orders", ""));
    stack.apply().succeeded();
    let labels = objects::get(DATABASE, &stack.namespace, "orders")["metadata"]["labels"].clone();
    assert!(labels["team"].is_null(), "{labels}");
    assert_eq!(labels["cost-centre"], "42");
    stack.plan_is_empty();

    // What the operator wrote stays the operator's after an update as well.
    stack.write(&database("pxc", "orders", "").replace("size = \"1Gi\"", "size = \"2Gi\""));
    stack.apply().succeeded();
    let object = objects::get(DATABASE, &stack.namespace, "orders");
    assert_eq!(object["spec"]["engine"]["storage"]["size"], "2Gi");
    assert!(object["spec"]["engine"]["userSecretsName"].is_string());
    let owned = object["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["manager"] == "terraform-provider-everest")
        .unwrap()["fieldsV1"]["f:spec"]["f:engine"]
        .clone();
    assert!(owned["f:storage"]["f:size"].is_object(), "{owned}");
    for operators in ["f:userSecretsName", "f:version", "f:config"] {
        assert!(owned[operators].is_null(), "{operators}: {owned}");
    }
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn schedules_are_a_map_keyed_by_name() {
    let storage = "resource \"everest_backup_storage\" \"s3\" {
  namespace = \"NS\"
  name = \"s3\"
  type = \"s3\"
  bucket = \"backups\"
  region = \"eu-central-1\"
  access_key_id = \"AKIA\"
  secret_access_key = \"hush\"
}
";
    let backup = |schedules: &str| {
        format!(
            "{storage}{}",
            database(
                "psmdb",
                "orders",
                &format!("  backup = {{ schedules = {{ {schedules} }} }}")
            )
        )
    };
    let nightly = "nightly = { schedule = \"0 2 * * *\", backup_storage_name = everest_backup_storage.s3.name, retention_copies = 7 }";
    let weekly = "weekly = { schedule = \"0 3 * * 0\", backup_storage_name = everest_backup_storage.s3.name, enabled = false }";
    let stack = Stack::with_engine("psmdb");
    stack.write(&backup(&format!("{nightly}, {weekly}")));
    stack.apply().succeeded();
    let sent = spec(&stack, "orders")["backup"]["schedules"].clone();
    assert_eq!(sent.as_array().map(Vec::len), Some(2), "{sent}");
    assert_eq!(sent[0]["name"], "nightly");
    assert_eq!(sent[0]["enabled"], true);
    assert_eq!(sent[1]["enabled"], false);
    stack.plan_is_empty();
    let id = format!("{}/orders", stack.namespace);
    stack.write(
        &backup(&format!("{nightly}, {weekly}")).replace("  deletion_protection = false\n", ""),
    );
    stack.reimport("everest_database.db", &id);
    stack.plan_is_empty();

    stack.write(&backup(nightly));
    stack.apply().succeeded();
    let sent = spec(&stack, "orders")["backup"]["schedules"].clone();
    assert_eq!(sent.as_array().map(Vec::len), Some(1), "{sent}");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn a_database_deleted_behind_our_back_is_planned_anew() {
    let stack = Stack::with_engine("postgresql");
    stack.write(&database("postgresql", "orders", ""));
    stack.apply().succeeded();
    objects::delete(DATABASE, &stack.namespace, "orders");
    assert_eq!(
        stack.planned_actions(),
        [("everest_database.db".to_owned(), vec!["create".to_owned()])]
    );
    stack.apply().succeeded();
    stack.destroy().succeeded();
}

#[test]
fn a_database_that_exists_is_not_adopted_but_the_error_says_how_to_import_it() {
    let stack = Stack::with_engine("pxc");
    objects::create(
        DATABASE,
        &stack.namespace,
        "orders",
        json!({"spec": {"engine": {"type": "pxc", "replicas": 1, "storage": {"size": "1Gi"}}}}),
    );
    stack.write(&database("pxc", "orders", ""));
    stack
        .apply()
        .failed()
        .says("already exists")
        .says("Import it")
        .says(&format!("{}/orders", stack.namespace));
    assert!(stack.state("everest_database.db").is_null());
    objects::delete(DATABASE, &stack.namespace, "orders");
    stack.destroy().succeeded();
}

#[test]
fn deletion_protection_covers_destroy_and_replace_and_is_lifted_by_an_apply_of_its_own() {
    let stack = Stack::with_engine("pxc");
    let protected = database("pxc", "orders", "").replace("  deletion_protection = false\n", "");
    stack.write(&protected);
    stack.apply().succeeded();

    stack.destroy().failed().says("deletion_protection");
    stack.write(&protected.replace("\"orders\"", "\"other\""));
    stack.plan().failed().says("deletion_protection");
    stack.write(&protected);
    // Terraform plans what -replace names, or what is tainted, as a creation.
    stack
        .run(&[
            "plan",
            "-replace=everest_database.db",
            "-input=false",
            "-no-color",
        ])
        .failed()
        .says("deletion_protection");
    stack.run(&["taint", "everest_database.db"]).succeeded();
    stack.plan().failed().says("terraform untaint");
    stack
        .run(&["apply", "-refresh=false", "-auto-approve", "-no-color"])
        .failed()
        .says("terraform untaint");
    assert!(!objects::get(DATABASE, &stack.namespace, "orders").is_null());
    stack.run(&["untaint", "everest_database.db"]).succeeded();
    stack.plan_is_empty();

    stack.write(&database(
        "pxc",
        "orders",
        "  lifecycle {\n    create_before_destroy = true\n  }\n",
    ));
    stack.apply().succeeded();
    let refused = stack
        .run(&[
            "apply",
            "-replace=everest_database.db",
            "-auto-approve",
            "-input=false",
            "-no-color",
        ])
        .failed()
        .says("names are fixed")
        .says("create_before_destroy");
    // Where the client hands on what the plan has noted, the creation knows that it replaces.
    if Feature::PlannedPrivate.is_there() {
        refused.says("Cannot replace").says_not("Import it");
    }

    stack.write(&database("pxc", "orders", ""));
    stack.apply().succeeded();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn destroying_a_database_keeps_the_data_of_its_backups() {
    for (keep, fate) in [("", "stored"), ("  keep_backup_data = false\n", "deleted")] {
        let stack = Stack::with_engine("pxc");
        stack.write(&format!(
            "{}resource \"everest_backup_storage\" \"s3\" {{
  namespace = \"NS\"
  name = \"s3\"
  type = \"s3\"
  bucket = \"backups\"
  region = \"eu-central-1\"
  access_key_id = \"AKIA\"
  secret_access_key = \"hush\"
}}
",
            database("pxc", "orders", keep)
        ));
        stack.apply().succeeded();
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
            .run(&[
                "destroy",
                "-target=everest_database.db",
                "-auto-approve",
                "-input=false",
                "-no-color",
            ])
            .succeeded();
        assert!(objects::get(BACKUP, &stack.namespace, "by-hand").is_null());
        let buckets = objects::get(
            objects::CONFIG_MAP,
            &stack.namespace,
            "everest-simulator-buckets",
        );
        let told = buckets["data"]["by-hand"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(told.starts_with(fate), "keep_backup_data {keep:?}: {told}");
        stack.destroy().succeeded();
    }
}

#[test]
fn what_is_unknown_at_plan_breaks_no_rule_yet() {
    let stack = Stack::new("db-later");
    stack.provider("host = \"https://127.0.0.1:1\"\n  token = \"x\"");
    let good = "engine = { type = \"pxc\", replicas = 3, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }";
    stack.write(
        &format!(
            "resource \"terraform_data\" \"later\" {{ input = \"3\" }}
resource \"everest_namespace\" \"ns\" {{\n  name = terraform_data.later.output\n  engines = {{ pxc = {{}} }}\n}}
resource \"everest_database\" \"db\" {{\n  namespace = \"n\"\n  name = terraform_data.later.output\n  {good}\n}}\n"
        )
        .replace("replicas = 3", "replicas = terraform_data.later.output"),
    );
    stack.plan().succeeded();
}

#[test]
fn a_database_can_be_paused_and_resumed() {
    let stack = Stack::with_engine("postgresql");
    stack.write(&database("postgresql", "orders", ""));
    stack.apply().succeeded();
    stack.write(&database("postgresql", "orders", "  paused = true"));
    stack.apply().succeeded();
    assert_eq!(
        objects::get(DATABASE, &stack.namespace, "orders")["status"]["status"],
        "paused"
    );
    stack.plan_is_empty();
    stack.write(&database("postgresql", "orders", "  paused = false"));
    stack.apply().succeeded();
    assert_eq!(stack.state("everest_database.db")["status"], "ready");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

/// A storage with the credentials of another bucket's owner.
const STORAGE: &str = "resource \"everest_backup_storage\" \"s3\" {
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_backup\" \"b\" {
  namespace           = \"NS\"
  database_name       = everest_database.db.name
  backup_storage_name = everest_backup_storage.s3.name
  name                = \"b1\"
}
";

/// A database called `copy` that begins with the data of a backup.
fn copy() -> String {
    database(
        "pxc",
        "copy",
        "  data_source = { db_cluster_backup_name = everest_backup.b.name }",
    )
    .replace(
        "\"everest_database\" \"db\"",
        "\"everest_database\" \"copy\"",
    )
}

#[test]
#[ignore = "steers the simulator"]
fn a_database_whose_first_restore_fails_is_made_anew() {
    let stack = Stack::with_engine("pxc");
    let source = database("pxc", "orders", "");
    stack.write(&format!("{source}{STORAGE}"));
    stack.apply().succeeded();
    steer(
        &stack.namespace,
        json!({"copy.restore-delay": "2s", "copy.restore-fails": "the backup is torn"}),
    );
    stack.write(&format!("{source}{STORAGE}{}", copy()));
    stack.apply().failed().says("the backup is torn");
    assert!(stack.tainted("everest_database.copy"));

    steer(&stack.namespace, json!({"copy.restore-fails": null}));
    stack.apply().succeeded();
    let restore = objects::get(objects::RESTORE, &stack.namespace, "copy");
    assert_eq!(restore["status"]["state"], "Succeeded", "{restore:#}");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn a_database_starts_with_the_data_of_anothers_backup() {
    let stack = Stack::with_engine("pxc");
    let copy = copy();
    let source = database("pxc", "orders", "");
    stack.write(&format!("{source}{STORAGE}{copy}"));
    stack.apply().succeeded();
    let restore = objects::get(objects::RESTORE, &stack.namespace, "copy");
    assert_eq!(
        restore["status"]["state"], "Succeeded",
        "the database was ready before its data: {restore:#}"
    );
    stack.plan_is_empty();

    // The source is for the beginning: taking it out of the configuration changes nothing.
    stack.write(&format!(
        "{source}{STORAGE}{}",
        copy.replace(
            "  data_source = { db_cluster_backup_name = everest_backup.b.name }\n",
            ""
        )
    ));
    stack.apply().succeeded();
    assert_eq!(objects::names(objects::RESTORE, &stack.namespace), ["copy"]);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}
