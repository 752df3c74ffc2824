//! `everest_data_importer`.

use serde_json::json;

use crate::{
    objects::{self, IMPORTER},
    stack::Stack,
};

const NAME: &str = "everest_data_importer.dump";

/// An importer of the stack's own: importers are for all namespaces.
fn config(image: &str, more: &str) -> String {
    format!(
        "resource \"everest_data_importer\" \"dump\" {{
  name              = \"NS\"
  supported_engines = [\"pxc\"]
  job_spec          = {{ image = \"{image}\", command = [\"/import\"] }}
  config = {{
    open_api_v3_schema = {{ type = \"object\", properties = {{ parallel = {{ type = \"integer\" }} }} }}
  }}
  permissions = [{{ api_groups = [\"\"], resources = [\"secrets\"], verbs = [\"get\"] }}]
  {more}
}}
"
    )
}

#[test]
fn an_importer_lives_and_goes() {
    let stack = Stack::new("importer");
    let name = &stack.namespace;

    stack.write(&config("", ""));
    stack.plan().failed().says("No image is given");

    stack.write(&config("dump:1", ""));
    stack.apply().succeeded();
    stack.plan_is_empty();
    let held = objects::get(IMPORTER, "", name);
    let schema = &held["spec"]["config"]["openAPIV3Schema"];
    assert_eq!(schema["properties"]["parallel"]["type"], "integer");
    stack.reimport(NAME, name);
    stack.plan_is_empty();

    let required =
        "database_cluster_constraints = { required_fields = [\".spec.engine.version\"] }";
    stack.write(&config("dump:2", required));
    stack.apply().succeeded();
    let held = objects::get(IMPORTER, "", name);
    assert_eq!(held["spec"]["jobSpec"]["image"], "dump:2");
    assert_eq!(
        held["spec"]["databaseClusterConstraints"]["requiredFields"],
        json!([".spec.engine.version"])
    );
    stack.plan_is_empty();

    objects::delete(IMPORTER, "", name);
    let planned = stack.planned_actions();
    assert!(
        planned.contains(&(NAME.to_owned(), vec!["create".to_owned()])),
        "{planned:?}"
    );
    stack.apply().succeeded();
    stack.destroy().succeeded();
    assert!(objects::get(IMPORTER, "", name).is_null());
}
