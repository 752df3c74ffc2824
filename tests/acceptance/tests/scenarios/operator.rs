//! What Everest's operator does by its own ways, and what a configuration has of it: imports that
//! come after ready, Secrets made first, backups that nobody declared, versions that cannot be
//! fetched, a label that is gone, a lock that is held.

use serde_json::{Value, json};

use crate::{
    log::Log,
    objects::{self, BACKUP, DATABASE, ENGINE, Global, Kind, NAMESPACE, SECRET, eventually, steer},
    stack::Stack,
};

const IMPORTER: Kind = ("everest.percona.com/v1alpha1", "DataImporter");
const ADDRESS: &str = "everest_database.db";
const PXC_OPERATOR: &str = "percona-xtradb-cluster-operator";

/// A small database; `engine` and `more` are further attributes.
fn database(type_: &str, engine: &str, more: &str) -> String {
    format!(
        "resource \"everest_database\" \"db\" {{
  namespace = \"NS\"
  name      = \"orders\"
  engine = {{ type = \"{type_}\", replicas = 1, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"1G\" }}{engine} }}
  deletion_protection = false
{more}
}}
"
    )
}

const NAMESPACE_HCL: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"NS\"
  engines = { pxc = {} }
}
";

/// A namespace of the scenario's own and a small database of PXC in it.
fn in_own_namespace(more: &str) -> String {
    let database = database("pxc", "", more);
    NAMESPACE_HCL.to_owned() + &database.replace("\"NS\"", "everest_namespace.ns.name")
}

fn live(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")
}

#[test]
#[ignore = "steers the simulator"]
fn an_import_has_ended_when_the_database_is_created_and_its_keys_are_in_no_spec() {
    let stack = Stack::with_engine("pxc");
    let importer = format!("{}-dump", stack.namespace);
    let imported = Global::create(
        IMPORTER,
        &importer,
        json!({"spec": {
            "displayName": "dumps", "supportedEngines": ["pxc"],
            "jobSpec": {"image": "example.org/import:1"},
            // As of an importer that pauses Everest while it works.
            "permissions": [{"apiGroups": ["everest.percona.com"],
                "resources": ["databaseclusters"], "verbs": ["get", "update"]}],
            "config": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"parallel": {"type": "integer", "minimum": 1}},
                "required": ["parallel"],
            }},
        }}),
    );
    let import = |parallel: &str| {
        database(
            "pxc",
            "",
            &format!(
                "  data_source = {{ data_import = {{
    data_importer_name = \"{importer}\"
    config = {{ parallel = {parallel} }}
    source = {{ path = \"dumps/orders\", s3 = {{ bucket = \"dumps\", region = \"r\", endpoint_url = \"https://s3.example.org\", credentials_secret_name = \"dump-keys\", access_key_id = \"AKIA-dump\", secret_access_key = \"hush-dump\" }} }}
  }} }}"
            ),
        )
    };
    stack.write(&import("4"));
    stack.apply().succeeded();
    let object = live(&stack);
    let job = object["status"]["dataImportJobName"].as_str().unwrap();
    let job = objects::get(
        ("everest.percona.com/v1alpha1", "DataImportJob"),
        &stack.namespace,
        job,
    );
    assert_eq!(
        job["status"]["state"], "Succeeded",
        "ready was taken for done: {job:#}"
    );
    assert_eq!(job["spec"]["config"]["parallel"], 4);
    assert!(
        !object["spec"].to_string().contains("hush-dump"),
        "{object:#}"
    );
    assert!(!objects::get(SECRET, &stack.namespace, "dump-keys").is_null());
    stack.plan_is_empty();
    // Everest leaves the import in the spec, and takes nothing of it back.
    stack.write(&database("pxc", "", ""));
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.destroy().succeeded();

    stack.write(&import("0"));
    stack
        .plan()
        .failed()
        .says("data_source.data_import.config")
        .says("parallel")
        .says("at least 1");
    steer(
        &stack.namespace,
        json!({"orders.import-fails": "the dump is torn"}),
    );
    stack.write(&import("4"));
    stack.apply().failed().says("the dump is torn");
    assert!(stack.tainted(ADDRESS), "half of the data is no database");
    // What never held its data is made again, protected or not.
    let protected =
        |text: &str| text.replace("deletion_protection = false", "deletion_protection = true");
    stack.write(&protected(&import("4")));
    stack.apply().failed().says("the dump is torn");
    steer(&stack.namespace, json!({ "orders.import-fails": null }));
    stack.apply().succeeded().says("was never ready");
    stack.destroy().failed().says("deletion_protection");
    stack.write(&import("4"));
    stack.apply().succeeded();
    stack.destroy().succeeded();
    imported.delete();
}

#[test]
fn a_secret_made_first_gives_the_passwords_whether_it_is_named_or_not() {
    let stack = Stack::with_engine("pxc");
    let root = |name: &str| objects::get(SECRET, &stack.namespace, name)["data"]["root"].clone();
    for name in ["everest-secrets-orders", "mine"] {
        objects::create(
            SECRET,
            &stack.namespace,
            name,
            json!({"type": "Opaque", "stringData": {"root": format!("first-{name}")}}),
        );
    }
    let before = root("everest-secrets-orders");
    stack.write(&database("pxc", "", ""));
    stack.apply().succeeded();
    assert_eq!(root("everest-secrets-orders"), before);
    stack.plan_is_empty();
    stack.write("");
    stack.apply().succeeded();

    let before = root("mine");
    stack.write(&database("pxc", ", user_secrets_name = \"mine\"", ""));
    stack.apply().succeeded();
    assert_eq!(root("mine"), before);
    assert_eq!(stack.state(ADDRESS)["credentials_secret_name"], "mine");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn backups_that_a_schedule_takes_are_nobodys_and_keep_their_data() {
    let stack = Stack::with_engine("psmdb");
    let all = format!(
        "{}resource \"everest_backup_storage\" \"s3\" {{
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}}
",
        database(
            "psmdb",
            "",
            "  backup = { schedules = { nightly = { schedule = \"0 2 * * *\", backup_storage_name = everest_backup_storage.s3.name } } }"
        )
    );
    stack.write(&all);
    stack.apply().succeeded();
    steer(
        &stack.namespace,
        json!({"orders.scheduled-backup": "cron-1"}),
    );
    eventually("the scheduled backup shows", || {
        objects::get(BACKUP, &stack.namespace, "cron-1")["status"]["state"] == "Succeeded"
    });
    stack.plan_is_empty();
    stack.destroy().succeeded();
    assert!(objects::get(BACKUP, &stack.namespace, "cron-1").is_null());
}

#[test]
#[ignore = "steers the simulator"]
fn without_versions_to_offer_a_database_is_not_written_and_the_reason_is_told() {
    let stack = Stack::new("op-versions");
    objects::create(
        NAMESPACE,
        "",
        &stack.namespace,
        json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "everest"}}}),
    );
    steer(&stack.namespace, json!({"version-service": "down"}));
    stack.write(&format!(
        "{}  take_ownership = true\n  timeouts = {{ create = \"8s\" }}\n}}\n",
        NAMESPACE_HCL.trim_end().trim_end_matches('}')
    ));
    stack.apply().says("version service");
    let lonely = database("pxc", "", "").replace("NS", &stack.namespace);
    stack.file("database.tf", &lonely);
    stack
        .run(&["plan", "-input=false", "-no-color", "-target", ADDRESS])
        .succeeded()
        .says("The operator of pxc is installing in the namespace, or Everest cannot reach the version service");
    stack
        .run(&[
            "apply",
            "-auto-approve",
            "-input=false",
            "-no-color",
            "-target",
            ADDRESS,
        ])
        .failed()
        .says("The operator of pxc is installing in the namespace, or Everest cannot reach the version service");
    assert!(live(&stack).is_null());
    steer(&stack.namespace, json!({"version-service": null}));
    stack.apply().succeeded();
    assert_eq!(stack.state(ADDRESS)["ready"], true);
    stack.file("database.tf", "");
    stack.apply().succeeded();
    stack.destroy().succeeded();
    objects::delete(NAMESPACE, "", &stack.namespace);
}

#[test]
fn a_namespace_that_lost_its_label_gets_it_back_before_anything_waits_for_it() {
    let stack = Stack::new("op-label");
    stack.write(&in_own_namespace(""));
    stack.apply().succeeded();
    objects::patch(
        NAMESPACE,
        "",
        &stack.namespace,
        json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}}),
    );
    // Everest does not look at the database any more: a change of it would wait in vain.
    stack.write(&in_own_namespace("").replace("1Gi", "2Gi"));
    let said = stack.plan().succeeded();
    assert!(
        said.text
            .contains("everest_namespace.ns will be updated in-place"),
        "the label is not missed:\n{}",
        said.text
    );
    stack.apply().succeeded();
    let labels = objects::get(NAMESPACE, "", &stack.namespace)["metadata"]["labels"].clone();
    assert_eq!(labels["app.kubernetes.io/managed-by"], "everest");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn a_change_waits_for_the_end_of_an_operators_upgrade() {
    let mut stack = Stack::new("op-lock");
    let older = |text: String| text.replace("pxc = {}", "pxc = { version = \"1.17.0\" }");
    stack.write(&older(in_own_namespace("")));
    stack.apply().succeeded();
    let namespace = stack.namespace.clone();
    let lock = |since: Value| {
        objects::patch(
            ENGINE,
            &namespace,
            PXC_OPERATOR,
            json!({"metadata": {"annotations": {"everest.percona.com/upgrade-lock": since}}}),
        );
    };
    lock(json!(k8s_openapi::jiff::Timestamp::now().to_string()));
    let generation = live(&stack)["metadata"]["generation"].clone();
    stack.write(&older(
        in_own_namespace("  timeouts = { update = \"6s\" }").replace("1Gi", "2Gi"),
    ));
    stack.apply().failed().says("upgrade").says(PXC_OPERATOR);
    assert_eq!(
        live(&stack)["metadata"]["generation"],
        generation,
        "written under the lock"
    );

    stack.write(&older(in_own_namespace("").replace("1Gi", "2Gi")));
    let log = Log::of(&mut stack);
    let client = stack.start(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    log.waits_for(&format!(
        "the upgrade of the operator {PXC_OPERATOR} to end"
    ));
    assert_eq!(live(&stack)["metadata"]["generation"], generation);
    lock(Value::Null);
    client.ended().succeeded();
    assert_eq!(live(&stack)["spec"]["engine"]["storage"]["size"], "2Gi");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn a_load_balancer_configuration_goes_with_the_exposure() {
    let stack = Stack::with_engine("pxc");
    let config: Kind = ("everest.percona.com/v1alpha1", "LoadBalancerConfig");
    let balanced = Global::create(
        config,
        &stack.namespace,
        json!({"spec": {"annotations": {"example.org/scheme": "internal"}}}),
    );
    stack.write(&database(
        "pxc",
        "",
        "  proxy = { expose = { type = \"LoadBalancer\", load_balancer_config_name = \"NS\" } }",
    ));
    stack.apply().succeeded();
    // The word itself: under ClusterIP, which means the same, the definition keeps the name.
    stack.write(&database(
        "pxc",
        "",
        "  proxy = { expose = { type = \"ClusterIP\" } }",
    ));
    stack.plan().failed().says("would be removed");
    // Also where it is named beside that exposure already.
    stack.write(&database(
        "pxc",
        "",
        "  proxy = { expose = { type = \"ClusterIP\", load_balancer_config_name = \"NS\" } }",
    ));
    stack.apply().succeeded();
    stack.write(&database(
        "pxc",
        "",
        "  proxy = { expose = { type = \"internal\" } }",
    ));
    stack.apply().succeeded();
    assert!(live(&stack)["spec"]["proxy"]["expose"]["loadBalancerConfigName"].is_null());
    stack.plan_is_empty();
    stack.destroy().succeeded();
    balanced.delete();
}
