//! `everest_data_import_job`.

use serde_json::json;

use crate::{
    objects::{self, DATABASE, Global, IMPORTER, SECRET},
    stack::Stack,
};

const IMPORT: objects::Kind = ("everest.percona.com/v1alpha1", "DataImportJob");
const NAME: &str = "everest_data_import_job.i";

const DATABASE_HCL: &str = "resource \"everest_database\" \"db\" {
  namespace = \"NS\"
  name      = \"orders\"
  engine = { type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
  deletion_protection = false
}
";

fn import(more: &str) -> String {
    format!(
        "resource \"everest_data_import_job\" \"i\" {{
  namespace          = \"NS\"
  database_name      = everest_database.db.name
  name               = \"first-load\"
  data_importer_name = \"NS\"
  source = {{ path = \"dumps/orders\", s3 = {{ bucket = \"dumps\", region = \"r\", endpoint_url = \"https://s3.example.com\" }} }}
  {more}
}}
"
    )
}

#[test]
#[ignore = "its importer is no program"]
fn an_import_runs_once_with_a_secret_of_its_own() {
    let stack = Stack::with_engine("pxc");
    let namespace = &stack.namespace;
    let keys = "access_key_id_wo = \"id\"\n  secret_access_key_wo = \"key\"";
    // An importer of the stack's own: importers are for all namespaces.
    let schema = json!({"type": "object", "properties": {"parallel": {"type": "integer"}}});
    let spec = json!({"supportedEngines": ["psmdb"], "config": {"openAPIV3Schema": schema},
        "jobSpec": {"image": "dump:1"}});
    let importer = Global::create(IMPORTER, namespace, json!({ "spec": spec }));
    stack.write(DATABASE_HCL);
    stack.apply().succeeded();

    // Nothing in Everest would find these.
    for (more, fault) in [
        ("access_key_id_wo = \"id\"", "without a secret access key"),
        (keys, "is for psmdb, not for pxc"),
    ] {
        stack.write(&format!("{DATABASE_HCL}{}", import(more)));
        stack.plan().failed().says(fault);
    }
    let fitting = json!({"spec": {"supportedEngines": ["pxc"]}});
    objects::patch(IMPORTER, "", namespace, fitting);
    let wrong = format!("{keys}\n  config = {{ parallel = \"many\" }}");
    stack.write(&format!("{DATABASE_HCL}{}", import(&wrong)));
    stack.plan().failed().says("does not take these options");

    // A Secret of somebody else's is neither written nor handed to the import.
    let foreign = json!({"stringData": {"precious": "x"}});
    objects::create(SECRET, namespace, "first-load", foreign);
    stack.write(&format!("{DATABASE_HCL}{}", import(keys)));
    stack.apply().failed().says("was not written for it");
    let held = objects::get(SECRET, namespace, "first-load");
    assert_eq!(held["data"].as_object().unwrap().len(), 1, "{held}");
    assert!(held["metadata"]["ownerReferences"].is_null(), "{held}");
    objects::delete(SECRET, namespace, "first-load");

    stack.apply().succeeded().says("Data loss");
    let state = stack.state(NAME);
    assert_eq!(state["state"], "Succeeded");
    assert!(!stack.state_file().contains("\"key\""));
    stack.plan_is_empty();
    let uid = || objects::get(IMPORT, namespace, "first-load")["metadata"]["uid"].clone();
    let made = uid();
    let secret = objects::get(SECRET, namespace, "first-load");
    assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], made);

    stack.reimport(NAME, &format!("{namespace}/first-load"));
    stack.plan_is_empty();
    let triggered = |run: &str| format!("{keys}\n  triggers = {{ run = \"{run}\" }}");
    stack.write(&format!("{DATABASE_HCL}{}", import(&triggered("1"))));
    stack.apply().succeeded().says("0 added, 1 changed");
    assert_eq!(uid(), made, "noted for the first time");

    objects::delete(IMPORT, namespace, "first-load");
    stack.plan().succeeded().says("The record of");
    stack.write(&format!("{DATABASE_HCL}{}", import(&triggered("2"))));
    stack.plan().succeeded().says("Data loss");
    stack.apply().succeeded().says("Data loss");
    assert_ne!(uid(), made);
    assert_eq!(
        objects::get(DATABASE, namespace, "orders")["status"]["status"],
        "ready"
    );
    stack.destroy().succeeded();
    assert!(objects::get(IMPORT, namespace, "first-load").is_null());
    objects::eventually("the Secret goes too", || {
        objects::get(SECRET, namespace, "first-load").is_null()
    });
    importer.delete();
}
