//! The configuration that is generated for what exists.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::host::{Host, State, TYPE, decode, encode, errors};

async fn generate(host: &Host, state: &State) -> Value {
    let request = wire::generate_resource_config::Request {
        type_name: TYPE.to_owned(),
        state: encode(&state.value),
    };
    let response = host.server.generate_resource_config(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert!(response.diagnostics.is_empty());
    decode(response.config)
}

#[tokio::test]
async fn what_the_server_chose_and_what_is_default_is_left_out() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    assert_eq!(*state.get("boards"), 2.into());
    let config = generate(&host, &state).await;
    let Value::Map(members) = config else {
        panic!("an object is generated");
    };
    let set: Vec<&str> = members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(set, ["finish", "load_kg", "name", "wood"]);
}

#[tokio::test]
async fn a_generated_configuration_changes_nothing() {
    let host = Host::new().await;
    let boxes = Value::map([(
        "a",
        Value::map([("volume", 2.into()), ("closed", Value::Null)]),
    )]);
    let state = host
        .create(&[
            ("boards", 3.into()),
            ("boxes", boxes),
            ("legs", 4.into()),
            ("secret_wo", "sesame".into()),
        ])
        .await;
    let config = generate(&host, &state).await;
    assert_eq!(*config.get("boards").unwrap(), 3.into());
    assert_eq!(*config.get("secret_wo").unwrap(), Value::Null);
    assert!(errors(&host.validate(&config, true).await).is_empty());
    let planned = host.plan(&state.value, &state.private, &config).await;
    assert_eq!(planned.value, state.value);
}

#[tokio::test]
async fn of_attributes_that_exclude_each_other_one_is_generated() {
    let host = Host::new().await;
    let both = [("rail", "brass".into()), ("legs", 4.into())];
    let mut state = host.create(&[]).await;
    if let Value::Map(members) = &mut state.value {
        members.extend(both.clone().map(|(name, value)| (name.to_owned(), value)));
    }
    let config = generate(&host, &state).await;
    assert_eq!(*config.get("rail").unwrap(), "brass".into());
    assert_eq!(*config.get("legs").unwrap(), Value::Null);
    let found = host.validate(&crate::host::config(&both), true).await;
    assert_eq!(found[0].summary, "rail and legs exclude each other");
}

#[tokio::test]
async fn without_the_object_no_configuration_is_made_up() {
    let host = Host::new().await;
    let request = wire::generate_resource_config::Request {
        type_name: TYPE.to_owned(),
        state: None,
    };
    let response = host.server.generate_resource_config(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert_eq!(response.config, None);
    let found = errors(&response.diagnostics);
    assert_eq!(found[0].summary, "No configuration can be generated");
}
