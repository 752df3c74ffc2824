//! Events about managed resources and configs, as `kubectl describe` shows them.
//!
//! They are events of the core API, because Crossplane's RBAC manager allows providers to write
//! those. A repeated event is counted, not written again; further events of an object with too many
//! are dropped for a while.

mod recent;

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::provider::Provider;
use recent::{Recent, Said};

/// The namespace of events about cluster-scoped objects.
const CLUSTER_WIDE: &str = "default";

/// The most events that may wait; further ones are dropped.
const WAITING: usize = 512;

/// The API's limit for a message, in bytes.
const LONGEST: usize = 1024;

/// The time in which queued events must be written at the end of the process.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Annotation with the external name of the resource that an event is about.
const EXTERNAL_NAME: &str = "external-name";

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// Something succeeded.
    Normal,
    /// Something failed.
    Warning,
}

impl EventType {
    fn word(self) -> &'static str {
        match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        }
    }
}

/// The reason of an event; these are the reasons of all Crossplane providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// There is no target.
    CannotConnectToProvider,
    /// A reference to another object leads nowhere.
    CannotResolveResourceReferences,
    /// The external resource could not be read.
    CannotObserveExternalResource,
    /// It could not be created.
    CannotCreateExternalResource,
    /// It could not be deleted.
    CannotDeleteExternalResource,
    /// The connection Secret could not be written.
    CannotPublishConnectionDetails,
    /// The external resource could not be changed.
    CannotUpdateExternalResource,
    /// The managed resource itself could not be changed.
    CannotUpdateManagedResource,
    /// The management policies are invalid.
    CannotUseInvalidManagementPolicy,
    /// The deletion was requested.
    DeletedExternalResource,
    /// It was created.
    CreatedExternalResource,
    /// It was changed.
    UpdatedExternalResource,
    /// It is being made.
    PendingExternalResource,
    /// Nothing is done while the resource is paused.
    ReconciliationPaused,
    /// A requested reconcile was handled.
    ReconcileRequestHandled,
    /// A config is deleted while it is used.
    UsageAccounting,
}

/// Publishes events without blocking the caller. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Events {
    waiting: mpsc::Sender<Spoken>,
}

/// An event that waits to be written.
#[derive(Debug)]
struct Spoken {
    about: ObjectReference,
    external_name: Option<String>,
    type_: EventType,
    reason: Reason,
    message: String,
}

impl Events {
    /// The publisher of a provider, and the task that writes its events through `control` until
    /// `shutdown`. Events that wait then are still written, for a short time.
    pub fn new(
        provider: &Provider,
        control: kube::Client,
        shutdown: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (waiting, heard) = mpsc::channel(WAITING);
        let writer = Writer {
            component: provider.name,
            control,
            recent: Recent::default(),
        };
        (Events { waiting }, write_all(writer, heard, shutdown))
    }

    /// Publishes an event about an object. The message is for users and contains no secret.
    pub fn publish(
        &self,
        about: &ObjectReference,
        type_: EventType,
        reason: Reason,
        message: &str,
    ) {
        self.publish_named(about, None, type_, reason, message);
    }

    /// The same, with the external name of the resource.
    pub fn publish_named(
        &self,
        about: &ObjectReference,
        external_name: Option<&str>,
        type_: EventType,
        reason: Reason,
        message: &str,
    ) {
        let spoken = Spoken {
            about: about.clone(),
            external_name: external_name.map(str::to_owned),
            type_,
            reason,
            message: shortened(message),
        };
        if self.waiting.try_send(spoken).is_err() {
            tracing::debug!(?reason, "an event is dropped: too many wait");
        }
    }
}

/// A message within the API's limit.
fn shortened(message: &str) -> String {
    if message.len() <= LONGEST {
        return message.to_owned();
    }
    let mut end = LONGEST - '…'.len_utf8();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &message[..end])
}

/// Writes queued events until `shutdown`, and those that wait then.
async fn write_all(
    mut writer: Writer,
    mut heard: mpsc::Receiver<Spoken>,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            spoken = heard.recv() => match spoken {
                Some(spoken) => writer.write(spoken).await,
                None => return,
            },
            () = shutdown.cancelled() => break,
        }
    }
    heard.close();
    let rest = async {
        while let Some(spoken) = heard.recv().await {
            writer.write(spoken).await;
        }
    };
    if tokio::time::timeout(LAST_WORDS, rest).await.is_err() {
        tracing::debug!("some events are not written: the process ends");
    }
}

/// Writes events.
struct Writer {
    /// The component that they come from.
    component: &'static str,
    control: kube::Client,
    recent: Recent,
}

impl Writer {
    /// Writes one event, as a new one or by raising a count.
    async fn write(&mut self, spoken: Spoken) {
        let said = self.recent.hear(&spoken, Instant::now());
        let namespace = spoken
            .about
            .namespace
            .as_deref()
            .unwrap_or(CLUSTER_WIDE)
            .to_owned();
        let api: Api<Event> = Api::namespaced(self.control.clone(), &namespace);
        let now = Time(Timestamp::now());
        let written = match said {
            Said::TooMuch => return,
            Said::Again { name, count } => {
                let patch = json!({ "count": count, "lastTimestamp": now });
                api.patch(&name, &PatchParams::default(), &Patch::Merge(patch))
                    .await
            }
            Said::New => {
                let event = event(self.component, &spoken, namespace, now);
                api.create(&PostParams::default(), &event).await
            }
        };
        match written {
            Ok(event) => self
                .recent
                .written(&spoken, event.metadata.name.unwrap_or_default()),
            // A namespace that is being deleted takes no events, and one that has expired is
            // written anew the next time.
            Err(error) => {
                self.recent.lost(&spoken);
                tracing::debug!(%error, reason = ?spoken.reason, "an event is not written");
            }
        }
    }
}

fn event(component: &str, spoken: &Spoken, namespace: String, now: Time) -> Event {
    let name = spoken.about.name.as_deref().unwrap_or("unknown");
    let annotations = spoken
        .external_name
        .iter()
        .map(|name| (EXTERNAL_NAME.to_owned(), name.clone()));
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{name}.{:x}", now.0.as_nanosecond())),
            namespace: Some(namespace),
            annotations: spoken
                .external_name
                .is_some()
                .then(|| annotations.collect()),
            ..ObjectMeta::default()
        },
        involved_object: spoken.about.clone(),
        type_: Some(spoken.type_.word().to_owned()),
        reason: Some(format!("{:?}", spoken.reason)),
        message: Some(spoken.message.clone()),
        count: Some(1),
        first_timestamp: Some(now.clone()),
        last_timestamp: Some(now),
        source: Some(EventSource {
            component: Some(component.to_owned()),
            host: None,
        }),
        reporting_component: Some(component.to_owned()),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests;
