//! The change log: every change of an external resource is reported to a sidecar.
//!
//! Crossplane's alpha feature: one gRPC call for each change over a Unix socket, to
//! `changelogs.proto.v1alpha1.ChangeLogService`. Nothing waits for it, and nothing fails
//! because of it.

mod message;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use crate::provider::Provider;
use message::{ChangeLogEntry, SendChangeLogRequest, SendChangeLogResponse};

/// The name of the gRPC method.
const METHOD: &str = "/changelogs.proto.v1alpha1.ChangeLogService/SendChangeLog";

/// The most entries that may wait; further ones are dropped.
const WAITING: usize = 256;

/// Longest time for one entry.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest time for entries that still wait when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The kind of change of an external resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It was made.
    Create,
    /// It was changed.
    Update,
    /// Its deletion was requested.
    Delete,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub timestamp: Timestamp,
    /// Group and version of the managed resource.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Name of the external resource.
    pub external_name: String,
    /// The operation.
    pub operation: Operation,
    /// The managed resource before the change. Bookkeeping and, for a Secret, its data are removed
    /// before it is sent.
    pub snapshot: Value,
    /// The error, if there was one.
    pub error: Option<String>,
    /// Further details by name.
    pub details: BTreeMap<String, String>,
}

/// The sender of change log entries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ChangeLogs {
    waiting: Option<mpsc::Sender<Entry>>,
}

/// Where the entries go, and who sends them.
struct Sidecar {
    socket: PathBuf,
    provider: String,
}

impl ChangeLogs {
    /// A change log that sends nothing.
    pub fn off() -> Self {
        ChangeLogs { waiting: None }
    }

    /// A change log of a provider, and the task that sends its entries to `socket` until
    /// `shutdown`. Entries that wait then are still sent, for a short time.
    pub fn new(
        provider: &Provider,
        socket: PathBuf,
        shutdown: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (waiting, entries) = mpsc::channel(WAITING);
        let logs = ChangeLogs {
            waiting: Some(waiting),
        };
        let sidecar = Sidecar {
            socket,
            provider: format!("{}:{}", provider.package, provider.release),
        };
        (logs, tell_all(sidecar, entries, shutdown))
    }

    /// Queues a change. Returns at once; if the queue is full, the entry is dropped.
    pub fn record(&self, entry: Entry) {
        if let Some(waiting) = &self.waiting
            && let Err(error) = waiting.try_send(entry)
        {
            let entry = error.into_inner();
            tracing::warn!(
                kind = entry.kind,
                name = entry.name,
                "a change is not in the change log: its sidecar does not keep up"
            );
        }
    }
}

async fn tell_all(
    sidecar: Sidecar,
    mut entries: mpsc::Receiver<Entry>,
    shutdown: CancellationToken,
) {
    let channel = connection(&sidecar.socket);
    loop {
        tokio::select! {
            entry = entries.recv() => match entry {
                Some(entry) => tell(&channel, &sidecar, entry).await,
                None => return,
            },
            () = shutdown.cancelled() => break,
        }
    }
    entries.close();
    let rest = async {
        while let Some(entry) = entries.recv().await {
            tell(&channel, &sidecar, entry).await;
        }
    };
    if tokio::time::timeout(LAST_WORDS, rest).await.is_err() {
        tracing::warn!("some changes are not in the change log: the process ends");
    }
}

/// A connection that is made at first use, and again after it broke.
fn connection(socket: &Path) -> Channel {
    let socket = socket.to_owned();
    // The address of a socket is its path; gRPC wants a URL all the same.
    let connector = tower::service_fn(move |_: http::Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://changelogs.sock")
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .connect_with_connector_lazy(connector)
}

async fn tell(channel: &Channel, sidecar: &Sidecar, entry: Entry) {
    let (kind, name) = (entry.kind.clone(), entry.name.clone());
    let sent =
        tokio::time::timeout(PATIENCE, send(channel, message(entry, &sidecar.provider))).await;
    let error = match sent {
        Ok(Ok(())) => return,
        Ok(Err(status)) => status.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    tracing::warn!(
        kind,
        name,
        error,
        "a change is not in the change log; the sidecar listens on {}, if it runs",
        sidecar.socket.display()
    );
}

async fn send(channel: &Channel, entry: ChangeLogEntry) -> Result<(), tonic::Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| tonic::Status::unavailable(error.to_string()))?;
    let request = SendChangeLogRequest { entry: Some(entry) };
    let codec = tonic_prost::ProstCodec::<SendChangeLogRequest, SendChangeLogResponse>::default();
    client
        .unary(
            tonic::Request::new(request),
            http::uri::PathAndQuery::from_static(METHOD),
            codec,
        )
        .await
        .map(|_| ())
}

fn message(entry: Entry, provider: &str) -> ChangeLogEntry {
    let mut snapshot = entry.snapshot;
    without_secrets(&mut snapshot);
    ChangeLogEntry {
        timestamp: Some(prost_types::Timestamp {
            seconds: entry.timestamp.as_second(),
            nanos: entry.timestamp.subsec_nanosecond(),
        }),
        provider: provider.to_owned(),
        api_version: entry.api_version,
        kind: entry.kind,
        name: entry.name,
        external_name: entry.external_name,
        operation: match entry.operation {
            Operation::Create => message::OperationType::Create,
            Operation::Update => message::OperationType::Update,
            Operation::Delete => message::OperationType::Delete,
        }
        .into(),
        snapshot: match message::value(snapshot).kind {
            Some(prost_types::value::Kind::StructValue(members)) => Some(members),
            _ => None,
        },
        error_message: entry.error,
        additional_details: entry.details.into_iter().collect::<HashMap<_, _>>(),
    }
}

/// Removes unneeded members and secrets.
fn without_secrets(snapshot: &mut Value) {
    if let Some(metadata) = snapshot.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    if snapshot.get("kind").is_some_and(|kind| kind == "Secret")
        && let Some(secret) = snapshot.as_object_mut()
    {
        secret.remove("data");
        secret.remove("stringData");
    }
}
