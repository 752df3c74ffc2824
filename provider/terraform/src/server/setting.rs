//! The common part of the settings of Everest's own server. A [`ServerSetting`] holds the
//! differences.

use std::{borrow::Cow, collections::BTreeSet, marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Wait, server::release};
use everest_core::{finding::Finding, rules::server::ValidateSetting, semantic};
use everest_schemas::{
    Field,
    models::{EveryObject, Existing, Timeouts},
};
use tfplugin::{
    Context, CreateRequest, Creation, DataSource, Deferral, DeleteRequest, Diagnostic, Diagnostics,
    IdentityAttribute, ImportRequest, ListRequest, ListResource, LookupRequest, Model, Plan,
    PlanDestroyRequest, Private, ReadRequest, ReadResult, Resource, Update, UpdateRequest,
};
use tokio::sync::Mutex;

use crate::{
    diagnostics,
    existing::read,
    listing::{searched, send},
    managed::unless_stopped,
    missing_rights,
    session::Session,
    timeouts::Defaults,
};

/// Private key of a setting: the run that has created it.
const CREATED_BY: &str = "created-by";

/// A setting of Everest's own server.
#[async_trait]
pub trait ServerSetting: Send + Sync + 'static {
    /// Its attributes.
    type Model: Model + ValidateSetting + Clone + PartialEq + Send + Sync;
    /// The type name in configurations.
    const TYPE: &'static str;
    /// The description of the data source that reads it.
    const EXISTING: &'static str;
    /// The attribute that identifies it.
    const IDENTITY: &'static str;
    /// The default timeouts of its operations.
    const TIMEOUTS: Defaults;
    /// Outputs that are unknown in a plan that goes on with a change.
    const PENDING: &'static [&'static str] = &[];

    /// Its import id.
    fn id(model: &Self::Model) -> String;

    /// The model with an import id alone.
    ///
    /// # Errors
    /// If there is no setting with that id.
    fn stub(id: &str) -> Result<Self::Model, Diagnostic>;

    /// The configured timeouts.
    fn timeouts(model: &Self::Model) -> &Field<Timeouts>;

    /// Says which outputs a change affects.
    fn plan(plan: &mut Plan<'_, Self::Model>) {
        let _ = plan;
    }

    /// The setting as it is; `None` if it does not exist.
    async fn read(
        cluster: &Cluster,
        prior: &Self::Model,
    ) -> Result<Option<Self::Model>, ClusterError>;

    /// Every setting of the type that exists.
    async fn all(cluster: &Cluster) -> Result<Vec<Self::Model>, ClusterError>;

    /// Leaves out of the configuration of an export what the configurations of other settings have.
    fn export(config: &mut Self::Model) {
        let _ = config;
    }

    /// Looks for a change that has to go on: see [`Private::set_pending`].
    async fn look_beside(
        cluster: &Cluster,
        prior: &Self::Model,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        let _ = (cluster, prior, private, diags);
    }

    /// Creates the setting, or changes it if there is a `prior` state.
    async fn write(
        cluster: &Cluster,
        prior: Option<&Self::Model>,
        planned: &Self::Model,
        config: &Self::Model,
        wait: &Wait,
    ) -> Change<Self::Model>;

    /// Findings about a setting that was written.
    fn notices(planned: &Self::Model, written: &Self::Model) -> Vec<Finding> {
        let _ = (planned, written);
        Vec::new()
    }

    /// Removes the setting.
    async fn remove(
        cluster: &Cluster,
        prior: &Self::Model,
        wait: &Wait,
    ) -> Result<(), ClusterError>;
}

/// A setting as messages name it.
pub fn named<S: ServerSetting>(model: &S::Model) -> String {
    format!("{} {}", S::TYPE, S::id(model))
}

/// The stub of the only setting of its kind.
///
/// # Errors
/// If the id is not that of the setting.
pub fn only<S: ServerSetting>(
    id: &str,
    known: &str,
    model: S::Model,
) -> Result<S::Model, Diagnostic> {
    if id == known {
        return Ok(model);
    }
    Err(Diagnostic::error(
        format!("Cannot import {}: {id:?} is not an import id", S::TYPE),
        format!(
            "There is one {} of each Everest, with the id {known:?}.",
            S::TYPE
        ),
    ))
}

/// The resource of a [`ServerSetting`] on the provider's session.
pub struct Setting<S> {
    session: Arc<Session>,
    /// The name of this run among all that have created settings.
    run: String,
    /// The ids of the settings that this run has created. A setting has no UID: its id is all that
    /// names it. So a creation and a destruction of one id must not overlap.
    created: Mutex<BTreeSet<String>>,
    setting: PhantomData<fn() -> S>,
}

impl<S: ServerSetting> Setting<S> {
    /// The resource on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            run: format!("{}/{}", std::process::id(), session.now()),
            session,
            created: Mutex::default(),
            setting: PhantomData,
        }
    }

    /// Writes the setting while `doing` that. Returns its state, and what keeps the change from being
    /// done.
    async fn write(
        &self,
        doing: &str,
        prior: Option<&S::Model>,
        (planned, config): (&S::Model, &S::Model),
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(S::Model, Option<Diagnostic>), Diagnostic> {
        let found = planned.check_syntax().into_iter();
        let found = found.chain(planned.check(prior, config));
        let mut checked = Diagnostics::new();
        diagnostics::report(found, &mut checked);
        // What warns was told by the plan.
        if checked.has_errors() {
            diags.extend(checked);
            return Err(unchecked(doing));
        }
        let cluster = self.session.cluster().await;
        let cluster = cluster.map_err(|error| error.diagnostic(doing))?;
        let cluster = cluster.stopped_by(&cx.stop);
        let wait = match prior {
            None => S::TIMEOUTS.create(S::timeouts(planned), cx),
            Some(_) => S::TIMEOUTS.update(S::timeouts(planned), cx),
        };
        let what = named::<S>(planned);
        match S::write(&cluster, prior, planned, config, &wait).await {
            Change::Done(written) => {
                diagnostics::report(S::notices(planned, &written), diags);
                Ok((written, None))
            }
            Change::Pending { observed, error } => {
                let why = diagnostics::still_pending(&error, &what);
                Ok((observed, Some(why)))
            }
            Change::Refused(error) => Err(self.session.cluster_error(&error, doing, &what)),
        }
    }

    /// Warns of values that Everest in the cluster does not know. What cannot be read is not
    /// checked.
    async fn check_release(&self, plan: &mut Plan<'_, S::Model>) {
        let Ok(cluster) = self.session.cluster().await else {
            return;
        };
        let cluster = &cluster.fail_fast().accounting();
        let server = unless_stopped(plan.cx, release(cluster)).await.flatten();
        missing_rights::unchecked(&self.session, S::TYPE, cluster, plan.diags);
        if let Some(server) = server {
            diagnostics::report(plan.intended.check_release(&server), plan.diags);
        }
    }
}

/// The warning for a setting that is not removed, because this run has created it for another state.
fn stays(what: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{what} stays: this run has just created it"),
        "The plan creates it at another address of the configuration, or as the new object of a \
         replacement with create_before_destroy, and a setting has no other identity than its id. \
         So it is as that resource configures it, and only the state of the former one is gone.",
    )
}

/// The error of an apply whose values were unknown at plan and break a rule.
fn unchecked(doing: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Cannot {doing}: a value that became known breaks a rule"),
        "Nothing was written. See the other errors.",
    )
}

impl<S: ServerSetting> Resource for Setting<S> {
    type Model = S::Model;

    fn type_name(&self) -> &'static str {
        S::TYPE
    }

    fn pending_outputs(&self) -> &'static [&'static str] {
        S::PENDING
    }

    fn identity(&self) -> Vec<IdentityAttribute> {
        vec![IdentityAttribute::required(S::IDENTITY)]
    }

    fn semantically_equal(&self, kind: &str, a: &str, b: &str) -> bool {
        semantic::equal(kind, a, b)
    }

    fn validate(&self, config: &S::Model, diags: &mut Diagnostics) {
        diagnostics::report(config.check_syntax(), diags);
    }

    async fn plan(&self, plan: &mut Plan<'_, S::Model>) -> Result<(), Diagnostic> {
        S::plan(plan);
        let found = plan.intended.check(plan.prior.as_ref(), &plan.config);
        diagnostics::report(found, plan.diags);
        if let Some(prior) = &plan.prior
            && !plan.requires_replace().is_empty()
        {
            // The client asks for the destruction of what it replaces only by this plan.
            diagnostics::report(prior.check_destruction(), plan.diags);
        }
        let prior = plan.prior.as_ref().map(named::<S>);
        let what = named::<S>(&plan.planned);
        let unapplied = self.session.unapplied();
        unapplied.note(plan, prior.as_deref(), &what, false);
        if plan.changed() && plan.intended.depends_on_release() {
            self.check_release(plan).await;
        }
        Ok(())
    }

    async fn plan_destroy(
        &self,
        request: PlanDestroyRequest<'_, S::Model>,
    ) -> Result<(), Diagnostic> {
        let diags = request.diags;
        let what = named::<S>(&request.prior);
        diags.extend(self.session.unapplied().note_destroyed(&what));
        diagnostics::report(request.prior.check_destruction(), diags);
        Ok(())
    }

    async fn read(
        &self,
        request: ReadRequest<'_, S::Model>,
    ) -> Result<ReadResult<S::Model>, Diagnostic> {
        let ReadRequest {
            prior,
            private,
            cx,
            diags,
            ..
        } = request;
        let what = named::<S>(&prior);
        let Some(cluster) = self.session.for_read(&what, diags).await? else {
            return Ok(ReadResult::Keep);
        };
        let doing = format!("read {what}");
        let cluster = &cluster.fail_fast().accounting();
        let found = unless_stopped(cx, S::read(cluster, &prior))
            .await
            .ok_or_else(|| diagnostics::stopped(&doing))?;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                return missing_rights::unread(&self.session, S::TYPE, &error, &doing, &what);
            }
        };
        if found.is_some() {
            let _ = unless_stopped(cx, S::look_beside(cluster, &prior, private, diags)).await;
        }
        missing_rights::unchecked(&self.session, S::TYPE, cluster, diags);
        Ok(found.into())
    }

    async fn create(
        &self,
        request: CreateRequest<'_, S::Model>,
    ) -> Result<Creation<S::Model>, Diagnostic> {
        let CreateRequest {
            planned,
            config,
            private,
            cx,
            diags,
            ..
        } = request;
        let what = named::<S>(&planned);
        self.session.unapplied().note_applied(&what);
        let doing = format!("create {what}");
        let mut created = self.created.lock().await;
        let written = self.write(&doing, None, (&planned, &config), cx, diags);
        let written = written.await?;
        created.insert(S::id(&planned));
        // Text is always JSON and the key is not reserved.
        let _ = private.set(CREATED_BY, &self.run);
        Ok(match written {
            (state, None) => Creation::Created(state),
            (state, Some(why)) => Creation::Pending { state, why },
        })
    }

    async fn update(
        &self,
        request: UpdateRequest<'_, S::Model>,
    ) -> Result<Update<S::Model>, Diagnostic> {
        let UpdateRequest {
            prior,
            planned,
            config,
            cx,
            diags,
            ..
        } = request;
        let what = named::<S>(&planned);
        self.session.unapplied().note_applied(&what);
        let doing = format!("update {what}");
        let written = self.write(&doing, Some(&prior), (&planned, &config), cx, diags);
        Ok(match written.await? {
            (state, None) => Update::Updated(state),
            (state, Some(why)) => Update::Pending { state, why },
        })
    }

    async fn delete(&self, request: DeleteRequest<'_, S::Model>) -> Result<(), Diagnostic> {
        let DeleteRequest {
            prior,
            private,
            cx,
            diags,
            ..
        } = request;
        let what = named::<S>(&prior);
        self.session.unapplied().note_applied(&what);
        let doing = format!("destroy {what}");
        let created = self.created.lock().await;
        let is_of_this_run = private.get::<String>(CREATED_BY).as_ref() == Some(&self.run);
        if created.contains(&S::id(&prior)) && !is_of_this_run {
            diags.push(stays(&what));
            return Ok(());
        }
        let cluster = self.session.cluster().await;
        let cluster = cluster.map_err(|error| error.diagnostic(&doing))?;
        let cluster = cluster.stopped_by(&cx.stop);
        let wait = S::TIMEOUTS.delete(S::timeouts(&prior), cx);
        let removed = S::remove(&cluster, &prior, &wait).await;
        removed.map_err(|error| self.session.cluster_error(&error, &doing, &what))
    }

    async fn import(&self, request: ImportRequest<'_>) -> Result<S::Model, Diagnostic> {
        S::stub(request.id)
    }

    fn before_import(&self, cx: &Context) {
        if self.session.awaits_settings() {
            // A client that cannot wait goes on, and the read says what is missing.
            cx.defer(Deferral::ProviderConfigUnknown);
        }
    }
}

/// The search for the settings of a type, for `terraform query`.
pub struct EverySetting<S> {
    session: Arc<Session>,
    setting: PhantomData<fn() -> S>,
}

impl<S: ServerSetting> EverySetting<S> {
    /// The search on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            setting: PhantomData,
        }
    }
}

impl<S: ServerSetting> ListResource for EverySetting<S> {
    type Config = EveryObject;
    type Model = S::Model;

    fn type_name(&self) -> &'static str {
        S::TYPE
    }

    async fn list(
        &self,
        request: ListRequest<'_, EveryObject, S::Model>,
    ) -> Result<(), Diagnostic> {
        let cluster = searched(&self.session, S::TYPE).await?;
        send(request, S::TYPE, S::id, S::all(&cluster)).await
    }
}

/// The data source that reads a [`ServerSetting`].
pub struct OneSetting<S> {
    session: Arc<Session>,
    setting: PhantomData<fn() -> S>,
}

impl<S: ServerSetting> OneSetting<S> {
    /// The data source on `session`.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            setting: PhantomData,
        }
    }
}

impl<S> DataSource for OneSetting<S>
where
    S: ServerSetting,
    Existing<S::Model>: Model,
{
    type Model = Existing<S::Model>;

    fn type_name(&self) -> &'static str {
        S::TYPE
    }

    fn description(&self) -> Cow<'static, str> {
        S::EXISTING.into()
    }

    async fn read(
        &self,
        request: LookupRequest<'_, Self::Model>,
    ) -> Result<Self::Model, Diagnostic> {
        let asked = request.config.0;
        let what = named::<S>(&asked);
        let doing = format!("read {what}");
        let found = read(&self.session, &what, &doing, request.cx, async |cluster| {
            S::read(cluster, &asked).await
        });
        match found.await? {
            None => Ok(Existing(asked)),
            Some(Some(found)) => Ok(Existing(found)),
            Some(None) => Err(Diagnostic::error(
                format!("Cannot {doing}: it does not exist"),
                "Everest has no such setting in namespace everest-system. If this configuration \
                 creates it, refer to the resource, so that Terraform creates it first.",
            )),
        }
    }
}
