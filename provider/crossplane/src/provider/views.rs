//! The watches of a controller in one cluster: one for each kind, shared by all readers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossplane_managed::compact_object::CompactObject;
use crossplane_managed::metadata;
use crossplane_managed::reflector::{Lookup, Reflector};
use crossplane_managed::relations::{Notifier, Related, ResourceKey};
use crossplane_managed::secret_watches::SecretWatches;
use everest_cluster::Cluster;
use everest_cluster::engine::database_kind;
use everest_core::facts::Seen;
use everest_schemas::Engine;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, ApiResource};
use serde_json::Value;
use tokio::time::Instant;

use super::config::{FIELD_MANAGER, Target, Targets};
use super::kind::{Companion, Kind, Tell};
use super::prerequisites::Prerequisites;

/// The watches in one cluster.
pub struct Views {
    /// The cluster.
    pub target: Arc<Target>,
    /// The same, with every request sent once.
    pub cluster: Cluster,
    externals: Reflector<CompactObject>,
    engines: Mutex<HashMap<Engine, Arc<Reflector<CompactObject>>>>,
    secrets: SecretWatches,
    _companions: Vec<Companion>,
    /// The objects that managed resources wait for.
    pub prerequisites: Prerequisites,
    notifier: Notifier,
    recent: Mutex<(Instant, Cluster)>,
}

/// The time for which reads for the rules are reused for other resources.
const RECENT: Duration = Duration::from_secs(2);

impl Views {
    /// Starts to watch the external objects. If the watch breaks, the cluster is checked at once,
    /// because objects would otherwise go on being reported as ready.
    pub fn open<K: Kind>(target: Arc<Target>, targets: Targets, notifier: Notifier) -> Self {
        let kind = Arc::new(ApiResource::erase::<K::External>(&()));
        Self::open_kind(target, targets, notifier, kind, K::TRIM, K::companions)
    }

    /// The same, with the kind as a value: one copy of this code serves all kinds.
    fn open_kind(
        target: Arc<Target>,
        targets: Targets,
        notifier: Notifier,
        kind: Arc<ApiResource>,
        unneeded: Option<fn(&mut Value)>,
        companions: fn(&Cluster, &Tell) -> Vec<Companion>,
    ) -> Self {
        let cluster = target.cluster.clone().without_retries();
        let tell = teller(&target, &notifier, Related::External);
        let externals = Reflector::start(
            Api::all_with(cluster.client().clone(), &kind),
            kind,
            trimmed(unneeded),
            move |external: &CompactObject| tell(&external.metadata),
        );
        let suspected = target.key.clone();
        externals.on_breakdown(move || {
            let (targets, key) = (targets.clone(), suspected.clone());
            async move { targets.suspect(&key).await }
        });
        let (key, notify) = (target.key.clone(), notifier.clone());
        let told: Tell = Arc::new(move |namespace: &str| {
            let namespaced = Related::External(key.clone(), String::new(), namespace.to_owned());
            notify.tell(&namespaced);
        });
        let companions = companions(&cluster, &told);
        let tell = teller(&target, &notifier, Related::Secret);
        let secrets = SecretWatches::new(cluster.client().clone(), tell);
        let waking = notifier.clone();
        let prerequisites = Prerequisites::new(cluster.clone(), move |key| waking.wake(key));
        let recent = Mutex::new((Instant::now(), cluster.with_empty_cache()));
        Views {
            target,
            cluster,
            externals,
            engines: Mutex::default(),
            secrets,
            _companions: companions,
            prerequisites,
            notifier,
            recent,
        }
    }

    /// The cluster with recent reads.
    pub fn recent(&self) -> Cluster {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.0.elapsed() > RECENT {
            *recent = (Instant::now(), self.cluster.with_empty_cache());
        }
        recent.1.clone()
    }

    /// The external object from the watch, or from the server if the watch does not work.
    ///
    /// # Errors
    /// Any error that keeps it from being read.
    pub async fn external<K: Kind>(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<K::External>>, everest_cluster::ClusterError> {
        let within = K::NAMESPACED.then_some(namespace);
        match self.externals.get(within, name).await {
            // What cannot be read is asked for below, and the answer says why.
            Lookup::Present(found) => {
                if let Ok(found) = found.parse() {
                    return Ok(Some(Arc::new(found)));
                }
            }
            Lookup::Absent => return Ok(None),
            Lookup::Unknown => {}
        }
        let found = self.cluster.requests(namespace).get(name).await?;
        Ok(found.map(Arc::new))
    }

    /// The engine's own object, if it may be watched, reduced to the parts that readiness needs.
    pub async fn engine(
        &self,
        engine: Engine,
        namespace: &str,
        name: &str,
    ) -> Seen<serde_json::Value> {
        let reflector = {
            let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
            engines
                .entry(engine)
                .or_insert_with(|| Arc::new(self.reflect_engine(engine)))
                .clone()
        };
        match reflector.get(Some(namespace), name).await {
            Lookup::Present(found) => found.to_json().map_or(Seen::Unread, Seen::Found),
            Lookup::Absent => Seen::Absent,
            Lookup::Unknown => Seen::Unread,
        }
    }

    fn reflect_engine(&self, engine: Engine) -> Reflector<CompactObject> {
        let kind = Arc::new(database_kind(engine));
        let tell = teller(&self.target, &self.notifier, Related::External);
        Reflector::start(
            Api::all_with(self.cluster.client().clone(), &kind),
            kind,
            trimmed(Some(trim_engine)),
            move |object: &CompactObject| tell(&object.metadata),
        )
    }

    /// The version of a Secret in the cluster, if the Secrets of its namespace may be watched; only
    /// their metadata is watched.
    pub async fn secret_version(&self, namespace: &str, name: &str) -> Option<String> {
        self.secrets.version(namespace, name).await
    }

    /// Ends the watches of Secrets in namespaces in which no managed resource needs one any more.
    pub fn forget_secrets(&self) {
        let relations = &self.notifier.relations;
        self.secrets
            .keep(|| relations.secret_namespaces(&self.target.key));
    }
}

/// Removes the metadata that no kind needs from an object, and what its own kind does not need.
fn trimmed(unneeded: Option<fn(&mut Value)>) -> impl FnMut(&mut CompactObject) {
    move |object| {
        // Above all the field ownership of other managers is unneeded.
        object.retain_managed_fields(|manager| manager == FIELD_MANAGER);
        if let Some(annotations) = &mut object.metadata.annotations {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        if let Some(unneeded) = unneeded {
            object.edit(unneeded);
        }
    }
}

/// The members of the status of an engine's own object that readiness needs.
const TOLD: [&str; 6] = [
    "state",
    "observedGeneration",
    "backupVersion",
    "message",
    "messages",
    "conditions",
];

/// Removes everything from the status of an engine's own object that readiness does not need. An
/// engine whose operator has said nothing has no status then, to be known from one that has.
fn trim_engine(object: &mut Value) {
    let Some(members) = object.as_object_mut() else {
        return;
    };
    let has_said = members.get_mut("status").is_some_and(|status| {
        let status = status.as_object_mut();
        status.is_some_and(|status| {
            status.retain(|key, _| TOLD.contains(&key.as_str()));
            !status.is_empty()
        })
    });
    if !has_said {
        members.remove("status");
    }
}

fn teller(
    target: &Arc<Target>,
    notifier: &Notifier,
    related: fn(super::config::TargetKey, String, String) -> Related,
) -> impl Fn(&ObjectMeta) + Send + Sync + 'static + use<> {
    let (key, notifier) = (target.key.clone(), notifier.clone());
    move |metadata| {
        let (namespace, name) = metadata::key(metadata);
        notifier.tell(&related(key.clone(), namespace, name));
    }
}

impl Views {
    /// Requests a reconcile of a managed resource whenever `related` changes.
    pub fn relate(&self, related: Related, key: &ResourceKey) {
        self.notifier.relations.relate(related, key);
    }
}

#[cfg(test)]
mod tests {
    use everest_core::readiness::not_carried;
    use everest_schemas::everest::DatabaseCluster;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_of_an_engines_object_still_tells_which_change_it_lacks() {
        let mut object = json!({
            "apiVersion": "pxc.percona.com/v1", "kind": "PerconaXtraDBCluster",
            "metadata": {"name": "orders", "generation": 1},
            "spec": {"pxc": {"size": 1}},
        });
        trim_engine(&mut object);
        assert!(object.get("status").is_none(), "nothing was said");
        let database: DatabaseCluster = serde_json::from_value(json!({
            "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
            "metadata": {"name": "orders"},
            "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "1Gi"}}},
        }))
        .unwrap();
        let lacking = not_carried(&database, &object);
        assert_eq!(lacking[0].field, "spec.pxc.size");
    }
}
