//! `everest_monitoring_config`.

use serde_json::{Value, json};

use crate::{
    objects::{self, MONITORING, SECRET, steer},
    stack::Stack,
};

const NAME: &str = "everest_monitoring_config.pmm";

fn config(key: &str, more: &str) -> String {
    format!(
        "resource \"everest_monitoring_config\" \"pmm\" {{
  namespace = \"NS\"
  name      = \"pmm\"
  type      = \"pmm\"
  pmm       = {{ url = \"https://pmm.test\" }}
  api_key   = {key:?}
  {more}
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
#[ignore = "steers the simulator"]
fn a_monitoring_config_lives_with_its_secret_and_is_kept_while_it_is_used() {
    let stack = Stack::with_engine("pxc");
    let namespace = &stack.namespace;
    let key = || objects::get(SECRET, namespace, "pmm")["data"]["apiKey"].clone();

    // A server that says no is told of at the member to blame, and the Secret goes again.
    for (answer, words) in [
        ("unauthorized", "authorization failed"),
        ("down", "refused"),
    ] {
        steer(namespace, json!({"pmm": answer}));
        stack.write(&config("hush", ""));
        stack.apply().failed().says(words);
    }
    objects::eventually("the Secret goes again", || key().is_null());
    steer(namespace, json!({"pmm": null}));

    stack.apply().succeeded();
    let state = stack.state(NAME);
    assert_eq!(state["secret_name"], "pmm");
    assert_eq!(state["server_version"], Value::Null);
    stack.plan_is_empty();
    assert_eq!(key(), "aHVzaA==");

    stack.write(&config("other", "verify_tls = false"));
    stack.apply().succeeded();
    assert_eq!(key(), "b3RoZXI=");
    let held = objects::get(MONITORING, namespace, "pmm");
    assert_eq!(held["spec"]["verifyTLS"], false);
    stack.reimport(NAME, &format!("{namespace}/pmm"));
    stack.apply().succeeded();
    stack.plan_is_empty();

    // Used by a database that stays.
    let used = database("monitoring = { monitoring_config_name = \"pmm\" }");
    stack.write(&(config("other", "verify_tls = false") + &used));
    stack.apply().succeeded();
    stack.write(&used);
    stack.apply().failed().says("database orders");
    stack.write(&(config("other", "verify_tls = false") + &database("")));
    stack
        .run(&[
            "destroy",
            "-auto-approve",
            "-no-color",
            "-target=everest_database.db",
        ])
        .succeeded();

    objects::delete(MONITORING, namespace, "pmm");
    let planned = stack.planned_actions();
    assert!(
        planned.contains(&(NAME.to_owned(), vec!["create".to_owned()])),
        "{planned:?}"
    );
    stack.write(&config("other", ""));
    stack.apply().succeeded();
    stack.destroy().succeeded();
    objects::eventually("the Secret goes too", || key().is_null());
}
