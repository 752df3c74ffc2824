//! A world of objects that lifecycles of tests look at.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use everest_schemas::everest::{
    BackupStorage, DataImportJob, DataImporter, DatabaseCluster, DatabaseClusterBackup,
    DatabaseClusterRestore, DatabaseEngine, LoadBalancerConfig, MonitoringConfig,
    PodSchedulingPolicy, SplitHorizonDnsConfig,
};
use everest_schemas::olm::{
    CatalogSource, ClusterServiceVersion, InstallPlan, OperatorGroup, PackageManifest, Subscription,
};
use k8s_openapi::api::core::v1::Namespace;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Action, Answer, Lifecycle, Merge, ObjectKind, ObjectRef, Observed, Query, SecretMetadata,
    Stopwatches,
};
use crate::facts::Seen;

type Shared = Arc<dyn Any + Send + Sync>;

/// Objects by kind and name, all in the namespace `prod` but for those that are cluster-scoped.
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

    /// An object as it is now.
    pub(crate) fn get(&self, kind: ObjectKind, name: &str) -> Option<&Value> {
        self.objects.get(&(kind, name.to_owned()))
    }

    /// Lays a body over what there is of an object.
    fn lay(&mut self, object: &ObjectRef, body: &Value) {
        let mut live = self
            .get(object.kind, &object.name)
            .cloned()
            .unwrap_or_default();
        merge(&mut live, body);
        self.put(object.kind, &object.name, live);
    }

    /// Does an action that writes, each deletion at once. Returns what was written, such as
    /// `delete Namespace prod`; none if the action writes nothing.
    pub(crate) fn write<T>(&mut self, action: &Action<T>) -> Option<String> {
        match action {
            Action::Create { object, body } => {
                self.lay(object, body.expose());
                Some(format!("create {object}"))
            }
            Action::Apply(apply) => {
                self.lay(&apply.object, apply.body.expose());
                Some(format!("apply {}", apply.object))
            }
            Action::Merge(changes) => {
                let mut written = Vec::new();
                for Merge { object, body } in changes {
                    let key = (object.kind, object.name.clone());
                    merge(self.objects.get_mut(&key).unwrap(), body.expose());
                    written.push(format!("merge {object}"));
                }
                Some(written.join(" and "))
            }
            Action::Delete { object, .. } => {
                self.drop(object.kind, &object.name);
                Some(format!("delete {object}"))
            }
            _ => None,
        }
    }

    /// Does what a lifecycle says until it writes nothing: what was written, and what came last.
    pub(crate) fn run<L: Lifecycle>(
        &mut self,
        lifecycle: &mut L,
    ) -> (Vec<String>, Action<L::Outcome>) {
        let mut written = Vec::new();
        for _ in 0..50 {
            let action = self.next(lifecycle);
            match self.write(&action) {
                Some(done) => {
                    if let Action::Apply(apply) = &action {
                        lifecycle.wrote(&apply.object, None);
                    }
                    written.push(done);
                }
                None => return (written, action),
            }
        }
        panic!("it never rests: {written:#?}")
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

    /// The next action, at noon.
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

/// Merges as the API server does.
fn merge(live: &mut Value, body: &Value) {
    let Value::Object(members) = body else {
        *live = body.clone();
        return;
    };
    if !live.is_object() {
        *live = json!({});
    }
    for (name, value) in members {
        match value {
            Value::Null => drop(live.as_object_mut().unwrap().remove(name)),
            value => merge(&mut live[name], value),
        }
    }
}

/// An object of the world.
pub(crate) fn object(kind: ObjectKind, name: &str) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: match kind {
            ObjectKind::Namespace
            | ObjectKind::PodSchedulingPolicy
            | ObjectKind::LoadBalancerConfig
            | ObjectKind::DataImporter => String::new(),
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
        ObjectKind::MonitoringConfig => typed::<MonitoringConfig>(body),
        ObjectKind::PodSchedulingPolicy => typed::<PodSchedulingPolicy>(body),
        ObjectKind::LoadBalancerConfig => typed::<LoadBalancerConfig>(body),
        ObjectKind::DataImporter => typed::<DataImporter>(body),
        ObjectKind::SplitHorizonDnsConfig => typed::<SplitHorizonDnsConfig>(body),
        ObjectKind::Subscription => typed::<Subscription>(body),
        ObjectKind::InstallPlan => typed::<InstallPlan>(body),
        ObjectKind::ClusterServiceVersion => typed::<ClusterServiceVersion>(body),
        ObjectKind::OperatorGroup => typed::<OperatorGroup>(body),
        ObjectKind::CatalogSource => typed::<CatalogSource>(body),
        ObjectKind::PackageManifest => typed::<PackageManifest>(body),
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
        ObjectKind::DataImportJob => all::<DataImportJob>(&bodies),
        ObjectKind::MonitoringConfig => all::<MonitoringConfig>(&bodies),
        ObjectKind::SplitHorizonDnsConfig => all::<SplitHorizonDnsConfig>(&bodies),
        ObjectKind::Subscription => all::<Subscription>(&bodies),
        ObjectKind::InstallPlan => all::<InstallPlan>(&bodies),
        ObjectKind::ClusterServiceVersion => all::<ClusterServiceVersion>(&bodies),
        ObjectKind::OperatorGroup => all::<OperatorGroup>(&bodies),
        ObjectKind::Engine(..) => {
            let all: Vec<_> = bodies.into_iter().map(Arc::new).collect();
            Arc::new(all)
        }
        kind => panic!("nobody lists {kind:?}"),
    }
}
