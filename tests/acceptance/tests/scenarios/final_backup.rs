//! `final_backup` of `everest_database`.

use serde_json::{Value, json};

use crate::{
    objects::{self, BACKUP, DATABASE, eventually, steer},
    stack::Stack,
};

const DESTROY: [&str; 5] = [
    "destroy",
    "-target=everest_database.db",
    "-auto-approve",
    "-input=false",
    "-no-color",
];

/// A storage and a database; `more` are further attributes of the database.
fn database(engine: &str, more: &str) -> String {
    format!(
        "resource \"everest_backup_storage\" \"s3\" {{
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}}
resource \"everest_database\" \"db\" {{
  namespace = \"NS\"
  name      = \"orders\"
  engine = {{ type = \"{engine}\", replicas = 1, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"1G\" }} }}
  deletion_protection = false
  keep_backup_data    = false
{more}
}}
"
    )
}

const FINAL: &str = "  final_backup = { backup_storage_name = everest_backup_storage.s3.name }";

fn live(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")
}

/// The default name of the final backup.
fn final_name(stack: &Stack) -> String {
    let live = live(stack);
    let uid = live["metadata"]["uid"].as_str().unwrap();
    format!("orders-final-{}", &uid[..8])
}

/// What lies in the buckets, by backup.
fn buckets(stack: &Stack) -> Value {
    let told = objects::get(
        objects::CONFIG_MAP,
        &stack.namespace,
        "everest-simulator-buckets",
    );
    told["data"].clone()
}

#[test]
#[ignore = "steers the simulator"]
fn a_database_is_destroyed_after_a_last_backup_whose_data_stays() {
    for engine in ["pxc", "postgresql"] {
        let stack = Stack::with_engine(engine);
        stack.write(&database(engine, FINAL));
        stack.apply().succeeded();
        stack.plan_is_empty();
        objects::create(
            BACKUP,
            &stack.namespace,
            "by-hand",
            json!({"spec": {"dbClusterName": "orders", "backupStorageName": "s3"}}),
        );
        eventually("the backup succeeded", || {
            objects::get(BACKUP, &stack.namespace, "by-hand")["status"]["state"] == "Succeeded"
        });
        let name = final_name(&stack);
        // Everest finds no PostgreSQL backup by its path for a new database.
        let start = match engine {
            "postgresql" => "data_import",
            _ => "backup_source",
        };
        stack
            .run(&DESTROY)
            .succeeded()
            .says(&name)
            .says("s3://backups/")
            .says(start);
        assert!(live(&stack).is_null());
        // The garbage collector is not waited for.
        let fate = |name: &str| {
            buckets(&stack)[name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        if engine == "pxc" {
            eventually("the other backup's data is deleted", || {
                fate("by-hand").starts_with("deleted")
            });
        }
        let of_final = fate(&name);
        assert!(of_final.starts_with("stored"), "{engine}: {of_final}");
        stack.destroy().succeeded();
    }
}

#[test]
#[ignore = "steers the simulator"]
fn a_database_whose_last_backup_fails_stays() {
    let stack = Stack::with_engine("pxc");
    stack.write(&database("pxc", FINAL));
    stack.apply().succeeded();
    steer(&stack.namespace, json!({"backup-fails": "no bucket"}));
    stack
        .run(&DESTROY)
        .failed()
        .says("Cannot take the final backup of everest_database")
        .says("Nothing of the database was destroyed");
    assert!(live(&stack)["metadata"]["deletionTimestamp"].is_null());
    assert!(stack.state("everest_database.db").is_object());

    steer(&stack.namespace, json!({"backup-fails": null}));
    let name = final_name(&stack);
    stack.run(&DESTROY).succeeded();
    let buckets = buckets(&stack);
    let fate = buckets[&name].as_str().unwrap_or_default();
    assert!(fate.starts_with("stored"), "{buckets}");
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn an_interrupted_destruction_goes_on_with_the_last_backup_that_was_begun() {
    let stack = Stack::with_engine("pxc");
    stack.write(&database("pxc", FINAL));
    stack.apply().succeeded();
    let name = final_name(&stack);
    let hold = format!("{name}.hold");
    steer(&stack.namespace, json!({ hold.clone(): "Running" }));
    let client = stack.start(&DESTROY);
    let backup = || objects::get(BACKUP, &stack.namespace, &name);
    eventually("the backup runs", || {
        backup()["status"]["state"] == "Running"
    });
    client.interrupt();
    client.ended().failed().says("interrupted after");
    assert!(live(&stack)["metadata"]["deletionTimestamp"].is_null());

    steer(&stack.namespace, json!({ hold: null }));
    eventually("the backup succeeded", || {
        backup()["status"]["state"] == "Succeeded"
    });
    // Another one would fail, and the destruction with it.
    steer(&stack.namespace, json!({"backup-fails": "no bucket"}));
    stack.run(&DESTROY).succeeded().says(&name);
    let buckets = buckets(&stack);
    let fate = buckets[&name].as_str().unwrap_or_default();
    assert!(fate.starts_with("stored"), "{buckets}");
    stack.destroy().succeeded();
}

#[test]
fn a_last_backup_that_cannot_be_taken_is_refused_at_plan() {
    let stack = Stack::with_engine("pxc");
    let nowhere = "  final_backup = { backup_storage_name = \"nowhere\" }";
    stack.write(&database("pxc", nowhere));
    stack.apply().succeeded();
    let plan = ["plan", "-destroy", "-input=false", "-no-color"];
    stack
        .run(&plan)
        .failed()
        .says("nowhere")
        .says("final_backup.backup_storage_name");

    stack.write(&database("pxc", &format!("{FINAL}\n  paused = true")));
    stack.apply().succeeded();
    stack
        .run(&plan)
        .failed()
        .says("final_backup")
        .says("paused");
    assert!(!live(&stack).is_null());

    stack.write(&database("pxc", ""));
    stack.apply().succeeded();
    stack.destroy().succeeded();
}
