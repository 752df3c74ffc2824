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

/// The errors of a stored state, and that there is a state exactly where there are none.
async fn upgraded(host: &Host, json: &[u8]) -> Vec<wire::Diagnostic> {
    let request = wire::upgrade_resource_state::Request {
        type_name: TYPE.to_owned(),
        version: 0,
        raw_state: Some(wire::RawState {
            json: json.to_vec().into(),
            ..Default::default()
        }),
    };
    let response = host.server.upgrade_resource_state(Request::new(request));
    let response = response.await.unwrap().into_inner();
    let refused = !errors(&response.diagnostics).is_empty();
    assert_eq!(response.upgraded_state.is_none(), refused);
    response.diagnostics
}

#[tokio::test]
async fn a_stored_state_that_is_none_is_an_error_at_its_attribute() {
    let host = Host::new().await;
    let deep = format!(
        r#"{{"extra":{{"type":{}"bool"{},"value":{}true{}}}}}"#,
        r#"["list","#.repeat(70),
        "]".repeat(70),
        "[".repeat(70),
        "]".repeat(70)
    );
    let deeper = format!(
        r#"{{"name":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for (json, at) in [
        (&b""[..], ""),
        (b"[]", "found a list"),
        (b"nul", ""),
        (b"{\"name\":\"\xff\"}", ""),
        (b"{\"name\":\"\\ud800\"}", ""),
        (b"{\"name\":{}}", "name"),
        (b"{\"boards\":\"many\"}", "boards"),
        (b"{\"boards\":1e99999999999999999999}", "boards"),
        (
            b"{\"boxes\":{\"red\":{\"volume\":[]}}}",
            "boxes[\"red\"].volume",
        ),
        (b"{\"extra\":{\"value\":1}}", "extra"),
        (b"{\"extra\":{\"value\":1,\"type\":\"string\"}}", "extra"),
        (b"{\"extra\":{\"value\":null,\"type\":\"colour\"}}", "extra"),
        (b"{\"extra\":{\"value\":null,\"type\":[\"list\"]}}", "extra"),
        (b"{\"extra\":true}", "extra"),
        (deep.as_bytes(), "extra"),
        (deeper.as_bytes(), ""),
    ] {
        let found = upgraded(&host, json).await;
        let found = errors(&found);
        let shown = String::from_utf8_lossy(&json[..json.len().min(60)]).into_owned();
        assert_eq!(found.len(), 1, "{shown}");
        let told = found.iter().all(|error| error.detail.contains(at));
        assert!(told, "{shown}: {found:?}");
        let panicked = found
            .iter()
            .any(|error| error.summary.contains("unexpectedly"));
        assert!(!panicked, "{shown}");
    }
}

#[tokio::test]
async fn of_a_member_that_is_stored_twice_the_last_counts() {
    let host = Host::new().await;
    let twice = b"{\"name\":\"a\",\"name\":\"b\",\"extra\":{\"type\":\"bool\",\"type\":\"string\",\"value\":\"x\"}}";
    assert!(errors(&upgraded(&host, twice).await).is_empty());
}

#[tokio::test]
async fn a_free_value_that_is_not_of_the_type_it_says_is_an_error() {
    let host = Host::new().await;
    let typed = |ty: &[u8], value: &[u8]| {
        let length = u8::try_from(ty.len()).unwrap();
        [
            &[0x81, 0xa5],
            &b"extra"[..],
            &[0x92, 0xc4, length],
            ty,
            value,
        ]
        .concat()
    };
    let wide = Type::Object((0..9).map(|i| (format!("a{i}"), Type::Bool)).collect());
    let wide = wide.to_json().to_string();
    for bytes in [
        typed(b"\"string\"", &[0xc3]),
        typed(b"\"colour\"", &[0xc0]),
        typed(b"\xff\xfe", &[0xc0]),
        typed(b"[\"list\"]", &[0xd4, 0, 0]),
        typed(b"\"number\"", b"\xa91e9999999"),
        typed(b"\"string\"", b"\xa2\xff\xfe"),
        typed(b"[\"tuple\",[\"bool\"]]", &[0x92, 0xc3, 0xc3]),
        typed(b"\"string\"", &[0xc7, 4, 13, 0x81, 1, 0xc2, 0xc0]),
        typed(wide.as_bytes(), &[0x80]),
    ] {
        let found = planned(&host, raw(&bytes)).await;
        assert_eq!(errors(&found).len(), 1, "{}", bytes.escape_ascii());
        let detail = &errors(&found)[0].detail;
        assert!(detail.starts_with("extra"), "{detail}");
    }
}

#[tokio::test]
async fn private_state_of_another_version_is_an_error_or_kept() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for private in [
        &b"[]"[..],
        b"7",
        b"{\".configured\":7}",
        b"{\".configured\":[[]]}",
        b"{\".planned\":{}}",
        b"{\".pending\":[]}",
        b"{\".unread\":\"yes\"}",
        b"{\".replaced\":7}",
        b"{\".replaced\":{\".pending\":[]}}",
        b"{\"a\":\"\xff\"}",
        deep.as_bytes(),
    ] {
        let planned = host.plan(&state.value, private, &config(&[])).await;
        let found = errors(&planned.diagnostics);
        assert_eq!(found.len(), 1);
        assert!(!found[0].summary.contains("unexpectedly"), "{found:?}");
    }
    let newer = b"{\".later\":{\"a\":1},\"a\":1,\"a\":2}";
    let planned = host.plan(&state.value, newer, &config(&[])).await;
    assert_eq!(errors(&planned.diagnostics), Vec::<&_>::new());
    let kept: serde_json::Value = serde_json::from_slice(&planned.private).unwrap();
    assert_eq!((&kept[".later"]["a"], &kept["a"]), (&1.into(), &2.into()));
}
