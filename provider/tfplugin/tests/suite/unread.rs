//! Objects that were taken over, by an import or a `moved` block, and that nobody has read.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;
use wire::diagnostic::Severity;

use crate::host::{Host, State, TYPE, config, decode, encode, errors};

const UNREAD: &str = "The shelf_shelf was taken over but never read";

/// What a `moved` block hands over.
async fn moved(host: &Host, title: &str) -> State {
    let request = wire::move_resource_state::Request {
        source_provider_address: "registry.terraform.io/example/bookcase".to_owned(),
        source_type_name: "bookcase_case".to_owned(),
        source_state: Some(wire::RawState {
            json: format!(r#"{{"title":"{title}"}}"#).into(),
            ..Default::default()
        }),
        target_type_name: TYPE.to_owned(),
        ..Default::default()
    };
    let response = host.server.move_resource_state(Request::new(request));
    let response = response.await.unwrap().into_inner();
    State {
        value: decode(response.target_state),
        private: response.target_private.to_vec(),
        diagnostics: response.diagnostics,
        replace: 0,
    }
}

fn only_error(diagnostics: &[wire::Diagnostic]) -> &wire::Diagnostic {
    let errors = errors(diagnostics);
    assert_eq!(errors.len(), 1, "{diagnostics:?}");
    errors[0]
}

#[tokio::test]
async fn what_was_taken_over_is_planned_once_it_was_read() {
    let host = Host::new().await;
    host.create(&[]).await;
    for stub in [host.import("alpha").await, moved(&host, "alpha").await] {
        let read = host.read(&stub).await;
        assert!(errors(&read.diagnostics).is_empty());
        assert!(read.private.is_empty(), "the mark is taken off");
        let wider = config(&[("boards", 5.into())]);
        let planned = host.plan(&read.value, &read.private, &wider).await;
        assert!(errors(&planned.diagnostics).is_empty());
        assert!(host.plan_destroy(&read).await.is_empty());
    }
}

#[tokio::test]
async fn what_was_taken_over_and_cannot_be_read_is_an_error() {
    let host = Host::with_unknown_directory().await;
    for stub in [host.import("alpha").await, moved(&host, "alpha").await] {
        let read = host.read(&stub).await;
        let error = only_error(&read.diagnostics);
        assert_eq!(error.summary, UNREAD);
        assert!(error.detail.contains("settings that are known"));
        assert_eq!(read.value, stub.value);
    }
}

#[tokio::test]
async fn what_was_read_once_is_kept_with_a_warning_where_it_cannot_be_read() {
    let state = Host::new().await.create(&[]).await;
    let read = Host::with_unknown_directory().await.read(&state).await;
    assert_eq!(read.value, state.value);
    assert_eq!(read.diagnostics[0].severity, Severity::Warning as i32);
    assert!(errors(&read.diagnostics).is_empty());
}

#[tokio::test]
async fn nothing_is_planned_from_what_was_never_read() {
    let host = Host::new().await;
    host.create(&[]).await;
    for stub in [host.import("alpha").await, moved(&host, "alpha").await] {
        for members in [vec![], vec![("name", Value::from("beta"))]] {
            let config = config(&members);
            let planned = host.plan(&stub.value, &stub.private, &config).await;
            assert_eq!(only_error(&planned.diagnostics).summary, UNREAD);
            // What comes in its place, by -replace for example, is planned as a creation.
            let planned = host.plan(&Value::Null, &stub.private, &config).await;
            assert_eq!(only_error(&planned.diagnostics).summary, UNREAD);
        }
        let error = host.plan_destroy(&stub).await;
        assert!(only_error(&error).detail.contains("terraform state rm"));
    }
}

#[tokio::test]
async fn what_was_never_read_is_not_destroyed_by_an_apply_either() {
    let host = Host::new().await;
    let state = host.create(&[]).await;
    let stub = moved(&host, "alpha").await;
    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&stub.value),
        planned_state: encode(&Value::Null),
        config: encode(&Value::Null),
        planned_private: stub.private.clone().into(),
        ..Default::default()
    };
    let response = host.server.apply_resource_change(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert_eq!(only_error(&response.diagnostics).summary, UNREAD);
    assert_eq!(host.read(&state).await.value, state.value);
}

#[tokio::test]
async fn a_host_that_can_wait_puts_off_what_was_never_read() {
    let host = Host::with_unknown_directory().await;
    let stub = moved(&host, "alpha").await;
    let able = || {
        Some(wire::ClientCapabilities {
            deferral_allowed: true,
            ..Default::default()
        })
    };
    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&stub.value),
        proposed_new_state: encode(&config(&[])),
        config: encode(&config(&[])),
        prior_private: stub.private.clone().into(),
        client_capabilities: able(),
        ..Default::default()
    };
    let response = host.server.plan_resource_change(Request::new(request));
    let response = response.await.unwrap().into_inner();
    assert!(response.deferred.is_some() && errors(&response.diagnostics).is_empty());
    let request = wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: encode(&stub.value),
        private: stub.private.into(),
        client_capabilities: able(),
        ..Default::default()
    };
    let response = host.server.read_resource(Request::new(request)).await;
    let response = response.unwrap().into_inner();
    assert!(response.deferred.is_some() && errors(&response.diagnostics).is_empty());
}
