//! Storage classes that are named after the fact. A class cannot change without a replacement, so a
//! class may be named only where it is seen to be the one that the volumes have.

use serde_json::{Value as Json, json};
use test_apiserver::ApiServer;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::kinds;
use crate::{Host, Made, database, decoded, encoded};

const UNSEEN: &str =
    "The storage class \"standard\" is set, but the class of the volumes is not known";

fn named(class: &str) -> Json {
    let mut config = database();
    config["engine"]["storage"]["class"] = json!(class);
    config
}

/// A cluster with the database, whose class is not named, and a volume of it.
fn with_volume() -> ApiServer {
    let server = kinds::cluster();
    server.put(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "datadir-orders-pxc-0", "namespace": "shop"},
        "spec": {"storageClassName": "standard"}}));
    server
}

async fn read(host: &Host, made: Made) -> Made {
    let object = host.object("everest_database");
    let request = wire::read_resource::Request {
        type_name: "everest_database".to_owned(),
        current_state: Some(encoded(&made.value, &object)),
        private: made.private.into(),
        ..Default::default()
    };
    let response = host.server.read_resource(Request::new(request)).await;
    let response = response.unwrap().into_inner();
    assert!(
        response.diagnostics.is_empty(),
        "{:?}",
        response.diagnostics
    );
    Made {
        value: decoded(response.new_state, &object),
        private: response.private.to_vec(),
    }
}

fn class(state: &Value) -> Option<&Value> {
    state.get("engine")?.get("storage")?.get("class")
}

#[tokio::test]
async fn a_class_that_is_named_while_nobody_knows_the_one_of_the_volumes_replaces_nothing() {
    let host = Host::new().await;
    let planned = host
        .change(
            "everest_database",
            &database(),
            &json!({}),
            &named("standard"),
        )
        .await;
    assert_eq!(planned.errors, [UNSEEN]);
}

#[tokio::test]
async fn the_class_that_the_volumes_have_is_named_without_a_change_and_another_one_replaces() {
    let made = Host::new().await;
    let made = made.made("everest_database", &database(), &json!({})).await;
    assert_eq!(class(&made.value), Some(&Value::Null));
    let process = with_volume().process();
    let of = process.clone();
    let host = Host::reaching(move || of.client()).await;
    let made = read(&host, made).await;
    assert_eq!(class(&made.value), Some(&"standard".into()));
    for config in [named("standard"), database()] {
        let planned = host
            .plan("everest_database", &made.value, &made.private, &config)
            .await;
        assert_eq!(planned.errors, [""; 0]);
        assert_eq!(planned.replaces, [""; 0]);
        assert_eq!(class(&planned.state), Some(&"standard".into()));
        assert_eq!(
            planned.state.get("ready"),
            made.value.get("ready"),
            "no change"
        );
    }
    let planned = host
        .plan(
            "everest_database",
            &made.value,
            &made.private,
            &named("fast"),
        )
        .await;
    assert_eq!(planned.replaces, ["engine.storage.class"]);
    assert_eq!(process.writes(), [""; 0]);
}
