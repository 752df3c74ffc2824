//! What is promised of unknown values, and what a plan keeps for the next.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::{Refinements, Value};
use tonic::Request;

use crate::host::{Host, State, TYPE, config, encode};

fn unknown(refinements: Refinements) -> Value {
    Value::Unknown(Some(Box::new(refinements)))
}

#[tokio::test]
async fn what_is_known_of_an_unknown_output_is_promised() {
    let host = Host::new().await;
    let planned = host.plan(&Value::Null, &[], &config(&[])).await;
    let not_null = Refinements::not_null();
    let not_negative = Refinements::default().at_least(0i64);
    assert_eq!(*planned.get("generation"), unknown(not_null));
    assert_eq!(*planned.get("secret_length"), unknown(not_negative));
    assert_eq!(*planned.get("ready"), Value::UNKNOWN);
}

#[tokio::test]
async fn what_is_known_of_an_unknown_input_is_kept() {
    let host = Host::new().await;
    let prefixed = unknown(Refinements::not_null().beginning_with("brass "));
    let sized = unknown(Refinements::default().with_length(1..=3));
    let config = config(&[("rail", prefixed.clone()), ("hooks", sized.clone())]);
    assert!(host.validate(&config, true).await.is_empty());
    let planned = host.plan(&Value::Null, &[], &config).await;
    assert_eq!(*planned.get("rail"), prefixed);
    assert_eq!(*planned.get("hooks"), sized);
}

#[tokio::test]
async fn what_the_first_plan_keeps_reaches_the_second_and_the_state() {
    let host = Host::new().await;
    let first = host.plan(&Value::Null, &[], &config(&[])).await;
    let config = config(&[]);
    let mut kept: serde_json::Value = serde_json::from_slice(&first.private).unwrap();
    kept["seen"] = true.into();
    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&Value::Null),
        proposed_new_state: encode(&config),
        config: encode(&config),
        planned_private: serde_json::to_vec(&kept).unwrap().into(),
        ..Default::default()
    };
    let second = host
        .server
        .plan_resource_change(Request::new(request))
        .await;
    let second = second.unwrap().into_inner().planned_private;
    let second: serde_json::Value = serde_json::from_slice(&second).unwrap();
    assert_eq!(
        (&second["seen"], &second["planned_for"]),
        (&true.into(), &"alpha".into())
    );
    let state = host.apply(&State::nothing(), &config).await;
    let private: serde_json::Value = serde_json::from_slice(&state.private).unwrap();
    assert_eq!(private["planned_for"], "alpha");
}
