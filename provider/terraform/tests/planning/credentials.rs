//! The ephemeral credentials of a database.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value as Json, json};
use test_apiserver::ApiServer;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::Schema;
use tfplugin::value::{Value, json as stored};
use tonic::Request;

use crate::{Host, decoded, encoded, errors, kinds};

/// What is opened of the database shop/orders, and the errors.
async fn opened(server: ApiServer) -> (Value, Vec<String>) {
    opened_by(&Host::reaching(move || server.client()).await).await
}

async fn opened_by(host: &Host) -> (Value, Vec<String>) {
    let model = everest_schemas::models::DatabaseCredentialsModel::default();
    let object = schema_of(&model).root;
    let config = json!({"namespace": "shop", "name": "orders"});
    let config = stored::from_json(&config, &object.value_type()).unwrap();
    let request = wire::open_ephemeral_resource::Request {
        type_name: "everest_database_credentials".to_owned(),
        config: Some(encoded(&config, &object)),
        ..Default::default()
    };
    let response = host.server.open_ephemeral_resource(Request::new(request));
    let response = response.await.unwrap().into_inner();
    (
        decoded(response.result, &object),
        errors(&response.diagnostics),
    )
}

fn schema_of<M: schemars::JsonSchema + 'static>(_: &M) -> Schema {
    Schema::derive::<M>(0, "").unwrap()
}

fn database(engine: &str, status: &Json) -> Json {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {"engine": {"type": engine, "storage": {"size": "1Gi"}}}, "status": status})
}

fn ready(host: &str, port: u16) -> Json {
    json!({"status": "ready", "hostname": host, "port": port, "observedGeneration": 1})
}

fn secret(name: &str, texts: &Json) -> Json {
    let data = texts.as_object().unwrap().iter();
    let data: serde_json::Map<_, _> = data
        .map(|(key, text)| {
            let text = BASE64.encode(text.as_str().unwrap());
            (key.clone(), json!(text))
        })
        .collect();
    json!({"apiVersion": "v1", "kind": "Secret", "data": data,
        "metadata": {"name": name, "namespace": "shop"}})
}

fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn each_engine_has_a_user_an_address_and_its_authority() {
    let admin = json!({"MONGODB_DATABASE_ADMIN_USER": "databaseAdmin",
        "MONGODB_DATABASE_ADMIN_PASSWORD": "p@ss"});
    for (engine, keys, authority, uri) in [
        (
            "pxc",
            json!({"root": "p@ss"}),
            "orders-ssl",
            "mysql://root:p%40ss@orders-db.shop:3306",
        ),
        (
            "psmdb",
            admin,
            "orders-ssl",
            "mongodb://databaseAdmin:p%40ss@orders-db.shop:27017/?replicaSet=rs0",
        ),
        (
            "postgresql",
            json!({"password": "p@ss"}),
            "orders-cluster-cert",
            "postgres://postgres:p%40ss@orders-db.shop:5432/postgres",
        ),
    ] {
        let port = uri.split("orders-db.shop:").nth(1).unwrap();
        let port = port.split('/').next().unwrap().parse().unwrap();
        let server = ApiServer::new().with_everest();
        server.put(database(engine, &ready("orders-db.shop", port)));
        server.put(secret("everest-secrets-orders", &keys));
        server.put(secret(
            authority,
            &json!({"ca.crt": "PEM", "tls.key": "hush"}),
        ));
        let (found, errors) = opened(server).await;
        assert_eq!(errors, [""; 0], "{engine}");
        assert_eq!(text(&found, "uri"), uri);
        assert_eq!(text(&found, "password"), "p@ss");
        assert_eq!(text(&found, "host"), "orders-db.shop");
        assert_eq!(text(&found, "ca_certificate"), "PEM");
    }
}

#[tokio::test]
async fn several_addresses_are_no_host() {
    let server = ApiServer::new().with_everest();
    server.put(database("psmdb", &ready("a:27017,b:27017", 27017)));
    let keys = json!({"MONGODB_DATABASE_ADMIN_USER": "u", "MONGODB_DATABASE_ADMIN_PASSWORD": "p"});
    server.put(secret("everest-secrets-orders", &keys));
    let (found, _) = opened(server).await;
    assert_eq!(found.get("host"), Some(&Value::Null));
    let hosts = ["a:27017", "b:27017"].map(|host| Value::String(host.to_owned()));
    assert_eq!(found.get("hosts"), Some(&Value::List(hosts.to_vec())));
    assert_eq!(found.get("ca_certificate"), Some(&Value::Null));
}

#[tokio::test]
async fn why_there_are_none_is_said() {
    let said = async |objects: Vec<Json>| {
        let server = ApiServer::new().with_everest();
        for object in objects {
            server.put(object);
        }
        let (_, errors) = opened(server).await;
        errors.join("\n")
    };
    assert_eq!(
        said(Vec::new()).await,
        "Cannot read everest_database_credentials shop/orders: it does not exist"
    );
    let failed = json!({"status": "error", "message": "no volume", "observedGeneration": 1});
    let failed = said(vec![database("pxc", &failed)]).await;
    assert!(failed.contains("no volume"), "{failed}");
    let mut paused = database("pxc", &json!({"status": "paused", "observedGeneration": 1}));
    paused["spec"]["paused"] = json!(true);
    assert_eq!(
        said(vec![paused]).await,
        "Cannot read everest_database_credentials shop/orders: the database is paused"
    );
    let without = vec![database("pxc", &ready("orders-db.shop", 3306))];
    let without = said(without).await;
    assert!(without.contains("everest-secrets-orders"), "{without}");
}

#[tokio::test]
async fn those_of_a_database_that_the_run_makes_are_known_after_apply() {
    let server = kinds::cluster();
    server.remove("/apis/everest.percona.com/v1alpha1/namespaces/shop/databaseclusters/orders");
    let host = Host::reaching(move || server.client()).await;
    let planned = host
        .plan("everest_database", &Value::Null, &[], &crate::database())
        .await;
    assert_eq!(planned.errors, [""; 0]);
    let (found, errors) = opened_by(&host).await;
    assert_eq!(errors, [""; 0]);
    for output in ["host", "port", "username", "password", "uri"] {
        assert_eq!(found.get(output), Some(&Value::UNKNOWN), "{output}");
    }
    assert_eq!(text(&found, "name"), "orders");
}

/// What is opened, and the errors, after a plan that changes `before`, a database in a state, to
/// `after` while `object` is in the cluster.
async fn opened_beside(before: &Json, after: &Json, object: Json) -> (Value, Vec<String>) {
    let made = Host::new()
        .await
        .made("everest_database", before, &json!({}))
        .await;
    let server = kinds::cluster();
    server.put(object);
    let host = Host::reaching(move || server.client()).await;
    host.plan("everest_database", &made.value, &made.private, after)
        .await;
    opened_by(&host).await
}

#[tokio::test]
async fn those_of_a_database_that_the_run_makes_ready_are_known_after_apply() {
    let mut stopped = database("pxc", &json!({"status": "paused", "observedGeneration": 1}));
    stopped["spec"]["paused"] = json!(true);
    let starting = database(
        "pxc",
        &json!({"status": "initializing", "observedGeneration": 1}),
    );
    let running = crate::database();
    let mut paused = running.clone();
    paused["paused"] = json!(true);
    let mut resumed = running.clone();
    resumed["paused"] = json!(false);
    let mut larger = running.clone();
    larger["engine"]["storage"]["size"] = json!("50Gi");
    for (before, after, object) in [
        (&paused, &resumed, stopped.clone()),
        (&running, &larger, starting.clone()),
    ] {
        let (found, errors) = opened_beside(before, after, object).await;
        assert_eq!(errors, [""; 0], "{after}");
        assert_eq!(found.get("uri"), Some(&Value::UNKNOWN), "{after}");
    }

    // No apply of these ends with a database that clients can connect to.
    let mut labelled = paused.clone();
    labelled["labels"] = json!({"team": "shop"});
    let mut unawaited = larger.clone();
    unawaited["wait"] = json!(false);
    for (before, after, object) in [
        (&paused, &paused, stopped.clone()),
        (&paused, &labelled, stopped),
        (&running, &running, starting.clone()),
        (&running, &unawaited, starting),
    ] {
        let (_, errors) = opened_beside(before, after, object).await;
        assert_eq!(errors.len(), 1, "{after}: {errors:?}");
    }
}

#[tokio::test]
async fn with_settings_that_are_not_known_yet_they_are_known_after_apply() {
    let (found, errors) = opened_by(&Host::new().await).await;
    assert_eq!(errors, [""; 0]);
    assert_eq!(found.get("uri"), Some(&Value::UNKNOWN));
}
