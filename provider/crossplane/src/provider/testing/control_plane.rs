//! A control plane with operators in the process, for tests: the process under test can be made
//! to die right after any of its writes. It may do what the roles say that are shipped, and
//! nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use test_apiserver::{ApiServer, Asks, At, Fault, Matcher, Process, Times, Trouble, When};
use tokio_util::sync::CancellationToken;

use crate::provider::rights;

/// Objects by the path they are served at.
pub(crate) type Objects = BTreeMap<String, Value>;

/// Plays the operators: called after every write with the path.
pub(crate) type React = fn(&ApiServer, &str);

/// The control plane. It is the cluster of the external objects as well.
#[derive(Clone)]
pub(crate) struct ControlPlane {
    server: ApiServer,
    react: React,
    /// The processes there have been; the last one is under test.
    processes: Arc<Mutex<Vec<Process>>>,
}

impl ControlPlane {
    /// A control plane with these objects.
    pub(crate) fn new(objects: Vec<Value>, react: React) -> Self {
        let server = ApiServer::new()
            .with_everest()
            .with_engines()
            .with_catalog()
            .with_managed();
        for object in objects {
            server.put(object);
        }
        server.react(move |server, asked| {
            let path = asked.path.strip_suffix("/status").unwrap_or(&asked.path);
            react(server, path);
        });
        let plane = ControlPlane {
            server,
            react,
            processes: Arc::default(),
        };
        plane.spare();
        plane
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Process>> {
        self.processes.lock().unwrap()
    }

    fn process(&self) -> Process {
        self.processes().last().unwrap().clone()
    }

    /// A client of the process under test, for the control plane.
    pub(crate) fn client(&self) -> kube::Client {
        self.process().client()
    }

    /// Its client for the cluster of the external objects, which may do what `may` allows.
    pub(crate) fn target(
        &self,
        may: impl Fn(&Asks<'_>) -> bool + Send + Sync + 'static,
    ) -> kube::Client {
        self.process().client_of("provider", may)
    }

    /// Has the process die right after its `writes`th write from now on.
    pub(crate) fn kill_after(&self, writes: usize) {
        let fault = Fault::new(At::Write(writes), When::After, Trouble::Kill);
        self.process().inject(fault);
    }

    /// The process under test may no longer do anything with the objects of a kind.
    pub(crate) fn forbid(&self, plural: &str) {
        let at = At::Matching(Matcher::any().resource(plural));
        let fault = Fault::new(at, When::Before, Trouble::Status(403)).times(Times::Always);
        self.process().inject(fault);
    }

    /// A process that begins now lives.
    pub(crate) fn spare(&self) {
        let mut processes = self.processes();
        if let Some(last) = processes.last() {
            last.bury();
        }
        let process = self.server.process();
        processes.push(process.of_user("provider", rights::in_control_plane));
    }

    /// Cancelled when the process has died.
    pub(crate) fn death(&self) -> CancellationToken {
        self.process().death()
    }

    /// The object at a path.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.server.get(path)
    }

    /// All objects.
    pub(crate) fn all(&self) -> Objects {
        self.server.all()
    }

    /// Someone else changes an object.
    pub(crate) fn change(&self, path: &str, body: &Value) {
        self.server
            .change(path, |object| json_patch::merge(object, body));
        (self.react)(&self.server, path);
    }

    /// The object gets a state, without its operator.
    pub(crate) fn state(&self, path: &str, name: &str) {
        self.server
            .change(path, |object| object["status"]["status"] = json!(name));
    }

    /// Someone else makes an object.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.server.put(object);
        (self.react)(&self.server, path);
    }

    /// Someone else deletes an object.
    pub(crate) fn delete(&self, path: &str) {
        self.server.mark_deleted(path);
        (self.react)(&self.server, path);
    }

    /// An object is there no more.
    pub(crate) fn remove(&self, path: &str) {
        self.server.remove(path);
    }

    /// The writes that were taken so far of all processes, as `PATCH /apis/…`.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.processes().iter().flat_map(Process::writes).collect()
    }

    /// The number of objects created at a path.
    pub(crate) fn made(&self, path: &str) -> usize {
        self.server.made(path)
    }
}
