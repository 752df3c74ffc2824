//! Managed resources that a composition composes, by the example for it.

use std::net::TcpListener;

use acceptance::installation::{database_namespace, has_condition};
use function_sdk_rust::server::{Args, Server};
use serde_json::{Value, json};

use crate::{
    cluster::{
        DATABASE, Kind, MANAGED, apply, apply_example, client, delete, documents, get, until,
    },
    function::{self, Stand},
    managed::{config, own},
    patch_and_transform::PatchAndTransform,
    provider::Provider,
};

const ORDER: Kind = (MANAGED, "Database");
const ORDERED_STORAGE: Kind = (MANAGED, "BackupStorage");
const STORAGE: Kind = ("everest.percona.com/v1alpha1", "BackupStorage");
const COMPOSITE: Kind = ("platform.example.org/v1alpha1", "StoredDatabase");
const OPERATOR: (&str, &str) = ("percona-postgresql-operator", "stable-v2");
/// The longest name of a database or storage that Everest accepts.
const LONGEST_NAME: usize = 22;

/// Serves the stand-in where core looks for this project's function, until the future is dropped.
async fn patch_and_transform(stand: &Stand) {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    stand.publish(port);
    let arguments = Args {
        debug: false,
        address: format!("127.0.0.1:{port}"),
        tls_certs_dir: Some(stand.certificates().to_owned()),
        insecure: false,
        max_recv_message_size: None,
        metrics_address: String::new(),
    };
    Server::new(PatchAndTransform, &arguments)
        .serve()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_composed_database_and_its_storage_get_names_that_everest_accepts_and_make_the_composite_ready()
 {
    let client = client().await;
    let stand = Stand::take(&client).await;
    let _provider = Provider::install(&client).await;
    let namespace = own("composed");
    database_namespace(&client, &namespace, OPERATOR)
        .await
        .unwrap();
    let bucket = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "orders-bucket", "namespace": namespace },
        "stringData": { "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key" },
    });
    apply(&client, &bucket).await;
    config(&client).await;
    apply_example(&client, "composed-managed/xrd.yaml").await;
    let mut composition = documents("examples/crossplane/composed-managed/composition.yaml");
    composition[0]["spec"]["pipeline"][0]["functionRef"]["name"] = json!(function::NAME);
    apply(&client, &composition[0]).await;
    let mut asked = documents("examples/crossplane/composed-managed/xr.yaml").remove(0);
    asked["metadata"]["namespace"] = json!(namespace);
    asked["spec"]["targetNamespace"] = json!(namespace);

    let lives = async {
        apply(&client, &asked).await;
        let ready = until(&client, COMPOSITE, &namespace, "orders", |composite| {
            has_condition(composite, "Ready") && has_condition(composite, "Synced")
        })
        .await;
        let name = |member: &str| {
            let name = ready["status"][member].as_str().unwrap_or_default();
            assert!((1..=LONGEST_NAME).contains(&name.len()), "{ready:#}");
            name.to_owned()
        };
        let database = get(&client, DATABASE, &namespace, &name("databaseName")).await;
        assert_eq!(database["status"]["status"], "ready");
        let schedule = &database["spec"]["backup"]["schedules"][0];
        assert_eq!(schedule["backupStorageName"], name("storageName"));
        delete(&client, COMPOSITE, &namespace, "orders").await;
        let references = ready["spec"]["crossplane"]["resourceRefs"].as_array();
        for kind in [ORDER, ORDERED_STORAGE] {
            let mut references = references.unwrap().iter();
            let composed = references.find(|reference| reference["kind"] == kind.1);
            let composed = composed.unwrap()["name"].as_str().unwrap();
            until(&client, kind, &namespace, composed, Value::is_null).await;
        }
        // The database outlives the composite resource, with the storage of its backups.
        for (kind, member) in [(DATABASE, "databaseName"), (STORAGE, "storageName")] {
            let left = get(&client, kind, &namespace, &name(member)).await;
            assert!(left["metadata"]["name"].is_string(), "{kind:?}: {left:#}");
            assert!(left["metadata"]["deletionTimestamp"].is_null(), "{left:#}");
        }
        delete(&client, DATABASE, &namespace, &name("databaseName")).await;
    };
    tokio::select! {
        () = lives => {}
        () = patch_and_transform(&stand) => panic!("the function has ended"),
    }
}
