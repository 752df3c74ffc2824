//! Calls that are put off to a later run, while the provider's configuration is unknown.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;
use wire::deferred::Reason;

use crate::host::{Host, TYPE, block, config, decode, encode, errors, unblock};
use crate::inventory::Inventory;
use crate::key::Key;

fn deferring() -> Option<wire::ClientCapabilities> {
    Some(wire::ClientCapabilities {
        deferral_allowed: true,
        ..Default::default()
    })
}

fn reason(deferred: Option<wire::Deferred>) -> Option<Reason> {
    deferred.map(|deferred| deferred.reason())
}

const UNKNOWN: Option<Reason> = Some(Reason::ProviderConfigUnknown);

#[tokio::test]
async fn a_plan_is_put_off_and_still_says_what_it_can() {
    let host = Host::with_unknown_directory().await;
    let config = config(&[]);
    let request = |client_capabilities| wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&Value::Null),
        proposed_new_state: encode(&config),
        config: encode(&config),
        client_capabilities,
        ..Default::default()
    };
    let plan = |capabilities| {
        host.server
            .plan_resource_change(Request::new(request(capabilities)))
    };
    let planned = plan(deferring()).await.unwrap().into_inner();
    assert_eq!(reason(planned.deferred), UNKNOWN);
    let state = decode(planned.planned_state);
    assert_eq!(*state.get("name").unwrap(), "alpha".into());
    let planned = plan(None).await.unwrap().into_inner();
    assert_eq!(planned.deferred, None);
}

#[tokio::test]
async fn a_read_is_put_off_with_the_state_as_it_was() {
    let state = Host::new().await.create(&[]).await;
    let host = Host::with_unknown_directory().await;
    let request = wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: encode(&state.value),
        private: state.private.clone().into(),
        client_capabilities: deferring(),
        ..Default::default()
    };
    let response = host.server.read_resource(Request::new(request)).await;
    let response = response.unwrap().into_inner();
    assert_eq!(reason(response.deferred), UNKNOWN);
    assert_eq!(decode(response.new_state), state.value);
}

#[tokio::test]
async fn an_import_is_put_off_with_its_stub() {
    let host = Host::with_unknown_directory().await;
    let request = wire::import_resource_state::Request {
        type_name: TYPE.to_owned(),
        id: "alpha".to_owned(),
        client_capabilities: deferring(),
        ..Default::default()
    };
    let response = host.server.import_resource_state(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert_eq!(reason(response.deferred), UNKNOWN);
    assert_eq!(response.imported_resources.len(), 1);
}

#[tokio::test]
async fn a_data_source_is_put_off_with_an_unknown_answer() {
    let host = Host::with_unknown_directory().await;
    let request = wire::read_data_source::Request {
        type_name: "shelf_inventory".to_owned(),
        config: block::<Inventory>(&[]),
        client_capabilities: deferring(),
        ..Default::default()
    };
    let response = host.server.read_data_source(Request::new(request)).await;
    let response = response.unwrap().into_inner();
    assert_eq!(reason(response.deferred), UNKNOWN);
    let state = unblock::<Inventory>(response.state);
    assert_eq!(*state.get("names").unwrap(), Value::UNKNOWN);
}

#[tokio::test]
async fn an_opening_is_put_off_where_the_host_allows_it() {
    let host = Host::with_unknown_directory().await;
    let open = |client_capabilities| {
        let request = wire::open_ephemeral_resource::Request {
            type_name: "shelf_key".to_owned(),
            config: block::<Key>(&[("shelf", "no such shelf".into())]),
            client_capabilities,
        };
        host.server.open_ephemeral_resource(Request::new(request))
    };
    let response = open(deferring()).await.unwrap().into_inner();
    assert_eq!(reason(response.deferred), UNKNOWN);
    assert!(response.diagnostics.is_empty());
    let response = open(None).await.unwrap().into_inner();
    assert_eq!(reason(response.deferred), None);
    assert_eq!(errors(&response.diagnostics).len(), 1);
}
