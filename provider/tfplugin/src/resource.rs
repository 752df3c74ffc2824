//! The trait that a resource implements.

use std::borrow::Cow;
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

/// A managed resource. The crate derives the schema from [`Resource::Model`], plans every change
/// (see [`crate::planning`]) and merges the methods' results. A resource implements only what
/// differs from these defaults.
///
/// Methods that may wait are `async fn`. `Err` is an error of the call; add further errors and
/// warnings to the request's `diags`.
pub trait Resource: Send + Sync + 'static {
    /// The attributes.
    type Model: Model;

    /// The name that users write, with the provider's prefix.
    fn type_name(&self) -> &'static str;

    /// The description in markdown. If it is empty, the model's doc comment is used.
    fn description(&self) -> Cow<'static, str> {
        Cow::Borrowed("")
    }

    /// The version of the schema. Increase it if stored states must be converted, which
    /// [`Resource::upgrades`] does.
    fn version(&self) -> i64 {
        0
    }

    /// The conversions of states of earlier schema versions, one for each version.
    fn upgrades(&self) -> Vec<Upgrade<Self::Model>> {
        Vec::new()
    }

    /// Attributes at the root, by Terraform name, that are unknown in a plan that resumes a wait
    /// that ended early. Asked for only then, and by
    /// [`Registry::resource_schemas`](crate::Registry::resource_schemas), which refuses a name that
    /// no attribute has.
    fn pending_outputs(&self) -> &[&'static str] {
        &[]
    }

    /// The attributes that identify an object; empty if the resource has no identity. The crate
    /// takes identities from the state, imports by them, and reports an error if an identity
    /// changes.
    fn identity(&self) -> Vec<IdentityAttribute> {
        Vec::new()
    }

    /// The version of the identity. Increase it if stored identities need
    /// [`Resource::upgrade_identity`].
    fn identity_version(&self) -> i64 {
        0
    }

    /// Returns true if the identity of an existing object may change.
    fn identity_may_change(&self) -> bool {
        false
    }

    /// The default timeouts of operations, for [`Context::timeout`]. If None, the crate gives an
    /// attribute `timeouts` no special meaning.
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
    /// unknown, requests replacement, warns of the change's effects.
    fn plan(
        &self,
        plan: &mut Plan<'_, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = plan;
        async { Ok(()) }
    }

    /// Refuses a destruction at plan.
    fn plan_destroy(
        &self,
        request: PlanDestroyRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send {
        let _ = request;
        async { Ok(()) }
    }

    /// Reads the object. The crate merges the result into the prior state: a value with the same
    /// meaning keeps the user's spelling, and a local attribute keeps its prior value. After an
    /// error the state is unchanged.
    fn read(
        &self,
        request: ReadRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<ReadResult<Self::Model>, Diagnostic>> + Send;

    /// Creates the object. An error means that no object exists, unless
    /// [`CreateRequest::note_made`] was called: then it means that the object is pending.
    fn create(
        &self,
        request: CreateRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Creation<Self::Model>, Diagnostic>> + Send;

    /// Changes the object, or continues to wait for it. An error means that nothing was written:
    /// the prior state is kept.
    fn update(
        &self,
        request: UpdateRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<Update<Self::Model>, Diagnostic>> + Send;

    /// Deletes the object. An error means that the object still exists; it stays in the state.
    fn delete(
        &self,
        request: DeleteRequest<'_, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send;

    /// Returns the attributes for an import ID, with all others null; Terraform then calls read.
    /// Returns an error if the ID is not valid. By default, a resource whose identity is one string
    /// is imported by that string.
    fn import(
        &self,
        request: ImportRequest<'_>,
    ) -> impl Future<Output = Result<Self::Model, Diagnostic>> + Send {
        let model = request.by_identity(self.type_name(), &self.identity());
        async { model }
    }

    /// Called before an import, which it may defer ([`Context::defer`]). The deferred import then
    /// has the attributes from [`Resource::import`] or from the identity.
    fn before_import(&self, cx: &Context) {
        let _ = cx;
    }

    /// Takes over an object of another provider or type, for a `moved` block. Returns the
    /// attributes that identify the object, with all others null; Terraform then calls read.
    /// Returns None if the resource does not accept such objects.
    fn move_from(
        &self,
        request: MoveRequest<'_>,
    ) -> impl Future<Output = Result<Option<Self::Model>, Diagnostic>> + Send {
        let _ = request;
        async { Ok(None) }
    }

    /// Adjusts the configuration that the crate generated for an existing object. These attributes
    /// are already null: outputs, write-only and deprecated attributes, defaults, and all but one
    /// of those that exclude each other (see [`crate::planning::configuration`]).
    fn generate_config(&self, config: &mut Self::Model) -> impl Future<Output = ()> + Send {
        let _ = config;
        async {}
    }

    /// Converts an identity of an older [`Resource::identity_version`] to the current form.
    ///
    /// # Errors
    /// Returns a [`Diagnostic`] if the identity cannot be converted.
    fn upgrade_identity(&self, version: i64, identity: Json) -> Result<Json, Diagnostic> {
        let _ = version;
        Ok(identity)
    }
}
