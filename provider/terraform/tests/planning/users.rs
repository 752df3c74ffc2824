//! Passwords of a database's users: write-only, in no plan and no state.

use serde_json::{Value as Json, json};
use tfplugin::value::Value;

use crate::{Host, Planned, database};

fn with(users: Json, version: Json) -> Json {
    let mut database = database();
    database["users_wo"] = users;
    database["users_wo_version"] = version;
    database
}

async fn created(host: &Host, config: &Json) -> Planned {
    host.plan("everest_database", &Value::Null, &[], config)
        .await
}

#[tokio::test]
async fn passwords_are_in_no_plan_and_those_that_the_engine_refuses_are_refused_unseen() {
    let host = Host::new().await;
    let planned = created(&host, &with(json!({"root": "hunter2"}), json!(1))).await;
    assert_eq!(planned.errors, [""; 0]);
    assert_eq!(planned.state.get("users_wo"), Some(&Value::Null));

    let planned = created(&host, &with(json!({"proxyadmin": "*hunter2"}), json!(1))).await;
    let [error] = &planned.errors[..] else {
        panic!("{:?}", planned.errors)
    };
    assert!(
        error.contains("The value of proxyadmin begins with *"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");

    let mut postgresql = with(json!({"postgres": "hunter2"}), json!(1));
    postgresql["engine"]["type"] = json!("postgresql");
    let planned = created(&host, &postgresql).await;
    assert!(
        planned.errors[0].contains("A PostgreSQL database takes no passwords"),
        "{:?}",
        planned.errors
    );

    let mut restored = with(json!({"root": "hunter2"}), json!(1));
    restored["data_source"] = json!({"db_cluster_backup_name": "sunday"});
    let planned = created(&host, &restored).await;
    assert!(
        planned.errors[0].contains("passwords that its backup does not have"),
        "{:?}",
        planned.errors
    );
}

#[tokio::test]
async fn another_version_is_a_change_in_place_whose_effect_is_told() {
    let host = Host::new().await;
    let filled = json!({"engine": {"version": "8.0.41-32.1"}});
    let config = with(json!({"root": "hunter2"}), json!(1));
    let made = host.made("everest_database", &config, &filled).await;
    let config = with(json!({"root": "hunter3"}), json!(2));
    let planned = host
        .plan("everest_database", &made.value, &made.private, &config)
        .await;
    assert_eq!((&planned.errors, &planned.replaces), (&vec![], &vec![]));
    assert_eq!(planned.state.get("status"), Some(&Value::UNKNOWN));
    let [warning] = &planned.warnings[..] else {
        panic!("{:?}", planned.warnings)
    };
    assert!(
        warning.contains("the previous ones stop working"),
        "{warning}"
    );
    // The same version sends nothing, whatever the configuration has by now.
    let config = with(json!({"root": "hunter3"}), json!(1));
    let planned = host
        .plan("everest_database", &made.value, &made.private, &config)
        .await;
    assert_eq!(planned.warnings, [""; 0]);
    assert_eq!(planned.state.get("status"), made.value.get("status"));
}
