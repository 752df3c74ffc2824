//! Every RPC, as a host calls it.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::{Code, Request};
use wire::diagnostic::Severity;

use crate::host::{Host, State, TYPE, config, decode, encode, errors, place};

#[tokio::test]
async fn the_schema_and_the_capabilities_are_told() {
    let host = Host::new().await;
    let request = Request::new(wire::get_provider_schema::Request {});
    let response = host
        .server
        .get_provider_schema(request)
        .await
        .unwrap()
        .into_inner();
    assert!(response.diagnostics.is_empty());
    let capabilities = response.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(response.provider.unwrap().block.unwrap().attributes[0].optional);
    let block = response.resource_schemas[TYPE].block.clone().unwrap();
    let attribute = |name: &str| block.attributes.iter().find(|a| a.name == name).unwrap();
    assert!(attribute("name").required && !attribute("name").computed);
    assert!(attribute("boards").optional && attribute("boards").computed);
    assert!(attribute("ready").computed && !attribute("ready").optional);
    assert!(attribute("secret_wo").write_only && attribute("secret_wo").sensitive);
    assert_eq!(attribute("hooks").r#type, &br#"["list","string"]"#[..]);
    assert!(attribute("boxes").r#type.is_empty() && attribute("boxes").nested_type.is_some());
}

#[tokio::test]
async fn state_stores_are_unimplemented() {
    let host = Host::new().await;
    let request = Request::new(wire::get_states::Request::default());
    let status = host.server.get_states(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let request = Request::new(wire::read_state_bytes::Request::default());
    let status = host.server.read_state_bytes(request).await.err().unwrap();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn everything_that_is_served_is_named() {
    let host = Host::new().await;
    let request = Request::new(wire::get_metadata::Request {});
    let told = host
        .server
        .get_metadata(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(told.resources[0].type_name, TYPE);
    assert_eq!(told.data_sources[0].type_name, "shelf_inventory");
    assert_eq!(told.ephemeral_resources[0].type_name, "shelf_key");
    assert_eq!(told.list_resources[0].type_name, TYPE);
    assert_eq!(told.actions[0].type_name, "shelf_dust");
    assert_eq!(told.functions[0].name, "total");
    let capabilities = told.server_capabilities.unwrap();
    assert!(capabilities.move_resource_state && capabilities.generate_resource_config);
    let request = Request::new(wire::get_provider_schema::Request {});
    let schemas = host
        .server
        .get_provider_schema(request)
        .await
        .unwrap()
        .into_inner();
    assert!(schemas.data_source_schemas.contains_key("shelf_inventory"));
    assert!(schemas.ephemeral_resource_schemas.contains_key("shelf_key"));
    assert!(schemas.list_resource_schemas.contains_key(TYPE));
    assert!(schemas.action_schemas["shelf_dust"].schema.is_some());
    assert!(schemas.functions.contains_key("total"));
}

#[tokio::test]
async fn a_fault_of_the_configuration_is_told_at_its_attribute() {
    let host = Host::new().await;
    let crate_ = Value::map([("volume", Value::from(1)), ("closed", Value::Null)]);
    let bad = config(&[
        ("name", "Alpha!".into()),
        ("wood", "steel".into()),
        ("boards", 12.into()),
        ("boxes", Value::map([("a", crate_)])),
    ]);
    let found = host.validate(&bad, true).await;
    let places: Vec<String> = found.iter().map(place).collect();
    assert_eq!(places, ["name", "wood", "boards"]);
    assert_eq!(
        found[1].detail,
        r#""steel" is not allowed for wood: it must be one of "oak", "pine"."#
    );
    assert!(
        found[2].detail.contains("between 1 and 9"),
        "{}",
        found[2].detail
    );
    assert!(
        host.validate(&config(&[("name", Value::UNKNOWN)]), true)
            .await
            .is_empty()
    );
    let own = host
        .validate(&config(&[("name", "void".into())]), true)
        .await;
    assert_eq!(own[0].detail, "There is no void. Take another name.");
}

#[tokio::test]
async fn a_write_only_value_needs_a_host_that_keeps_it_out_of_the_state() {
    let host = Host::new().await;
    let secret = config(&[("secret_wo", "hunter2".into())]);
    assert!(host.validate(&secret, true).await.is_empty());
    let found = host.validate(&secret, false).await;
    assert_eq!(place(&found[0]), "secret_wo");
    assert!(!found[0].detail.contains("hunter2"));
}

#[tokio::test]
async fn a_creation_reaches_the_store_with_its_secret_and_keeps_none() {
    let host = Host::new().await;
    let members = [("secret_wo", "hunter2".into())];
    let state = host.create(&members).await;
    assert!(state.diagnostics.is_empty(), "{:?}", state.diagnostics);
    assert_eq!(*state.get("secret_wo"), Value::Null);
    assert_eq!(*state.get("secret_length"), 7.into());
    assert_eq!(*state.get("boards"), 2.into());
    assert_eq!(*state.get("load_kg"), "007".into());
    let read = host.read(&state).await;
    assert_eq!(read.value, state.value);
    let again = host
        .plan(&read.value, &read.private, &config(&members))
        .await;
    assert_eq!(again.value, state.value);
}

#[tokio::test]
async fn an_update_leaves_outputs_alone_unless_they_change() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let planned = host
        .plan(
            &state.value,
            &state.private,
            &config(&[("boards", 5.into())]),
        )
        .await;
    assert_eq!(planned.get("ready"), state.get("ready"));
    assert!(planned.get("generation").is_unknown());
    let state = host.apply(&state, &config(&[("boards", 5.into())])).await;
    assert_eq!(
        (state.get("boards"), state.get("generation")),
        (&5.into(), &2.into())
    );
    let omitted = host.plan(&state.value, &state.private, &config(&[])).await;
    assert_eq!(*omitted.get("boards"), Value::UNKNOWN);
    let state = host.apply(&state, &config(&[])).await;
    assert_eq!(*state.get("boards"), 2.into());
}

#[tokio::test]
async fn a_pending_creation_warns_keeps_its_state_and_is_resumed() {
    let host = Host::new().await;
    let late = [("simulate", "late".into())];
    let state = host.create(&late).await;
    assert_eq!(state.diagnostics.len(), 1);
    assert_eq!(state.diagnostics[0].severity, Severity::Warning as i32);
    assert_eq!(*state.get("ready"), false.into());
    let planned = host
        .plan(&state.value, &state.private, &config(&late))
        .await;
    assert_eq!(*planned.get("ready"), Value::UNKNOWN);
    assert_eq!(planned.replace, 0);
    let state = host.apply(&state, &config(&late)).await;
    assert_eq!(*state.get("ready"), true.into());
    let planned = host
        .plan(&state.value, &state.private, &config(&late))
        .await;
    assert_eq!(planned.value, state.value);
}

#[tokio::test]
async fn a_refused_creation_leaves_no_state_and_a_failed_one_does() {
    let host = Host::new().await;
    let refused = host.create(&[("simulate", "refuse".into())]).await;
    assert!(refused.value.is_null() && refused.private.is_empty());
    assert_eq!(place(errors(&refused.diagnostics)[0]), "simulate");
    let failed = host.create(&[("simulate", "fail".into())]).await;
    assert!(!failed.value.is_null() && failed.value.is_wholly_known());
    assert_eq!(errors(&failed.diagnostics).len(), 1);
}

#[tokio::test]
async fn a_refused_update_keeps_the_state_and_what_was_configured() {
    let host = Host::new().await;
    let state = host.create(&[("boards", 4.into())]).await;
    let refused = host
        .apply(&state, &config(&[("simulate", "refuse".into())]))
        .await;
    assert_eq!(refused.value, state.value);
    assert_eq!(errors(&refused.diagnostics).len(), 1);
    let planned = host
        .plan(&refused.value, &refused.private, &config(&[]))
        .await;
    assert_eq!(*planned.get("boards"), Value::UNKNOWN);
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_server_lives_on() {
    let host = Host::new().await;
    let state = host.create(&[("simulate", "panic".into())]).await;
    assert!(state.value.is_null());
    let error = errors(&state.diagnostics)[0];
    assert!(
        error.detail.contains("https://example.com"),
        "{}",
        error.detail
    );
    assert!(!host.create(&[]).await.value.is_null());
}

#[tokio::test]
async fn a_stop_ends_waits_now_and_later_in_its_run() {
    let host = Host::new().await;
    let members = [("simulate", "wait".into())];
    let stop = async {
        tokio::task::yield_now().await;
        let request = Request::new(wire::stop_provider::Request {});
        let response = host.server.stop_provider(request).await.unwrap();
        assert_eq!(response.into_inner().error, "");
    };
    let (state, ()) = tokio::join!(host.create(&members), stop);
    assert_eq!(*state.get("ready"), false.into());
    let state = host.create(&members).await;
    assert_eq!(*state.get("ready"), false.into());
}

#[tokio::test]
async fn another_name_replaces() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let planned = host
        .plan(
            &state.value,
            &state.private,
            &config(&[("name", "b".into())]),
        )
        .await;
    assert_eq!(planned.replace, 1);
}

#[tokio::test]
async fn what_a_replacement_fails_to_destroy_keeps_its_own_private_state() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let other = config(&[("name", "b".into()), ("wait", false.into())]);
    let first = host.plan(&state.value, &state.private, &other).await;
    // Terraform hands the private state of the first plan to the plan of the new object.
    let second = host.plan(&Value::Null, &first.private, &other).await;
    // What is gone cannot be taken down.
    host.apply(&state, &Value::Null).await;
    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&state.value),
        planned_state: encode(&Value::Null),
        config: encode(&Value::Null),
        planned_private: second.private.into(),
        ..Default::default()
    };
    let response = host.server.apply_resource_change(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert_eq!(errors(&response.diagnostics).len(), 1);
    assert_eq!(response.new_state, encode(&state.value));
    let keys = |private: &[u8]| serde_json::from_slice::<serde_json::Value>(private).unwrap();
    assert_eq!(keys(&response.private), keys(&state.private));
    assert_eq!(keys(&state.private)["planned_for"], "alpha");
}

#[tokio::test]
async fn a_destruction_is_planned_may_be_refused_and_is_done() {
    let host = Host::new().await;
    let state = host.create(&[("simulate", "protect".into())]).await;
    let planned = host.plan(&state.value, &state.private, &Value::Null).await;
    assert!(planned.value.is_null());
    assert_eq!(place(errors(&planned.diagnostics)[0]), "simulate");
    let state = host.apply(&state, &config(&[])).await;
    let gone = host.apply(&state, &Value::Null).await;
    assert!(gone.value.is_null() && gone.diagnostics.is_empty());
    let again = host.apply(&state, &Value::Null).await;
    assert_eq!(again.value, state.value);
    assert_eq!(errors(&again.diagnostics).len(), 1);
}

#[tokio::test]
async fn what_disappeared_is_gone_from_the_state() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    std::fs::remove_file(host.directory.path().join("alpha.json")).unwrap();
    assert!(host.read(&state).await.value.is_null());
}

#[tokio::test]
async fn an_import_plans_nothing() {
    let host = Host::new().await;
    let created = host.create(&[]).await;
    let request = |id: &str| {
        Request::new(wire::import_resource_state::Request {
            type_name: TYPE.to_owned(),
            id: id.to_owned(),
            ..Default::default()
        })
    };
    let response = host
        .server
        .import_resource_state(request("alpha"))
        .await
        .unwrap();
    let imported = response.into_inner().imported_resources.remove(0);
    let stub = State {
        value: decode(imported.state),
        private: imported.private.to_vec(),
        ..State::nothing()
    };
    assert_eq!(*stub.get("wait"), true.into());
    let state = host.read(&stub).await;
    assert_eq!(state.get("boards"), created.get("boards"));
    let mut config = config(&[]);
    if let Value::Map(members) = &mut config {
        members.insert("load_kg".to_owned(), "0007".into());
    }
    let planned = host.plan(&state.value, &state.private, &config).await;
    assert_eq!(planned.value, state.value);
    let response = host
        .server
        .import_resource_state(request(""))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(errors(&response.diagnostics).len(), 1);
    assert!(response.imported_resources.is_empty());
}

#[tokio::test]
async fn stored_state_is_read_as_it_is_today() {
    let host = Host::new().await;
    let upgrade = |json: &str| {
        Request::new(wire::upgrade_resource_state::Request {
            type_name: TYPE.to_owned(),
            version: 0,
            raw_state: Some(wire::RawState {
                json: json.to_owned().into(),
                ..Default::default()
            }),
        })
    };
    let json = r#"{"name":"alpha","boxes":{"a":{"volume":0.1234567890123456789}},"removed":1}"#;
    let response = host
        .server
        .upgrade_resource_state(upgrade(json))
        .await
        .unwrap();
    let state = decode(response.into_inner().upgraded_state);
    let number = tfplugin::value::Number::parse("0.1234567890123456789").unwrap();
    let volume = state
        .get("boxes")
        .unwrap()
        .get("a")
        .unwrap()
        .get("volume")
        .unwrap()
        .clone();
    assert_eq!(volume, Value::Number(number));
    for bad in ["", "[", r#"{"name":1}"#] {
        let response = host
            .server
            .upgrade_resource_state(upgrade(bad))
            .await
            .unwrap();
        assert_eq!(errors(&response.into_inner().diagnostics).len(), 1, "{bad}");
    }
}

#[tokio::test]
async fn garbage_is_an_error_of_its_call() {
    let host = Host::new().await;
    let request = wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: Some(wire::DynamicValue {
            msgpack: vec![0xdf, 0xff, 0xff, 0xff, 0xff].into(),
            json: Default::default(),
        }),
        ..Default::default()
    };
    let response = host
        .server
        .read_resource(Request::new(request))
        .await
        .unwrap();
    assert_eq!(errors(&response.into_inner().diagnostics).len(), 1);
    let request = wire::plan_resource_change::Request {
        type_name: "shelf_unknown".to_owned(),
        ..Default::default()
    };
    let response = host
        .server
        .plan_resource_change(Request::new(request))
        .await
        .unwrap();
    assert_eq!(errors(&response.into_inner().diagnostics).len(), 1);
}
