//! The cluster behind the scenarios, looked at and changed past the provider.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use acceptance::patience::patience;
use k8s_openapi::api::{authentication::v1::TokenRequest, core::v1::ServiceAccount};
use kube::{
    Api, Client, Config,
    api::{
        ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
    },
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use crate::stack::kubeconfig;

/// Runs `work` with a client of the cluster's administrator.
pub fn with_client<T, F: Future<Output = T>>(work: impl FnOnce(Client) -> F) -> T {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let file = Kubeconfig::read_from(kubeconfig()).unwrap();
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
            .await
            .unwrap();
        work(Client::try_from(config).unwrap()).await
    })
}

/// A kind by its API version, such as `("everest.percona.com/v1alpha1", "DatabaseCluster")`.
pub type Kind = (&'static str, &'static str);

pub const DATABASE: Kind = ("everest.percona.com/v1alpha1", "DatabaseCluster");
pub const BACKUP: Kind = ("everest.percona.com/v1alpha1", "DatabaseClusterBackup");
pub const RESTORE: Kind = ("everest.percona.com/v1alpha1", "DatabaseClusterRestore");
pub const STORAGE: Kind = ("everest.percona.com/v1alpha1", "BackupStorage");
pub const MONITORING: Kind = ("everest.percona.com/v1alpha1", "MonitoringConfig");
pub const POLICY: Kind = ("everest.percona.com/v1alpha1", "PodSchedulingPolicy");
pub const BALANCERS: Kind = ("everest.percona.com/v1alpha1", "LoadBalancerConfig");
pub const IMPORTER: Kind = ("everest.percona.com/v1alpha1", "DataImporter");
pub const ENGINE: Kind = ("everest.percona.com/v1alpha1", "DatabaseEngine");
pub const SUBSCRIPTION: Kind = ("operators.coreos.com/v1alpha1", "Subscription");
pub const CSV: Kind = ("operators.coreos.com/v1alpha1", "ClusterServiceVersion");
pub const INSTALL_PLAN: Kind = ("operators.coreos.com/v1alpha1", "InstallPlan");
pub const OPERATOR_GROUP: Kind = ("operators.coreos.com/v1", "OperatorGroup");
pub const NAMESPACE: Kind = ("v1", "Namespace");
pub const SECRET: Kind = ("v1", "Secret");
pub const CONFIG_MAP: Kind = ("v1", "ConfigMap");
pub const DEPLOYMENT: Kind = ("apps/v1", "Deployment");
pub const EVENT: Kind = ("v1", "Event");

/// The objects of a kind; `namespace` is empty for cluster-wide kinds.
pub fn api(client: Client, (version, kind): Kind, namespace: &str) -> Api<DynamicObject> {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    if namespace.is_empty() {
        Api::all_with(client, &resource)
    } else {
        Api::namespaced_with(client, namespace, &resource)
    }
}

/// The object as JSON; null when it does not exist. `namespace` is empty for cluster-wide kinds.
///
/// Panics when the cluster does not serve the kind: the server says so by the same code, and
/// nothing of a misspelt kind ever exists.
#[track_caller]
pub fn get(kind: Kind, namespace: &str, name: &str) -> Value {
    let found = with_client(|client| async move { api(client, kind, namespace).get(name).await });
    match found {
        Ok(object) => serde_json::to_value(object).unwrap(),
        Err(kube::Error::Api(status)) if status.reason == "NotFound" => Value::Null,
        Err(error) => panic!("{kind:?} {namespace}/{name}: {error}"),
    }
}

/// The names of a kind's objects. Panics when the cluster does not serve the kind.
#[track_caller]
pub fn names(kind: Kind, namespace: &str) -> Vec<String> {
    let found = with_client(|client| async move {
        api(client, kind, namespace).list(&Default::default()).await
    });
    let list = found.unwrap_or_else(|error| panic!("{kind:?} in {namespace}: {error}"));
    list.items
        .into_iter()
        .filter_map(|object| object.metadata.name)
        .collect()
}

#[test]
#[should_panic(expected = "DatabaseClustre")]
fn a_kind_that_is_not_served_has_no_absent_objects() {
    get(
        ("everest.percona.com/v1alpha1", "DatabaseClustre"),
        "default",
        "orders",
    );
}

#[track_caller]
pub fn create(kind: Kind, namespace: &str, name: &str, body: Value) {
    try_create(kind, namespace, name, body).unwrap();
}

/// Creates an object; the error is what the server said against it.
pub fn try_create(kind: Kind, namespace: &str, name: &str, mut body: Value) -> Result<(), String> {
    body["apiVersion"] = json!(kind.0);
    body["kind"] = json!(kind.1);
    body["metadata"]["name"] = json!(name);
    if !namespace.is_empty() {
        body["metadata"]["namespace"] = json!(namespace);
    }
    let object: DynamicObject = serde_json::from_value(body).unwrap();
    with_client(|client| async move {
        let made = api(client, kind, namespace)
            .create(&PostParams::default(), &object)
            .await;
        made.map(|_| ()).map_err(|error| error.to_string())
    })
}

pub fn patch(kind: Kind, namespace: &str, name: &str, change: Value) {
    with_client(|client| async move {
        api(client, kind, namespace)
            .patch(name, &PatchParams::default(), &Patch::Merge(change))
            .await
            .unwrap();
    });
}

/// Changes an object as another field manager.
pub fn patch_as(manager: &str, kind: Kind, namespace: &str, name: &str, change: Value) {
    with_client(|client| async move {
        let parameters = PatchParams {
            field_manager: Some(manager.to_owned()),
            ..PatchParams::default()
        };
        api(client, kind, namespace)
            .patch(name, &parameters, &Patch::Merge(change))
            .await
            .unwrap();
    });
}

/// Applies a part of an object as another field manager, which then goes on claiming it.
pub fn apply_as(manager: &str, kind: Kind, namespace: &str, name: &str, mut part: Value) {
    part["apiVersion"] = json!(kind.0);
    part["kind"] = json!(kind.1);
    part["metadata"]["name"] = json!(name);
    with_client(|client| async move {
        api(client, kind, namespace)
            .patch(
                name,
                &PatchParams::apply(manager).force(),
                &Patch::Apply(part),
            )
            .await
            .unwrap();
    });
}

/// Asks for the deletion of an object, with its dependents first.
pub fn start_deletion(kind: Kind, namespace: &str, name: &str) {
    with_client(|client| async move {
        api(client, kind, namespace)
            .delete(name, &DeleteParams::foreground())
            .await
            .unwrap();
    });
}

/// Deletes as kubectl does by default for objects that wait for their dependents, and waits until
/// it is gone.
pub fn delete(kind: Kind, namespace: &str, name: &str) {
    start_deletion(kind, namespace, name);
    eventually(&format!("{kind:?} {namespace}/{name} is gone"), || {
        get(kind, namespace, name).is_null()
    });
}

/// A cluster-wide object that belongs to a test and goes with it, also when the test fails: other
/// tests and the next run must not meet it.
#[must_use = "it is deleted at once"]
pub struct Global {
    kind: Kind,
    name: String,
}

impl Global {
    #[track_caller]
    pub fn create(kind: Kind, name: &str, body: Value) -> Self {
        create(kind, "", name, body);
        Self {
            kind,
            name: name.to_owned(),
        }
    }

    /// Deletes the object and waits until it is gone.
    #[track_caller]
    pub fn delete(self) {
        delete(self.kind, "", &self.name);
    }
}

impl Drop for Global {
    fn drop(&mut self) {
        let (kind, name) = (self.kind, &self.name);
        with_client(|client| async move {
            // A test that fails has its own reason to tell.
            let _ = api(client, kind, "")
                .delete(name, &DeleteParams::foreground())
                .await;
        });
    }
}

/// Steers the simulator's part in a namespace: see the simulator's documentation for the keys.
pub fn steer(namespace: &str, settings: Value) {
    if get(CONFIG_MAP, namespace, "everest-simulator").is_null() {
        create(
            CONFIG_MAP,
            namespace,
            "everest-simulator",
            json!({ "data": settings }),
        );
    } else {
        patch(
            CONFIG_MAP,
            namespace,
            "everest-simulator",
            json!({ "data": settings }),
        );
    }
}

/// A token of a ServiceAccount that exists.
pub fn token(namespace: &str, account: &str) -> String {
    with_client(|client| async move {
        let accounts: Api<ServiceAccount> = Api::namespaced(client, namespace);
        let asked = TokenRequest::default();
        let made = accounts
            .create_token_request(account, &PostParams::default(), &asked)
            .await
            .unwrap();
        made.status.unwrap().token.unwrap()
    })
}

/// Waits until `holds`.
#[track_caller]
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let longest = patience(Duration::from_secs(60));
    let begun = Instant::now();
    while begun.elapsed() < longest {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("not within {} s: {what}", longest.as_secs());
}
