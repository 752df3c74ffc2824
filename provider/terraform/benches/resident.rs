//! The resident memory of the provider in an apply of many resources. The cluster is another
//! process, which is not counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "not part of the crate"
)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use everest_cluster::{Catalog, Cluster};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use terraform_provider_everest::EverestProvider;
use test_apiserver::ApiServer;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Value, json as stored, msgpack};
use tfplugin::{Provider as _, Registry};
use tokio::net::TcpListener;
use tonic::Request;

/// Tells the process that is measured where the cluster is, and what it is to make.
const CLUSTER: &str = "RESIDENT_CLUSTER";
const RESOURCE: &str = "RESIDENT_RESOURCE";
const COUNT: &str = "RESIDENT_COUNT";

/// Resources that Terraform works on at a time.
const AT_ONCE: usize = 10;

fn main() {
    match std::env::var(CLUSTER) {
        Ok(address) => apply(&address),
        Err(_) => measure(),
    }
}

/// Serves a cluster, and has other processes make resources in it.
#[tokio::main]
async fn measure() {
    for resource in ["everest_backup_storage", "everest_database"] {
        for count in [1, 1000] {
            let address = serve(cluster()).await;
            let mut applied = Command::new(std::env::current_exe().unwrap());
            applied
                .env(CLUSTER, address.to_string())
                .env(RESOURCE, resource)
                .env(COUNT, count.to_string());
            let done = tokio::task::spawn_blocking(move || applied.status().unwrap());
            assert!(done.await.unwrap().success());
        }
    }
}

fn cluster() -> ApiServer {
    let server = ApiServer::new().with_everest().with_engines();
    for object in [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
            "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": "standard", "annotations":
                {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "disks", "allowVolumeExpansion": true}),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
            "metadata": {"name": "percona-xtradb-cluster-operator", "namespace": "shop"},
            "spec": {"type": "pxc"},
            "status": {"status": "installed", "operatorVersion": "1.18.0", "availableVersions": {
                "engine": {"8.0.41-32.1": {"imagePath": "pxc", "status": "recommended"}},
                "proxy": {"haproxy": {"2.8.14": {"imagePath": "h", "status": "recommended"}}}}}}),
    ] {
        server.put(object);
    }
    server
}

/// Serves a cluster by HTTP.
async fn serve(server: ApiServer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let client = server.client();
            let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let client = client.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes().to_vec();
                    let request = http::Request::from_parts(parts, body.into());
                    Ok::<_, Infallible>(client.send(request).await.unwrap())
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer),
            );
        }
    });
    address
}

fn block(resource: &str, nth: usize) -> Json {
    match resource {
        "everest_database" => json!({
            "namespace": "shop", "name": format!("x{nth}"), "wait": false,
            "deletion_protection": false,
            "engine": {"type": "pxc", "replicas": 3, "version": "8.0.41-32.1",
                "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
            "proxy": {"type": "haproxy", "replicas": 3},
        }),
        _ => json!({"namespace": "shop", "name": format!("x{nth}"), "type": "s3",
            "bucket": format!("bucket-{nth}"), "region": "r", "access_key_id": "id",
            "secret_access_key": "key"}),
    }
}

/// Makes resources as the second process of `terraform apply` does, and tells the memory.
#[tokio::main]
async fn apply(address: &str) {
    let resource = std::env::var(RESOURCE).unwrap();
    let count: usize = std::env::var(COUNT).unwrap().parse().unwrap();
    let address: http::Uri = format!("http://{address}").parse().unwrap();
    let everest = Arc::new(EverestProvider::reaching(move |_, catalog: Catalog| {
        let client = kube::Client::try_from(kube::Config::new(address.clone())).unwrap();
        Ok(Cluster::new(client, catalog))
    }));
    let server = Server::new(
        {
            let everest = Arc::clone(&everest);
            move || Arc::clone(&everest)
        },
        "https://example.com",
    );
    let schema = Schema::derive::<everest_schemas::models::ProviderModel>(0, "").unwrap();
    let request = wire::configure_provider::Request {
        terraform_version: "1.11.4".to_owned(),
        config: encoded(&schema.root.null_members(), &schema.root),
        ..Default::default()
    };
    server
        .configure_provider(Request::new(request))
        .await
        .unwrap();
    let mut registry = Registry::default();
    everest.register(&mut registry);
    let mut schemas = registry.resource_schemas().unwrap().into_iter();
    let object = schemas
        .find(|schema| schema.type_name == resource)
        .unwrap()
        .schema
        .root;
    let idle = resident("VmRSS");
    stream::iter(0..count)
        .map(|nth| made(&server, &object, &resource, nth))
        .buffer_unordered(AT_ONCE)
        .for_each(|()| async {})
        .await;
    let after = resident("VmRSS");
    everest.shutdown().await;
    println!(
        "{resource:<24}{count:>5}: {idle:>6} KiB before, {after:>6} KiB after, {:>6} KiB at most",
        resident("VmHWM")
    );
}

async fn made(server: &Server<EverestProvider>, object: &Object, resource: &str, nth: usize) {
    let config = stored::from_json(&block(resource, nth), &object.value_type()).unwrap();
    let config = encoded(&config, object);
    let request = wire::plan_resource_change::Request {
        type_name: resource.to_owned(),
        prior_state: encoded(&Value::Null, object),
        proposed_new_state: config.clone(),
        config: config.clone(),
        client_capabilities: Some(wire::ClientCapabilities {
            write_only_attributes_allowed: true,
            ..Default::default()
        }),
        ..Default::default()
    };
    let planned = server.plan_resource_change(Request::new(request)).await;
    let planned = planned.unwrap().into_inner();
    let request = wire::apply_resource_change::Request {
        type_name: resource.to_owned(),
        prior_state: encoded(&Value::Null, object),
        planned_state: planned.planned_state,
        config,
        planned_private: planned.planned_private,
        ..Default::default()
    };
    let applied = server.apply_resource_change(Request::new(request)).await;
    let applied = applied.unwrap().into_inner();
    assert!(applied.new_state.is_some(), "{:?}", applied.diagnostics);
}

fn encoded(value: &Value, object: &Object) -> Option<wire::DynamicValue> {
    Some(wire::DynamicValue {
        msgpack: msgpack::encode(value, &object.value_type()).unwrap().into(),
        json: Default::default(),
    })
}

/// A figure of this process's memory in KiB, as Linux counts it.
fn resident(figure: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}
