//! What a resource implements.

use std::future::Future;

use serde_json::Value as Json;

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Model;
use crate::timeouts::Timeouts;

mod any;
mod convert;
mod identity;
mod import;
mod plan;
mod requests;
mod results;
mod typed;
mod upgrade;

#[cfg(feature = "testing")]
pub use any::PlanResult;
pub use any::{AnyResource, PlanRequest};
pub(crate) use convert::{UNFIT, decode, encoded, unencodable, unfit};
pub(crate) use identity::Identity;
pub use identity::IdentityAttribute;
pub use import::ImportRequest;
pub use plan::Plan;
pub use requests::{
    CreateRequest, DeleteRequest, MoveRequest, PlanDestroyRequest, ReadRequest, UpdateRequest,
};
pub use results::{Creation, ReadResult, Update};
pub use typed::Typed;
pub use upgrade::Upgrade;
pub(crate) use upgrade::{reason, unreadable};

/// A managed resource. The crate derives its schema from [`Resource::Model`], plans every change
/// (see [`crate::planning`]) and merges what the methods return; a resource only says what differs.
///
/// The methods that may wait are written as `async fn`. An `Err` is an error of the call; further
/// errors, and warnings, go to the `diags` of the request.
pub trait Resource: Send + Sync + 'static {
    /// The attributes.
    type Model: Model;

    /// As users write it, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// In markdown; "" takes the model's doc comment.
    fn description(&self) -> &'static str {
        ""
    }

    /// The version of the schema; goes up when stored state has to be brought to another shape,
    /// which [`Resource::upgrades`] does.
    fn version(&self) -> i64 {
        0
    }

    /// How states of earlier versions of the schema become today's, one for each version.
    fn upgrades(&self) -> Vec<Upgrade<Self::Model>> {
        Vec::new()
    }

    /// Attributes (Terraform names, at the root) that are unknown in a plan that goes on with a
    /// wait that ended early.
    fn pending_outputs(&self) -> &'static [&'static str] {
        &[]
    }

    /// The attributes that tell one object from all others; none: it has no identity. The crate
    /// takes identities from the state, imports by them, and refuses one that changes.
    fn identity(&self) -> Vec<IdentityAttribute> {
        Vec::new()
    }

    /// The version of the identity; goes up when stored ones need [`Resource::upgrade_identity`].
    fn identity_version(&self) -> i64 {
        0
    }

    /// Returns true if an object that lives on may get another identity.
    fn identity_may_change(&self) -> bool {
        false
    }

    /// How long operations may take unless the user says otherwise: becomes [`Context::timeout`].
    /// None: the crate leaves an attribute `timeouts` alone.
    fn timeouts(&self) -> Option<Timeouts> {
        None
    }

    /// Returns true if two strings of an attribute with `x-semantic: kind` mean the same.
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
    fn plan(
        &self,
        plan: &mut Plan<'_, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = plan;
        async { Ok(()) }
    }

    /// Objects to a destruction, at plan.
    fn plan_destroy(
        &self,
        request: PlanDestroyRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }

    /// Looks at the object. The crate merges what was found into the prior state: a value that
    /// means the same keeps the user's spelling, a local attribute its prior value. After an error
    /// the state stays as it is.
    fn read(
        &self,
        request: ReadRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<ReadResult<Self::Model>, Diagnostic>> + Send;

    /// Makes the object. An error means that nothing exists, unless
    /// [`CreateRequest::note_made`] was called: then it means that the object is pending.
    fn create(
        &self,
        request: CreateRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Creation<Self::Model>, Diagnostic>> + Send;

    /// Changes the object, or goes on waiting for it. An error means that nothing was written: the
    /// prior state stays.
    fn update(
        &self,
        request: UpdateRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Update<Self::Model>, Diagnostic>> + Send;

    /// Removes the object. An error means that it still exists and stays in the state.
    fn delete(
        &self,
        request: DeleteRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send;

    /// The attributes that an import id stands for, all else null; Terraform then calls read. An
    /// error when it stands for none. A resource whose identity is one string is imported by that.
    fn import(
        &self,
        request: ImportRequest<'_>,
    ) -> impl Future<Output = Result<Self::Model, Diagnostic>> + Send {
        let model = request.by_identity(self.type_name(), &self.identity());
        async { model }
    }

    /// May put an import off ([`Context::defer`]); what [`Resource::import`] or the identity says
    /// is the stub then.
    fn before_import(&self, cx: &Context) {
        let _ = cx;
    }

    /// Takes over an object that another provider or type kept (a `moved` block): the attributes
    /// that tell which it is, all else null; Terraform then calls read. None when it does not take
    /// such objects.
    fn move_from(
        &self,
        request: MoveRequest<'_>,
    ) -> impl Future<Output = Result<Option<Self::Model>, Diagnostic>> + Send {
        let _ = request;
        async { Ok(None) }
    }

    /// Adjusts the configuration that the crate wrote for an existing object. Outputs, write-only
    /// and deprecated attributes, defaults, and all but one of those that exclude each other are
    /// null already (see [`crate::planning::configuration`]).
    fn generate_config(&self, config: &mut Self::Model) -> impl Future<Output = ()> + Send {
        let _ = config;
        async {}
    }

    /// Brings an identity that an older [`Resource::identity_version`] wrote to today's shape.
    ///
    /// # Errors
    /// [`Diagnostic`] when it cannot.
    fn upgrade_identity(&self, version: i64, identity: Json) -> Result<Json, Diagnostic> {
        let _ = version;
        Ok(identity)
    }
}
