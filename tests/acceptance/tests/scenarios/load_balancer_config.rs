//! `everest_load_balancer_config`.

use crate::{
    objects::{self, BALANCERS},
    stack::Stack,
};

const NAME: &str = "everest_load_balancer_config.internal";

/// A configuration of the stack's own: configurations are for all namespaces.
fn config(annotations: &str) -> String {
    format!(
        "resource \"everest_load_balancer_config\" \"internal\" {{
  name        = \"NS\"
  annotations = {{ {annotations} }}
}}
"
    )
}

fn database(expose: &str) -> String {
    format!(
        "resource \"everest_database\" \"db\" {{
  namespace = \"NS\"
  name      = \"orders\"
  engine = {{ type = \"pxc\", replicas = 1, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"1G\" }} }}
  proxy  = {{ type = \"haproxy\", replicas = 1, expose = {{ {expose} }} }}
  deletion_protection = false
}}
"
    )
}

#[test]
fn a_configuration_reaches_its_databases_and_is_kept_while_they_name_it() {
    let stack = Stack::with_engine("pxc");
    let name = &stack.namespace;

    stack.write(&config("\"Example.com/Type\" = \"a\""));
    stack.plan().failed().says("cannot be the key");

    // The database names a configuration that the same run makes: no dry run of the database is
    // told, which would find it missing.
    let naming = database(
        "type = \"LoadBalancer\", load_balancer_config_name = everest_load_balancer_config.internal.name",
    );
    stack.write(&(config("\"example.com/type\" = \"a\"") + &naming));
    stack.plan().succeeded().says_not("LoadBalancerConfig");
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.reimport(NAME, name);
    stack.plan_is_empty();

    // A change names the databases whose Services get it.
    let changed = config("\"example.com/type\" = \"b\"") + &naming;
    stack.write(&changed);
    stack
        .plan()
        .succeeded()
        .says(&format!("the database {name}/orders"));
    stack.apply().succeeded();
    let held = objects::get(BALANCERS, "", name);
    assert_eq!(held["spec"]["annotations"]["example.com/type"], "b");
    stack.plan_is_empty();

    // Used by a database that stays.
    stack.write(&database(&format!(
        "type = \"LoadBalancer\", load_balancer_config_name = {name:?}"
    )));
    stack
        .apply()
        .failed()
        .says(&format!("database {name}/orders"));
    stack.write(&changed);
    stack.destroy().succeeded();
    assert!(objects::get(BALANCERS, "", name).is_null());

    stack.write(&config("\"example.com/type\" = \"b\""));
    stack.apply().succeeded();
    objects::delete(BALANCERS, "", name);
    let planned = stack.planned_actions();
    assert!(
        planned.contains(&(NAME.to_owned(), vec!["create".to_owned()])),
        "{planned:?}"
    );
    stack.destroy().succeeded();
}
