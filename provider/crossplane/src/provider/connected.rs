//! A connected cluster: what the kinds do there with an external object.

mod at_provider;
mod undone;
mod validate;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use crossplane_managed::claim::Claim;
use crossplane_managed::external::{
    Claimed, Comparison, Connection, Difference as Differs, Ending, External, Holding, Observation,
    Planned, Ran, Readiness, Request, Shown, Updated,
};
use crossplane_managed::failure::Failure;
use crossplane_managed::metadata;
use everest_cluster::ClusterError;
use everest_core::Operation;
use everest_core::api::HELD_BY;
use everest_core::finding::Finding;
use everest_core::path::FieldPath;
use everest_core::readiness;
use everest_core::rules::Validate;
use everest_core::v1::{ObjectMapping, ownership};
use everest_schemas::managed::{Managed, ManagedModel, members};
use k8s_openapi::api::core::v1::Secret;
use kube::{Resource, ResourceExt};
use serde_json::{Map, Value, json};

use super::error::{ReconcileError, sentence};
use super::kind::differing::differing;
use super::kind::{Difference, Kind, Scene, at_version, holding};
use super::memory::Memory;
use super::views::Views;

/// The field manager of claims: what the manager of the spec applies and owns is compared with the
/// spec, and a claim is no part of it.
const CLAIMANT: &str = "everest-crossplane-holder";

/// The cluster of an external object, and what is wanted of the object.
pub struct Connected<K: Kind> {
    /// The configuration, with namespace and name of the external object.
    pub config: K::Model,
    /// Namespace of the external object; empty for a cluster-scoped object.
    pub namespace: String,
    /// The watches in its cluster.
    pub views: Arc<Views>,
    /// The schema of `status.atProvider`.
    pub at_provider: Arc<Value>,
}

/// The managed resource that is reconciled.
type Asked<'a, K> = Request<'a, Managed<<K as Kind>::Model>, Memory>;

impl<K: Kind> Connected<K> {
    fn scene<'a>(&'a self, request: &'a mut Asked<'_, K>) -> Scene<'a, K> {
        Scene {
            managed: request.managed,
            key: request.key,
            config: &self.config,
            namespace: &self.namespace,
            name: request.name,
            views: &self.views,
            control: request.control,
            state: request.memory,
        }
    }

    fn observation(
        &self,
        request: &Asked<'_, K>,
        found: Option<Arc<K::External>>,
    ) -> Observation<Arc<K::External>> {
        let Some(found) = found else {
            return Observation::Absent;
        };
        if request.is_deleting() && K::is_left(&self.config, &found, &request.key.0) {
            return Observation::Left(found);
        }
        match found.meta().deletion_timestamp {
            Some(_) => Observation::Going(found),
            None => Observation::Present(found),
        }
    }

    /// Removes values from the configuration that someone else has raised and taken over; other
    /// changes are made without them. Returns the raised values.
    async fn give_way(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &K::External,
    ) -> Result<Vec<Finding>, ReconcileError> {
        let mut config = self.config.clone();
        if config.said().is_empty() {
            return Ok(Vec::new());
        }
        let scene = self.scene(request);
        let observed = K::seen(&scene, external).await?;
        let manager = scene.cluster().field_manager().to_owned();
        let metadata = external.meta();
        let is_ours = |path: &FieldPath| ownership::owns(metadata, &manager, path);
        let raised = config.give_way(&observed, &is_ours);
        self.config = config;
        Ok(raised)
    }
}

/// The members that the server has chosen and the spec leaves open.
fn decided<K: Kind>(scene: &Scene<'_, K>, external: &K::External) -> Map<String, Value> {
    let mut decided = Value::Object(Map::new());
    // What is left to whoever has raised it is not open.
    let written = scene.managed.spec.for_provider.model.as_ref();
    let written = written.ok().and_then(|model| members(model).ok());
    let said = Value::Object(written.unwrap_or_default());
    let held = Value::Object(members(&scene.observed(external)).unwrap_or_default());
    for path in K::DECIDED {
        let pointer = format!("/{}", path.replace('.', "/"));
        let open = said.pointer(&pointer).is_none_or(Value::is_null);
        if let Some(value) = held
            .pointer(&pointer)
            .filter(|value| open && !value.is_null())
        {
            put(&mut decided, path, value);
        }
    }
    decided.as_object().cloned().unwrap_or_default()
}

fn put(object: &mut Value, path: &str, value: &Value) {
    let mut place = object;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value.clone();
}

/// The fields that an update is about.
fn fields<K: Kind>(
    scene: &Scene<'_, K>,
    external: &K::External,
    difference: &Difference,
) -> BTreeSet<String> {
    let wanted = scene.config.desired(Operation::Update);
    let held = scene.observed(external).desired(Operation::Update);
    let mut fields = differing(&wanted, &held);
    match difference {
        Difference::Members(change) => {
            let removed = change.removed.iter().map(|removal| format!("{removal:?}"));
            fields.extend(removed);
        }
        Difference::Secret { version } => {
            fields.insert(format!("the Secret of version {version:?}"));
        }
        // What is wanted of them shows in no field.
        other @ (Difference::Operators | Difference::Step) if fields.is_empty() => {
            fields.insert(format!("{other:?}"));
        }
        Difference::Operators | Difference::Step => {}
    }
    fields
}

/// The version of connection details.
fn version(endpoint: &str, credentials: &str) -> String {
    format!("{endpoint} {credentials}")
}

#[async_trait]
impl<K: Kind> External for Connected<K> {
    type Managed = Managed<K::Model>;
    type Memory = Memory;
    type Object = Arc<K::External>;
    type Change = Difference;

    async fn observe(
        &mut self,
        request: &mut Asked<'_, K>,
    ) -> Result<Observation<Arc<K::External>>, Failure> {
        let found = self
            .views
            .external::<K>(&self.namespace, request.name)
            .await;
        let found = found.map_err(ReconcileError::from)?;
        Ok(self.observation(request, found))
    }

    async fn observe_again(
        &mut self,
        request: &mut Asked<'_, K>,
    ) -> Result<Observation<Arc<K::External>>, Failure> {
        let scene = self.scene(request);
        let found = scene.requests().get(scene.name).await;
        let found = found.map_err(ReconcileError::from)?;
        Ok(self.observation(request, found.map(Arc::new)))
    }

    async fn compare(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &Arc<K::External>,
    ) -> Result<Comparison<Difference>, Failure> {
        let raised = self.give_way(request, external).await?;
        let scene = self.scene(request);
        let compared = K::compare(&scene, external).await?;
        let kind = K::Model::EVEREST_KIND;
        let difference = compared.difference.map(|difference| Differs {
            told: difference.told(kind),
            fields: fields(&scene, external, &difference),
            change: difference,
        });
        let kept = compared.kept.iter().map(|kept| kept.kept(kind));
        let comparison = Comparison {
            difference,
            notes: raised.iter().map(sentence).chain(kept).collect(),
            decided: decided(&scene, external),
        };
        request.memory.removing = compared.removing;
        Ok(comparison)
    }

    async fn create(&mut self, request: &mut Asked<'_, K>) -> Result<Arc<K::External>, Failure> {
        let created = K::create(&mut self.scene(request)).await?;
        request.memory.created(created.meta().generation);
        Ok(created)
    }

    async fn update(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &Arc<K::External>,
        difference: &Difference,
    ) -> Result<Updated<Arc<K::External>>, Failure> {
        let updated = K::update(&mut self.scene(request), external, difference).await?;
        let (before, after) = (external.meta(), updated.meta());
        if after.generation != before.generation {
            request.memory.changed(after.generation);
        }
        // A Secret has what was written to it, an object may not.
        let is_of_secret = matches!(difference, Difference::Secret { .. });
        Ok(Updated {
            // A lifecycle that only waits writes nothing.
            has_written: is_of_secret || after.resource_version != before.resource_version,
            is_settled: is_of_secret,
            object: updated,
        })
    }

    async fn delete(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &Arc<K::External>,
    ) -> Result<(), Failure> {
        Ok(K::delete(&mut self.scene(request), external).await?)
    }

    async fn show(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &Arc<K::External>,
    ) -> Result<Shown, Failure> {
        let mut scene = self.scene(request);
        let seen = K::seen(&scene, external).await?;
        let observed = Value::Object(members(&seen).unwrap_or_default());
        let mut at_provider = match at_provider::only(&observed, &self.at_provider) {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        let readiness = match K::readiness(&mut scene, external).await {
            readiness::Readiness::Ready => Readiness::Ready,
            readiness::Readiness::Pending(missing) => Readiness::Pending(missing),
            readiness::Readiness::Failed(reason) => Readiness::Failed(reason),
        };
        if let Some(ready) = at_provider.get_mut("ready") {
            *ready = json!(readiness == Readiness::Ready);
        }
        Ok(Shown {
            readiness,
            at_provider,
        })
    }

    async fn validate(
        &mut self,
        request: &mut Asked<'_, K>,
        planned: Planned<'_, Arc<K::External>, Difference>,
    ) -> Result<(), Failure> {
        Ok(validate::validate(&self.scene(request), planned).await?)
    }

    async fn may_take_over(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &Arc<K::External>,
        difference: &Difference,
    ) -> Result<(), Failure> {
        let scene = self.scene(request);
        Ok(validate::refuse_another(&scene, external, difference).await?)
    }

    async fn awaited(&mut self, request: &mut Asked<'_, K>) -> Result<Option<String>, Failure> {
        Ok(K::awaited(&mut self.scene(request)).await?)
    }

    async fn note_creation(
        &mut self,
        request: &mut Asked<'_, K>,
        external: Arc<K::External>,
    ) -> Result<Arc<K::External>, Failure> {
        Ok(K::note_creation(&mut self.scene(request), &external).await?)
    }

    async fn ending(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &Arc<K::External>,
    ) -> Result<Ending, Failure> {
        Ok(K::ending(&mut self.scene(request), external).await?)
    }

    async fn clean_up(&mut self, request: &mut Asked<'_, K>) -> Result<Option<String>, Failure> {
        Ok(K::clean_up(&mut self.scene(request)).await?)
    }

    async fn connection(
        &mut self,
        request: &mut Asked<'_, K>,
        external: &Arc<K::External>,
        published: Option<&str>,
    ) -> Result<Connection, Failure> {
        let Some((endpoint, credentials)) = K::endpoint(external) else {
            return Ok(Connection::Missing("its host name".to_owned()));
        };
        let scene = self.scene(request);
        scene.watch_secret(&credentials);
        let watched = scene
            .views
            .secret_version(scene.namespace, &credentials)
            .await;
        let known = watched.map(|watched| version(&endpoint, &watched));
        if known.is_some() && known.as_deref() == published {
            return Ok(Connection::Unchanged);
        }
        let secrets = scene.cluster().requests::<Secret>(scene.namespace);
        let found = secrets.get(&credentials).await;
        let found = found.map_err(ReconcileError::from)?;
        let Some(details) = K::details(external, found.as_ref()) else {
            let why = match found {
                Some(_) => "the credentials in",
                None => "the creation of",
            };
            return Ok(Connection::Missing(format!(
                "{why} the Secret {}/{credentials}",
                scene.namespace
            )));
        };
        let details = details.into_iter();
        Ok(Connection::There {
            version: found
                .map(|found| version(&endpoint, &found.resource_version().unwrap_or_default())),
            details: details
                .map(|(key, value)| (key, value.into_inner().into()))
                .collect(),
        })
    }

    fn holding(&self, external: &Arc<K::External>) -> Option<Holding> {
        Some(holding(external.meta()))
    }

    async fn claim(
        &mut self,
        request: &mut Asked<'_, K>,
        external: Arc<K::External>,
        claim: &Claim,
    ) -> Result<Claimed<Arc<K::External>>, Failure> {
        let scene = self.scene(request);
        let claimant = scene.cluster().clone().with_field_manager(CLAIMANT);
        let body = json!({"metadata": {"annotations": {HELD_BY: claim.to_string()}}});
        let body = at_version(body, &*external);
        let claimed = claimant
            .requests::<K::External>(scene.namespace)
            .merge(scene.name, &body)
            .await;
        match claimed {
            Ok(claimed) => Ok(Claimed::Made(Arc::new(claimed))),
            // Nothing was written, and the next reconcile follows at once.
            Err(error) if error.passes() || is_superseded(&error) => {
                Err(ReconcileError::from(error).into())
            }
            // Everest refuses each update of some objects until something is mended, and a role
            // may allow none. Both are said where there is something to update.
            Err(error) => {
                tracing::debug!(%error, holder = claim.holder, "nothing is claimed");
                Ok(Claimed::Refused(external))
            }
        }
    }

    async fn undone_by(&mut self, request: &mut Asked<'_, K>) -> Result<Option<String>, Failure> {
        let kind = <K::External as Resource>::kind(&());
        let shown = match K::NAMESPACED {
            true => format!("{kind} {}/{}", self.namespace, request.name),
            false => format!("{kind} {}", request.name),
        };
        Ok(Some(undone::by(&self.scene(request), &shown).await?))
    }

    fn busy(&self, external: &Arc<K::External>) -> Option<String> {
        K::busy(external)
    }

    fn takes_over(&self) -> bool {
        K::takes_over(&self.config)
    }

    /// A restore was begun once, by any process. Its object may be gone since, and with it its
    /// result.
    fn ran(&self, request: &Asked<'_, K>) -> Option<Ran> {
        let managed = request.managed;
        let state = managed.status.at_provider.get("state");
        let state = state.and_then(Value::as_str);
        let begun = state.is_some_and(|state| !state.is_empty());
        let has_run = K::RUNS_ONCE && (begun || metadata::was_created(&managed.metadata));
        has_run.then(|| Ran {
            has_succeeded: state == Some("Succeeded"),
            state: state.map(str::to_owned),
        })
    }

    fn remembered(&self, external: &Arc<K::External>) -> Option<(&'static str, Option<String>)> {
        K::remembered(&self.config, external)
    }

    fn held_by(&self, request: &Asked<'_, K>, external: &Arc<K::External>) -> Option<String> {
        let waiting = request.memory.waiting.clone();
        waiting.or_else(|| K::holders(external))
    }
}

/// Returns true if another object has the name now.
fn is_superseded(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Superseded { .. })
}
