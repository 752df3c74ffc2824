//! The requests of a resource.
//!
//! They may get further members: if the protocol is extended, no provider has to change.

use serde_json::Value as Json;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::private::Private;

/// The request of [`Resource::plan_destroy`](crate::Resource::plan_destroy).
#[derive(Debug)]
#[non_exhaustive]
pub struct PlanDestroyRequest<'a, M> {
    /// The state.
    pub prior: M,
    /// The object's private state, as in [`DeleteRequest::private`].
    pub private: &'a Private,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// The request of [`Resource::read`](crate::Resource::read).
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadRequest<'a, M> {
    /// The state; after an import or a move only the attributes that identify the object.
    pub prior: M,
    /// The private state.
    pub private: &'a mut Private,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// The request of [`Resource::create`](crate::Resource::create).
#[derive(Debug)]
#[non_exhaustive]
pub struct CreateRequest<'a, M> {
    /// The planned state; outputs may be unknown.
    pub planned: M,
    /// The configuration. Only it contains write-only values.
    pub config: M,
    /// The private state, as [`Resource::plan`](crate::Resource::plan) left it.
    pub private: &'a mut Private,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
    pub(crate) made: &'a mut Option<M>,
}

impl<M> CreateRequest<'_, M> {
    /// Records that the object now exists, with the state known so far. After that, an error keeps
    /// the object in the state, like [`Creation::Pending`](crate::Creation::Pending); without it,
    /// Terraform would forget the object. Call it again when more is known.
    pub fn note_made(&mut self, state: M) {
        *self.made = Some(state);
    }
}

/// The request of [`Resource::update`](crate::Resource::update).
#[derive(Debug)]
#[non_exhaustive]
pub struct UpdateRequest<'a, M> {
    /// The state as last read.
    pub prior: M,
    /// The planned state; outputs may be unknown.
    pub planned: M,
    /// The configuration. Only it contains write-only values.
    pub config: M,
    /// The private state.
    pub private: &'a mut Private,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// The request of [`Resource::delete`](crate::Resource::delete).
#[derive(Debug)]
#[non_exhaustive]
pub struct DeleteRequest<'a, M> {
    /// The state.
    pub prior: M,
    /// The private state of the plan: in a replacement, what
    /// [`Resource::plan`](crate::Resource::plan) recorded for the new object; otherwise the
    /// object's own private state. If the destruction fails, the state keeps the object's own
    /// private state: see [`Private::set_replaced`].
    pub private: &'a Private,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}

/// The request of [`Resource::move_from`](crate::Resource::move_from): the object of another type
/// or provider in a `moved` block.
#[derive(Debug)]
#[non_exhaustive]
pub struct MoveRequest<'a> {
    /// The full address of the source provider: `registry.terraform.io/NAMESPACE/NAME`.
    pub provider: String,
    /// The source resource type.
    pub type_name: String,
    /// The schema version of the source state.
    pub schema_version: i64,
    /// Its state.
    pub state: Json,
    /// The source identity; None if there is none.
    pub identity: Option<Json>,
    /// The version of the source identity.
    pub identity_version: i64,
    /// The private state of the source provider, in that provider's own format.
    pub source_private: Vec<u8>,
    /// The private state of the new object.
    pub private: &'a mut Private,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
}
