//! Namespaces with an engine, lent to one scenario after the other.
//!
//! An operator takes longer to install than most scenarios take, and its namespace longer to
//! delete. So scenarios that are not about namespaces make none: each has one to itself while it
//! runs, with whatever names and faults of the simulator it likes, and leaves it as it was found.

use std::{
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use acceptance::{
    catalog::{PACKAGES, Package},
    installation::database_namespace,
    patience,
};
use kube::api::{DeleteParams, ListParams};

use crate::objects::{
    self, BACKUP, CONFIG_MAP, DATABASE, EVENT, Kind, NAMESPACE, RESTORE, SECRET, STORAGE, api,
    eventually, with_client,
};

/// What a scenario has to take away itself.
const OWN: [Kind; 4] = [DATABASE, BACKUP, RESTORE, STORAGE];

/// An engine, and what goes with Everest's objects, though later.
struct Engine {
    type_: &'static str,
    operator: &'static Package,
    kinds: [Kind; 3],
}

static ENGINES: [Engine; 3] = [
    Engine {
        type_: "pxc",
        operator: &PACKAGES[0],
        kinds: [
            ("pxc.percona.com/v1", "PerconaXtraDBCluster"),
            ("pxc.percona.com/v1", "PerconaXtraDBClusterBackup"),
            ("pxc.percona.com/v1", "PerconaXtraDBClusterRestore"),
        ],
    },
    Engine {
        type_: "psmdb",
        operator: &PACKAGES[1],
        kinds: [
            ("psmdb.percona.com/v1", "PerconaServerMongoDB"),
            ("psmdb.percona.com/v1", "PerconaServerMongoDBBackup"),
            ("psmdb.percona.com/v1", "PerconaServerMongoDBRestore"),
        ],
    },
    Engine {
        type_: "postgresql",
        operator: &PACKAGES[2],
        kinds: [
            ("pgv2.percona.com/v2", "PerconaPGCluster"),
            ("pgv2.percona.com/v2", "PerconaPGBackup"),
            ("pgv2.percona.com/v2", "PerconaPGRestore"),
        ],
    },
];

/// The namespaces that no scenario has at the moment.
static FREE: Mutex<Vec<Place>> = Mutex::new(Vec::new());
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A namespace with an engine, as long as a scenario has it.
pub struct Lent(Place);

#[derive(Clone)]
struct Place {
    engine: &'static Engine,
    namespace: String,
}

impl Lent {
    /// A namespace with the engine of that type: one that is free, or another one.
    #[track_caller]
    pub fn with(type_: &str) -> Self {
        let engine = ENGINES.iter().find(|engine| engine.type_ == type_);
        let engine = engine.unwrap_or_else(|| panic!("{type_} is no engine"));
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let found = free.iter().position(|place| place.engine.type_ == type_);
        let place = found.map(|at| free.swap_remove(at));
        // Nobody else waits while an operator is installed.
        drop(free);
        Self(place.unwrap_or_else(|| Place::new(engine)))
    }

    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }
}

impl Drop for Lent {
    /// What a failed scenario leaves is kept to be looked at.
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        // On a cluster that stays, none is left for a scenario that may not come.
        if patience::is_asked_for() {
            objects::delete(NAMESPACE, "", self.namespace());
            return;
        }
        self.0.clear();
        FREE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.0.clone());
    }
}

impl Place {
    /// Makes a namespace and installs the operator there.
    #[track_caller]
    fn new(engine: &'static Engine) -> Self {
        let Engine {
            type_, operator, ..
        } = engine;
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("with-{type_}-{}-{number}", process::id());
        let (name, operator) = (namespace.as_str(), (operator.name, operator.channel));
        with_client(|client| async move { database_namespace(&client, name, operator).await })
            .unwrap();
        Self { engine, namespace }
    }

    /// Waits until the scenario's objects are gone, and deletes what nobody declares: passwords,
    /// what the simulator was told, events.
    #[track_caller]
    fn clear(&self) {
        let namespace = self.namespace.as_str();
        for kind in OWN.into_iter().chain(self.engine.kinds) {
            eventually(&format!("the scenario has left no {kind:?} behind"), || {
                objects::names(kind, namespace).is_empty()
            });
        }
        with_client(|client| async move {
            // Kubernetes itself puts this one into each namespace.
            let all = ListParams::default().fields("metadata.name!=kube-root-ca.crt");
            for kind in [SECRET, CONFIG_MAP, EVENT] {
                api(client.clone(), kind, namespace)
                    .delete_collection(&DeleteParams::default(), &all)
                    .await
                    .unwrap();
            }
        });
    }
}
