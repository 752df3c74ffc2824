//! The rights that the tests' provider runs with: the roles that are shipped, for the cluster that
//! its resources go to, and the role that Crossplane's RBAC manager renders for its package. The
//! rights to Secrets of another cluster are tested with the example of one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use acceptance::kubeconfig::of_service_account;
use kube::Client;
use serde::Deserialize as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{
    process::kubeconfig as administrators,
    scene::{Scene, client},
};

/// Group and version of roles and bindings.
pub const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// The service account, its namespace, and the beginning of the names of its roles.
const ACCOUNT: &str = "everest-crossplane-tests";
const HOME: &str = "default";

static GRANTED: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();

/// A kubeconfig with the provider's rights.
pub async fn kubeconfig() -> &'static Path {
    let (_, path) = GRANTED.get_or_init(grant).await;
    path
}

async fn grant() -> (TempDir, PathBuf) {
    let scene = Scene {
        client: client().await,
        namespace: HOME.to_owned(),
    };
    scene
        .apply(&json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": ACCOUNT },
        }))
        .await;
    for mut role in shipped().into_iter().chain([rendered()]) {
        let name = format!("{ACCOUNT}-{}", role["metadata"]["name"].as_str().unwrap());
        role["metadata"]["name"] = json!(name);
        scene.apply(&role).await;
        scene
            .apply(&json!({
                "apiVersion": RBAC,
                "kind": "ClusterRoleBinding",
                "metadata": { "name": name },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
                "subjects": [{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": HOME }],
            }))
            .await;
    }
    let folder = tempfile::Builder::new()
        .prefix("everest-rights-")
        .tempdir()
        .unwrap();
    let path = folder.path().join("kubeconfig");
    let text = kubeconfig_of(&scene.client, HOME, ACCOUNT).await;
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// The roles of `examples/crossplane/rbac/provider.yaml` that are bound in its own cluster.
fn shipped() -> Vec<Value> {
    let file = acceptance::workspace_folder().join("examples/crossplane/rbac/provider.yaml");
    let text = fs::read_to_string(file).unwrap();
    serde_yaml_ng::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|role| role["metadata"]["name"] != "everest-crossplane-secrets")
        .collect()
}

/// The role that Crossplane's RBAC manager renders for the package: the tests under Crossplane's core
/// compare the file with it.
fn rendered() -> Value {
    serde_yaml_ng::from_str(include_str!("system-role.yaml")).unwrap()
}

/// A kubeconfig of the cluster for a service account.
pub async fn kubeconfig_of(client: &Client, namespace: &str, name: &str) -> String {
    of_service_account(client, administrators().as_ref(), namespace, name)
        .await
        .unwrap()
}
