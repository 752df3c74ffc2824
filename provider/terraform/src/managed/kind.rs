//! The differences between kinds of resources.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Typed, Unacknowledged, Wait};
use everest_core::{rules::Validate, v1::ObjectMapping};
use everest_schemas::{
    Field,
    models::{Collection, Timeouts},
};
use tfplugin::{Diagnostic, Diagnostics, Model, Plan, Private, ReadResult, Upgrade};

use crate::{diagnostics, key::Scope, listing::Filter, moved::ObjectKind, timeouts::Defaults};

/// One kind of resource.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// Its attributes.
    type Model: Model + Validate + ObjectMapping<Object: Typed> + PartialEq;
    /// The filter of a search for its objects.
    type Filter: Filter;
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
    /// The scope of its objects, which determines their keys.
    const SCOPE: Scope;
    /// The default timeouts of its operations.
    const TIMEOUTS: Defaults;
    /// Outputs that keep their value in a plan that resumes a wait, as members of the model; all
    /// others are unknown in it.
    const LASTING: &'static [&'static str] = &[];
    /// The version of its schema. It goes up if stored state needs a conversion, which
    /// [`Kind::upgrades`] does.
    const VERSION: i64 = 0;
    /// The advice after a failed creation, as the rest of its message.
    const AFTER_FAILURE: &'static str = "";

    /// The conversions of states of earlier schema versions, one for each version.
    fn upgrades() -> Vec<Upgrade<Self::Model>> {
        Vec::new()
    }

    /// Its import id, which also names it in messages.
    fn id(model: &Self::Model) -> String {
        let (namespace, name) = model.key();
        match model.namespace() {
            Some(_) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        }
    }

    /// The UID in the state, if there is an attribute for it.
    fn uid(model: &Self::Model) -> Option<&str> {
        let _ = model;
        None
    }

    /// The configured timeouts; null if the resource has no such attribute.
    fn timeouts(model: &Self::Model) -> &Field<Timeouts>;

    /// Returns true if the object is as wanted, as far as one read can show.
    fn is_ready(model: &Self::Model) -> bool;

    /// Returns true if an apply of `planned` waits until the object can be used.
    fn is_up_after(planned: &Self::Model) -> bool {
        let _ = planned;
        true
    }

    /// Marks the object as not ready, whatever the cluster reports, if there is an attribute for
    /// that.
    fn set_not_ready(model: &mut Self::Model) {
        let _ = model;
    }

    /// Makes an output unknown in a plan without other changes, so that the apply is run for the
    /// object.
    fn open_an_output(planned: &mut Self::Model);

    /// Checks a change and says which outputs it affects.
    fn plan(plan: &mut Plan<'_, Self::Model>) {
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
    }

    /// Adjusts the generated configuration of an existing object; `object` is that object, if it
    /// can be read.
    fn generated(
        config: &mut Self::Model,
        object: Option<&<Self::Model as ObjectMapping>::Object>,
    ) {
        let _ = (config, object);
    }

    /// Removes the protection of an object that was never ready from its destruction. Returns true
    /// if there was any.
    fn lift_protection(prior: &mut Self::Model) -> bool {
        let _ = prior;
        false
    }

    /// Refuses a destruction if the object is protected. Called at plan and again before the
    /// deletion, because a plan without a read does not have the state of a tainted object, or of
    /// one that `-replace` names.
    fn forbid_destroy(prior: &Self::Model, diags: &mut Diagnostics) {
        diagnostics::report(prior.check_destruction(), diags);
    }

    /// The model of an object that was read, completed from related objects.
    async fn observe(
        cluster: &Cluster,
        object: &<Self::Model as ObjectMapping>::Object,
        prior: &Self::Model,
    ) -> Result<Self::Model, ClusterError> {
        let _ = prior;
        Ok(cluster.observed(object))
    }

    /// Reads objects that belong to an existing object. If something is missing, the next apply
    /// restores it: see [`Private::set_pending`].
    async fn look_beside(
        cluster: &Cluster,
        prior: &Self::Model,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        let _ = (cluster, prior, private, diags);
    }

    /// Decides what happens to the state of an object that is gone. `first` is true if the warning
    /// about that was not shown yet.
    fn gone(prior: &Self::Model, first: bool, diags: &mut Diagnostics) -> ReadResult<Self::Model> {
        let _ = (prior, first, diags);
        ReadResult::Gone
    }

    /// Creates the object, and notes it in `made`.
    async fn create(
        cluster: &Cluster,
        planned: &Self::Model,
        config: &Self::Model,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<Self::Model>;

    /// Warnings about a new object.
    async fn notices(cluster: &Cluster, made: &Self::Model, diags: &mut Diagnostics) {
        let _ = (cluster, made, diags);
    }

    /// Changes the object, or resumes a wait for it.
    async fn update(
        cluster: &Cluster,
        prior: &Self::Model,
        planned: &Self::Model,
        config: &Self::Model,
        wait: &Wait,
    ) -> Change<Self::Model>;

    /// The steps before the deletion. An error keeps the object; other reports go to `diags`.
    async fn before_delete(
        cluster: &Cluster,
        prior: &Self::Model,
        wait: &Wait,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let _ = (cluster, prior, wait, diags);
        Ok(())
    }

    /// Removes the object.
    async fn delete(
        cluster: &Cluster,
        prior: &Self::Model,
        wait: &Wait,
    ) -> Result<(), ClusterError>;

    /// The existing objects in `namespace`, or in all namespaces, that a label selector chooses; an
    /// empty one chooses all.
    async fn list(
        cluster: &Cluster,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Self::Model>, ClusterError> {
        cluster.list(namespace, selector).await
    }
}
