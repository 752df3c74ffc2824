//! What a resource implements.

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::path::AttributePath;
use crate::private::Private;
use crate::provider::Model;
use crate::timeouts::Timeouts;
use crate::value::{Refinements, Value};

mod convert;
mod identity;
mod moved;
mod typed;

pub(crate) use convert::{UNFIT, decode, encoded, unencodable, unfit};
pub(crate) use identity::Identity;
pub use identity::IdentityAttribute;
pub use moved::MoveSource;
pub use typed::{AnyResource, PlanRequest, PlanResult, Typed};

/// A managed resource. The crate derives its schema from [`Resource::Model`], plans every change
/// (see [`crate::planning`]) and merges what the methods return; a resource only says what differs.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// The attributes.
    type Model: Model;

    /// As users write it, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// In markdown; "" takes the model's doc comment.
    fn description(&self) -> &'static str {
        ""
    }

    /// The version of the schema; goes up when stored state needs [`Resource::upgrade`].
    fn version(&self) -> i64 {
        0
    }

    /// Attributes (Terraform names, at the root) that are unknown in a plan that goes on with a
    /// wait that ended early.
    fn pending_outputs(&self) -> &'static [&'static str] {
        &[]
    }

    /// The attributes that tell one object from all others; none: it has no identity. The crate
    /// takes identities from the state, imports by them, and refuses one that changes.
    fn identity(&self) -> &'static [IdentityAttribute] {
        &[]
    }

    /// The version of the identity; goes up when stored ones need [`Resource::upgrade_identity`].
    fn identity_version(&self) -> i64 {
        0
    }

    /// Whether an object that lives on may get another identity.
    fn identity_may_change(&self) -> bool {
        false
    }

    /// How long operations may take unless the user says otherwise: becomes [`Context::timeout`].
    /// None: the crate leaves an attribute `timeouts` alone.
    fn timeouts(&self) -> Option<Timeouts> {
        None
    }

    /// Whether two strings of an attribute with `x-semantic: kind` mean the same.
    fn semantically_equal(&self, kind: &str, a: &str, b: &str) -> bool {
        let _ = kind;
        a == b
    }

    /// Checks a configuration; values may be unknown. Called several times a command.
    fn validate(&self, config: &Self::Model, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Adjusts the plan of a creation or an update: marks outputs that the change affects as
    /// unknown, asks for replacement, warns of what the change does.
    async fn plan(&self, plan: &mut Plan<Self::Model>, cx: &Context, diags: &mut Diagnostics) {
        let _ = (plan, cx, diags);
    }

    /// Objects to a destruction, at plan. `private` is the object's own, as [`Resource::delete`]
    /// gets it.
    async fn plan_destroy(
        &self,
        prior: &Self::Model,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) {
        let _ = (prior, private, cx, diags);
    }

    /// Looks at the object. The crate merges what was found into the prior state: a value that
    /// means the same keeps the user's spelling, a local attribute its prior value.
    async fn read(
        &self,
        prior: &Self::Model,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> ReadResult<Self::Model>;

    /// Makes the object. `planned` may hold unknown outputs; `config` alone holds write-only values.
    async fn create(
        &self,
        planned: &Self::Model,
        config: &Self::Model,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Creation<Self::Model>;

    /// Changes the object, or goes on waiting for it.
    async fn update(
        &self,
        prior: &Self::Model,
        planned: &Self::Model,
        config: &Self::Model,
        private: &mut Private,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Update<Self::Model>;

    /// Removes the object. An error means that it still exists and stays in the state. `private`
    /// is that of the plan: in a replacement what [`Resource::plan`] noted for the new object, and
    /// otherwise the object's own.
    async fn delete(
        &self,
        prior: &Self::Model,
        private: &Private,
        cx: &Context,
        diags: &mut Diagnostics,
    );

    /// The attributes that an import id stands for, all else null; Terraform then calls read. None
    /// together with an error when the id is malformed.
    fn import_id(&self, id: &str, diags: &mut Diagnostics) -> Option<Self::Model>;

    /// May put an import off ([`Context::defer`]); what [`Resource::import_id`] or the identity
    /// says is the stub then.
    fn before_import(&self, cx: &Context) {
        let _ = cx;
    }

    /// Takes over an object that another provider or type kept (a `moved` block): the attributes
    /// that tell which it is, all else null; Terraform then calls read. `private` is the new
    /// object's. None when it does not take such objects, or together with an error.
    fn move_from(
        &self,
        source: &MoveSource,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) -> Option<Self::Model> {
        let _ = (source, private, diags);
        None
    }

    /// Adjusts the configuration that the crate wrote for an existing object. Outputs, write-only
    /// and deprecated attributes, defaults, and all but one of those that exclude each other are
    /// null already (see [`crate::planning::configuration`]).
    async fn generate_config(&self, config: &mut Self::Model) {
        let _ = config;
    }

    /// Brings state that an older schema `version` wrote to today's shape.
    fn upgrade(&self, version: i64, state: Json, diags: &mut Diagnostics) -> Json {
        let _ = (version, diags);
        state
    }

    /// Brings an identity that an older [`Resource::identity_version`] wrote to today's shape.
    fn upgrade_identity(&self, version: i64, identity: Json, diags: &mut Diagnostics) -> Json {
        let _ = (version, diags);
        identity
    }
}

/// The plan of a creation or an update, open to adjustment by [`Resource::plan`].
#[derive(Clone, Debug)]
pub struct Plan<M> {
    /// What the user wrote; null where nothing is written.
    pub config: M,
    /// The state as last read; None on creation (and for the new half of a replacement).
    pub prior: Option<M>,
    /// What the state will be. A value that the configuration gives is not to be changed, unless
    /// it is to stay as it was: see [`Plan::note_kept`].
    pub planned: M,
    /// What is asked for, for rules to judge: the configuration on creation; on an update
    /// `planned`, but null where something was taken out of the configuration, which `planned`
    /// leaves to the server.
    pub intended: M,
    /// Travels to apply; a secret does not belong here.
    pub private: Private,
    pub(crate) replace: Vec<AttributePath>,
    pub(crate) changed: bool,
    pub(crate) resumes: bool,
    pub(crate) configured: Value,
    pub(crate) promises: Vec<(AttributePath, Refinements)>,
}

impl<M> Plan<M> {
    /// Whether there is nothing yet.
    pub fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// Whether the configuration asks for something that the prior state does not say: always on
    /// creation. False for a plan that only goes on with a wait.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Whether an earlier apply ended before the object was as asked, so that this plan is an
    /// update in place even when nothing changed.
    pub fn resumes(&self) -> bool {
        self.resumes
    }

    /// Notes that what the provider itself put into the plan is a change, although the
    /// configuration asks for nothing that the prior state does not say.
    pub fn note_change(&mut self) {
        self.changed = true;
    }

    /// Notes that values of the prior state were put back into the plan, although the
    /// configuration gives others: where nothing else differs, nothing changes.
    pub fn note_kept(&mut self)
    where
        M: PartialEq,
    {
        // What a wait has left open is no difference, and is planned as an update anyway.
        if !self.resumes && self.prior.as_ref() == Some(&self.planned) {
            self.changed = false;
        }
    }

    /// The object is replaced because `path` changes. It counts only where the value really
    /// changes.
    pub fn require_replace(&mut self, path: impl Into<AttributePath>) {
        self.replace.push(path.into());
    }

    /// What is known of the configured value at `path` although it is unknown; None where it is
    /// known, or nothing is.
    pub fn configured_refinements(&self, path: impl Into<AttributePath>) -> Option<&Refinements> {
        match self.configured.at(&path.into())? {
            Value::Unknown(refinements) => refinements.as_deref(),
            _ => None,
        }
    }

    /// Promises something of the value at `path`, so that conditions on it are decided at plan. It
    /// counts only while the value is unknown. Terraform fails an apply that breaks a promise, and
    /// taints what such an apply creates: a value that a pending creation may leave null is not
    /// promised.
    pub fn promise(&mut self, path: impl Into<AttributePath>, refinements: Refinements) {
        self.promises.push((path.into(), refinements));
    }

    /// The attributes whose change replaces the object.
    pub fn requires_replace(&self) -> &[AttributePath] {
        &self.replace
    }
}

/// What [`Resource::read`] saw.
#[derive(Clone, Debug)]
pub enum ReadResult<M> {
    /// The object as it is.
    Found(M),
    /// It does not exist any more; Terraform plans to create it.
    Gone,
    /// The state is to stay as it is.
    Keep,
}

/// How a creation ended. Only [`Creation::Failed`] taints, so that the next apply replaces.
#[derive(Clone, Debug)]
pub enum Creation<M> {
    /// As asked.
    Created(M),
    /// Accepted, but not ready in time or interrupted: the state is kept, the user is warned, the
    /// next apply goes on.
    Pending {
        /// What is known of it.
        state: M,
        /// Becomes a warning; its summary is kept as the reason.
        why: Diagnostic,
    },
    /// Nothing exists.
    NotCreated(Diagnostic),
    /// It exists and is of no use: the next apply destroys it and makes another.
    Failed {
        /// What is known of it.
        state: M,
        /// Why.
        error: Diagnostic,
    },
}

/// How an update ended. None of them taints.
#[derive(Clone, Debug)]
pub enum Update<M> {
    /// As asked.
    Updated(M),
    /// Accepted, but not ready in time or interrupted: the next apply goes on.
    Pending {
        /// What is known of it.
        state: M,
        /// Becomes a warning; its summary is kept as the reason.
        why: Diagnostic,
    },
    /// Not written: the prior state stays.
    Refused(Diagnostic),
}

impl<M> Creation<M> {
    pub(crate) fn try_map<N, E>(self, f: impl FnOnce(M) -> Result<N, E>) -> Result<Creation<N>, E> {
        Ok(match self {
            Self::Created(state) => Creation::Created(f(state)?),
            Self::Pending { state, why } => Creation::Pending {
                state: f(state)?,
                why,
            },
            Self::NotCreated(error) => Creation::NotCreated(error),
            Self::Failed { state, error } => Creation::Failed {
                state: f(state)?,
                error,
            },
        })
    }
}

impl<M> Update<M> {
    pub(crate) fn try_map<N, E>(self, f: impl FnOnce(M) -> Result<N, E>) -> Result<Update<N>, E> {
        Ok(match self {
            Self::Updated(state) => Update::Updated(f(state)?),
            Self::Pending { state, why } => Update::Pending {
                state: f(state)?,
                why,
            },
            Self::Refused(error) => Update::Refused(error),
        })
    }
}
