//! Ephemeral resources.

use std::time::SystemTime;

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::host::{Host, block, errors, place, unblock};
use crate::key::Key;

const KEY: &str = "shelf_key";

async fn open(host: &Host, shelf: &str) -> wire::open_ephemeral_resource::Response {
    let request = wire::open_ephemeral_resource::Request {
        type_name: KEY.to_owned(),
        config: block::<Key>(&[("shelf", shelf.into())]),
        ..Default::default()
    };
    let response = host
        .server
        .open_ephemeral_resource(Request::new(request))
        .await;
    response.unwrap().into_inner()
}

#[tokio::test]
async fn what_is_opened_is_renewed_and_closed_with_what_it_keeps() {
    let host = Host::new().await;
    host.create(&[]).await;
    let opened = open(&host, "alpha").await;
    assert!(opened.diagnostics.is_empty());
    let result = unblock::<Key>(opened.result);
    assert_eq!(*result.get("key").unwrap(), "turn alpha.key".into());
    assert_eq!(*result.get("shelf").unwrap(), "alpha".into());
    let renew_at = SystemTime::try_from(opened.renew_at.unwrap()).unwrap();
    assert!(renew_at > SystemTime::now());
    let file = host.directory.path().join("alpha.key");
    assert!(file.exists());

    let request = wire::renew_ephemeral_resource::Request {
        type_name: KEY.to_owned(),
        private: opened.private,
    };
    let renewed = host.server.renew_ephemeral_resource(Request::new(request));
    let renewed = renewed.await.unwrap().into_inner();
    assert!(renewed.renew_at.is_some() && renewed.diagnostics.is_empty());
    let private: serde_json::Value =
        serde_json::from_slice(renewed.private.as_ref().unwrap()).unwrap();
    assert_eq!(private["renewals"], 1);

    let request = wire::close_ephemeral_resource::Request {
        type_name: KEY.to_owned(),
        private: renewed.private,
    };
    let closed = host.server.close_ephemeral_resource(Request::new(request));
    assert!(closed.await.unwrap().into_inner().diagnostics.is_empty());
    assert!(!file.exists());
}

#[tokio::test]
async fn what_cannot_be_opened_is_an_error_without_a_result() {
    let host = Host::new().await;
    let opened = open(&host, "nowhere").await;
    assert_eq!(place(errors(&opened.diagnostics)[0]), "shelf");
    assert_eq!(opened.result, None);
}

#[tokio::test]
async fn the_configuration_of_an_ephemeral_resource_is_checked() {
    let host = Host::new().await;
    let request = wire::validate_ephemeral_resource_config::Request {
        type_name: KEY.to_owned(),
        config: block::<Key>(&[("shelf", Value::UNKNOWN)]),
    };
    let response = host
        .server
        .validate_ephemeral_resource_config(Request::new(request))
        .await;
    assert!(response.unwrap().into_inner().diagnostics.is_empty());
}

#[tokio::test]
async fn garbage_that_is_said_to_be_kept_is_an_error() {
    let host = Host::new().await;
    let request = wire::renew_ephemeral_resource::Request {
        type_name: KEY.to_owned(),
        private: Some(b"\xff".to_vec().into()),
    };
    let renewed = host.server.renew_ephemeral_resource(Request::new(request));
    let renewed = renewed.await.unwrap().into_inner();
    assert_eq!(errors(&renewed.diagnostics).len(), 1);
    assert_eq!(renewed.private, Some(b"\xff".to_vec().into()));
}

#[tokio::test]
async fn what_is_opened_is_closed_after_a_stop_too() {
    let host = Host::new().await;
    host.create(&[]).await;
    let opened = open(&host, "alpha").await;
    let file = host.directory.path().join("alpha.key");
    assert!(file.exists());
    let stop = Request::new(wire::stop_provider::Request {});
    host.server.stop_provider(stop).await.unwrap();
    let request = wire::close_ephemeral_resource::Request {
        type_name: KEY.to_owned(),
        private: opened.private,
    };
    let closed = host.server.close_ephemeral_resource(Request::new(request));
    closed.await.unwrap();
    assert!(!file.exists());
}
