//! The composition function, called by core over mutual TLS with the certificates that core made
//! for it, on the example that users begin with.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use acceptance::{
    crossplane::{NAMESPACE, Services, write_secret},
    installation::{LOOK, database_namespace, has_condition},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::cluster::{
    CONFIGURATION, DATABASE, FUNCTION, Kind, PATIENCE, REVISION, SECRET, apply, client, delete,
    documents, get, healthy, install, list, setting, until,
};

/// Under which core knows the function: its repository, as a name.
const NAME: &str = "openeverest-function-everest";
const QUICKSTART: &str = "examples/crossplane/quickstart";
const COMPOSITE: Kind = ("platform.example.org/v1alpha1", "AppDatabase");
const OPERATOR: (&str, &str) = ("percona-postgresql-operator", "stable-v2");

/// One process at a time answers for the function, as one Service does in a cluster.
static TURN: Mutex<()> = Mutex::const_new(());

/// The function as a process of its own, which core reaches under its Service's name. Dropping it
/// ends it.
struct Function {
    process: Child,
    certificates: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Function {
    /// Installs the package that brings the function, and runs what its pod would run.
    async fn start(client: &Client) -> Self {
        let turn = TURN.lock().await;
        let name = "configuration-everest";
        install(client, CONFIGURATION, name, name).await;
        let function = healthy(client, FUNCTION, NAME).await;
        let revision = function["status"]["currentRevision"].as_str().unwrap();
        let revision = get(client, REVISION, "", revision).await;
        let secret = revision["status"]["tlsServerSecretName"].as_str().unwrap();
        let certificates = tempfile::tempdir().unwrap();
        write_secret(client, secret, certificates.path())
            .await
            .unwrap();
        Self {
            process: run(certificates.path()),
            certificates,
            _turn: turn,
        }
    }

    /// Ends the process as a node that fails would, and runs another.
    fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = run(self.certificates.path());
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the function on a free port and lets it answer for its Service.
fn run(certificates: &Path) -> Child {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let process = Command::new(setting("EVEREST_TEST_CROSSPLANE"))
        .args(["function", "--metrics-address", ""])
        .args(["--address", &format!("127.0.0.1:{port}")])
        .arg("--tls-certs-dir")
        .arg(certificates)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    Services::new(setting("EVEREST_TEST_SERVICES").as_ref())
        .publish(&format!("{NAME}.{NAMESPACE}:9443"), port)
        .unwrap();
    process
}

/// The example's API, and a namespace of databases for one test.
async fn platform(client: &Client, test: &str) -> String {
    for file in ["xrd.yaml", "composition.yaml"] {
        for object in documents(&format!("{QUICKSTART}/{file}")) {
            apply(client, &object).await;
        }
    }
    let name = format!("{test}-{}", std::process::id());
    database_namespace(client, &name, OPERATOR).await.unwrap();
    name
}

/// The example's composite resource in a namespace, with a change.
fn composite(namespace: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut found = documents(&format!("{QUICKSTART}/xr.yaml"));
    let mut composite = found.pop().unwrap();
    composite["metadata"]["namespace"] = json!(namespace);
    change(&mut composite["spec"]);
    composite
}

/// The only database of a namespace, once there is one.
async fn database(client: &Client, namespace: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = list(client, DATABASE, namespace).await;
        if let [database] = found.as_slice() {
            return database.clone();
        }
        assert!(
            Instant::now() < deadline,
            "namespace {namespace} has {} databases",
            found.len()
        );
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test]
async fn a_composite_resource_is_ready_when_its_database_is_and_takes_it_along_when_it_goes() {
    let client = client().await;
    let _function = Function::start(&client).await;
    let namespace = platform(&client, "compose").await;
    apply(&client, &composite(&namespace, |_| {})).await;

    let ready = until(&client, COMPOSITE, &namespace, "orders", |composite| {
        has_condition(composite, "Ready") && has_condition(composite, "Synced")
    })
    .await;
    let database = database(&client, &namespace).await;
    assert_eq!(database["status"]["status"], "ready");
    assert_eq!(
        ready["status"]["database"]["name"],
        database["metadata"]["name"]
    );
    let secret = ready["status"]["database"]["connectionSecretName"]
        .as_str()
        .unwrap();
    let secret = until(&client, SECRET, &namespace, secret, |secret| {
        !secret.is_null()
    })
    .await;
    let value = |key: &str| {
        let coded = secret["data"][key].as_str().unwrap_or_default();
        String::from_utf8(BASE64_STANDARD.decode(coded).unwrap()).unwrap()
    };
    assert_eq!(value("port"), "5432");
    assert_eq!(value("username"), "postgres");
    let password = value("password");
    assert!(!password.is_empty() && value("uri").starts_with("postgres://"));
    assert!(
        !ready.to_string().contains(&password),
        "a password is nothing for a status"
    );

    delete(&client, COMPOSITE, &namespace, "orders").await;
    let name = database["metadata"]["name"].as_str().unwrap();
    until(&client, DATABASE, &namespace, name, Value::is_null).await;
}

#[tokio::test]
async fn a_change_is_composed_after_the_function_has_been_restarted() {
    let client = client().await;
    let mut function = Function::start(&client).await;
    let namespace = platform(&client, "restart").await;
    apply(&client, &composite(&namespace, |_| {})).await;
    let name = database(&client, &namespace).await["metadata"]["name"].clone();

    function.restart();
    apply(
        &client,
        &composite(&namespace, |spec| spec["storage"] = json!("20Gi")),
    )
    .await;
    let name = name.as_str().unwrap();
    until(&client, DATABASE, &namespace, name, |database| {
        database["spec"]["engine"]["storage"]["size"] == "20Gi"
    })
    .await;
    delete(&client, COMPOSITE, &namespace, "orders").await;
}

#[tokio::test]
async fn what_a_rule_refuses_is_told_on_the_composite_resource_and_changes_nothing() {
    let client = client().await;
    let _function = Function::start(&client).await;
    let namespace = platform(&client, "refuse").await;
    apply(&client, &composite(&namespace, |_| {})).await;
    let before = database(&client, &namespace).await;
    until(&client, COMPOSITE, &namespace, "orders", |composite| {
        has_condition(composite, "Ready")
    })
    .await;

    apply(
        &client,
        &composite(&namespace, |spec| spec["storage"] = json!("1Gi")),
    )
    .await;
    let refused = until(&client, COMPOSITE, &namespace, "orders", |composite| {
        !has_condition(composite, "Synced")
    })
    .await;
    let said = refused["status"]["conditions"].to_string();
    assert!(
        said.contains("shrink") || said.contains("smaller"),
        "{said}"
    );
    let after = database(&client, &namespace).await;
    assert_eq!(
        after["spec"]["engine"]["storage"]["size"],
        before["spec"]["engine"]["storage"]["size"]
    );
    delete(&client, COMPOSITE, &namespace, "orders").await;
}
