//! Actions.

use futures::StreamExt;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;
use tonic::codegen::BoxStream;
use wire::invoke_action::event::Type;

use crate::dust::Dusting;
use crate::host::{Host, block, errors, place};

const DUST: &str = "shelf_dust";

type Events = BoxStream<wire::invoke_action::Event>;

async fn invoke(host: &Host, shelf: &str, simulate: Value) -> Events {
    let request = wire::invoke_action::Request {
        action_type: DUST.to_owned(),
        config: block::<Dusting>(&[("shelf", shelf.into()), ("simulate", simulate)]),
        client_capabilities: None,
    };
    let response = host.server.invoke_action(Request::new(request)).await;
    response.unwrap().into_inner()
}

/// The lines of progress, and what was said at the end.
async fn told(events: Events) -> (Vec<String>, Vec<wire::Diagnostic>) {
    let mut lines = Vec::new();
    let mut end = None;
    for event in events.collect::<Vec<_>>().await {
        match event.unwrap().r#type.unwrap() {
            Type::Progress(progress) => {
                assert!(end.is_none());
                lines.push(progress.message);
            }
            Type::Completed(completed) => end = Some(completed.diagnostics),
        }
    }
    (lines, end.unwrap())
}

#[tokio::test]
async fn progress_is_told_while_an_action_runs_and_then_its_end() {
    let host = Host::new().await;
    host.create(&[]).await;
    let (lines, end) = told(invoke(&host, "alpha", Value::Null).await).await;
    assert_eq!(lines, ["Board 1 is clean", "Board 2 is clean"]);
    assert!(end.is_empty());
}

#[tokio::test]
async fn an_action_that_fails_says_so_at_its_end() {
    let host = Host::new().await;
    let (lines, end) = told(invoke(&host, "nowhere", Value::Null).await).await;
    assert!(lines.is_empty());
    assert_eq!(place(errors(&end)[0]), "shelf");
    let request = wire::invoke_action::Request {
        action_type: "shelf_unknown".to_owned(),
        ..Default::default()
    };
    let events = host.server.invoke_action(Request::new(request)).await;
    let (_, end) = told(events.unwrap().into_inner()).await;
    assert_eq!(errors(&end)[0].summary, "Unknown action type");
}

#[tokio::test]
async fn a_panic_ends_its_action_with_an_error() {
    let host = Host::new().await;
    host.create(&[]).await;
    let (lines, end) = told(invoke(&host, "alpha", "panic".into()).await).await;
    assert_eq!(lines, ["Board 1 is clean"]);
    assert!(errors(&end)[0].detail.contains("https://example.com"));
    let (lines, _) = told(invoke(&host, "alpha", Value::Null).await).await;
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_stop_ends_an_action_with_what_it_did() {
    let host = Host::new().await;
    host.create(&[]).await;
    let mut events = invoke(&host, "alpha", "wait".into()).await;
    let first = events.next().await.unwrap().unwrap();
    assert!(matches!(first.r#type, Some(Type::Progress(_))));
    let request = Request::new(wire::stop_provider::Request {});
    host.server.stop_provider(request).await.unwrap();
    let (_, end) = told(events).await;
    assert_eq!(errors(&end)[0].detail, "Board 1 was the last.");
}

#[tokio::test]
async fn an_action_ends_when_nobody_listens_any_more() {
    let host = Host::new().await;
    host.create(&[]).await;
    let cloth = host.directory.path().join("cloth");
    let mut events = invoke(&host, "alpha", "wait".into()).await;
    assert!(events.next().await.is_some());
    assert!(cloth.exists());
    drop(events);
    assert!(!cloth.exists());
}

#[tokio::test]
async fn an_action_may_be_put_off_at_plan_and_its_configuration_refused() {
    let host = Host::new().await;
    let config = |shelf| block::<Dusting>(&[("shelf", shelf)]);
    let plan = |shelf, deferral_allowed| wire::plan_action::Request {
        action_type: DUST.to_owned(),
        config: config(shelf),
        client_capabilities: Some(wire::ClientCapabilities {
            deferral_allowed,
            ..Default::default()
        }),
    };
    for (shelf, allowed, deferred) in [
        (Value::UNKNOWN, true, true),
        (Value::UNKNOWN, false, false),
        ("alpha".into(), true, false),
    ] {
        let request = Request::new(plan(shelf, allowed));
        let planned = host.server.plan_action(request).await.unwrap().into_inner();
        assert!(planned.diagnostics.is_empty());
        assert_eq!(planned.deferred.is_some(), deferred);
    }
    let request = wire::validate_action_config::Request {
        type_name: DUST.to_owned(),
        config: config("".into()),
    };
    let response = host.server.validate_action_config(Request::new(request));
    let found = response.await.unwrap().into_inner().diagnostics;
    assert_eq!(place(&found[0]), "shelf");
}
