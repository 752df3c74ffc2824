//! What resources have in common whose objects stand alone: they are cluster-scoped, read no Secret,
//! and databases of all namespaces refer to them by name.

use async_trait::async_trait;
use everest_cluster::{
    Change, Cluster, ClusterError, Creation, Typed, Unacknowledged, Wait, dry_run, plain,
};
use everest_core::dry_run::is_wholly_known;
use everest_core::facts::Facts;
use everest_core::impact::Summary;
use everest_core::lifecycle::Used;
use everest_core::rules::Validate;
use everest_core::v1::ObjectMapping;
use everest_schemas::Field;
use everest_schemas::models::{Collection, EveryObject, Timeouts};
use serde::Serialize;
use tfplugin::{Model, Plan};

use crate::guardrails::Guarded;
use crate::key::Scope;
use crate::managed::Kind;
use crate::moved::ObjectKind;
use crate::timeouts::Defaults;

/// A kind of resource whose objects stand alone; its members are those of [`Kind`] and [`Guarded`].
pub trait Plain: Send + Sync + 'static {
    /// Its attributes.
    type Model: Model + Validate + ObjectMapping<Object: Typed + Used + Serialize> + PartialEq;
    /// The attributes of the data source that finds its objects.
    type Collection: Model + Collection<Model = Self::Model>;
    /// The type name in configurations.
    const TYPE: &'static str;
    /// The type name of the data source that finds its objects.
    const PLURAL: &'static str;
    /// The description of the data source that reads one of its objects.
    const EXISTING: &'static str;
    /// The kind of Kubernetes object that it stands for.
    const OBJECT: ObjectKind;
    /// See [`Kind::LASTING`].
    const LASTING: &'static [&'static str] = &[];

    /// See [`Kind::timeouts`].
    fn timeouts(model: &Self::Model) -> &Field<Timeouts>;

    /// See [`Kind::open_an_output`].
    fn open_an_output(planned: &mut Self::Model);

    /// The effect of a change on the databases that refer to the object.
    fn outlook(
        prior: &Self::Model,
        planned: &Self::Model,
        facts: &Facts,
        what: &str,
    ) -> Option<Summary> {
        let _ = (prior, planned, facts, what);
        None
    }
}

#[async_trait]
impl<K: Plain> Kind for K {
    type Model = K::Model;
    type Filter = EveryObject;
    type Collection = K::Collection;
    const TYPE: &'static str = K::TYPE;
    const PLURAL: &'static str = K::PLURAL;
    const EXISTING: &'static str = K::EXISTING;
    const OBJECT: ObjectKind = K::OBJECT;
    const SCOPE: Scope = Scope::Cluster;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);
    const LASTING: &'static [&'static str] = K::LASTING;

    fn timeouts(model: &K::Model) -> &Field<Timeouts> {
        K::timeouts(model)
    }

    fn is_ready(_: &K::Model) -> bool {
        true
    }

    fn open_an_output(planned: &mut K::Model) {
        K::open_an_output(planned);
    }

    async fn create(
        cluster: &Cluster,
        planned: &K::Model,
        _: &K::Model,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<K::Model> {
        plain::create(cluster, planned, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &K::Model,
        planned: &K::Model,
        _: &K::Model,
        wait: &Wait,
    ) -> Change<K::Model> {
        plain::update(cluster, prior, planned, wait).await
    }

    async fn delete(cluster: &Cluster, prior: &K::Model, wait: &Wait) -> Result<(), ClusterError> {
        plain::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl<K: Plain> Guarded for K {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, K::Model>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        let is_meaningful = dry_run_is_meaningful && is_wholly_known(&plan.config);
        dry_run::write(cluster, plan.prior.as_ref(), &plan.planned, is_meaningful).await
    }

    fn outlook(
        prior: Option<&K::Model>,
        planned: &K::Model,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        let prior = prior.into_iter();
        let changes = prior.filter_map(|prior| K::outlook(prior, planned, facts, what));
        changes.collect()
    }
}
