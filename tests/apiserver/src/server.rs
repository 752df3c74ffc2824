//! The server.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::admission::Endpoint;
use crate::builtin;
use crate::clock::Clock;
use crate::kind::Kind;
use crate::process::Process;
use crate::request::Asked;
use crate::state::State;
use crate::user::User;
use crate::watch::Cut;

/// When the time of a server begins.
const BEGIN: &str = "2026-01-01T00:00:00Z";

/// Plays those who act on what is written: called after each write of a client.
pub(crate) type Reaction = Arc<dyn Fn(&ApiServer, &Asked) + Send + Sync>;

/// A Kubernetes API server in the process. Cheap to clone; clones are the same server.
#[derive(Clone)]
pub struct ApiServer(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    state: Mutex<State>,
    versions: watch::Sender<u64>,
    pub(crate) cuts: watch::Sender<Option<Cut>>,
    clock: Mutex<Clock>,
    endpoints: Mutex<Vec<Endpoint>>,
    reaction: Mutex<Option<Reaction>>,
    pub(crate) is_tending: AtomicBool,
}

impl Default for ApiServer {
    fn default() -> Self {
        Self::new()
    }
}

impl ApiServer {
    /// A server with the kinds of Kubernetes and nothing in it but the namespace `default`.
    pub fn new() -> Self {
        let state = State::new();
        let (versions, _) = watch::channel(state.version);
        let (cuts, _) = watch::channel(None);
        let begin: Timestamp = BEGIN.parse().unwrap();
        let server = ApiServer(Arc::new(Inner {
            state: Mutex::new(state),
            versions,
            cuts,
            clock: Mutex::new(Clock::starting(begin)),
            endpoints: Mutex::default(),
            reaction: Mutex::default(),
            is_tending: AtomicBool::new(false),
        }));
        server.put(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "default"}}));
        server
    }

    /// Another server with all that this one holds, at the time `now`: what is done to one does
    /// not show in the other. Who serves webhooks is not taken along.
    #[must_use]
    pub fn fork(&self, now: Timestamp) -> Self {
        let state = self.lock().clone();
        let (versions, _) = watch::channel(state.version);
        let (cuts, _) = watch::channel(None);
        ApiServer(Arc::new(Inner {
            state: Mutex::new(state),
            versions,
            cuts,
            clock: Mutex::new(Clock::starting(now)),
            endpoints: Mutex::default(),
            reaction: Mutex::new(self.reaction()),
            is_tending: AtomicBool::new(false),
        }))
    }

    /// The server with its time set.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        *self.0.clock.lock().unwrap() = Clock::starting(now);
        self
    }

    /// The server with the kinds of the Operator Lifecycle Manager.
    #[must_use]
    pub fn with_olm(self) -> Self {
        builtin::olm().into_iter().fold(self, Self::with_kind)
    }

    /// The server with one more kind.
    #[must_use]
    pub fn with_kind(self, kind: Kind) -> Self {
        self.lock().serve(kind);
        self
    }

    /// The server with the kinds that the CustomResourceDefinitions in a YAML text define.
    #[must_use]
    pub fn with_crds(self, yaml: &str) -> Self {
        for document in serde_yaml_ng::Deserializer::from_str(yaml) {
            let document = Value::deserialize(document).unwrap();
            if document["kind"] == "CustomResourceDefinition" {
                self.put(document);
            }
        }
        self
    }

    /// Has `react` called after each write of a client, before it is answered.
    pub fn react(&self, react: impl Fn(&ApiServer, &Asked) + Send + Sync + 'static) {
        *self.0.reaction.lock().unwrap() = Some(Arc::new(react));
    }

    /// A client program of this server, by a user who may do everything.
    pub fn process(&self) -> Process {
        Process::new(self.clone(), User::admin())
    }

    /// A client that may do everything and to which nothing happens.
    pub fn client(&self) -> kube::Client {
        self.process().client()
    }

    /// The time of the server.
    pub fn now(&self) -> Timestamp {
        self.0.clock.lock().unwrap().now()
    }

    /// Cuts all watches: their connections break.
    pub fn cut_watches(&self) {
        self.0.cuts.send_replace(Some(Cut::Broken));
    }

    /// Forgets what has happened: watches and pages that go on from before are told so, as those
    /// are that are open.
    pub fn compact(&self) {
        self.lock().compact();
        self.0.cuts.send_replace(Some(Cut::Gone));
    }

    pub(crate) fn stamp(&self) -> String {
        self.0.clock.lock().unwrap().stamp()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    pub(crate) fn endpoints(&self) -> MutexGuard<'_, Vec<Endpoint>> {
        self.0.endpoints.lock().unwrap()
    }

    pub(crate) fn versions(&self) -> watch::Receiver<u64> {
        self.0.versions.subscribe()
    }

    pub(crate) fn reaction(&self) -> Option<Reaction> {
        self.0.reaction.lock().unwrap().clone()
    }

    /// Tells watches and controllers that something has changed.
    pub(crate) fn announce(&self) {
        let version = self.lock().version;
        self.0.versions.send_replace(version);
        self.tend_soon();
    }
}
