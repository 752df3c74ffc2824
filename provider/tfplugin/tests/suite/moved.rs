//! Objects that another provider kept.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::host::{Host, State, TYPE, decode, errors, identified};

async fn take(host: &Host, provider: &str, json: &str) -> wire::move_resource_state::Response {
    let request = wire::move_resource_state::Request {
        source_provider_address: provider.to_owned(),
        source_type_name: "bookcase_case".to_owned(),
        source_state: Some(wire::RawState {
            json: json.to_owned().into(),
            ..Default::default()
        }),
        target_type_name: TYPE.to_owned(),
        ..Default::default()
    };
    let response = host.server.move_resource_state(Request::new(request)).await;
    response.unwrap().into_inner()
}

#[tokio::test]
async fn an_object_of_another_provider_is_taken_over() {
    let host = Host::new().await;
    let created = host.create(&[]).await;
    let provider = "registry.terraform.io/example/bookcase";
    let response = take(&host, provider, r#"{"title":"alpha"}"#).await;
    assert!(response.diagnostics.is_empty());
    assert_eq!(identified(response.target_identity), "alpha".into());
    let moved = State {
        value: decode(response.target_state),
        private: response.target_private.to_vec(),
        ..State::nothing()
    };
    assert_eq!(*moved.get("wait"), true.into());
    assert_eq!(host.read(&moved).await.get("boards"), created.get("boards"));
}

#[tokio::test]
async fn what_a_resource_does_not_take_over_is_refused() {
    let host = Host::new().await;
    let stranger = take(&host, "registry.terraform.io/a/b", r#"{"title":"alpha"}"#).await;
    let error = errors(&stranger.diagnostics)[0];
    assert!(error.detail.contains("does not take over a bookcase_case"));
    assert_eq!(stranger.target_state, None);
    let provider = "registry.terraform.io/example/bookcase";
    for (json, summary) in [
        ("{}", "The case has no title"),
        ("", "The moved object cannot be taken over"),
    ] {
        let response = take(&host, provider, json).await;
        assert_eq!(errors(&response.diagnostics)[0].summary, summary);
        assert!(decode(response.target_state) == Value::Null);
    }
}
