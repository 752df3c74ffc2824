//! The cluster that Crossplane's core runs on, and its objects as JSON.

use std::time::{Duration, Instant};

use acceptance::{
    installation::{self, has_condition},
    plain::{plain, state},
};
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams},
};
use serde_json::{Value, json};

/// Longest that anything here may take on a busy machine before it counts as stuck.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A variable that `cargo xtask test` sets.
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: `cargo xtask test` runs these tests on a cluster of their own")
    })
}

/// A client of the cluster's administrator.
pub async fn client() -> Client {
    acceptance::control_plane::client(setting("EVEREST_TEST_KUBECONFIG").as_ref())
        .await
        .unwrap()
}

/// A kind by its API version, such as `("everest.percona.com/v1alpha1", "DatabaseCluster")`.
pub type Kind = (&'static str, &'static str);

pub const PROVIDER: Kind = ("pkg.crossplane.io/v1", "Provider");
pub const CONFIGURATION: Kind = ("pkg.crossplane.io/v1", "Configuration");
pub const FUNCTION: Kind = ("pkg.crossplane.io/v1", "Function");
pub const DEFINITION: Kind = (
    "apiextensions.crossplane.io/v1alpha1",
    "ManagedResourceDefinition",
);
pub const CRD: Kind = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");
pub const REVISION: Kind = ("pkg.crossplane.io/v1", "FunctionRevision");
pub const PROVIDER_REVISION: Kind = ("pkg.crossplane.io/v1", "ProviderRevision");
pub const DATABASE: Kind = ("everest.percona.com/v1alpha1", "DatabaseCluster");
pub const SECRET: Kind = ("v1", "Secret");
pub const ROLE: Kind = ("rbac.authorization.k8s.io/v1", "ClusterRole");
pub const BINDING: Kind = ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding");
pub const DEPLOYMENT: Kind = ("apps/v1", "Deployment");

/// Group and version of the managed resources and their configs.
pub const MANAGED: &str = "everest.m.openeverest.io/v1alpha1";

fn api(client: &Client, version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
    let own = version == MANAGED && !kind.contains("ProviderConfig");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let mut resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    if own {
        // Their plurals are told apart from Everest's.
        resource.plural.insert_str(0, "everest");
    }
    if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    }
}

/// The object as JSON; null when it does not exist. `namespace` is empty for cluster-wide kinds.
pub async fn get(client: &Client, kind: Kind, namespace: &str, name: &str) -> Value {
    match api(client, kind.0, kind.1, namespace).get_opt(name).await {
        Ok(found) => found.map_or(Value::Null, plain),
        Err(error) => panic!("{} {namespace}/{name}: {error}", kind.1),
    }
}

/// All objects of a kind in a namespace.
pub async fn list(client: &Client, kind: Kind, namespace: &str) -> Vec<Value> {
    let all = api(client, kind.0, kind.1, namespace)
        .list(&Default::default())
        .await
        .unwrap();
    all.items.into_iter().map(plain).collect()
}

/// Applies an object as a user would, whether it exists or not. A kind that has just been defined
/// is waited for.
pub async fn apply(client: &Client, object: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let (namespace, name) = (
        text(&object["metadata"]["namespace"]),
        text(&object["metadata"]["name"]),
    );
    let api = api(client, &version, &kind, &namespace);
    let params = PatchParams::apply("a-user").force();
    let deadline = Instant::now() + PATIENCE;
    loop {
        match api.patch(&name, &params, &Patch::Apply(object)).await {
            Ok(_) => return,
            Err(kube::Error::Api(status)) if status.code == 404 && Instant::now() < deadline => {
                tokio::time::sleep(installation::LOOK).await;
            }
            Err(error) => panic!("{kind} {namespace}/{name}: {error}"),
        }
    }
}

/// Merges a patch into an object.
pub async fn patch(client: &Client, kind: Kind, namespace: &str, name: &str, patch: &Value) {
    api(client, kind.0, kind.1, namespace)
        .patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}

/// Deletes an object and waits until it is gone.
pub async fn delete(client: &Client, kind: Kind, namespace: &str, name: &str) {
    api(client, kind.0, kind.1, namespace)
        .delete(name, &DeleteParams::background())
        .await
        .unwrap();
    until(client, kind, namespace, name, Value::is_null).await;
}

/// Waits until a definition of the provider's is gone, and takes the finalizers off its objects, as
/// the guide says to do: core takes the provider's rights away while it deletes the definitions.
pub async fn until_undefined(client: &Client, name: &str, kind: &str) {
    let deadline = Instant::now() + PATIENCE;
    let all = api(client, MANAGED, kind, "");
    let free = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    while !get(client, CRD, "", name).await.is_null() {
        // While the definition goes, so may the list and each object.
        for object in all.list(&Default::default()).await.into_iter().flatten() {
            let namespace = object.metadata.namespace.unwrap_or_default();
            let name = object.metadata.name.unwrap_or_default();
            let _ = api(client, MANAGED, kind, &namespace)
                .patch(&name, &PatchParams::default(), &free)
                .await;
        }
        assert!(Instant::now() < deadline, "{name} does not go");
        tokio::time::sleep(installation::LOOK).await;
    }
}

/// Looks at an object until it satisfies the condition; returns it as it is then.
pub async fn until(
    client: &Client,
    kind: Kind,
    namespace: &str,
    name: &str,
    satisfied: impl Fn(&Value) -> bool,
) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let object = get(client, kind, namespace, name).await;
        if satisfied(&object) {
            return object;
        }
        assert!(
            Instant::now() < deadline,
            "{} {namespace}/{name} has not become what was waited for: {}",
            kind.1,
            state(&object)
        );
        tokio::time::sleep(installation::LOOK).await;
    }
}

/// Installs a package of this checkout under a name and waits until it is healthy.
pub async fn install(client: &Client, kind: Kind, name: &str, repository: &str) -> Value {
    let tag = concat!("v", env!("CARGO_PKG_VERSION"));
    install_version(client, kind, name, repository, tag).await
}

/// Installs a version of a package under a name, or changes to it, and waits until it is healthy.
pub async fn install_version(
    client: &Client,
    kind: Kind,
    name: &str,
    repository: &str,
    tag: &str,
) -> Value {
    let package = format!("{}{repository}:{tag}", acceptance::crossplane::REPOSITORY);
    let mut object = json!({
        "apiVersion": kind.0,
        "kind": kind.1,
        "metadata": { "name": name },
        "spec": { "package": package },
    });
    if kind == PROVIDER {
        // As rbac/injected-identity.yaml says to do.
        object["spec"]["runtimeConfigRef"] = json!({ "name": name });
    }
    apply(client, &object).await;
    until(client, kind, "", name, |found| {
        // What was healthy before may have been another version.
        found["status"]["currentIdentifier"] == package
            && has_condition(found, "Installed")
            && has_condition(found, "Healthy")
    })
    .await
}

/// Waits until a package is installed and healthy.
pub async fn healthy(client: &Client, kind: Kind, name: &str) -> Value {
    until(client, kind, "", name, |package| {
        has_condition(package, "Installed") && has_condition(package, "Healthy")
    })
    .await
}

/// Applies all objects of a file of the examples for Crossplane.
pub async fn apply_example(client: &Client, file: &str) {
    for object in documents(&format!("examples/crossplane/{file}")) {
        apply(client, &object).await;
    }
}

/// The documents of a YAML file of the workspace.
pub fn documents(path: &str) -> Vec<Value> {
    installation::documents(&acceptance::workspace_folder().join(path)).unwrap()
}
