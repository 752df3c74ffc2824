//! What differs from one kind of resource to another.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Typed, Unacknowledged, Wait};
use everest_core::{rules::Validate, v1::ObjectMapping};
use everest_schemas::{Field, models::Timeouts};
use tfplugin::{Diagnostic, Diagnostics, Model, Plan, Private, ReadResult, Upgrade};

use crate::{diagnostics, key::Scope, listing::Filter, moved::ObjectKind, timeouts::Defaults};

/// One kind of resource.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// Its attributes.
    type Model: Model + Validate + ObjectMapping<Object: Typed> + PartialEq;
    /// What narrows a search for its objects.
    type Filter: Filter;
    /// As users write it.
    const TYPE: &'static str;
    /// The kind of Kubernetes object that it stands for.
    const OBJECT: ObjectKind;
    /// Where its objects live, and so what tells them apart.
    const SCOPE: Scope;
    /// How long its operations may take unless the user says otherwise.
    const TIMEOUTS: Defaults;
    /// Outputs that stay as they are in a plan that goes on waiting, as members of the model; all
    /// others are unknown in it.
    const LASTING: &'static [&'static str] = &[];
    /// The version of its schema: goes up when stored state has to be brought to another shape,
    /// which [`Kind::upgrades`] does.
    const VERSION: i64 = 0;
    /// What a creation that failed means, and what to do: the rest of its message.
    const AFTER_FAILURE: &'static str = "";

    /// How states of earlier versions of the schema become today's, one for each version.
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

    /// The UID that its state shows, where it has an attribute for that.
    fn uid(model: &Self::Model) -> Option<&str> {
        let _ = model;
        None
    }

    /// The user's time-outs; null where the resource has none.
    fn timeouts(model: &Self::Model) -> &Field<Timeouts>;

    /// Returns true if it is as it was asked for, as far as one look can tell.
    fn is_ready(model: &Self::Model) -> bool;

    /// Notes that it is not, whatever the cluster says at the moment, where it has an attribute
    /// for that.
    fn set_not_ready(model: &mut Self::Model) {
        let _ = model;
    }

    /// Leaves an output open in a plan that changes nothing a user has set, so that its apply comes
    /// to the object all the same.
    fn open_an_output(planned: &mut Self::Model);

    /// Checks a change and says which outputs it affects.
    fn plan(plan: &mut Plan<'_, Self::Model>) {
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
    }

    /// Adjusts the configuration that was written for an object that exists; `object` is that
    /// object, if it can be read.
    fn generated(
        config: &mut Self::Model,
        object: Option<&<Self::Model as ObjectMapping>::Object>,
    ) {
        let _ = (config, object);
    }

    /// Takes off what protects an object from its destruction, for one that never was ready.
    /// Returns true if there was anything.
    fn lift_protection(prior: &mut Self::Model) -> bool {
        let _ = prior;
        false
    }

    /// Objects to a destruction; asked at plan and again before the deletion, because a plan
    /// without a read does not see what a tainted object, or one that `-replace` names, was.
    fn forbid_destroy(prior: &Self::Model, diags: &mut Diagnostics) {
        diagnostics::report(prior.check_destruction(), diags);
    }

    /// An object that was read, with what belongs to it.
    async fn observe(
        cluster: &Cluster,
        object: &<Self::Model as ObjectMapping>::Object,
        prior: &Self::Model,
    ) -> Result<Self::Model, ClusterError> {
        let _ = prior;
        Ok(cluster.observed(object))
    }

    /// Looks at what belongs to an object that exists and is not in it. What is missing there is
    /// left to the next apply: see [`Private::set_pending`].
    async fn look_beside(
        cluster: &Cluster,
        prior: &Self::Model,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        let _ = (cluster, prior, private, diags);
    }

    /// What an object that is gone means for the state. `first`: that one that is kept is gone
    /// was not said yet.
    fn gone(prior: &Self::Model, first: bool, diags: &mut Diagnostics) -> ReadResult<Self::Model> {
        let _ = (prior, first, diags);
        ReadResult::Gone
    }

    /// Makes the object; what it makes is noted in `made`.
    async fn create(
        cluster: &Cluster,
        planned: &Self::Model,
        config: &Self::Model,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<Self::Model>;

    /// What a user should know of an object that was just made.
    async fn notices(cluster: &Cluster, made: &Self::Model, diags: &mut Diagnostics) {
        let _ = (cluster, made, diags);
    }

    /// Changes the object, or goes on waiting for it.
    async fn update(
        cluster: &Cluster,
        prior: &Self::Model,
        planned: &Self::Model,
        config: &Self::Model,
        wait: &Wait,
    ) -> Change<Self::Model>;

    /// What has to be done before the object goes. An error keeps it; what is told otherwise goes
    /// to `diags`.
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

    /// The objects there are in `namespace`, or in all.
    async fn list(
        cluster: &Cluster,
        namespace: Option<&str>,
    ) -> Result<Vec<Self::Model>, ClusterError> {
        cluster.list(namespace).await
    }
}
