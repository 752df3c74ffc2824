//! `everest_pod_scheduling_policy`.

use serde_json::json;

use crate::{
    objects::{self, POLICY},
    stack::Stack,
};

const NAME: &str = "everest_pod_scheduling_policy.spread";

/// A policy of the stack's own: policies are for all namespaces.
fn config(operator: &str, more: &str) -> String {
    format!(
        "resource \"everest_pod_scheduling_policy\" \"spread\" {{
  name        = \"NS\"
  engine_type = \"pxc\"
  affinity_config = {{
    pxc = {{
      engine = {{
        node_affinity = {{
          required_during_scheduling_ignored_during_execution = {{
            node_selector_terms = [{{ match_expressions = [{{ key = \"kubernetes.io/os\", operator = \"{operator}\", values = [\"linux\"] }}] }}]
          }}
        }}
        {more}
      }}
    }}
  }}
}}
"
    )
}

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

#[test]
fn a_policy_reaches_its_databases_and_is_kept_while_they_name_it() {
    let stack = Stack::with_engine("pxc");
    let name = &stack.namespace;

    stack.write(&config("Equals", ""));
    stack.plan().failed().says("not an operator here");

    // The database names a policy that the same run makes.
    let naming = database("pod_scheduling_policy_name = everest_pod_scheduling_policy.spread.name");
    stack.write(&(config("In", "") + &naming));
    stack.plan().succeeded().says_not("No PodSchedulingPolicy");
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.reimport(NAME, name);
    stack.plan_is_empty();

    // A change names the databases whose pods restart.
    let changed = config("In", "pod_anti_affinity = {}") + &naming;
    stack.write(&changed);
    stack
        .plan()
        .succeeded()
        .says(&format!("the database {name}/orders"));
    stack.apply().succeeded();
    let held = objects::get(POLICY, "", name);
    assert_eq!(
        held["spec"]["affinityConfig"]["pxc"]["engine"]["podAntiAffinity"],
        json!({})
    );
    stack.plan_is_empty();

    // Used by a database that stays.
    stack.write(&database(&format!("pod_scheduling_policy_name = {name:?}")));
    stack
        .apply()
        .failed()
        .says(&format!("database {name}/orders"));
    stack.write(&(config("In", "pod_anti_affinity = {}") + &database("")));
    stack
        .run(&[
            "destroy",
            "-auto-approve",
            "-no-color",
            "-target=everest_database.db",
        ])
        .succeeded();

    objects::delete(POLICY, "", name);
    let planned = stack.planned_actions();
    assert!(
        planned.contains(&(NAME.to_owned(), vec!["create".to_owned()])),
        "{planned:?}"
    );
    stack.write(&config("In", ""));
    stack.apply().succeeded();
    stack.destroy().succeeded();
    assert!(objects::get(POLICY, "", name).is_null());
}
