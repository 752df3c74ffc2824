//! Everything of the Everest provider that touches a cluster: connecting, reading, applying,
//! waiting and deleting. One file a resource.
//!
//! The semantics of Everest (rules, desired objects, readiness) are in `everest-core`; this crate
//! carries its decisions out and reports what it observes.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod acknowledgement;
mod apply;
pub mod backup;
pub mod backup_storage;
pub mod connection;
mod creation;
pub mod data_import_job;
pub mod database;
pub mod doctor;
mod drive;
pub mod dry_run;
pub mod engine;
pub mod engine_version_policy;
pub mod error;
pub mod facts;
mod last_seen;
mod leaving;
mod looked;
pub mod namespace;
mod object_mapping;
mod objects;
pub mod outcome;
pub mod plain;
pub mod read_cache;
pub mod requests;
pub mod restore;
mod run_once;
pub mod server;
#[cfg(test)]
mod testing;
mod unresponsive;
mod update;
pub mod views;
pub mod wait;
mod watch_cache;
pub mod with_secret;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use everest_core::dialect::Dialect;
use everest_core::rewritten::{self, Rewritten};
use everest_core::rights::Right;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use acknowledgement::Unacknowledged;
pub use connection::identity;
pub use connection::{
    ConnectError, ConnectionConfig, ExecPlugin, Trust, connect, connect_as, connect_with,
};
pub use creation::Namesake;
pub use drive::{Rest, Stepped, Stepper, Times, Waiting};
pub use error::{ClusterError, FieldConflict, LastSeen};
pub use everest_core::api::CREATED_BY_APPLY;
pub use objects::{Scope, Typed};
pub use outcome::{Change, Creation};
pub use wait::Wait;

/// The field manager of everything this provider applies.
pub const FIELD_MANAGER: &str = "terraform-provider-everest";

/// The Kubernetes client that sends the requests, and the newest version of Kubernetes whose types it
/// has.
pub const CLIENT: &str = "kube 5.0.0, types of Kubernetes 1.37";

/// The OLM catalog that engine operators come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Name of the CatalogSource.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

impl Default for Catalog {
    /// The catalog of Everest's chart: `everest-catalog` in `everest-olm`.
    fn default() -> Self {
        Catalog {
            name: "everest-catalog".to_owned(),
            namespace: "everest-olm".to_owned(),
        }
    }
}

/// A cluster with Everest: the client, and the data that its users in one run share.
///
/// Cheap to clone. Reads are remembered for as long as it lives (see [`read_cache`]), so every run
/// needs a new one.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    read_cache: read_cache::ReadCache,
    catalog: Arc<Catalog>,
    field_manager: Arc<str>,
    /// True if observed models have the labels and annotations of everybody.
    shows_every_key: bool,
    dialect: Dialect,
    turns: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
    /// The fields that were taken over from other managers.
    taken: Arc<Mutex<Vec<FieldConflict>>>,
    /// The values that the cluster has changed in our writes.
    rewritten: Arc<Mutex<Vec<Rewritten>>>,
    /// The rights without which something was not checked.
    missing_rights: Arc<Mutex<BTreeSet<Right>>>,
    /// URL of the API server, for messages.
    server: Option<Arc<str>>,
    /// The credentials that a plugin gives, if there is one.
    credentials: Option<connection::Credentials>,
    /// What was last read of Everest itself.
    remembered: facts::Remembered,
    unresponsive: Arc<unresponsive::Unresponsive>,
    acknowledgements: acknowledgement::Waiting,
    patience: Patience,
    /// Once it is cancelled, waits end soon.
    stop: CancellationToken,
    /// True if a read was not answered within the time after the stop: no other read is waited for.
    deaf: Arc<AtomicBool>,
    looked: looked::Looked,
    /// What tells this run from any other one: part of the mark of what it makes.
    run: Arc<str>,
    /// The time of day.
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// The persistence with a request that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// The request belongs to an operation with its own deadline.
    Operation,
    /// The request belongs to a plan, which must not take long: see [`unresponsive`].
    Plan,
    /// It is sent once.
    Once,
}

impl Cluster {
    /// A cluster reached through `client`, with engine operators from `catalog`.
    pub fn new(client: kube::Client, catalog: Catalog) -> Self {
        Cluster {
            client,
            read_cache: read_cache::ReadCache::default(),
            catalog: Arc::new(catalog),
            field_manager: Arc::from(FIELD_MANAGER),
            shows_every_key: false,
            dialect: Dialect::Terraform,
            turns: Arc::default(),
            taken: Arc::default(),
            rewritten: Arc::default(),
            missing_rights: Arc::default(),
            server: None,
            credentials: None,
            remembered: facts::Remembered::default(),
            unresponsive: Arc::default(),
            acknowledgements: acknowledgement::Waiting::default(),
            patience: Patience::Operation,
            stop: CancellationToken::new(),
            deaf: Arc::default(),
            looked: looked::Looked::default(),
            run: Arc::from(creation::new_run()),
            now: Arc::new(Timestamp::now),
        }
    }

    /// The cluster that the settings and the process's environment name.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn reach(config: &ConnectionConfig, catalog: Catalog) -> Result<Self, ConnectError> {
        let connected = connection::connect_named(config)?;
        Ok(Cluster {
            server: Some(connected.server.into()),
            credentials: connected.credentials,
            ..Cluster::new(connected.client, catalog)
        })
    }

    /// The same cluster with nothing read yet, for another run over the same connection.
    #[must_use]
    pub fn with_empty_cache(&self) -> Self {
        Cluster {
            read_cache: read_cache::ReadCache::default(),
            remembered: facts::Remembered::default(),
            unresponsive: Arc::default(),
            ..self.clone()
        }
    }

    /// The same for a controller, which reconciles again: every request is sent once.
    #[must_use]
    pub fn without_retries(mut self) -> Self {
        self.patience = Patience::Once;
        self
    }

    /// The same, for data sources: observed models have the labels and annotations of everybody.
    #[must_use]
    pub fn with_every_key(mut self) -> Self {
        self.shows_every_key = true;
        self
    }

    /// The same with its own lists of taken over and rewritten fields and of missing rights, for one
    /// operation.
    #[must_use]
    pub fn accounting(&self) -> Self {
        Cluster {
            taken: Arc::default(),
            rewritten: Arc::default(),
            missing_rights: Arc::default(),
            ..self.clone()
        }
    }

    /// The same for a plan or a refresh: a request takes about 20 s at most, and after one that is
    /// not answered, further requests fail at once for some seconds.
    #[must_use]
    pub fn fail_fast(&self) -> Self {
        Cluster {
            patience: Patience::Plan,
            ..self.clone()
        }
    }

    /// The fields that applies have taken over from other managers, or would take over, since
    /// [`Cluster::accounting`].
    pub fn taken(&self) -> Vec<FieldConflict> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }

    /// Notes fields that were taken over, each once.
    pub(crate) fn note_taken(&self, fields: Vec<FieldConflict>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for field in fields {
            taken.retain(|known| known.field != field.field);
            taken.push(field);
        }
    }

    /// The values that the cluster has changed in our writes since [`Cluster::accounting`].
    pub fn rewritten(&self) -> Vec<Rewritten> {
        let rewritten = self
            .rewritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rewritten.clone()
    }

    /// The rights that were missing for reads without which an operation continues, since
    /// [`Cluster::accounting`].
    pub fn missing_rights(&self) -> BTreeSet<Right> {
        let missing = self
            .missing_rights
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        missing.clone()
    }

    /// Notes that an operation continues after `error`; see [`Cluster::missing_rights`].
    pub fn note_unread(&self, error: &ClusterError) {
        self.note_missing_rights(error.missing_right());
    }

    pub(crate) fn note_missing_rights(&self, rights: impl IntoIterator<Item = Right>) {
        let mut missing = self
            .missing_rights
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        missing.extend(rights);
    }

    /// Notes the fields of `body` that differ in the answer to an apply, each once.
    pub(crate) fn note_rewritten<K: Serialize>(&self, answer: &K, body: &Value) {
        let answer = serde_json::to_value(answer).unwrap_or_default();
        let mut known = self
            .rewritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for found in rewritten::rewritten(&answer, body) {
            known.retain(|known| known.path != found.path);
            known.push(found);
        }
    }

    /// The same for an operation that ends soon after `stop`: pending reads get a short time in
    /// all, and nothing is sent again.
    #[must_use]
    pub fn stopped_by(&self, stop: &CancellationToken) -> Self {
        Cluster {
            stop: stop.clone(),
            deaf: Arc::default(),
            looked: looked::Looked::of_operation(),
            ..self.clone()
        }
    }

    /// The same with another field manager, for a front end other than Terraform's.
    #[must_use]
    pub fn with_field_manager(mut self, manager: &str) -> Self {
        self.field_manager = Arc::from(manager);
        self
    }

    /// The same with errors in the words of another front end than Terraform.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The same with another time of day than the system's. Waits follow tokio's clock; if a test
    /// moves that clock ahead, times that are written and compared have to follow it.
    #[must_use]
    pub fn with_time(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// The dialect of error messages.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The catalog that engine operators come from.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The field manager of applies.
    pub fn field_manager(&self) -> &str {
        &self.field_manager
    }

    /// The lock under which operations of this run do `what` one after the other.
    pub(crate) fn turn(&self, what: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(what.to_owned()).or_default().clone()
    }

    /// The URL of the API server, for messages.
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The client, for requests that no module here makes.
    pub fn client(&self) -> &kube::Client {
        &self.client
    }
}
