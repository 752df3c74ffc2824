//! The double of the API server that the crates' own tests run on, held to the real one.

use std::time::Duration;

use http::Request;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use test_apiserver::{ApiServer, table};

use crate::stack::kubeconfig;

/// A user with no more rights than those of [`table::may_limited`].
const LIMITED: &str = "table-limited";

fn configuration() -> kube::Config {
    let kubeconfig = Kubeconfig::read_from(kubeconfig()).unwrap();
    let options = KubeConfigOptions::default();
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        runtime.block_on(kube::Config::from_custom_kubeconfig(kubeconfig, &options))
    })
    .unwrap()
}

/// Stores an object whatever there is in its place.
async fn store(client: &Client, path: &str, object: &Value) {
    let request = Request::patch(format!("{path}?fieldManager=table&force=true"))
        .header("content-type", "application/apply-patch+yaml")
        .body(object.to_string().into_bytes());
    client.request_text(request.unwrap()).await.unwrap();
}

async fn remove(client: &Client, path: &str) {
    let request = Request::delete(path).body(Vec::new()).unwrap();
    // What is gone already is fine.
    let _ = client.request_text(request).await;
}

/// The kinds of the table, and the rights of its limited user.
async fn furnish(client: &Client) {
    for definition in table::definitions() {
        let name = definition["metadata"]["name"].as_str().unwrap();
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        store(client, &path, &definition).await;
        let plural = definition["spec"]["names"]["plural"].as_str().unwrap();
        let version = definition["spec"]["versions"][0]["name"].as_str().unwrap();
        let list = format!("/apis/{}/{version}/{plural}", table::GROUP);
        let served = async {
            loop {
                let request = Request::get(&list).body(Vec::new()).unwrap();
                if client.request_text(request).await.is_ok() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let served = tokio::time::timeout(Duration::from_secs(60), served).await;
        assert!(served.is_ok(), "{list} is never served");
    }
    let roles = "/apis/rbac.authorization.k8s.io/v1";
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": LIMITED}, "rules": [{"apiGroups": [table::GROUP],
            "resources": ["*"], "verbs": ["get", "list", "patch"]}]});
    store(client, &format!("{roles}/clusterroles/{LIMITED}"), &role).await;
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding", "metadata": {"name": LIMITED},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": LIMITED},
        "subjects": [{"kind": "User", "name": LIMITED,
            "apiGroup": "rbac.authorization.k8s.io"}]});
    store(
        client,
        &format!("{roles}/clusterrolebindings/{LIMITED}"),
        &binding,
    )
    .await;
}

/// Takes away what [`furnish`] has made.
async fn clear(client: &Client) {
    for definition in table::definitions() {
        let name = definition["metadata"]["name"].as_str().unwrap();
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        remove(client, &path).await;
    }
    let roles = "/apis/rbac.authorization.k8s.io/v1";
    remove(client, &format!("{roles}/clusterrolebindings/{LIMITED}")).await;
    remove(client, &format!("{roles}/clusterroles/{LIMITED}")).await;
}

/// What a server answers to all cases, each in a namespace of its own.
async fn answers(admin: &Client, limited: &Client) -> Vec<table::Answered> {
    let mut all = Vec::new();
    for (place, case) in table::cases().iter().enumerate() {
        let namespace = format!("api-server-{}-{place}", std::process::id());
        let path = format!("/api/v1/namespaces/{namespace}");
        let object = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace}});
        store(admin, &path, &object).await;
        all.extend(table::run(case, admin, limited, &namespace).await);
        remove(admin, &path).await;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes kinds and roles, and is about the version of Kubernetes of the test cluster"]
async fn a_real_api_server_and_its_double_answer_alike() {
    let real = Client::try_from(configuration()).unwrap();
    let mut limited = configuration();
    limited.auth_info.impersonate = Some(LIMITED.to_owned());
    let limited = Client::try_from(limited).unwrap();
    furnish(&real).await;
    let of_real = answers(&real, &limited).await;
    clear(&real).await;

    let server = ApiServer::new();
    let double = server.client();
    let process = server.process().of_user(LIMITED, table::may_limited);
    furnish(&double).await;
    let of_double = answers(&double, &process.client()).await;

    let differences = table::differences(&of_real, &of_double);
    assert!(
        differences.is_empty(),
        "{} of {} answers differ:\n{}",
        differences.len(),
        of_real.len(),
        differences.join("\n")
    );
}
