//! The common part of all resources: gets the cluster from the session, calls `everest-cluster`,
//! and returns the result to the protocol layer. A [`Kind`] holds the differences.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use everest_cluster::{Change, Cluster, ClusterError, Creation, Namesake, Unacknowledged};
use everest_core::{computed, path::FieldPath, rules::Validate, semantic, v1::ObjectMapping};
use tfplugin::{
    Context, CreateRequest, Deferral, DeleteRequest, Diagnostic, Diagnostics, IdentityAttribute,
    ImportRequest, MoveRequest, Plan, PlanDestroyRequest, Private, ReadRequest, ReadResult,
    Resource, Update, UpdateRequest, Upgrade,
};
use tokio::time::Instant;

use crate::{
    diagnostics,
    guardrails::{self, Guarded},
    key::Key,
    missing_rights, moved, raised,
    replaced::{self, Former, Formers, Seen},
    session::Session,
};

mod kind;

pub use kind::Kind;

/// Private key: a change was begun, so that `ready` may be from before it.
const UPDATING: &str = "updating";

/// Private key: the object still has the mark of its creation, so another state with the same
/// configuration would adopt it. The next apply removes the mark.
const UNACKNOWLEDGED: &str = "unacknowledged";

/// The age after which the last read of an object does not count before a deletion, so that it is
/// read again.
const LONG: Duration = Duration::from_secs(5);

/// Private key: the warning that the object is gone was shown, so it is not repeated.
const GONE: &str = "gone";

/// A [`Kind`] on the provider's session.
pub struct Managed<K: Kind> {
    session: Arc<Session>,
    formers: Formers<K::Model>,
    pending: OnceLock<Vec<&'static str>>,
}

impl<K: Kind> Managed<K> {
    /// Notes an object of the state, for the plan of a creation that replaces it.
    fn note(&self, state: &K::Model, private: &Private, seen: Seen) {
        let former = Former {
            state: state.clone(),
            private: private.clone(),
            seen,
        };
        self.formers.note(K::id(state), former);
    }

    /// The object in the state that a plan is about, or that its creation replaces.
    fn former(&self, plan: &Plan<'_, K::Model>) -> Option<Former<K::Model>> {
        if let Some(prior) = &plan.prior {
            let seen = if plan.requires_replace().is_empty() {
                Seen::Planned
            } else {
                Seen::Judged
            };
            self.note(prior, &plan.private, seen);
        }
        self.formers.of(&K::id(&plan.planned))
    }

    /// Notes the plan for the others of this run.
    fn note_unapplied(&self, plan: &mut Plan<'_, K::Model>) {
        let prior = plan.prior.as_ref().map(named::<K>);
        let what = named::<K>(&plan.planned);
        let is_awaited =
            K::is_up_after(&plan.planned) && plan.prior.as_ref() != Some(&plan.planned);
        let unapplied = self.session.unapplied();
        unapplied.note(plan, prior.as_deref(), &what, is_awaited);
    }

    /// The resource on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            formers: Formers::default(),
            pending: OnceLock::new(),
        }
    }
}

/// The outputs that are unknown in a plan that resumes a wait, in Terraform's names. They are
/// leaked: a resource makes them once, and lives as long as the process.
fn pending_outputs(
    lasting: &[&str],
    outputs: impl Iterator<Item = &'static FieldPath>,
) -> Vec<&'static str> {
    let pending = outputs.filter(|path| !lasting.contains(&path.to_string().as_str()));
    pending.map(|path| &*path.snake_case().leak()).collect()
}

/// Awaits a read of the cluster; `None` if the run is stopped first.
pub async fn unless_stopped<T>(cx: &Context, operation: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = cx.stop.cancelled() => None,
        done = operation => Some(done),
    }
}

/// Compares the object that has the name now with the one in the state, whose private state is
/// `private`: see [`Cluster::namesake`].
async fn namesake<K: Kind>(
    cluster: &Cluster,
    prior: &K::Model,
    private: &Private,
) -> Result<Namesake, ClusterError> {
    let noted = replaced::uid_of_former(private);
    // What a state shows after a replacement that was cut off is the new object's.
    let uid = noted.as_deref().or_else(|| K::uid(prior));
    cluster.namesake(prior, uid).await
}

/// A resource as messages name it.
pub fn named<K: Kind>(model: &K::Model) -> String {
    format!("{} {}", K::TYPE, K::id(model))
}

/// A model with nothing but the key.
fn stub<M: ObjectMapping>(key: Key) -> M {
    M::at(key.namespace, key.name)
}

impl<K: Guarded> Resource for Managed<K> {
    type Model = K::Model;

    fn type_name(&self) -> &'static str {
        K::TYPE
    }

    fn version(&self) -> i64 {
        K::VERSION
    }

    fn upgrades(&self) -> Vec<Upgrade<K::Model>> {
        K::upgrades()
    }

    fn pending_outputs(&self) -> &[&'static str] {
        self.pending
            .get_or_init(|| pending_outputs(K::LASTING, computed::of::<K::Model>()))
    }

    fn semantically_equal(&self, kind: &str, a: &str, b: &str) -> bool {
        semantic::equal(kind, a, b)
    }

    fn validate(&self, config: &K::Model, diags: &mut Diagnostics) {
        diagnostics::report(config.check_syntax(), diags);
    }

    async fn plan(&self, plan: &mut Plan<'_, K::Model>) -> Result<(), Diagnostic> {
        if !plan.is_create() {
            replaced::settle(&mut plan.private);
        }
        raised::keep(plan);
        K::plan(plan);
        if !plan.is_create() && plan.private.get(UNACKNOWLEDGED) == Some(true) {
            K::open_an_output(&mut plan.planned);
        }
        let (intended, prior) = guardrails::judged(plan);
        let found = intended.check_time(prior, self.session.now());
        diagnostics::report(found, plan.diags);
        let former = self.former(plan).filter(|_| plan.is_create());
        if !plan.is_create() && plan.changed() {
            // A flag is always JSON and the key is not reserved.
            let _ = plan.private.set(UPDATING, true);
        }
        // Terraform shows the second plan of a replacement only if it has an error.
        let is_shown = former
            .as_ref()
            .is_none_or(|former| former.seen == Seen::Read);
        if let Some(former) = former {
            replaced::plan::<K>(&self.session, &former, plan);
        } else if let Some(prior) = &plan.prior
            && !plan.requires_replace().is_empty()
        {
            let never_ready = replaced::never_was_ready(&plan.private);
            let judged = replaced::as_judged::<K>(prior, never_ready, plan.diags);
            K::forbid_destroy(&judged, plan.diags);
            if K::id(prior) != K::id(&plan.planned) {
                self.session.note_destroyed(prior);
            }
        }
        guardrails::at_plan::<K>(&self.session, plan, is_shown).await;
        self.session.note_planned(&plan.planned);
        self.note_unapplied(plan);
        Ok(())
    }

    async fn plan_destroy(
        &self,
        request: PlanDestroyRequest<'_, K::Model>,
    ) -> Result<(), Diagnostic> {
        let diags = request.diags;
        let what = named::<K>(&request.prior);
        diags.extend(self.session.unapplied().note_destroyed(&what));
        let never_ready = replaced::never_was_ready(request.private);
        let prior = replaced::as_judged::<K>(&request.prior, never_ready, diags);
        K::forbid_destroy(&prior, diags);
        guardrails::at_destroy::<K>(&self.session, &prior, request.cx, diags).await;
        if !diags.has_errors() {
            self.session.note_destroyed(&prior);
        }
        Ok(())
    }

    async fn read(
        &self,
        request: ReadRequest<'_, K::Model>,
    ) -> Result<ReadResult<K::Model>, Diagnostic> {
        let ReadRequest {
            prior,
            private,
            cx,
            diags,
            ..
        } = request;
        replaced::settle(private);
        let prior = &prior;
        let what = named::<K>(prior);
        let Some(cluster) = self.session.for_read(&what, diags).await? else {
            return Ok(ReadResult::Keep);
        };
        let doing = format!("read {what}");
        let cluster = &cluster.fail_fast().accounting();
        let read = async {
            let Some(object) = cluster.object(prior).await? else {
                return Ok(None);
            };
            let found = K::observe(cluster, &object, prior).await?;
            Ok::<_, ClusterError>(Some((found, object)))
        };
        let read = unless_stopped(cx, read)
            .await
            .ok_or_else(|| diagnostics::stopped(&doing))?;
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                return missing_rights::unread(&self.session, K::TYPE, &error, &doing, &what);
            }
        };
        let read = Ok(match read {
            Some((mut found, object)) => {
                private.remove(GONE);
                if private.is_unread() {
                    // Nothing may ever be applied: what was imported is what was agreed to.
                    raised::note(private, &found);
                }
                let uid = replaced::uid(private);
                if let Some(held) = cluster.uid_held(&object, uid.as_deref()) {
                    replaced::note_uid(private, Some(held));
                }
                if cluster.is_unacknowledged(&object, uid.as_deref()) {
                    // A flag is always JSON and the key is not reserved.
                    let _ = private.set(UNACKNOWLEDGED, true);
                } else {
                    private.remove(UNACKNOWLEDGED);
                }
                if K::is_ready(&found) {
                    replaced::note_ready(private);
                }
                self.note(prior, private, Seen::Read);
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
            None => {
                let result = K::gone(prior, private.get(GONE) != Some(true), diags);
                if matches!(result, ReadResult::Keep) && !diags.has_errors() {
                    // Nothing that is gone can be waited for. A flag is always JSON and the key
                    // is not reserved.
                    private.clear_pending();
                    let _ = private.set(GONE, true);
                    self.note(prior, private, Seen::Read);
                } else {
                    self.formers.forget(&K::id(prior));
                }
                result
            }
        });
        missing_rights::unchecked(&self.session, K::TYPE, cluster, diags);
        read
    }

    async fn create(
        &self,
        request: CreateRequest<'_, K::Model>,
    ) -> Result<tfplugin::Creation<K::Model>, Diagnostic> {
        let CreateRequest {
            planned,
            config,
            private,
            cx,
            diags,
            ..
        } = request;
        let (planned, config) = (&planned, &config);
        let what = named::<K>(planned);
        self.session.unapplied().note_applied(&what);
        let doing = format!("create {what}");
        let cluster = self.session.cluster().await;
        let cluster = cluster.map_err(|error| error.diagnostic(&doing))?;
        let cluster = &cluster.stopped_by(&cx.stop);
        // What the server will fill in is not known yet: only the configuration says what is
        // missing.
        let allowed = guardrails::before_write::<K>(cluster, config, None, &doing, diags);
        unless_stopped(cx, allowed)
            .await
            .unwrap_or_else(|| Err(diagnostics::stopped(&doing)))?;
        let made = Unacknowledged::default();
        let replaces = replaced::take(private);
        private.remove(UNACKNOWLEDGED);
        let wait = K::TIMEOUTS.create(K::timeouts(planned), cx);
        let cluster = &cluster.accounting();
        let end = K::create(cluster, planned, config, &made, &wait).await;
        diags.extend(diagnostics::was_rewritten(&cluster.rewritten(), &what));
        if !matches!(end, Creation::NotCreated(_)) {
            replaced::note_uid(private, made.uid());
            // What goes into the state is delivered next.
            cluster.acknowledge(made);
            raised::note(private, config);
        }
        match end {
            Creation::Created(state) => {
                K::notices(cluster, &state, diags).await;
                Ok(tfplugin::Creation::Created(state))
            }
            Creation::Pending {
                observed: mut state,
                error,
            } => {
                K::set_not_ready(&mut state);
                let why = diagnostics::still_pending(&error, &what);
                Ok(tfplugin::Creation::Pending { state, why })
            }
            Creation::NotCreated(ClusterError::AlreadyExists { object, .. }) if replaces => {
                Err(diagnostics::name_is_taken(&object, &what))
            }
            Creation::NotCreated(ClusterError::AlreadyExists { object, remedy }) => {
                // Before 1.16 Terraform hands no mark of the plan to this leg of an apply.
                let remedy = diagnostics::unless_replaced(&remedy);
                let error = ClusterError::AlreadyExists { object, remedy };
                Err(self.session.cluster_error(&error, &doing, &what))
            }
            Creation::NotCreated(error) => Err(self.session.cluster_error(&error, &doing, &what)),
            Creation::Failed {
                observed: mut state,
                error,
            } => {
                K::set_not_ready(&mut state);
                replaced::note_failure(private);
                let error = diagnostics::failure(&error, &doing, K::AFTER_FAILURE);
                Ok(tfplugin::Creation::Failed { state, error })
            }
        }
    }

    async fn update(
        &self,
        request: UpdateRequest<'_, K::Model>,
    ) -> Result<Update<K::Model>, Diagnostic> {
        let UpdateRequest {
            prior,
            planned,
            config,
            private,
            cx,
            diags,
            ..
        } = request;
        let (prior, planned, config) = (&prior, &planned, &config);
        let what = named::<K>(planned);
        self.session.unapplied().note_applied(&what);
        let doing = format!("update {what}");
        let cluster = self.session.cluster().await;
        let cluster = cluster.map_err(|error| error.diagnostic(&doing))?;
        let cluster = &cluster.stopped_by(&cx.stop);
        let allowed = guardrails::before_write::<K>(cluster, planned, Some(prior), &doing, diags);
        unless_stopped(cx, allowed)
            .await
            .unwrap_or_else(|| Err(diagnostics::stopped(&doing)))?;
        let of_others = unless_stopped(cx, namesake::<K>(cluster, prior, private))
            .await
            .ok_or_else(|| diagnostics::stopped(&doing))?;
        if let Namesake::Foreign(error) = of_others.unwrap_or_else(Namesake::Foreign) {
            return Err(self.session.cluster_error(&error, &doing, &what));
        }
        let wait = K::TIMEOUTS.update(K::timeouts(planned), cx);
        let cluster = &cluster.accounting();
        let end = K::update(cluster, prior, planned, config, &wait).await;
        diags.extend(diagnostics::has_taken(&cluster.taken(), &what));
        diags.extend(diagnostics::was_rewritten(&cluster.rewritten(), &what));
        if !matches!(end, Change::Refused(_)) {
            raised::note(private, config);
        }
        match end {
            Change::Done(state) => {
                private.remove(UPDATING);
                private.remove(UNACKNOWLEDGED);
                replaced::note_ready(private);
                Ok(Update::Updated(state))
            }
            Change::Pending {
                observed: mut state,
                error,
            } => {
                K::set_not_ready(&mut state);
                Ok(Update::Pending {
                    state,
                    why: diagnostics::still_pending(&error, &what),
                })
            }
            Change::Refused(error @ ClusterError::Failed { .. }) => {
                Err(diagnostics::failure(&error, &doing, K::AFTER_FAILURE))
            }
            Change::Refused(error) => Err(self.session.cluster_error(&error, &doing, &what)),
        }
    }

    async fn delete(&self, request: DeleteRequest<'_, K::Model>) -> Result<(), Diagnostic> {
        let DeleteRequest {
            prior,
            private,
            cx,
            diags,
            ..
        } = request;
        let mut known = Diagnostics::new();
        let never_ready = replaced::never_was_ready(private);
        // The plan has said why nothing protects it.
        let prior = &replaced::as_judged::<K>(&prior, never_ready, &mut known);
        K::forbid_destroy(prior, diags);
        if diags.has_errors() {
            return Ok(());
        }
        let what = named::<K>(prior);
        self.session.unapplied().note_applied(&what);
        let doing = format!("destroy {what}");
        let cluster = self.session.cluster().await;
        let cluster = cluster.map_err(|error| error.diagnostic(&doing))?;
        let cluster = &cluster.stopped_by(&cx.stop);
        let refused = |error: ClusterError| self.session.cluster_error(&error, &doing, &what);
        match namesake::<K>(cluster, prior, private)
            .await
            .map_err(refused)?
        {
            // A replacement that was cut off may have made the new object already.
            Namesake::Ours if replaced::replaced_uid(private).is_some() => {
                tracing::info!(resource = what, "the object is gone: another has its name");
                return Ok(());
            }
            Namesake::Foreign(error) => return Err(refused(error)),
            Namesake::Ours | Namesake::None => {}
        }
        let wait = K::TIMEOUTS.delete(K::timeouts(prior), cx);
        let begun = Instant::now();
        K::before_delete(cluster, prior, &wait, diags).await?;
        // What comes before may take hours.
        if begun.elapsed() > LONG
            && let Namesake::Foreign(error) = namesake::<K>(cluster, prior, private)
                .await
                .map_err(refused)?
        {
            return Err(refused(error));
        }
        K::delete(cluster, prior, &wait.less(begun.elapsed()))
            .await
            .map_err(refused)
    }

    fn identity(&self) -> Vec<IdentityAttribute> {
        K::SCOPE.identity()
    }

    async fn import(&self, request: ImportRequest<'_>) -> Result<K::Model, Diagnostic> {
        K::SCOPE.key(K::TYPE, request.id).map(stub)
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
            Ok(cluster) => cluster.fail_fast().object(config).await.ok().flatten(),
            Err(_) => None,
        };
        K::generated(config, object.as_ref());
    }

    async fn move_from(&self, request: MoveRequest<'_>) -> Result<Option<K::Model>, Diagnostic> {
        let key = moved::key(
            &request.type_name,
            &request.state,
            K::TYPE,
            K::OBJECT,
            K::SCOPE,
        )?;
        Ok(key.map(stub))
    }
}

#[cfg(test)]
mod tests;
