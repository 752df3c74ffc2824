//! Identities: told by every call that tells a state, and what an import may start from.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::host::{Host, TYPE, config, decode, encode, errors, identified, identity};

#[tokio::test]
async fn the_schema_of_an_identity_is_told() {
    let host = Host::new().await;
    let request = Request::new(wire::get_resource_identity_schemas::Request {});
    let response = host.server.get_resource_identity_schemas(request).await;
    let response = response.unwrap().into_inner();
    assert!(response.diagnostics.is_empty());
    let name = &response.identity_schemas[TYPE].identity_attributes[0];
    assert_eq!(
        (name.name.as_str(), &name.r#type[..]),
        ("name", &b"\"string\""[..])
    );
    assert!(name.required_for_import && !name.optional_for_import);
    assert_eq!(name.description, "Its name.");
}

#[tokio::test]
async fn plan_apply_and_read_tell_the_identity() {
    let host = Host::new().await;
    let config = config(&[]);
    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&Value::Null),
        proposed_new_state: encode(&config),
        config: encode(&config),
        ..Default::default()
    };
    let planned = host
        .server
        .plan_resource_change(Request::new(request))
        .await;
    let planned = planned.unwrap().into_inner();
    assert_eq!(identified(planned.planned_identity.clone()), "alpha".into());
    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&Value::Null),
        planned_state: planned.planned_state,
        planned_identity: planned.planned_identity,
        config: encode(&config),
        ..Default::default()
    };
    let applied = host
        .server
        .apply_resource_change(Request::new(request))
        .await;
    let applied = applied.unwrap().into_inner();
    assert_eq!(identified(applied.new_identity.clone()), "alpha".into());
    let request = wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: applied.new_state,
        ..Default::default()
    };
    let read = host.server.read_resource(Request::new(request)).await;
    assert_eq!(
        identified(read.unwrap().into_inner().new_identity),
        "alpha".into()
    );
}

#[tokio::test]
async fn another_identity_is_planned_for_a_replacement_alone() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let config = config(&[("name", "beta".into())]);
    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&state.value),
        proposed_new_state: encode(&config),
        config: encode(&config),
        prior_identity: identity("alpha"),
        ..Default::default()
    };
    let planned = host
        .server
        .plan_resource_change(Request::new(request))
        .await;
    let planned = planned.unwrap().into_inner();
    assert_eq!(planned.requires_replace.len(), 1);
    assert_eq!(identified(planned.planned_identity), "beta".into());
}

#[tokio::test]
async fn an_identity_that_changes_under_a_read_is_an_error_that_keeps_the_state() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let request = wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: encode(&state.value),
        current_identity: identity("somebody else"),
        ..Default::default()
    };
    let read = host.server.read_resource(Request::new(request)).await;
    let read = read.unwrap().into_inner();
    assert_eq!(
        errors(&read.diagnostics)[0].summary,
        "The identity of the object changed"
    );
    assert_eq!(decode(read.new_state), state.value);
    assert_eq!(read.new_identity, identity("somebody else"));
}

#[tokio::test]
async fn an_import_starts_from_an_identity_or_an_id() {
    let host = Host::new().await;
    let import = |id: &str, identity| {
        let request = wire::import_resource_state::Request {
            type_name: TYPE.to_owned(),
            id: id.to_owned(),
            identity,
            ..Default::default()
        };
        host.server.import_resource_state(Request::new(request))
    };
    for (id, given) in [("", identity("alpha")), ("alpha", None)] {
        let response = import(id, given).await.unwrap().into_inner();
        assert!(response.diagnostics.is_empty());
        let imported = response.imported_resources[0].clone();
        assert_eq!(identified(imported.identity), "alpha".into());
        let stub = decode(imported.state);
        assert_eq!(*stub.get("name").unwrap(), "alpha".into());
        assert_eq!(*stub.get("wood").unwrap(), Value::Null);
    }
    let nameless = wire::ResourceIdentityData {
        identity_data: Some(wire::DynamicValue {
            json: br#"{"name":null}"#.to_vec().into(),
            msgpack: Default::default(),
        }),
    };
    let response = import("", Some(nameless)).await.unwrap().into_inner();
    assert_eq!(
        errors(&response.diagnostics)[0].summary,
        "Incomplete identity"
    );
}

#[tokio::test]
async fn a_stored_identity_is_read_as_it_is_today() {
    let host = Host::new().await;
    let upgrade = |json: &str| {
        let request = wire::upgrade_resource_identity::Request {
            type_name: TYPE.to_owned(),
            version: 0,
            raw_identity: Some(wire::RawState {
                json: json.to_owned().into(),
                ..Default::default()
            }),
        };
        host.server.upgrade_resource_identity(Request::new(request))
    };
    let response = upgrade(r#"{"name":"alpha"}"#).await.unwrap().into_inner();
    assert_eq!(identified(response.upgraded_identity), "alpha".into());
    for bad in ["", r#"{"name":1}"#] {
        let response = upgrade(bad).await.unwrap().into_inner();
        assert_eq!(errors(&response.diagnostics).len(), 1, "{bad}");
    }
}
