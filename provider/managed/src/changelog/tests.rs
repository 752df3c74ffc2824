use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use serde_json::json;
use tokio::net::UnixListener;
use tonic::body::Body;
use tonic::server::{NamedService, UnaryService};

use super::message::OperationType;
use super::*;
use crate::testing::NOTES;

type Told = Arc<Mutex<Vec<ChangeLogEntry>>>;

/// A sidecar that remembers what it is told.
#[derive(Clone, Default)]
struct Listener {
    told: Told,
}

impl NamedService for Listener {
    const NAME: &'static str = "changelogs.proto.v1alpha1.ChangeLogService";
}

impl UnaryService<SendChangeLogRequest> for Listener {
    type Response = SendChangeLogResponse;
    type Future = BoxFuture<'static, Result<tonic::Response<SendChangeLogResponse>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<SendChangeLogRequest>) -> Self::Future {
        let entry = request.into_inner().entry.unwrap();
        self.told.lock().unwrap().push(entry);
        Box::pin(async { Ok(tonic::Response::new(SendChangeLogResponse {})) })
    }
}

impl tower::Service<http::Request<Body>> for Listener {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        assert_eq!(request.uri().path(), METHOD);
        let sidecar = self.clone();
        Box::pin(async move {
            let codec =
                tonic_prost::ProstCodec::<SendChangeLogResponse, SendChangeLogRequest>::default();
            Ok(tonic::server::Grpc::new(codec)
                .unary(sidecar, request)
                .await)
        })
    }
}

/// Serves a sidecar on a socket; returns what it is told.
fn listen(socket: &Path) -> Told {
    let sidecar = Listener::default();
    let told = sidecar.told.clone();
    let listener = UnixListener::bind(socket).unwrap();
    let connections = futures::stream::unfold(listener, |listener| async {
        let accepted = listener.accept().await.map(|(stream, _)| stream);
        Some((accepted, listener))
    });
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(sidecar)
            .serve_with_incoming(connections),
    );
    told
}

fn started(socket: PathBuf, shutdown: CancellationToken) -> ChangeLogs {
    let (logs, teller) = ChangeLogs::new(&NOTES, socket, shutdown);
    tokio::spawn(teller);
    logs
}

async fn until_told(told: &Told, count: usize) -> Vec<ChangeLogEntry> {
    for _ in 0..1000 {
        let known = told.lock().unwrap().clone();
        if known.len() >= count {
            return known;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the sidecar was told {:?}", told.lock().unwrap());
}

fn entry(name: &str) -> Entry {
    Entry {
        timestamp: Timestamp::new(7, 5).unwrap(),
        api_version: "notes.example.org/v1alpha1".to_owned(),
        kind: "Database".to_owned(),
        name: name.to_owned(),
        external_name: "orders-db".to_owned(),
        operation: Operation::Update,
        snapshot: json!({
            "kind": "Database",
            "metadata": {
                "name": name,
                "managedFields": [{}],
                "annotations": { "kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b" },
            },
            "spec": { "forProvider": { "engine": { "replicas": 3 } } },
        }),
        error: Some("no".to_owned()),
        details: [("revision".to_owned(), "2".to_owned())].into(),
    }
}

#[tokio::test]
async fn the_sidecar_is_told_what_changed_and_how_it_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("changelogs.sock");
    let told = listen(&socket);
    let logs = started(socket, CancellationToken::new());
    logs.record(entry("orders"));
    let told = until_told(&told, 1).await;
    let entry = &told[0];
    assert_eq!(
        entry.timestamp.map(|at| (at.seconds, at.nanos)),
        Some((7, 5))
    );
    assert_eq!(entry.operation, i32::from(OperationType::Update));
    assert_eq!(entry.external_name, "orders-db");
    assert_eq!(entry.error_message.as_deref(), Some("no"));
    assert_eq!(entry.additional_details["revision"], "2");
    let snapshot = format!("{:?}", entry.snapshot);
    assert!(snapshot.contains("NumberValue(3.0)"), "{snapshot}");
    assert!(!snapshot.contains("managedFields"), "{snapshot}");
    assert!(!snapshot.contains("last-applied"), "{snapshot}");
}

#[tokio::test]
async fn a_sidecar_that_comes_late_is_told_of_what_comes_after() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("changelogs.sock");
    let logs = started(socket.clone(), CancellationToken::new());
    logs.record(entry("lost"));
    // Without anyone on the socket the entry is given up, which needs no time but its turn.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let told = listen(&socket);
    for _ in 0..100 {
        logs.record(entry("orders"));
        if !told.lock().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(until_told(&told, 1).await[0].name, "orders");
}

#[tokio::test]
async fn nobody_waits_for_a_sidecar_that_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("changelogs.sock");
    // It listens but never accepts.
    let _deaf = UnixListener::bind(&socket).unwrap();
    let logs = started(socket, CancellationToken::new());
    for _ in 0..WAITING * 2 {
        logs.record(entry("orders"));
    }
    ChangeLogs::off().record(entry("orders"));
}

#[test]
fn a_secret_is_told_of_without_its_data() {
    let mut secret = json!({
        "kind": "Secret", "data": { "password": "aHVzaA==" }, "stringData": { "a": "hush" },
        "metadata": { "name": "s" },
    });
    without_secrets(&mut secret);
    assert_eq!(
        secret,
        json!({ "kind": "Secret", "metadata": { "name": "s" } })
    );
}
