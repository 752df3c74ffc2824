//! Warnings, time-outs and what else a resource gets without asking.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;
use wire::diagnostic::Severity;

use crate::host::{Host, block, config, place};

#[tokio::test]
async fn a_warning_about_one_configuration_is_told_once_a_run() {
    let host = Host::new().await;
    let daring = config(&[("name", "babel".into())]);
    let taller = config(&[("name", "babel".into()), ("boards", 9.into())]);
    assert_eq!(host.validate(&daring, true).await.len(), 1);
    assert!(host.validate(&daring, true).await.is_empty());
    assert_eq!(host.validate(&taller, true).await.len(), 1);
    // The next run of a host that is attached begins so.
    let request = wire::validate_provider_config::Request {
        config: block::<crate::model::Config>(&[]),
    };
    let response = host.server.validate_provider_config(Request::new(request));
    assert!(response.await.unwrap().into_inner().diagnostics.is_empty());
    assert_eq!(host.validate(&daring, true).await.len(), 1);
}

#[tokio::test]
async fn an_error_is_told_each_time() {
    let host = Host::new().await;
    let void = config(&[("name", "void".into())]);
    assert_eq!(host.validate(&void, true).await.len(), 1);
    assert_eq!(host.validate(&void, true).await.len(), 1);
}

fn timeouts(create: &str) -> (&str, Value) {
    ("timeouts", Value::map([("create", create.into())]))
}

#[tokio::test]
async fn the_users_time_out_ends_a_wait() {
    let host = Host::new().await;
    let members = [("simulate", "wait".into()), timeouts("20ms")];
    let state = host.create(&members).await;
    assert_eq!(state.diagnostics[0].severity, Severity::Warning as i32);
    assert_eq!(*state.get("timeouts"), members[1].1);
}

#[tokio::test]
async fn a_time_out_that_is_none_is_refused_at_its_attribute() {
    let host = Host::new().await;
    let found = host.validate(&config(&[timeouts("soon")]), true).await;
    assert_eq!(place(&found[0]), "timeouts.create");
    assert!(
        host.validate(&config(&[timeouts("1h")]), true)
            .await
            .is_empty()
    );
}
