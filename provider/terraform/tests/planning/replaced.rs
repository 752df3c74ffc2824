//! What the plan of a replacement notes reaches the creation, where the client hands it on: Terraform
//! 1.16 and newer do.

use serde_json::json;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::{Value, json as stored};
use tonic::Request;

use crate::{Host, database, encoded, kinds};

/// What the creation of a replacement says while the database that it replaces is still there, in a
/// process that has read nothing. `noted` is what the client hands on of the first plan.
async fn created(noted: &[u8]) -> String {
    let process = kinds::cluster().process();
    let of = process.clone();
    let host = Host::reaching(move || of.client()).await;
    let object = host.object("everest_database");
    let config = stored::from_json(&database(), &object.value_type()).unwrap();
    let request = wire::plan_resource_change::Request {
        type_name: "everest_database".to_owned(),
        prior_state: Some(encoded(&Value::Null, &object)),
        proposed_new_state: Some(encoded(&config, &object)),
        config: Some(encoded(&config, &object)),
        planned_private: noted.to_vec(),
        ..Default::default()
    };
    let planned = host.server.plan_resource_change(Request::new(request));
    let planned = planned.await.unwrap().into_inner();
    let request = wire::apply_resource_change::Request {
        type_name: "everest_database".to_owned(),
        prior_state: Some(encoded(&Value::Null, &object)),
        planned_state: planned.planned_state,
        config: Some(encoded(&config, &object)),
        planned_private: planned.planned_private,
        ..Default::default()
    };
    let applied = host.server.apply_resource_change(Request::new(request));
    let applied = applied.await.unwrap().into_inner();
    assert_eq!(process.writes(), [""; 0]);
    let said = applied.diagnostics.iter();
    let said = said.map(|said| format!("{} {}", said.summary, said.detail));
    said.collect()
}

#[tokio::test]
async fn a_creation_knows_that_it_replaces_from_what_its_plan_has_noted() {
    let plans = Host::new().await;
    let made = plans
        .made("everest_database", &database(), &json!({}))
        .await;
    // The plan that replaces asks twice: with the object, and with nothing in its place.
    let mut renamed = database();
    renamed["engine"]["type"] = json!("psmdb");
    let first = plans
        .plan("everest_database", &made.value, &made.private, &renamed)
        .await;
    assert_eq!(first.replaces, ["engine.type"]);
    let second = plans
        .plan("everest_database", &Value::Null, &first.private, &renamed)
        .await;
    assert_eq!(second.errors, [""; 0]);

    let said = created(&second.private).await;
    assert!(
        said.contains("Cannot replace everest_database shop/orders"),
        "{said}"
    );
    assert!(!said.contains("Import it"), "{said}");
    // What an older client loses is said as one of two possibilities.
    let said = created(&[]).await;
    assert!(said.contains("Import it"), "{said}");
    assert!(said.contains("If this plan replaces it"), "{said}");
}
