//! A world of objects that lifecycles of tests look at.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use everest_schemas::everest::{
    BackupStorage, DataImportJob, DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore,
    DatabaseEngine,
};
use k8s_openapi::api::core::v1::Namespace;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Action, Answer, Lifecycle, ObjectKind, ObjectRef, Observed, Query, SecretMetadata, Stopwatches,
};
use crate::facts::Seen;

type Shared = Arc<dyn Any + Send + Sync>;

/// Objects by kind and name, all in the namespace `prod` but for namespaces.
#[derive(Default)]
pub(crate) struct World {
    objects: BTreeMap<(ObjectKind, String), Value>,
    hidden: Vec<ObjectKind>,
    ours: Vec<ObjectRef>,
    times: Stopwatches,
    passed: Duration,
}

impl World {
    /// The same with an object.
    pub(crate) fn with(mut self, kind: ObjectKind, name: &str, body: Value) -> Self {
        self.put(kind, name, body);
        self
    }

    /// Puts an object, with the name and the version that it has to have.
    pub(crate) fn put(&mut self, kind: ObjectKind, name: &str, mut body: Value) {
        body["apiVersion"] = match kind {
            ObjectKind::Namespace => json!("v1"),
            _ => json!("everest.percona.com/v1alpha1"),
        };
        body["kind"] = json!(kind.name());
        body["metadata"]["name"] = json!(name);
        self.objects.insert((kind, name.to_owned()), body);
    }

    /// Takes an object away.
    pub(crate) fn drop(&mut self, kind: ObjectKind, name: &str) {
        self.objects.remove(&(kind, name.to_owned()));
    }

    /// The same where objects of a kind may not be listed.
    pub(crate) fn hiding(mut self, kind: ObjectKind) -> Self {
        self.hidden.push(kind);
        self
    }

    /// The same after the creation of an object.
    pub(crate) fn after_making(mut self, kind: ObjectKind, name: &str) -> Self {
        self.ours.push(object(kind, name));
        self
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.passed += Duration::from_secs(seconds);
    }

    /// What comes next, at noon.
    pub(crate) fn next<L: Lifecycle>(&mut self, lifecycle: &mut L) -> Action<L::Outcome> {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let mut observed = Observed::at(now);
        for ours in &self.ours {
            observed.note_ours(ours.clone());
        }
        self.times.set(self.passed);
        loop {
            match lifecycle.next(&observed, &mut self.times) {
                Ok(action) => return action,
                Err(query) => {
                    let answer = self.answer(&query);
                    observed.note(query, answer);
                }
            }
        }
    }

    fn answer(&self, query: &Query) -> Answer {
        match query {
            Query::Object(object) | Query::Beside(object) | Query::Now(object) => {
                let found = self.objects.get(&(object.kind, object.name.clone()));
                Answer::Object(
                    found.map_or(Seen::Absent, |body| Seen::Found(read(object.kind, body))),
                )
            }
            Query::All(kind, _) | Query::Listed(kind, _) if self.hidden.contains(kind) => {
                Answer::All(Seen::Unread)
            }
            Query::All(kind, _) | Query::Listed(kind, _) => {
                let found: Vec<_> = self
                    .objects
                    .iter()
                    .filter(|((of, _), _)| of == kind)
                    .map(|(_, body)| body.clone())
                    .collect();
                Answer::All(Seen::Found(read_all(*kind, found)))
            }
        }
    }
}

/// An object of the world.
pub(crate) fn object(kind: ObjectKind, name: &str) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: match kind {
            ObjectKind::Namespace => String::new(),
            _ => "prod".to_owned(),
        },
        name: name.to_owned(),
    }
}

fn typed<K: DeserializeOwned>(body: &Value) -> Arc<K> {
    Arc::new(serde_json::from_value(body.clone()).unwrap())
}

fn read(kind: ObjectKind, body: &Value) -> Shared {
    match kind {
        ObjectKind::Database => typed::<DatabaseCluster>(body),
        ObjectKind::Backup => typed::<DatabaseClusterBackup>(body),
        ObjectKind::Restore => typed::<DatabaseClusterRestore>(body),
        ObjectKind::BackupStorage => typed::<BackupStorage>(body),
        ObjectKind::DatabaseEngine => typed::<DatabaseEngine>(body),
        ObjectKind::DataImportJob => typed::<DataImportJob>(body),
        ObjectKind::Namespace => typed::<Namespace>(body),
        ObjectKind::Secret => Arc::new(SecretMetadata(
            serde_json::from_value(body["metadata"].clone()).unwrap(),
        )),
        ObjectKind::Engine(..) => Arc::new(body.clone()),
    }
}

fn read_all(kind: ObjectKind, bodies: Vec<Value>) -> Shared {
    fn all<K: DeserializeOwned + Send + Sync + 'static>(bodies: &[Value]) -> Shared {
        Arc::new(bodies.iter().map(typed::<K>).collect::<Vec<_>>())
    }
    match kind {
        ObjectKind::Database => all::<DatabaseCluster>(&bodies),
        ObjectKind::Backup => all::<DatabaseClusterBackup>(&bodies),
        ObjectKind::Restore => all::<DatabaseClusterRestore>(&bodies),
        ObjectKind::BackupStorage => all::<BackupStorage>(&bodies),
        ObjectKind::DatabaseEngine => all::<DatabaseEngine>(&bodies),
        kind => panic!("nobody lists {kind:?}"),
    }
}
