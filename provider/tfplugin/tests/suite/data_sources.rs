//! Data sources.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::host::{Host, block, errors, place, unblock};
use crate::inventory::Inventory;

async fn read(host: &Host, members: &[(&str, Value)]) -> wire::read_data_source::Response {
    let request = wire::read_data_source::Request {
        type_name: "shelf_inventory".to_owned(),
        config: block::<Inventory>(members),
        ..Default::default()
    };
    let response = host.server.read_data_source(Request::new(request)).await;
    response.unwrap().into_inner()
}

#[tokio::test]
async fn a_data_source_answers_and_has_its_defaults() {
    let host = Host::new().await;
    host.create(&[]).await;
    host.create(&[("name", "beta".into()), ("wood", "pine".into())])
        .await;
    let response = read(&host, &[("wood", "pine".into())]).await;
    assert!(response.diagnostics.is_empty());
    let state = unblock::<Inventory>(response.state);
    assert_eq!(
        *state.get("names").unwrap(),
        Value::List(vec!["beta".into()])
    );
    assert_eq!(*state.get("limit").unwrap(), 100.into());
    let response = read(&host, &[("limit", 1.into())]).await;
    let state = unblock::<Inventory>(response.state);
    assert_eq!(
        *state.get("names").unwrap(),
        Value::List(vec!["alpha".into()])
    );
    assert_eq!(*state.get("wood").unwrap(), Value::Null);
}

#[tokio::test]
async fn the_configuration_of_a_data_source_is_checked() {
    let host = Host::new().await;
    let validate = |members: &[(&str, Value)]| {
        let request = wire::validate_data_resource_config::Request {
            type_name: "shelf_inventory".to_owned(),
            config: block::<Inventory>(members),
        };
        host.server
            .validate_data_resource_config(Request::new(request))
    };
    let response = validate(&[("wood", "steel".into()), ("limit", 0.into())]).await;
    let found = response.unwrap().into_inner().diagnostics;
    let places: Vec<String> = found.iter().map(place).collect();
    assert_eq!(places, ["wood", "limit"]);
    let response = validate(&[("wood", Value::UNKNOWN)]).await;
    assert!(response.unwrap().into_inner().diagnostics.is_empty());
}

#[tokio::test]
async fn an_unknown_data_source_is_an_error() {
    let host = Host::new().await;
    let request = wire::read_data_source::Request {
        type_name: "shelf_shelf".to_owned(),
        ..Default::default()
    };
    let response = host.server.read_data_source(Request::new(request)).await;
    let response = response.unwrap().into_inner();
    assert_eq!(
        errors(&response.diagnostics)[0].summary,
        "Unknown data source type"
    );
}
