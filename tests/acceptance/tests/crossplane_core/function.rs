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
    CONFIGURATION, DATABASE, FUNCTION, Kind, PATIENCE, REVISION, SECRET, apply, apply_example,
    client, delete, documents, get, healthy, install, list, setting, until,
};

/// Under which core knows the function: its repository, as a name.
pub const NAME: &str = "openeverest-function-everest";
const COMPOSITE: Kind = ("platform.example.org/v1alpha1", "AppDatabase");
/// A kind whose composition has databases that refer to everything.
const INQUIRY: Kind = ("platform.example.org/v1alpha1", "Inquiry");
const OPERATOR: (&str, &str) = ("percona-postgresql-operator", "stable-v2");

/// One process at a time answers for the function, as one Service does in a cluster.
static TURN: Mutex<()> = Mutex::const_new(());

/// The place of the installed function, which whoever holds it fills.
pub struct Stand {
    certificates: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Stand {
    /// Installs the package that brings the function.
    pub async fn take(client: &Client) -> Self {
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
            certificates,
            _turn: turn,
        }
    }

    /// The certificates that core made for the function.
    pub fn certificates(&self) -> &Path {
        self.certificates.path()
    }

    /// Lets a loopback port answer for the function's Service.
    pub fn publish(&self, port: u16) {
        Services::new(setting("EVEREST_TEST_SERVICES").as_ref())
            .publish(&format!("{NAME}.{NAMESPACE}:9443"), port)
            .unwrap();
    }

    /// Runs the function on a free port and lets it answer for its Service.
    fn run(&self) -> Child {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let process = Command::new(setting("EVEREST_TEST_CROSSPLANE"))
            .args(["function", "--metrics-address", ""])
            .args(["--address", &format!("127.0.0.1:{port}")])
            .arg("--tls-certs-dir")
            .arg(self.certificates())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.publish(port);
        process
    }
}

/// The function as a process of its own, which core reaches under its Service's name. Dropping it
/// ends it.
struct Function {
    process: Child,
    stand: Stand,
}

impl Function {
    /// Runs what the pod of the installed function would run.
    async fn start(client: &Client) -> Self {
        let stand = Stand::take(client).await;
        Self {
            process: stand.run(),
            stand,
        }
    }

    /// Ends the process as a node that fails would, and runs another.
    fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = self.stand.run();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The example's API with the rights that core needs for it, and a namespace of databases for one
/// test.
async fn platform(client: &Client, test: &str) -> String {
    for file in [
        "rbac/function.yaml",
        "quickstart/xrd.yaml",
        "quickstart/composition.yaml",
    ] {
        apply_example(client, file).await;
    }
    let name = format!("{test}-{}", std::process::id());
    database_namespace(client, &name, OPERATOR).await.unwrap();
    name
}

/// The example's composite resource in a namespace, with a change.
fn composite(namespace: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut found = documents("examples/crossplane/quickstart/xr.yaml");
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

/// The API of the example under another kind.
fn inquiries() -> Value {
    let mut definition = documents("examples/crossplane/quickstart/xrd.yaml").remove(0);
    definition["metadata"]["name"] = json!("inquiries.platform.example.org");
    definition["spec"]["names"] = json!({ "kind": INQUIRY.1, "plural": "inquiries" });
    definition
}

/// A composition whose databases refer to everything that the rules look at, and to nothing that
/// exists: of that the function only warns.
fn inquisitive() -> Value {
    let engine = |kind: &str| {
        json!({ "type": kind, "replicas": 3, "storage": { "size": "10Gi" },
            "resources": { "cpu": "1", "memory": "2G" } })
    };
    let bucket = json!({ "bucket": "b", "region": "r", "endpointURL": "https://s3.example.org",
        "credentialsSecretName": "keys" });
    let specs = [
        json!({
            "engine": engine("pxc"),
            "monitoring": { "monitoringConfigName": "pmm" },
            "podSchedulingPolicyName": "spread",
            "proxy": { "type": "haproxy",
                "expose": { "type": "external", "loadBalancerConfigName": "lb" } },
            "backup": { "schedules": [{ "name": "nightly", "enabled": true,
                "schedule": "0 2 * * *", "backupStorageName": "s3" }] },
            "dataSource": { "dataImport": { "dataImporterName": "import",
                "source": { "path": "p", "s3": bucket } } },
        }),
        json!({
            "engine": engine("psmdb"),
            "engineFeatures": { "psmdb": { "splitHorizonDnsConfigName": "dns" } },
        }),
        json!({
            "engine": engine("postgresql"),
            "dataSource": { "dbClusterBackupName": "nightly" },
        }),
    ];
    let databases: Vec<_> = specs
        .into_iter()
        .map(|spec| json!({ "resource": spec["engine"]["type"], "spec": spec }))
        .collect();
    json!({
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": { "name": "inquiries" },
        "spec": {
            "compositeTypeRef": { "apiVersion": INQUIRY.0, "kind": INQUIRY.1 },
            "mode": "Pipeline",
            "pipeline": [{
                "step": "databases",
                "functionRef": { "name": NAME },
                "input": {
                    "apiVersion": "everest.fn.openeverest.io/v1beta1",
                    "kind": "Input",
                    "lookups": "All",
                    "databases": databases,
                },
            }],
        },
    })
}

/// Core has no rights but those of its chart and of `rbac/function.yaml`: without one of these the
/// step fails, and the function is not heard.
#[tokio::test]
async fn core_may_look_up_all_that_the_function_asks_for() {
    let client = client().await;
    let _function = Function::start(&client).await;
    let namespace = platform(&client, "lookups").await;
    apply(&client, &inquiries()).await;
    apply(&client, &inquisitive()).await;
    let mut inquiry = composite(&namespace, |_| {});
    inquiry["kind"] = json!(INQUIRY.1);
    apply(&client, &inquiry).await;
    until(&client, INQUIRY, &namespace, "orders", |composite| {
        let conditions = composite["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        conditions.any(|condition| condition["type"] == "GuardrailsPassed")
    })
    .await;
    delete(&client, INQUIRY, &namespace, "orders").await;
}
