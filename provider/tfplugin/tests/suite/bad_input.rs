//! Values that no host should send: each is an error of its call, and costs no state.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::{Type, Value};
use tonic::Request;

use crate::host::{Host, TYPE, config, encode, errors};

fn raw(msgpack: &[u8]) -> Option<wire::DynamicValue> {
    Some(wire::DynamicValue {
        msgpack: msgpack.to_vec().into(),
        json: Default::default(),
    })
}

async fn planned(host: &Host, config: Option<wire::DynamicValue>) -> Vec<wire::Diagnostic> {
    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&Value::Null),
        proposed_new_state: config.clone(),
        config,
        ..Default::default()
    };
    let response = host.server.plan_resource_change(Request::new(request));
    response.await.unwrap().into_inner().diagnostics
}

#[tokio::test]
async fn a_value_cut_short_anywhere_is_an_error() {
    let host = Host::new().await;
    let whole = encode(&config(&[("boards", 3.into())])).unwrap().msgpack;
    assert!(planned(&host, raw(&whole)).await.is_empty());
    for length in 1..whole.len() {
        let diagnostics = planned(&host, raw(&whole[..length])).await;
        assert_eq!(errors(&diagnostics).len(), 1, "{length} bytes");
    }
    let longer = [&whole[..], &[0xc0]].concat();
    assert_eq!(errors(&planned(&host, raw(&longer)).await).len(), 1);
}

#[tokio::test]
async fn a_value_nested_without_end_is_an_error_in_words() {
    let host = Host::new().await;
    let (mut ty, mut value) = (Type::Bool, Value::from(true));
    for _ in 0..100 {
        (ty, value) = (Type::List(Box::new(ty)), Value::List(vec![value]));
    }
    let deep = config(&[("extra", Value::Dynamic(Box::new((ty, value))))]);
    let diagnostics = planned(&host, encode(&deep)).await;
    let found = errors(&diagnostics);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].detail.contains("64 levels deep"),
        "{}",
        found[0].detail
    );
}

#[tokio::test]
async fn an_apply_that_cannot_be_read_keeps_the_state() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&state.value),
        planned_state: raw(&[0xdf, 0xff, 0xff, 0xff, 0xff]),
        config: encode(&config(&[])),
        planned_private: state.private.clone().into(),
        ..Default::default()
    };
    let response = host.server.apply_resource_change(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert_eq!(errors(&response.diagnostics).len(), 1);
    assert_eq!(response.new_state, encode(&state.value));
    assert_eq!(response.private, state.private);
}

#[tokio::test]
async fn a_state_newer_than_the_schema_is_left_to_a_newer_provider() {
    let host = Host::new().await;
    let request = wire::upgrade_resource_state::Request {
        type_name: TYPE.to_owned(),
        version: 7,
        raw_state: Some(wire::RawState {
            json: br#"{"name":"alpha"}"#.to_vec().into(),
            ..Default::default()
        }),
    };
    let response = host.server.upgrade_resource_state(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert!(response.upgraded_state.is_none());
    let found = errors(&response.diagnostics);
    assert_eq!(
        found[0].summary,
        "The stored state is newer than the provider"
    );
    assert!(found[0].detail.contains("version 7"), "{}", found[0].detail);
}

#[tokio::test]
async fn private_state_that_is_none_is_an_error_in_words() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let planned = host.plan(&state.value, b"\xff{", &config(&[])).await;
    assert_eq!(errors(&planned.diagnostics).len(), 1);
}
