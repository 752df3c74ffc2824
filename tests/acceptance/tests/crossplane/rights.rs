//! The rights that the tests' provider runs with: the roles that are shipped, for the cluster that
//! its resources go to, and the role that Crossplane's RBAC manager renders for its package. The
//! rights to Secrets of another cluster are tested with the example of one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use k8s_openapi::api::{authentication::v1::TokenRequest, core::v1::ServiceAccount};
use kube::{
    Api, Client,
    api::PostParams,
    config::{AuthInfo, Kubeconfig},
};
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

/// The role that Crossplane's RBAC manager renders for a provider that is safe to start: its own
/// kinds, of which it may delete none, and what every provider may do.
fn rendered() -> Value {
    let folder = acceptance::workspace_folder().join("schemas/crds/managed");
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let definition: Value = serde_yaml_ng::from_str(&text).unwrap();
        let spec = &definition["spec"];
        let plural = spec["names"]["plural"].as_str().unwrap();
        kinds
            .entry(spec["group"].as_str().unwrap().to_owned())
            .or_default()
            .extend([plural.to_owned(), format!("{plural}/status")]);
    }
    let groups: Vec<_> = kinds.keys().cloned().collect();
    let mut rules: Vec<Value> = kinds
        .into_iter()
        .map(|(group, resources)| {
            json!({ "apiGroups": [group], "resources": resources,
                "verbs": ["get", "list", "watch", "update", "patch", "create"] })
        })
        .collect();
    rules.extend([
        json!({ "apiGroups": groups, "resources": ["*/finalizers"], "verbs": ["update"] }),
        json!({ "apiGroups": ["", "coordination.k8s.io"],
            "resources": ["secrets", "configmaps", "events", "leases"], "verbs": ["*"] }),
        json!({ "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"],
            "verbs": ["get", "list", "watch"] }),
    ]);
    json!({
        "apiVersion": RBAC,
        "kind": "ClusterRole",
        "metadata": { "name": "system" },
        "rules": rules,
    })
}

/// A kubeconfig of the cluster for a service account.
pub async fn kubeconfig_of(client: &Client, namespace: &str, name: &str) -> String {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let issued = accounts
        .create_token_request(name, &PostParams::default(), &TokenRequest::default())
        .await
        .unwrap();
    let token = issued.status.unwrap().token;
    let mut config = Kubeconfig::read_from(administrators()).unwrap();
    for user in &mut config.auth_infos {
        user.auth_info = Some(AuthInfo {
            token: token.clone().map(Into::into),
            ..AuthInfo::default()
        });
    }
    serde_yaml_ng::to_string(&config).unwrap()
}
