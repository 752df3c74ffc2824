//! What every resource does the same way: asks the session for the cluster, calls the cluster,
//! and tells the protocol layer how it ended. A [`Kind`] holds what differs.

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::{Change, ClusterError, Creation, Unacknowledged};
use everest_core::{rules::Ruled, semantic, v1::Mapped};
use tfplugin::{
    Context, Deferral, Diagnostics, IdentityAttribute, MoveSource, Plan, Private, ReadResult,
    Resource, Update,
};
use tokio::time::Instant;

use crate::{
    diagnostics,
    guardrails::{self, Guarded},
    key::Key,
    moved, raised,
    replaced::{self, Former, Formers},
    session::Session,
};

mod kind;

pub use kind::Kind;

/// Private key: a change was begun, so that a "ready" may be the one from before it.
const UPDATING: &str = "updating";

/// Private key: that the object is gone was said, so it is not said again.
const GONE: &str = "gone";

/// A [`Kind`] on the provider's session.
pub struct Managed<K: Kind> {
    session: Arc<Session>,
    formers: Formers<K::Model>,
}

impl<K: Kind> Managed<K> {
    /// Notes an object of the state, for the plan of a creation that replaces it.
    fn note(&self, state: &K::Model, private: &Private, judged: bool) {
        let former = Former {
            state: state.clone(),
            never_ready: replaced::never_was_ready(private),
            judged,
        };
        self.formers.note(K::id(state), former);
    }

    /// The object that a plan is of, or that its creation replaces, as the state has it.
    fn former(&self, plan: &Plan<K::Model>) -> Option<Former<K::Model>> {
        if let Some(prior) = &plan.prior {
            self.note(prior, &plan.private, !plan.requires_replace().is_empty());
        }
        self.formers.of(&K::id(&plan.planned))
    }

    /// The resource on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            formers: Formers::default(),
        }
    }
}

/// Awaits what is only asked of the cluster: None when the run is stopped first.
pub async fn unless_stopped<T>(cx: &Context, operation: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = cx.stop.cancelled() => None,
        done = operation => Some(done),
    }
}

/// A resource as messages name it.
pub fn named<K: Kind>(model: &K::Model) -> String {
    format!("{} {}", K::TYPE, K::id(model))
}

/// The model of which nothing but the key is known.
fn stub<M: Mapped>(key: Key) -> M {
    M::at(key.namespace, key.name)
}

#[async_trait]
impl<K: Guarded> Resource for Managed<K> {
    type Model = K::Model;

    fn type_name(&self) -> &'static str {
        K::TYPE
    }

    fn pending_outputs(&self) -> &'static [&'static str] {
        K::PENDING
    }

    fn semantically_equal(&self, kind: &str, a: &str, b: &str) -> bool {
        semantic::equal(kind, a, b)
    }

    fn validate(&self, config: &K::Model, diags: &mut Diagnostics) {
        diagnostics::report(config.check_syntax(), diags);
    }

    async fn plan(&self, plan: &mut Plan<K::Model>, cx: &Context, diags: &mut Diagnostics) {
        raised::keep(plan, diags);
        K::plan(plan, diags);
        let prior = plan.prior.as_ref();
        diagnostics::report(plan.intended.check_time(prior, self.session.now()), diags);
        if !plan.is_create() && plan.changed() {
            // A flag is always JSON and the key is not reserved.
            let _ = plan.private.set(UPDATING, true);
        }
        let former = self.former(plan);
        if let Some(former) = former.filter(|_| plan.is_create()) {
            replaced::plan::<K>(&self.session, &former, plan, diags);
        } else if let Some(prior) = &plan.prior
            && !plan.requires_replace().is_empty()
        {
            let never_ready = replaced::never_was_ready(&plan.private);
            K::forbid_destroy(&replaced::as_judged::<K>(prior, never_ready, diags), diags);
        }
        guardrails::at_plan::<K>(&self.session, plan, cx, diags).await;
        self.session.note_planned(&plan.planned);
    }

    async fn plan_destroy(
        &self,
        prior: &K::Model,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) {
        let never_ready = replaced::never_was_ready(private);
        let prior = replaced::as_judged::<K>(prior, never_ready, diags);
        K::forbid_destroy(&prior, diags);
        guardrails::at_destroy::<K>(&self.session, &prior, cx, diags).await;
    }

    async fn read(
        &self,
        prior: &K::Model,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> ReadResult<K::Model> {
        let what = named::<K>(prior);
        let Some(cluster) = self.session.for_read(&what, diags).await else {
            return ReadResult::Keep;
        };
        let doing = format!("read {what}");
        let cluster = &cluster.hasty();
        let Some(read) = unless_stopped(cx, K::read(cluster, prior)).await else {
            diags.push(diagnostics::stopped(&doing));
            return ReadResult::Keep;
        };
        match read {
            Ok(Some(mut found)) => {
                private.remove(GONE);
                if K::is_ready(&found) {
                    replaced::note_ready(private);
                }
                self.note(prior, private, false);
                // A creation that never was ready cannot look ready from before; an update can.
                if private.get(UPDATING) != Some(true) {
                    if K::is_ready(&found) {
                        private.clear_pending();
                    }
                } else if private.pending().is_some() {
                    K::set_not_ready(&mut found);
                }
                let _ = unless_stopped(cx, K::look_beside(cluster, prior, private, diags)).await;
                ReadResult::Found(found)
            }
            Ok(None) => {
                let result = K::gone(prior, private.get(GONE) != Some(true), diags);
                if matches!(result, ReadResult::Keep) && !diags.has_errors() {
                    // Nothing that is gone can be waited for. A flag is always JSON and the key
                    // is not reserved.
                    private.clear_pending();
                    let _ = private.set(GONE, true);
                    self.note(prior, private, false);
                } else {
                    self.formers.forget(&K::id(prior));
                }
                result
            }
            Err(error) => {
                diags.push(self.session.cluster_error(&error, &doing, &what));
                ReadResult::Keep
            }
        }
    }

    async fn create(
        &self,
        planned: &K::Model,
        config: &K::Model,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> tfplugin::Creation<K::Model> {
        let what = named::<K>(planned);
        let doing = format!("create {what}");
        let cluster = match self.session.cluster().await {
            Ok(cluster) => cluster,
            Err(error) => return tfplugin::Creation::NotCreated(error.diagnostic(&doing)),
        };
        let cluster = &cluster.stopped_by(&cx.stop);
        // What the server will fill in is not known yet: only the configuration says what is
        // missing.
        let refused = guardrails::before_write::<K>(cluster, config, None, diags);
        if let Some(error) = unless_stopped(cx, refused)
            .await
            .unwrap_or_else(|| Some(diagnostics::stopped(&doing)))
        {
            return tfplugin::Creation::NotCreated(error);
        }
        let made = Unacknowledged::default();
        let replaces = replaced::take(private);
        let wait = K::TIMEOUTS.create(K::timeouts(planned), cx);
        let end = K::create(cluster, planned, config, &made, &wait).await;
        if !matches!(end, Creation::NotCreated(_)) {
            // What goes into the state is delivered next.
            cluster.acknowledge(made);
            raised::note(private, config);
        }
        match end {
            Creation::Created(state) => {
                K::notices(cluster, &state, diags).await;
                tfplugin::Creation::Created(state)
            }
            Creation::Pending {
                observed: mut state,
                error,
            } => {
                K::set_not_ready(&mut state);
                let why = diagnostics::still_pending(&error, &what);
                tfplugin::Creation::Pending { state, why }
            }
            Creation::NotCreated(ClusterError::AlreadyExists { object, .. }) if replaces => {
                tfplugin::Creation::NotCreated(diagnostics::name_is_taken(&object, &what))
            }
            Creation::NotCreated(error) => {
                let mut why = self.session.cluster_error(&error, &doing, &what);
                if matches!(error, ClusterError::AlreadyExists { .. }) {
                    // Before 1.16 Terraform hands no mark of the plan to this leg of an apply.
                    why.detail.push_str(diagnostics::UNLESS_REPLACED);
                }
                tfplugin::Creation::NotCreated(why)
            }
            Creation::Failed {
                observed: mut state,
                error,
            } => {
                K::set_not_ready(&mut state);
                replaced::note_failure(private);
                let error = diagnostics::failure(&error, &doing, K::AFTER_FAILURE);
                tfplugin::Creation::Failed { state, error }
            }
        }
    }

    async fn update(
        &self,
        prior: &K::Model,
        planned: &K::Model,
        config: &K::Model,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Update<K::Model> {
        let what = named::<K>(planned);
        let doing = format!("update {what}");
        let cluster = match self.session.cluster().await {
            Ok(cluster) => cluster,
            Err(error) => return Update::Refused(error.diagnostic(&doing)),
        };
        let cluster = &cluster.stopped_by(&cx.stop);
        let refused = guardrails::before_write::<K>(cluster, planned, Some(prior), diags);
        if let Some(error) = unless_stopped(cx, refused)
            .await
            .unwrap_or_else(|| Some(diagnostics::stopped(&doing)))
        {
            return Update::Refused(error);
        }
        let wait = K::TIMEOUTS.update(K::timeouts(planned), cx);
        let cluster = &cluster.accounting();
        let end = K::update(cluster, prior, planned, config, &wait).await;
        diags.extend(diagnostics::has_taken(&cluster.taken(), &what));
        if !matches!(end, Change::Refused(_)) {
            raised::note(private, config);
        }
        match end {
            Change::Done(state) => {
                private.remove(UPDATING);
                replaced::note_ready(private);
                Update::Updated(state)
            }
            Change::Pending {
                observed: mut state,
                error,
            } => {
                K::set_not_ready(&mut state);
                Update::Pending {
                    state,
                    why: diagnostics::still_pending(&error, &what),
                }
            }
            Change::Refused(error @ ClusterError::Failed { .. }) => {
                Update::Refused(diagnostics::failure(&error, &doing, K::AFTER_FAILURE))
            }
            Change::Refused(error) => {
                Update::Refused(self.session.cluster_error(&error, &doing, &what))
            }
        }
    }

    async fn delete(
        &self,
        prior: &K::Model,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) {
        let mut known = Diagnostics::new();
        let never_ready = replaced::never_was_ready(private);
        // The plan has said why nothing protects it.
        let prior = &replaced::as_judged::<K>(prior, never_ready, &mut known);
        K::forbid_destroy(prior, diags);
        if diags.has_errors() {
            return;
        }
        let what = named::<K>(prior);
        let doing = format!("destroy {what}");
        match self.session.cluster().await {
            Ok(cluster) => {
                let cluster = &cluster.stopped_by(&cx.stop);
                let wait = K::TIMEOUTS.delete(K::timeouts(prior), cx);
                let begun = Instant::now();
                if let Err(error) = K::before_delete(cluster, prior, &wait, diags).await {
                    return diags.push(error);
                }
                let deleted = K::delete(cluster, prior, &wait.less(begun.elapsed())).await;
                if let Err(error) = deleted {
                    diags.push(self.session.cluster_error(&error, &doing, &what));
                }
            }
            Err(error) => diags.push(error.diagnostic(&doing)),
        }
    }

    fn identity(&self) -> &'static [IdentityAttribute] {
        K::SCOPE.identity()
    }

    fn import_id(&self, id: &str, diags: &mut Diagnostics) -> Option<K::Model> {
        K::SCOPE.key(K::TYPE, id, diags).map(stub)
    }

    fn before_import(&self, cx: &Context) {
        if self.session.awaits_settings() {
            // A client that cannot wait goes on, and the read says what is missing.
            cx.defer(Deferral::ProviderConfigUnknown);
        }
    }

    async fn generate_config(&self, config: &mut K::Model) {
        // Read a moment ago, to be imported or listed.
        let object = match self.session.cluster().await {
            Ok(cluster) => cluster.hasty().object(config).await.ok().flatten(),
            Err(_) => None,
        };
        K::generated(config, object.as_ref());
    }

    fn move_from(
        &self,
        source: &MoveSource,
        _: &mut Private,
        diags: &mut Diagnostics,
    ) -> Option<K::Model> {
        moved::key(source, K::TYPE, K::OBJECT, K::SCOPE, diags).map(stub)
    }
}

#[cfg(test)]
mod tests;
